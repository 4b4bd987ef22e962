"""What goes wrong with the frames of a device: each fault makes of one good frame what arrives instead."""

import re
from collections.abc import Callable
from typing import Final

Fault = Callable[[bytes], list[bytes]]

# How a frame begins: where the low byte of its length and a byte of its checksum stand.
_PLACES: Final[dict[bytes, tuple[int, int]]] = {
    b"\x53\x59": (5, -3),  # R60
    b"\x78\x78": (2, -3),  # GT06
    b"\x79\x79": (3, -3),
    b"\x7e": (4, -2),  # JT/T 808
    b"\x01": (4, -1),  # TinyFrame
}
_WATCH_LEN: Final = re.compile(rb"\*[0-9a-fA-F]{4}\*(?=[A-Z])")
_NOWHERE: Final = (8, -2)  # no length and no checksum: some character


def _flipped(frame: bytes, at: int, bits: int) -> list[bytes]:
    damaged = bytearray(frame)
    damaged[at] ^= bits
    return [bytes(damaged)]


def _places(frame: bytes) -> tuple[int, int]:
    return next((places for start, places in _PLACES.items() if frame.startswith(start)), _NOWHERE)


def _wrong_length(frame: bytes) -> list[bytes]:
    if frame.startswith(b"["):  # the watch text protocol: four hex digits before the content
        return [_WATCH_LEN.sub(b"*00ff*", frame, count=1)]
    return _flipped(frame, _places(frame)[0], 0x02)


FAULTS: Final[dict[str, Fault]] = {
    "wrong_length": _wrong_length,
    "bad_checksum": lambda frame: _flipped(frame, _places(frame)[1], 0x10),
    "truncated": lambda frame: [frame[: len(frame) // 2]],
    "duplicate": lambda frame: [frame, frame],
    "burst": lambda frame: [frame] * 200,
    "mid_frame_cut": lambda frame: [frame[: len(frame) // 2], b"", frame[len(frame) // 2 :]],
    "garbage": lambda frame: [b"\x00\xff[[*\xfe]" + frame[::-1]],
    "noise": lambda frame: [b"\x00\xff\x53\x01" + frame],
}
"""By name; an empty piece in the list is a connection that broke there."""
