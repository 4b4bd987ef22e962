"""A Bluetooth adapter that is played: who is near, who refuses, what was written; and who hears it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from edge.drivers.bluetooth import BluetoothDriver
from edge.drivers.options import DriverOptions
from edge.readings import Item, Reading
from edge.transports.bluetooth import BluetoothAdapter, Radio

AT = 1_770_401_400_000
CUFF, SENSOR, STRANGER = "54:48:E6:00:00:01", "54:48:E6:00:00:02", "54:48:E6:00:00:99"


class RadioFault(Exception):
    """What bleak would raise."""


@dataclass
class FakeCharacteristic:
    uuid: str
    properties: list[str]


@dataclass
class FakeService:
    characteristics: list[FakeCharacteristic]


@dataclass
class FakeDevice:
    address: str
    name: str = "UA-651BLE"


@dataclass
class FakeAdvertisement:
    service_data: dict[str, bytes]
    rssi: int = -60


@dataclass
class FakeAir:
    """The adapter's far side: who is near, who refuses, what was written."""

    heard: Callable[[Any, Any], None] = lambda device, advertisement: None
    scans: int = 0
    refuse: int = 0
    clients: list["FakeClient"] = field(default_factory=list)

    def radio(self) -> Radio:
        return Radio(
            lambda **given: FakeScanner(self, **given),
            lambda *a, **k: FakeClient(self, *a, **k),
            (RadioFault, OSError),
        )

    def advertise(self, address: str, data: bytes = b"") -> None:
        found = {"0000fcd2-0000-1000-8000-00805f9b34fb": data} if data else {}
        self.heard(FakeDevice(address), FakeAdvertisement(found))


@dataclass
class FakeScanner:
    air: FakeAir
    detection_callback: Callable[[Any, Any], None]

    async def __aenter__(self) -> "FakeScanner":
        self.air.scans += 1
        self.air.heard = self.detection_callback
        return self

    async def __aexit__(self, *_: object) -> None:
        self.air.heard = lambda device, advertisement: None


@dataclass
class FakeClient:
    air: FakeAir
    device: FakeDevice
    disconnected_callback: Callable[[Any], None]
    services: list[FakeService] = field(default_factory=list)
    told: dict[str, Callable[[Any, bytearray], None]] = field(default_factory=dict)
    written: list[tuple[str, bytes]] = field(default_factory=list)
    open: bool = False

    async def connect(self) -> None:
        self.air.clients.append(self)
        if self.air.refuse:
            self.air.refuse -= 1
            raise RadioFault("InProgress")
        self.open = True
        names = (
            ("2a35", ["indicate"]),
            ("2a19", ["read"]),
            ("2a52", ["indicate", "write"]),
            ("2a00", ["read"]),
        )
        self.services = [FakeService([FakeCharacteristic(long(name), given) for name, given in names])]

    async def disconnect(self) -> None:
        self.open = False
        self.disconnected_callback(self)

    async def start_notify(self, one: FakeCharacteristic, callback: Callable[[Any, bytearray], None]) -> None:
        self.told[one.uuid[4:8]] = callback

    async def read_gatt_char(self, one: FakeCharacteristic) -> bytearray:
        return bytearray(b"\x50")

    async def write_gatt_char(self, uuid: str, data: bytes) -> None:
        self.written.append((uuid[4:8], bytes(data)))


def long(name: str) -> str:
    return f"0000{name}-0000-1000-8000-00805f9b34fb"


@dataclass
class Agent:
    """A receiver with the shipped driver."""

    driver: BluetoothDriver = field(default_factory=lambda: BluetoothDriver(DriverOptions()))
    items: list[Item] = field(default_factory=list)
    send: Callable[[bytes], None] = lambda data: None
    label: str = ""

    def connect(self, label: str, send: Callable[[bytes], None]) -> Any:
        self.send = send
        return self

    async def take(self, source: Any, data: bytes) -> None:
        self.items += self.driver.receive(data, AT)
        if answer := self.driver.replies():
            self.send(answer)

    def disconnect(self, source: Any) -> None:
        self.label = "gone"

    def values(self) -> list[tuple[str, float]]:
        return [(item.kind, item.value) for item in self.items if isinstance(item, Reading)]


@contextlib.asynccontextmanager
async def adapter(air: FakeAir, agent: Agent) -> AsyncIterator[BluetoothAdapter]:
    made = BluetoothAdapter("ble", frozenset({CUFF, SENSOR}), agent, None, air.radio, 0.01, 0.01)
    task = asyncio.create_task(made.run())
    await made.tried.wait()
    try:
        yield made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert not any(client.open for client in air.clients)
