"""Driver of Zigbee2MQTT: its messages as lines, devices by what they expose (page
`firmware_specs/devices/zigbee2mqtt.md`).
"""

import re
from collections import Counter, deque
from datetime import datetime
from typing import Any, Final

import msgspec

from edge.drivers.lines import Lines, Published, published
from edge.drivers.liveness import Roll
from edge.drivers.options import DriverOptions, remembered
from edge.drivers.zigbee_events import Seen, ZigbeeMemory, events
from edge.drivers.zigbee_exposes import Exposes, Meaning, meanings, read_exposes
from edge.readings import Item, Reading, Sighting
from firmware_specs.ids import wire_id
from firmware_specs.kinds import READINGS
from firmware_specs.messages import DeviceState, InventoryEntry

BASE_TOPIC: Final = "zigbee2mqtt"
_LINE_LIMIT: Final = 8 << 20
_IEEE: Final = re.compile(r"^0x[0-9a-fA-F]{16}$")
_CLOCK_MS: Final = 10 * 60_000
_PAST_MS: Final = 400 * 86_400_000
_CACHE_MS: Final = 60_000
_WAIT_MS: Final = 3_000
_MAX_WAITING: Final = 500


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of bridge/devices."""

    id: str
    name: str
    model: str | None
    exposes: Exposes | None


class ZigbeeDriver:
    """Lines in, items out; one object a subscription. Nothing is ever answered."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._base = (options.base_topic or BASE_TOPIC).strip("/") + "/"
        self._memory = options.memory
        self._lines = Lines(_LINE_LIMIT, self.counts)
        self._devices: dict[str, Device] | None = None
        self._waiting: deque[tuple[str, dict[str, Any], bool, int]] = deque()
        self._cache_until: int | None = None
        self._mains: frozenset[str] = frozenset()
        self._roll = Roll(options.memory, self._is_mains)

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the lines that these bytes complete; never raises. `b""` lets time pass."""
        items: list[Item] = []
        for message in published(self._lines, data, self.counts):
            items += self._message(message, at)
        return items + self._overdue(at) + self._roll.silent(at)

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._lines.finish()

    def replies(self) -> bytes:
        """Nothing: Zigbee2MQTT expects no answers."""
        return b""

    def inventory(self) -> list[InventoryEntry]:
        """The devices that the bridge has listed."""
        devices = (self._devices or {}).values()
        return [
            InventoryEntry(device=device.id, driver="zigbee2mqtt", model=device.model) for device in devices
        ]

    def exposes_of(self, topic: str) -> Exposes | None:
        """What the bridge has listed for the device of a state topic; None when it has not."""
        device = (self._devices or {}).get(topic.removeprefix(self._base))
        return None if device is None else device.exposes

    def _message(self, line: Published, at: int) -> list[Item]:
        if self._cache_until is None:
            self._cache_until = at + _CACHE_MS
        if not line.topic.startswith(self._base) or not line.payload:
            self.counts["not_for_us"] += 1
            return []
        name = line.topic[len(self._base) :]
        known = self._devices or {}
        if name not in known and name.startswith("bridge/"):
            return self._bridge(name, line.payload, at)
        if name not in known and name.endswith("/availability"):
            return self._availability(name.removesuffix("/availability"), line.payload, at)
        if name not in known and re.search(r"/(set|get)(/|$)", name):
            return []
        state = _json(line.payload)
        if not isinstance(state, dict):
            self.counts["payload_unreadable"] += 1
            return []
        return self._state(name, state, line.retained, at)

    def _bridge(self, name: str, payload: str, at: int) -> list[Item]:
        if name == "bridge/devices":
            return self._inventory(payload, at)
        if name == "bridge/state" and _word(payload) == "online":
            self._cache_until = at + _CACHE_MS
        elif name == "bridge/state":
            known = (self._devices or {}).values()
            return [Sighting(state=DeviceState(device=device.id, at=at)) for device in known]
        return []

    def _inventory(self, payload: str, at: int) -> list[Item]:
        entries = _json(payload)
        if not isinstance(entries, list):
            self.counts["payload_unreadable"] += 1
            return []
        listed = [device for entry in entries if (device := _device(entry)) is not None]
        self._devices = {device.name: device for device in listed}
        self._mains = frozenset(d.id for d in listed if d.exposes is not None and d.exposes.mains)
        waiting, self._waiting = self._waiting, deque()
        items: list[Item] = []
        for name, state, retained, arrived in waiting:
            items += self._state(name, state, retained, arrived)
        return items

    def _overdue(self, at: int) -> list[Item]:
        """States that waited too long for the list of devices are read without it: no alarm is lost."""
        items: list[Item] = []
        while self._waiting and abs(at - self._waiting[0][3]) >= _WAIT_MS:
            name, state, retained, arrived = self._waiting.popleft()
            items += self._read(_unlisted(name), state, retained, arrived)
        return items

    def _is_mains(self, device: str) -> bool:
        return device in self._mains

    def _state(self, name: str, state: dict[str, Any], retained: bool, at: int) -> list[Item]:
        if self._devices is None and not _IEEE.match(name):
            self._waiting.append((name, state, retained, at))
            if len(self._waiting) <= _MAX_WAITING:
                return []
            return self._read(_unlisted(self._waiting[0][0]), *self._waiting.popleft()[1:])
        device = (self._devices or {}).get(name)
        if device is None:
            self.counts["unlisted_device"] += 1
            device = _unlisted(name)
        return self._read(device, state, retained, at)

    def _read(self, device: Device, state: dict[str, Any], retained: bool, at: int) -> list[Item]:
        claimed = last_seen_ms(state.get("last_seen"))
        memory = remembered(self._memory, device.id, ZigbeeMemory)
        if retained:
            return (
                _readings(meanings(device.exposes, state), device.id, claimed) if claimed is not None else []
            )
        if claimed is not None:
            kept = memory.last_seen
            replay = kept is not None and claimed < kept <= at + _CLOCK_MS and at - claimed > 1_000
            if replay:
                self.counts["replays"] += 1
                return []
            memory.last_seen = claimed
            if kept is None and self._is_cache(claimed, at):
                self.counts["replays"] += 1
                return _readings(meanings(device.exposes, state), device.id, claimed)
        self._roll.hear(device.id, at)
        measured = claimed if claimed is not None and abs(at - claimed) <= _CLOCK_MS else at
        seen = Seen(device=device.id, at=measured, arrived=at, device_at=claimed)
        found = meanings(device.exposes, state)
        items: list[Item] = [*events(found, seen, memory, state)]
        items += _readings(found, device.id, claimed, measured)
        return [*items, _sighting(found, device.id, at, measured)]

    def _is_cache(self, claimed: int, at: int) -> bool:
        """An old state soon after a start is Zigbee2MQTT's cache; one older than a year is a wrong clock."""
        early = self._cache_until is not None and at <= self._cache_until
        return early and _CLOCK_MS < at - claimed < _PAST_MS

    def _availability(self, name: str, payload: str, at: int) -> list[Item]:
        device = (self._devices or {}).get(name) or (_unlisted(name) if _IEEE.match(name) else None)
        word = _word(payload)
        if device is None or word not in ("online", "offline"):
            self.counts["availability_unreadable"] += device is not None
            return []
        heard = self._roll.heard_at(device.id)
        online = None if word == "online" and heard is None else word == "online"
        return [Sighting(state=DeviceState(device=device.id, at=at, online=online, last_seen=heard))]


