"""The gateway's Bluetooth adapter: advertisements and notifications become lines for the driver.

A cuff can be connected for seconds after its measurement: the scan never ends, and a listed device is
connected on sight, one at a time. The package bleak is needed only where this transport is configured.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from edge.drivers.bluetooth import NOTIFYING, READ_ONCE
from edge.drivers.bthome import SERVICE
from edge.drivers.gatt import long_uuid, short_uuid
from edge.texts import say
from edge.transports.receiver import Receiver, Source

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
AGAIN_S: Final = 10.0
CONNECT_S: Final = 30.0
GOODBYE_S: Final = 5.0
FAILURES: Final = 3
WAITING_LINES: Final = 2_000


class BluetoothMissing(RuntimeError):
    """The package bleak is not installed; the text says what to do."""


class AdapterStuck(OSError):
    """Several connections have failed in a row: the scan is started anew."""


@dataclass(frozen=True)
class Radio:
    """A scanner and a client as bleak has them, and what they raise (OSError is among it); tests give their
    own.
    """

    scanner: Callable[..., Any]
    client: Callable[..., Any]
    errors: tuple[type[Exception], ...]


def bleak_radio() -> Radio:
    """The machine's Bluetooth. Raises BluetoothMissing."""
    try:
        from bleak import BleakClient, BleakScanner
        from bleak.exc import BleakError
    except ImportError as error:
        raise BluetoothMissing(say("bluetooth_missing")) from error
    return Radio(BleakScanner, BleakClient, (BleakError, EOFError, OSError, TimeoutError))


