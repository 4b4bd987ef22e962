"""What goes wrong with the frames of a device: each fault makes of one good frame what arrives instead."""

from collections.abc import Callable
from typing import Final

Fault = Callable[[bytes], list[bytes]]


def _bad_checksum(frame: bytes) -> list[bytes]:
    """A bit flipped in the last byte before the end mark that is not the mark itself."""
    at = -3 if frame.endswith(b"\x54\x43") else -1
    damaged = bytearray(frame)
    damaged[at] ^= 0x10
    return [bytes(damaged)]


def _wrong_length(frame: bytes) -> list[bytes]:
    """The length field (second last byte of the header in these protocols) says one more."""
    damaged = bytearray(frame)
    at = 5 if frame.startswith(b"\x53\x59") else 4
    damaged[at] = (damaged[at] + 1) & 0xFF
    return [bytes(damaged)]


FAULTS: Final[dict[str, Fault]] = {
    "wrong_length": _wrong_length,
    "bad_checksum": _bad_checksum,
    "truncated": lambda frame: [frame[: len(frame) // 2]],
    "duplicate": lambda frame: [frame, frame],
    "burst": lambda frame: [frame] * 200,
    "mid_frame_cut": lambda frame: [frame[: len(frame) // 2], b"", frame[len(frame) // 2 :]],
    "noise": lambda frame: [b"\x00\xff\x53\x01" + frame],
}
"""By name; an empty piece in the list is a connection that broke there."""
