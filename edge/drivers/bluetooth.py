"""Driver of Bluetooth devices: health profiles, BTHome advertisements, vendors' oximeters and cuffs.

Lines in, as the transport makes them (page `firmware_specs/devices/gatt.md`), items and orders to write out.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from edge.drivers import bthome, bthome_items, gatt, oximeters, viatom
from edge.drivers.bthome import Advert
from edge.drivers.gatt_readings import readings, when, when_claimed
from edge.drivers.levels import reading
from edge.drivers.lines import Lines
from edge.drivers.liveness import Roll
from edge.drivers.options import DriverOptions, remembered
from edge.readings import Item, Reading, Sighting
from firmware_specs.messages import DeviceState

_LINE_LIMIT: Final = 64 * 1024
_ADDRESS: Final = re.compile(r"^[0-9A-F]{12}$")
_APART_MS: Final = 1_000
_MAX_LINKS: Final = 64
_MAX_RECORDS: Final = 2_000
_RACP: Final = "2a52"
_ALL_RECORDS: Final = "0101"
READ_ONCE: Final = frozenset({"2a19"})
NOTIFYING: Final = frozenset({*gatt.READERS, *oximeters.KINDS, viatom.NOTIFY})
"""Characteristics that are read when a device is connected, and those that are to notify where they can."""


class _Line(msgspec.Struct, frozen=True):
    address: str = ""
    name: str = ""
    rssi: int | None = None
    service_data: dict[str, str] = {}
    hci: str | None = None
    connected: bool | None = None
    uuids: list[str] = []
    uuid: str | None = None
    value: str = ""


@dataclass
class Remembered:
    """What outlives a connection: the glucose records and the last cuff measurement that were taken."""

    glucose: dict[tuple[int, str], None] = field(default_factory=dict)
    cuff_s: int = 0


@dataclass
class _Link:
    """One connected device: its vendors' frames by characteristic."""

    frames: dict[str, Any] = field(default_factory=dict)
    told_at: dict[str, int] = field(default_factory=dict)