@dataclass
class BluetoothAdapter:
    """Hears the listed devices (`AA:BB:CC:DD:EE:FF`, upper case) and no others: a neighbour's sensor is not
    ours.
    """

    name: str
    devices: frozenset[str]
    receiver: Receiver
    adapter: str | None = None
    radio: Callable[[], Radio] = bleak_radio
    retry_s: float = RETRY_S
    again_s: float = AGAIN_S
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(WAITING_LINES))
    _seen: dict[str, Any] = field(default_factory=dict)
    _sight: asyncio.Event = field(default_factory=asyncio.Event)
    _links: dict[str, Any] = field(default_factory=dict)
    _not_before: dict[str, float] = field(default_factory=dict)
    _orders: asyncio.Queue[dict[str, str]] = field(default_factory=lambda: asyncio.Queue(WAITING_LINES))
    _dropped: int = 0

    async def run(self) -> None:
        """Serve until cancelled; without bleak say so and end."""
        try:
            radio = self.radio()
        except BluetoothMissing as error:
            self._failed(str(error))
            return
        while True:
            try:
                await self._session(radio)
            except* radio.errors as group:
                self._failed(str(group.exceptions[0]) or type(group.exceptions[0]).__name__)
            await asyncio.sleep(self.retry_s)

    def _failed(self, reason: str) -> None:
        if not self.status.startswith("failed"):
            extra = {"action": "bluetooth_lost", "transport": self.name, "reason": reason}
            log.warning("Bluetooth is away", extra=extra)
        self.status = f"failed({reason})"
        self.tried.set()

    async def _session(self, radio: Radio) -> None:
        """Scan, connect, pass on, until the adapter fails."""
        source = self.receiver.connect(f"{self.name} {self.adapter or 'default'}", self._send)
        settings = {"bluez": {"adapter": self.adapter}} if self.adapter else {}
        try:
            async with (
                radio.scanner(detection_callback=self._heard, **settings),
                asyncio.TaskGroup() as group,
            ):
                self.status = "scanning"
                self.tried.set()
                log.info("Bluetooth scans", extra={"action": "bluetooth_scanning", "transport": self.name})
                group.create_task(self._pass_on(source), name=f"{self.name}-lines")
                group.create_task(self._connect_all(radio), name=f"{self.name}-connect")
                group.create_task(self._write_all(radio), name=f"{self.name}-write")
        finally:
            for client in list(self._links.values()):
                with contextlib.suppress(*radio.errors):
                    await asyncio.wait_for(client.disconnect(), GOODBYE_S)
            self._links.clear()
            self.receiver.disconnect(source)

    def _heard(self, device: Any, advertisement: Any) -> None:
        """One advertisement; of a listed device that is no BTHome sensor: connect."""
        address = str(device.address).upper()
        if address not in self.devices:
            return
        data = {short_uuid(uuid): bytes(value) for uuid, value in advertisement.service_data.items()}
        if SERVICE in data:
            self._put(
                {
                    "address": address,
                    "rssi": advertisement.rssi,
                    "service_data": {SERVICE: data[SERVICE].hex()},
                }
            )
        elif address not in self._links:
            self._seen[address] = device
            self._sight.set()

    async def _connect_all(self, radio: Radio) -> None:
        """One connection after the other; three failures in a row end the session."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            await self._sight.wait()
            self._sight.clear()
            for address in list(self._seen):
                device = self._seen.pop(address)
                if address in self._links or loop.time() < self._not_before.get(address, 0.0):
                    continue
                try:
                    await self._connect(radio, address, device)
                    failures = 0
                except radio.errors as error:
                    failures += 1
                    self._not_before[address] = loop.time() + self.again_s
                    extra = {"action": "bluetooth_connect_failed", "reason": str(error) or "timeout"}
                    log.info("not connected", extra=extra)
                    if failures >= FAILURES:
                        raise AdapterStuck(f"{failures} connections failed: {error}") from error

    async def _connect(self, radio: Radio, address: str, device: Any) -> None:
        """Connect, ask for every notification that the driver reads, then tell the driver."""

        def gone(client: Any) -> None:
            if self._links.get(address) is client:
                del self._links[address]
                self._put({"address": address, "connected": False})

        client = radio.client(device, disconnected_callback=gone)
        async with asyncio.timeout(CONNECT_S):
            await client.connect()
            self._links[address] = client
            try:
                uuids = await self._subscribe(client, address)
            except BaseException:
                self._links.pop(address, None)
                with contextlib.suppress(*radio.errors):
                    await client.disconnect()
                raise
        name = str(getattr(device, "name", None) or "")
        self._put({"address": address, "connected": True, "name": name, "uuids": uuids})

    async def _subscribe(self, client: Any, address: str) -> list[str]:
        """The short names of all characteristics, after asking for those that notify."""
        found = [one for service in client.services for one in service.characteristics]

        def told(uuid: str) -> Callable[[Any, bytearray], None]:
            return lambda _, data: self._put({"address": address, "uuid": uuid, "value": bytes(data).hex()})

        for one in found:
            uuid = short_uuid(str(one.uuid))
            if uuid in NOTIFYING and {"notify", "indicate"} & set(one.properties):
                await client.start_notify(one, told(uuid))
        for one in found:
            uuid = short_uuid(str(one.uuid))
            if uuid in READ_ONCE and "read" in one.properties:
                told(uuid)(one, await client.read_gatt_char(one))
        return [short_uuid(str(one.uuid)) for one in found]

    def _put(self, message: dict[str, Any]) -> None:
        try:
            self._lines.put_nowait(json.dumps(message).encode() + b"\n")
        except asyncio.QueueFull:
            self._dropped += 1
            if self._dropped == 1:
                extra = {"action": "bluetooth_flood", "transport": self.name}
                log.warning("more is heard than can be taken", extra=extra)

    async def _pass_on(self, source: Source) -> None:
        while True:
            data = await self._lines.get()
            while not self._lines.empty():
                data += self._lines.get_nowait()
            await self.receiver.take(source, data)

    def _send(self, data: bytes) -> None:
        for line in data.splitlines():
            with contextlib.suppress(asyncio.QueueFull):
                self._orders.put_nowait(json.loads(line))

    async def _write_all(self, radio: Radio) -> None:
        while True:
            order = await self._orders.get()
            client = self._links.get(_colons(order["address"]))
            if client is None:
                continue
            try:
                await client.write_gatt_char(long_uuid(order["uuid"]), bytes.fromhex(order["value"]))
            except radio.errors as error:
                log.info("not written", extra={"action": "bluetooth_write", "reason": str(error)})


def _colons(address: str) -> str:
    plain = address.replace(":", "").upper()
    return ":".join(plain[n : n + 2] for n in range(0, len(plain), 2))
