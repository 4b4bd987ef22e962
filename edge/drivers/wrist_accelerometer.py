"""Driver of the wrist accelerometer stream, which carries raw signals of beds and pulse sensors, too (page
`firmware_specs/devices/wrist_accelerometer.md`).
"""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from edge.drivers.lines import Lines
from edge.drivers.options import DriverOptions, remembered
from edge.readings import Happening, Item, Press, Reading, Samples, Sighting, Signal
from firmware_specs.messages import DeviceState

_LINE_LIMIT: Final = 64 * 1024
_CLOCK_MS: Final = 10_000
_DAY_MS: Final = 86_400_000

_G = Annotated[float, Meta(ge=-64, le=64)]
_Value = Annotated[float, Meta(ge=-1e9, le=1e9)]
_At = Annotated[int, Meta(ge=0, le=253_402_300_799_999)]


class _Hello(msgspec.Struct, frozen=True, tag="hello"):
    device: Annotated[str, Meta(pattern=r"^(wrist|bed|ppg)-[a-z0-9-]{1,58}$")]
    rate_hz: Annotated[float, Meta(ge=1, le=400)]
    range_g: Annotated[float, Meta(ge=1, le=64)] | None = None


class _Samples(msgspec.Struct, frozen=True, tag="samples"):
    seq: Annotated[int, Meta(ge=1, le=2**53)]
    at: _At
    xyz: Annotated[list[tuple[_G, _G, _G]], Meta(min_length=1, max_length=256)] | None = None
    values: Annotated[list[_Value], Meta(min_length=1, max_length=1024)] | None = None

    @property
    def rows(self) -> int:
        """How many rows or values the line has."""
        return len(self.xyz or self.values or ())


class _Button(msgspec.Struct, frozen=True, tag="button"):
    at: _At
    button: Literal["cancel", "sos"]


class _Status(msgspec.Struct, frozen=True, tag="status"):
    battery: Annotated[float, Meta(ge=0, le=100)] | None = None
    worn: bool | None = None
    charging: bool | None = None


_LINE: Final = msgspec.json.Decoder(_Hello | _Samples | _Button | _Status)
_TYPES: Final = frozenset({"hello", "samples", "button", "status"})


@dataclass
class WristMemory:
    """What is known of one band between connections: the last line's number and where its rows ended,
    ms UTC.
    """

    seq: int = 0
    at: int = 0
    end: int = 0