def last_seen_ms(value: Any) -> int | None:
    """Milliseconds UTC of a `last_seen`: ISO 8601 with a zone, or ms since 1970; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if 0 <= value < 2**53 else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else max(0, round(moment.timestamp() * 1000))


def _device(entry: Any) -> Device | None:
    if not isinstance(entry, dict) or entry.get("type") == "Coordinator":
        return None
    ieee, name, definition = entry.get("ieee_address"), entry.get("friendly_name"), entry.get("definition")
    if not isinstance(ieee, str) or not _IEEE.match(ieee):
        return None
    usable = isinstance(definition, dict) and entry.get("disabled") is not True
    model = definition.get("model") if isinstance(definition, dict) else None
    return Device(
        id=f"zb-{ieee[2:].lower()}",
        name=name if isinstance(name, str) else ieee,
        model=model if isinstance(model, str) else None,
        exposes=read_exposes(definition, entry.get("power_source")) if usable else None,
    )


def _unlisted(name: str) -> Device:
    identity = name[2:].lower() if _IEEE.match(name) else wire_id(name)
    return Device(id=f"zb-{identity}"[:64], name=name, model=None, exposes=None)


def _readings(
    found: list[Meaning], device: str, claimed: int | None, measured: int | None = None
) -> list[Item]:
    """Readings of the meanings that are reading kinds; without `measured` they are late, at `claimed`."""
    late = measured is None
    at = claimed if measured is None else measured
    assert at is not None
    return [
        Reading(device=device, kind=meaning.kind, at=at, value=meaning.value, device_at=claimed, late=late)
        for meaning in found
        if meaning.kind in READINGS
    ]


def _sighting(found: list[Meaning], device: str, at: int, measured: int) -> Sighting:
    values = {meaning.kind: meaning.value for meaning in found}
    state = DeviceState(
        device=device,
        at=at,
        online=True,
        battery_percent=values.get("battery"),
        link_quality=values.get("link_quality"),
        last_seen=measured,
    )
    return Sighting(state=state)


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, UnicodeEncodeError, UnicodeDecodeError, RecursionError):
        return None


def _word(payload: str) -> str | None:
    """`online` or `offline` of `{"state":"online"}` or of the bare word."""
    value = _json(payload)
    word = (
        value.get("state")
        if isinstance(value, dict)
        else value
        if isinstance(value, str)
        else payload.strip()
    )
    return word if isinstance(word, str) else None
