"""What came in lately, as a technician reads it: frames with what they meant, events with their times."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from edge.readings import Fix, Happening, HeardWifi, Item, Press, Reading, Samples, Sighting
from edge.recent import Recent
from firmware_specs.kinds import EVENTS
from firmware_specs.messages import Event

FRAMES: Final = 200
KEPT_EVENTS: Final = 30
_SHOWN_BYTES: Final = 240
_SHOWN_ITEMS: Final = 12
_SHOWN_FIELDS: Final = ("kind", "phase", "device", "room", "test", "at")
_DEVICES: Final = 1_000


class _Published(msgspec.Struct):
    """A message of the home's broker, as its transport hands it to a driver."""

    topic: str
    payload: str | None = None
    payload_hex: str = ""


@dataclass
class Trace:
    """The last frames and events, and when devices were heard.

    `now` is ms of the gateway's clock, `steady` seconds.
    """

    now: Callable[[], int]
    steady: Callable[[], float]
    frames: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=FRAMES))
    last: Recent[str, str] = field(default_factory=lambda: Recent(_DEVICES))
    heard: Recent[str, int] = field(default_factory=lambda: Recent(_DEVICES))
    _events: Recent[str, dict[str, Any]] = field(default_factory=lambda: Recent(KEPT_EVENTS))
    _count: int = 0

    def frame(self, driver: str, source: str, data: bytes, items: list[Item]) -> None:
        """Bytes of a connection and what the driver made of them."""
        self._count += 1
        now, text = self.now(), shown(data)
        devices = {device for item in items if (device := _device(item)) is not None}
        self.frames.append(
            {
                "n": self._count,
                "at": now,
                "driver": driver,
                "source": source,
                "bytes": len(data),
                "text": text,
                "devices": sorted(devices),
                "items": [meaning(item) for item in items[:_SHOWN_ITEMS]],
            }
        )
        for device in devices:
            self.last[device] = text
        for item in items:  # what only others believe of a device is no sign of it
            device = _device(item)
            if device is not None and not (isinstance(item, Sighting) and not item.state.online):
                self.heard[device] = now

    def kept(self, events: list[Event]) -> None:
        """Events were written to disk."""
        for event in events:
            row: dict[str, Any] = {name: getattr(event, name) for name in _SHOWN_FIELDS}
            named = EVENTS.get(event.kind)
            row |= {"zh": named.zh if named else None, "en": named.en if named else None}
            row |= {"kept": self.steady(), "stored": None, "claimed": None}
            self._events[f"{event.id}:{event.phase}"] = row

    def stored(self, events: list[Event]) -> None:
        """The cloud has these."""
        for event in events:
            row = self._events.get(f"{event.id}:{event.phase}")
            if row is not None and row["stored"] is None:
                row["stored"] = self.steady()

    def claimed(self, ids: list[str]) -> None:
        """An operator has the call of these."""
        for key, row in self._events.items():
            if key.partition(":")[0] in ids and row["claimed"] is None:
                row["claimed"] = self.steady()

    def events(self) -> list[dict[str, Any]]:
        """The last events, the newest first, with the seconds that each step took."""
        rows = list(reversed(self._events.values()))
        return [row | {step: _after(row, step) for step in ("stored", "claimed")} for row in rows]


def shown(data: bytes) -> str:
    """Bytes as a person reads them: topic and payload, else text, else hexadecimal; cut when long."""
    if data.startswith(b'{"topic": '):
        try:
            line = msgspec.json.decode(data, type=_Published)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            pass
        else:
            data = f"{line.topic} {line.payload or line.payload_hex}".encode()
    part = data[:_SHOWN_BYTES]
    more = "…" if len(data) > _SHOWN_BYTES else ""
    try:
        text = part.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return part.hex(" ") + more
    return (text if text.isprintable() else part.hex(" ")) + more


def _device(item: Item) -> str | None:
    """The device that an item is about."""
    of = item.state if isinstance(item, Sighting) else item.position if isinstance(item, Fix) else item
    device = getattr(of, "device", None)
    return device if isinstance(device, str) else None


def meaning(item: Item) -> str:
    """An item in a few words."""
    match item:
        case Reading():
            return f"{item.kind}={item.value:g}"
        case Happening():
            return f"{item.kind} {item.phase}"
        case Press():
            return f"press {item.button}"
        case Sighting():
            battery, link = item.state.battery_percent, item.state.link_quality
            said = [("battery", battery), ("link", link), ("online", item.state.online)]
            return " ".join(["seen", *(f"{name}={value}" for name, value in said if value is not None)])
        case Fix():
            return f"position {item.position.source}"
        case HeardWifi():
            bssid, dbm = max(item.access_points, key=lambda one: one[1])
            return f"wi-fi {len(item.access_points)}, nearest {bssid} {dbm} dBm"
        case Samples():
            return f"{len(item.xyz_g)} samples"
        case _:
            return type(item).__name__


def _after(row: dict[str, Any], step: str) -> float | None:
    return None if row[step] is None else round(row[step] - row["kept"], 2)