class WristDriver:
    """Lines in, items and answers out; one object a connection, one band a connection."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._lines = Lines(_LINE_LIMIT, self.counts)
        self._hello: _Hello | None = None
        self._memory = WristMemory()
        self._replies = bytearray()

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the lines that these bytes complete; a bad line is counted and answered, never raised."""
        items: list[Item] = []
        for line in self._lines.feed(data):
            if line is None:
                self._error("too_long")
            elif line.strip():
                items += self._line(line, at)
        return items

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._lines.finish()

    def replies(self) -> bytes:
        """Answers to the lines received so far, each once."""
        data = bytes(self._replies)
        self._replies.clear()
        return data

    def _line(self, line: bytes, at: int) -> list[Item]:
        try:
            message = _LINE.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._error(self._what_is_wrong(line))
            return []
        if isinstance(message, _Hello):
            return self._greet(message, at)
        if self._hello is None:
            self._error("hello_expected")
            return []
        self.counts[message.__class__.__name__.strip("_").lower()] += 1
        match message:
            case _Samples():
                return self._samples(message, self._hello, at)
            case _Button():
                return [self._button(message, self._hello.device, at)]
            case _:
                return _status(message, self._hello.device, at)

    def _greet(self, hello: _Hello, at: int) -> list[Item]:
        other = self._hello is not None and self._hello.device != hello.device
        if other or (hello.range_g is None) == hello.device.startswith("wrist-"):
            self._error("bad_field")
            return []
        self._hello = hello
        self._memory = remembered(self._options.memory, hello.device, WristMemory)
        return [Sighting(state=DeviceState(device=hello.device, at=at, online=True, last_seen=at))]

    def _samples(self, line: _Samples, hello: _Hello, at: int) -> list[Item]:
        if (line.xyz is None) == (hello.range_g is not None) or (line.values is None) == (
            hello.range_g is None
        ):
            self._error("bad_field")
            return []
        self._replies += msgspec.json.encode({"type": "ok", "seq": line.seq}) + b"\n"
        memory = self._memory
        restarted = line.seq == 1 and line.at != memory.at
        if line.seq <= memory.seq and not restarted:
            self.counts["repeats"] += 1
            return []
        gap = line.seq != memory.seq + 1
        self.counts["gaps"] += gap and memory.seq > 0
        begin = self._begin(line, hello, at, gap=gap)
        memory.seq, memory.at = line.seq, line.at
        memory.end = begin + round(line.rows * 1000 / hello.rate_hz)
        if line.values is not None:
            what: Literal["bed", "ppg"] = "bed" if hello.device.startswith("bed-") else "ppg"
            device, rate_hz = hello.device, hello.rate_hz
            return [Signal(device=device, at=begin, rate_hz=rate_hz, what=what, values=line.values, gap=gap)]
        return self._acceleration(line, hello, begin, gap=gap)

    def _acceleration(self, line: _Samples, hello: _Hello, begin: int, *, gap: bool) -> list[Item]:
        xyz = line.xyz or []
        peak = max(math.hypot(*row) for row in xyz)
        return [
            Samples(
                device=hello.device,
                at=begin,
                rate_hz=hello.rate_hz,
                xyz_g=xyz,
                gap=gap,
                range_g=hello.range_g,
            ),
            Reading(
                device=hello.device, kind="acceleration_g", at=begin, value=round(peak, 3), device_at=line.at
            ),
        ]

    def _begin(self, line: _Samples, hello: _Hello, at: int, *, gap: bool) -> int:
        """When the first row was measured: by the band's clock, else so that the rows follow the last ones
        or end now.
        """
        length = round(line.rows * 1000 / hello.rate_hz)
        if abs(line.at + length - at) <= _CLOCK_MS:
            return line.at
        self.counts["clock_wrong"] += 1
        follows = self._memory.end
        return follows if not gap and abs(follows + length - at) <= _CLOCK_MS else at - length

    def _button(self, line: _Button, device: str, at: int) -> Item:
        measured = line.at if abs(line.at - at) <= _CLOCK_MS else at
        if line.button == "cancel":
            return Press(device=device, button="cancel", at=measured, device_at=line.at)
        return Happening(
            device=device,
            kind="sos",
            phase="raised",
            at=measured,
            device_at=line.at,
            evidence={"button": "sos"},
            instant=True,
            fingerprint=str(line.at),
            repeat_ms=_DAY_MS,
        )

    def _what_is_wrong(self, line: bytes) -> str:
        try:
            value: Any = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return "not_json"
        if not isinstance(value, dict):
            return "not_json"
        kind = value.get("type")
        if self._hello is None and kind != "hello":
            return "hello_expected"
        return "bad_field" if isinstance(kind, str) and kind in _TYPES else "unknown_type"

    def _error(self, reason: str) -> None:
        self.counts[reason] += 1
        self._replies += msgspec.json.encode({"type": "error", "reason": reason}) + b"\n"


def _status(line: _Status, device: str, at: int) -> list[Item]:
    values = {"battery": line.battery, "worn": line.worn, "charging": line.charging}
    readings: list[Item] = [
        Reading(device=device, kind=kind, at=at, value=float(value))
        for kind, value in values.items()
        if value is not None
    ]
    state = DeviceState(
        device=device,
        at=at,
        online=True,
        worn=line.worn,
        charging=line.charging,
        battery_percent=line.battery,
        last_seen=at,
    )
    return [*readings, Sighting(state=state)]
