"""Frames of each protocol as its page draws them: where one ends, and what of its length and check is wrong.

This is a reading of `firmware_specs/devices/*.md` of its own, beside the one of the agent's drivers.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Final, Literal

from simulators.devices.gt06 import crc_x25

Fault = Literal["length", "checksum", "mark"]
LARGEST: Final = 64 * 1024
_WATCH: Final = re.compile(rb"\[\w{2}\*\d{8,17}\*(?:[0-9a-fA-F]{4}\*)?([0-9a-fA-F]{4})\*(.*)\]", re.DOTALL)
_WATCH_HEAD: Final = re.compile(rb"\[\w{2}\*\d{8,17}\*")
_TRV: Final = re.compile(rb"(?:TRV|IW)[A-Z]{2}[^#]*#")


@dataclass(frozen=True)
class Form:
    """`first` finds the first whole frame (start, end), None: need more; `faults` names what is wrong."""

    first: Callable[[bytes], tuple[int, int] | None]
    faults: Callable[[bytes], list[Fault]]


def split(form: Form, data: bytes) -> tuple[list[bytes], bytes, int]:
    """The whole frames of the bytes, what is left for later, and how many bytes belong to no frame."""
    frames, strange = [], 0
    while (found := form.first(data)) is not None:
        start, end = found
        strange += len(data[:start].strip())
        if start < end:  # else only what stands before a frame was found
            frames.append(data[start:end])
        data = data[end:]
    if len(data) > LARGEST:
        return frames, b"", strange + len(data)
    return frames, data, strange


def _watch_first(data: bytes) -> tuple[int, int] | None:
    """From `[` to the `]` behind which nothing, or another frame, begins."""
    head = _WATCH_HEAD.search(data)
    if head is None:
        return None
    after = _WATCH_HEAD.search(data, head.end())
    end = data.rfind(b"]", head.end(), after.start() if after else len(data))
    if end < 0:
        return (after.start(), after.start()) if after else None
    return head.start(), end + 1


def _watch_faults(frame: bytes) -> list[Fault]:
    found = _WATCH.fullmatch(frame)
    if found is None:
        return ["mark"]
    return [] if int(found[1], 16) == len(found[2]) else ["length"]


def _trv_first(data: bytes) -> tuple[int, int] | None:
    found = _TRV.search(data)
    return found.span() if found else None


def _marked(mark: bytes, size: Callable[[bytes], int | None]) -> Callable[[bytes], tuple[int, int] | None]:
    """Frames that begin with a mark; `size` of the bytes from it tells the length, None: too few yet."""

    def first(data: bytes) -> tuple[int, int] | None:
        start = data.find(mark)
        wanted = size(data[start:]) if start >= 0 else None
        if wanted is None or start + wanted > len(data):
            return None
        return start, start + wanted

    return first


def _gt06_size(data: bytes) -> int | None:
    if len(data) < 4:
        return None
    return data[2] + 5 if data[:2] == b"xx" else int.from_bytes(data[2:4], "big") + 6


def _gt06_first(data: bytes) -> tuple[int, int] | None:
    starts = [at for mark in (b"xx", b"yy") if (at := data.find(mark)) >= 0]
    if not starts:
        return None
    start, size = min(starts), _gt06_size(data[min(starts) :])
    return None if size is None or start + size > len(data) else (start, start + size)


def _gt06_faults(frame: bytes) -> list[Fault]:
    if frame[-2:] != b"\r\n":
        return ["length"]
    return [] if crc_x25(frame[2:-4]) == int.from_bytes(frame[-4:-2], "big") else ["checksum"]


def _jt808_first(data: bytes) -> tuple[int, int] | None:
    start = data.find(b"\x7e")
    end = data.find(b"\x7e", start + 1)
    if start >= 0 and end == start + 1:  # the end of one and the beginning of the next
        start, end = end, data.find(b"\x7e", end + 1)
    return None if start < 0 or end < 0 else (start, end + 1)


def _jt808_faults(frame: bytes) -> list[Fault]:
    data = frame[1:-1].replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")
    if len(data) < 13:
        return ["length"]
    attributes = int.from_bytes(data[2:4], "big")
    head = (17 if attributes & 0x4000 else 12) + (4 if attributes & 0x2000 else 0)
    found: list[Fault] = [] if len(data) - head - 1 == attributes & 0x3FF else ["length"]
    return found if reduce(lambda a, b: a ^ b, data) == 0 else [*found, "checksum"]


def _r60_faults(frame: bytes) -> list[Fault]:
    if frame[-2:] != b"\x54\x43":
        return ["length"]
    return [] if sum(frame[:-3]) % 256 == frame[-3] else ["checksum"]


def _tiny_faults(frame: bytes) -> list[Fault]:
    def right(data: bytes) -> bool:
        return reduce(lambda a, b: a ^ b, data, 0xFF) == 0

    whole = right(frame[:8]) and (len(frame) == 8 or right(frame[8:]))
    return [] if whole else ["checksum"]


def _line_first(data: bytes) -> tuple[int, int] | None:
    end = data.find(b"\n")
    return None if end < 0 else (0, end + 1)


def _json_faults(frame: bytes) -> list[Fault]:
    try:
        return [] if not frame.strip() or isinstance(json.loads(frame), dict) else ["mark"]
    except (ValueError, RecursionError):
        return ["mark"]


def _no_faults(_: bytes) -> list[Fault]:
    return []


_r60 = _marked(b"\x53\x59", lambda data: int.from_bytes(data[4:6], "big") + 9 if len(data) > 5 else None)
_tiny = _marked(
    b"\x01", lambda data: (n := int.from_bytes(data[3:5], "big")) + 8 + bool(n) if len(data) > 7 else None
)
_LINES: Final = Form(_line_first, _json_faults)
FORMS: Final[dict[str, Form]] = {
    "watch": Form(_watch_first, _watch_faults),
    "trv": Form(_trv_first, _no_faults),
    "gt06": Form(_gt06_first, _gt06_faults),
    "jt808": Form(_jt808_first, _jt808_faults),
    "r60": Form(_r60, _r60_faults),
    "tinyframe": Form(_tiny, _tiny_faults),
    "sca11h": Form(_marked(b"\xfe", lambda data: 45), _no_faults),
    "emfit_qs": Form(_line_first, _no_faults),
    "wrist_accelerometer": _LINES,
    "zigbee2mqtt": _LINES,
    "home_assistant": _LINES,
    "bluetooth": _LINES,
}