class BluetoothDriver:
    """Lines in, items and orders out; one object an adapter."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._keys = {_plain(address): key for address, key in options.keys.items()}
        self._lines = Lines(_LINE_LIMIT, self.counts)
        self._links: dict[str, _Link] = {}
        self._replies: list[dict[str, str]] = []
        self._roll = Roll(options.memory)

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the lines that these bytes complete; never raises. `b""` lets time pass."""
        items: list[Item] = []
        for raw in self._lines.feed(data):
            if raw is None:
                continue
            try:
                line = msgspec.json.decode(raw, type=_Line)
                items += self._line(line, at)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                self.counts["line_unreadable"] += 1
            except gatt.Invalid:
                self.counts["characteristic_invalid"] += 1
            except ValueError:
                self.counts["hex_unreadable"] += 1
        for address, link in self._links.items():
            self._ask(address, link, at)
        return [*items, *self._roll.silent(at)]

    def finish(self) -> None:
        """The adapter is gone; what was left half is counted."""
        self._lines.finish()

    def replies(self) -> bytes:
        """Orders for the transport: lines `{"address", "uuid", "value"}` to write."""
        replies, self._replies = self._replies, []
        return b"".join(msgspec.json.encode(reply) + b"\n" for reply in replies)

    def _line(self, line: _Line, at: int) -> list[Item]:
        self.counts["messages"] += 1
        if line.hci is not None:
            adverts = bthome.from_hci(bytes.fromhex(line.hci))
            return [item for advert in adverts for item in self._advert(advert, at)]
        address = _plain(line.address)
        if not _ADDRESS.match(address):
            self.counts["address_unreadable"] += 1
            return []
        if line.connected is not None:
            return self._connected(address, line, at)
        if line.uuid is not None:
            return self._value(address, gatt.short_uuid(line.uuid), bytes.fromhex(line.value), at)
        found = {gatt.short_uuid(uuid): value for uuid, value in line.service_data.items()}
        if bthome.SERVICE in found:
            data = bytes.fromhex(found[bthome.SERVICE])
            return self._advert(Advert(address=address, rssi=line.rssi, data=data), at)
        return []

    def _advert(self, advert: Advert, at: int) -> list[Item]:
        device = device_id(advert.address)
        heard = remembered(self._options.memory, f"{device} heard", bthome_items.Heard)
        try:
            content = bthome.read(advert, self._keys.get(advert.address))
        except bthome.Unreadable as error:
            self.counts[f"bthome_{error}"] += 1
            return []
        if not content.whole:
            self.counts["bthome_unknown_object"] += 1
        self._roll.hear(device, at)
        return bthome_items.items(device, advert, content, heard, at)

    def _connected(self, address: str, line: _Line, at: int) -> list[Item]:
        """A device was connected or is gone. A cuff goes after each measurement: that is no "offline"."""
        self._links.pop(address, None)
        if not line.connected or len(self._links) >= _MAX_LINKS:
            return []
        uuids = {gatt.short_uuid(uuid) for uuid in line.uuids}
        link = self._links[address] = _Link()
        for uuid in uuids & oximeters.KINDS.keys():
            link.frames[uuid] = oximeters.KINDS[uuid](self.counts)
        if viatom.NOTIFY in uuids:
            link.frames[viatom.NOTIFY] = viatom.Viatom(line.name, self.counts)
        if _RACP in uuids:
            self._replies.append({"address": address, "uuid": _RACP, "value": _ALL_RECORDS})
        state = DeviceState(device=device_id(address), at=at, online=True, last_seen=at)
        return [Sighting(state=state)]

    def _value(self, address: str, uuid: str, data: bytes, at: int) -> list[Item]:
        device = device_id(address)
        if uuid not in gatt.READERS:
            frames = self._frames(address, uuid)
            if frames is None:
                self.counts["unknown_characteristic"] += 1
                return []
            items = [item for values in frames.feed(data, at) for item in self._vendor(device, values, at)]
            return [*self._thinned(self._links[address], items, at), *_alive(device, items, at)]
        values = gatt.decode(uuid, data)
        memory = remembered(self._options.memory, device, Remembered)
        if "sequence" in values:
            record = (values["sequence"], values["timestamp"])
            if record in memory.glucose:
                self.counts["repeats"] += 1
                return _alive(device, [], at)
            memory.glucose[record] = None
            if len(memory.glucose) > _MAX_RECORDS:
                del memory.glucose[next(iter(memory.glucose))]
        moment = when(values, at, self._options.zone_min)
        found: list[Item] = [*readings(device, uuid, values, moment)]
        return [*found, *_alive(device, found, at)]

    def _frames(self, address: str, uuid: str) -> Any:
        """The reader of a vendor's frames; made when the device is known by its notification only."""
        if uuid not in oximeters.KINDS and uuid != viatom.NOTIFY:
            return None
        link = self._links.get(address)
        if link is None and len(self._links) < _MAX_LINKS:
            link = self._links[address] = _Link()
        if link is None:
            return None
        if uuid not in link.frames:
            made = (
                viatom.Viatom("", self.counts)
                if uuid == viatom.NOTIFY
                else oximeters.KINDS[uuid](self.counts)
            )
            link.frames[uuid] = made
        return link.frames[uuid]

    def _vendor(self, device: str, values: dict[str, Any], at: int) -> list[Item]:
        if "systolic" in values:
            return self._cuff(device, values, at)
        found: list[Item] = []
        if values.get("finger") is not False and not values.get("no_signal_bit"):
            for name, kind in (("spo2", "spo2"), ("pulse_rate", "heart_rate")):
                if values.get(name) is not None:
                    found += reading(device, kind, values[name], at)
        if "finger" in values:
            found += reading(device, "worn", float(values["finger"]), at)
        if "battery_pct" in values:
            found += reading(device, "battery", values["battery_pct"], at)
        if "voltage_mv" in values:
            found += reading(device, "battery_voltage", values["voltage_mv"] / 1000, at)
        return found

    def _cuff(self, device: str, values: dict[str, Any], at: int) -> list[Item]:
        memory = remembered(self._options.memory, device, Remembered)
        if values["time_s"] <= memory.cuff_s:
            self.counts["repeats"] += 1
            return []
        memory.cuff_s = values["time_s"]
        moment = when_claimed(values["time_s"] * 1000, at, self._options.zone_min)
        mercury = {"unit": "mmHg"} | values
        return [*readings(device, "2a35", mercury, moment)]

    def _thinned(self, link: _Link, items: list[Item], at: int) -> list[Item]:
        """Oximeters tell up to a hundred values a second: one a second of each kind passes, and every
        old one.
        """
        passed: list[Item] = []
        for item in items:
            if isinstance(item, Reading) and (
                item.late or abs(at - link.told_at.get(item.kind, 0)) >= _APART_MS
            ):
                if not item.late:
                    link.told_at[item.kind] = at
                passed.append(item)
        return passed

    def _ask(self, address: str, link: _Link, at: int) -> None:
        frames = link.frames.get(viatom.NOTIFY)
        if frames is not None:
            frames.ask(at)
            for order in frames.orders():
                self._replies.append({"address": address, "uuid": viatom.WRITE, "value": order.hex()})


def device_id(address: str) -> str:
    """The id on the wire of a Bluetooth address."""
    return f"ble-{_plain(address).lower()}"


def _plain(address: str) -> str:
    return re.sub(r"[:-]", "", address).upper()


def _alive(device: str, items: list[Item], at: int) -> list[Item]:
    level = next((item.value for item in items if isinstance(item, Reading) and item.kind == "battery"), None)
    return [
        Sighting(state=DeviceState(device=device, at=at, online=True, battery_percent=level, last_seen=at))
    ]
