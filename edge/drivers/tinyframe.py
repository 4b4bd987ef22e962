"""Driver of TinyFrame radars: MR60FDA2, MR60BHA2, HLK-LD6002 (page `firmware_specs/devices/tinyframe.md`)."""

import math
import struct
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.drivers.binary_frames import BinaryFrames
from edge.drivers.one_device import OneDevice
from edge.drivers.options import DriverOptions
from edge.readings import Item

MARK: Final = b"\x01"
_HEAD: Final = 8
_MAX_DATA: Final = 1024
_Values = dict[str, Any]


class TinyFrame(msgspec.Struct, frozen=True, kw_only=True):
    """One good frame with what its data says."""

    id: int
    type: int
    data: bytes
    values: dict[str, Any] = {}


def _floats(data: bytes) -> list[float | None]:
    values = struct.unpack(f"<{len(data) // 4}f", data)
    return [round(value, 3) if math.isfinite(value) else None for value in values]


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def _named(*names: str) -> Callable[[bytes], _Values]:
    return lambda data: dict(zip(names, _floats(data), strict=True))


def _flag(name: str) -> Callable[[bytes], _Values]:
    return lambda data: {name: {0: False, 1: True}.get(data[0])}


def _range(data: bytes) -> _Values:
    return {"range_flag": _words(data[:4])[0], "distance_cm": _floats(data[4:])[0]}


def _settings(data: bytes) -> _Values:
    names = ("install_height_m", "fall_threshold_m")
    zones = ("zone_left_m", "zone_right_m", "zone_front_m", "zone_back_m")
    found: _Values = dict(zip(names, _floats(data[:8]), strict=True))
    found["sensitivity"] = _words(data[8:12])[0]
    return found | dict(zip(zones, _floats(data[12:28]), strict=False))


def _zones(data: bytes) -> _Values:
    zones = [word > 0 for word in _words(data)]
    return {"zones": zones, "presence": any(zones)}


def _targets(*names: str) -> Callable[[bytes], _Values]:
    """Targets as a count and equal records: floats for x, y, z and speed, whole numbers for the rest."""

    def read(data: bytes) -> _Values:
        count = _words(data[:4])[0]
        if count * 4 * len(names) != len(data) - 4:
            return {}
        form = "<" + "".join("f" if name.endswith(("_m", "_m_s")) else "i" for name in names)
        rows = struct.iter_unpack(form, data[4:])
        return {"targets": [dict(zip(names, row, strict=True)) for row in rows]}

    return read


def _plane_or_space(data: bytes) -> _Values:
    flat = _targets("x_m", "y_m", "doppler", "cluster")(data)
    return flat or _targets("x_m", "y_m", "z_m", "doppler", "cluster")(data)


# type: (bytes of data or 0 for "at least 4", reader)
_READERS: Final[dict[int, dict[int, Callable[[bytes], _Values]]]] = {
    0x0E02: {1: _flag("fall")},
    0x0F09: {1: _flag("presence"), 2: _flag("presence"), 4: _flag("presence")},
    0x0A13: {12: _named("total_phase", "breath_phase", "heart_phase")},
    0x0A14: {4: _named("resp_rate")},
    0x0A15: {4: _named("heart_rate")},
    0x0A16: {8: _range},
    0x0A04: {0: _plane_or_space},
    0x0A08: {0: _targets("cluster", "x_m", "y_m", "z_m", "speed_m_s")},
    0x0A0A: {16: _zones},
    0x0E04: {4: _named("set_install_height_m"), 1: _flag("accepted")},
    0x0E06: {12: _settings, 28: _settings},
    0x0E08: {4: _named("set_fall_threshold_m"), 1: _flag("accepted")},
    0x0E0A: {4: lambda data: {"set_sensitivity": _words(data)[0]}, 1: _flag("accepted")},
    0x0E0C: {
        16: _named("set_zone_left_m", "set_zone_right_m", "set_zone_front_m", "set_zone_back_m"),
        1: _flag("accepted"),
    },
    0x0E0E: {4: _named("height_m")},
}


class TinyFrameDriver:
    """Frames in, items out; one object a connection, one radar a connection."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._frames = BinaryFrames(MARK, measure, check, self.counts)
        self._line = OneDevice(options, "tinyframe", self.counts)

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the frames that these bytes complete; never raises. `b""` lets time pass."""
        items: list[Item] = []
        for raw in self._frames.feed(data, at):
            items += self._line.values(decode_frame(raw).values, at)
        return items + self._line.silence(at)

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._frames.finish()

    def replies(self) -> bytes:
        """Nothing: these radars report by themselves."""
        return b""


def checksum(data: bytes) -> int:
    """The complement of all bytes, exclusive-ored."""
    value = 0
    for byte in data:
        value ^= byte
    return ~value & 0xFF


def encode(type_: int, data: bytes = b"", id_: int = 0) -> bytes:
    """A frame for the radar."""
    head = MARK + struct.pack(">HHH", id_, len(data), type_)
    head += bytes((checksum(head),))
    return head + data + bytes((checksum(data),)) if data else head


def measure(begin: bytes) -> int | str | None:
    """Length of the frame that begins so."""
    if len(begin) < _HEAD:
        return None
    if checksum(begin[:7]) != begin[7]:
        return "header checksum"
    length = int.from_bytes(begin[3:5], "big")
    if length > _MAX_DATA:
        return "length"
    return _HEAD + (length + 1 if length else 0)


def check(frame: bytes) -> str:
    """What is wrong with a whole frame: `data checksum`, or nothing."""
    data = frame[_HEAD:-1]
    return "data checksum" if data and checksum(data) != frame[-1] else ""


def decode_frame(frame: bytes) -> TinyFrame:
    """The meaning of a good frame; `values` is empty for a type or a length that the page does not give."""
    id_, length, type_ = struct.unpack(">HHH", frame[1:7])
    data = frame[_HEAD : _HEAD + length]
    readers = _READERS.get(type_, {})
    read = readers.get(len(data), readers.get(0) if len(data) >= 4 else None)
    return TinyFrame(id=id_, type=type_, data=data, values=read(data) if read is not None else {})
