"""Finding GT06 frames in a byte stream by mark, length, end and checksum, and making them (page
`firmware_specs/devices/gt06.md`).
"""

import re
from binascii import crc_hqx
from collections import Counter
from typing import Final

import msgspec

_LONGEST: Final = 2048
_SHORTEST: Final = 5
_UNDERCOUNT: Final = 2
_MARKS: Final = (b"xx", b"yy")
_MARK: Final = re.compile(rb"xx|yy|[xy]\Z")
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Gt06Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One whole frame of `size` bytes; `body` stands between the protocol number and the serial number."""

    extended: bool
    proto: int
    serial: int
    body: bytes
    crc_ok: bool
    size: int


class Gt06Framer:
    """`feed` bytes, get whole frames; what is dropped is counted by reason."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._buffer = b""

    def feed(self, data: bytes) -> list[Gt06Frame]:
        """Frames completed by these bytes, in order, also those with a wrong checksum (`crc_ok` false)."""
        buffer = self._buffer + data
        frames: list[Gt06Frame] = []
        begin = at = 0  # what stands before `begin` is done with; `at` is looked at
        waiting: int | None = None  # a frame that may still become whole
        told = 0  # the end of the last frame with a wrong checksum
        while (at := _next_mark(buffer, at)) < len(buffer):
            found = _frame_at(buffer, at)
            if isinstance(found, Gt06Frame) and found.crc_ok:
                self._drop(buffer, begin, at, cut=waiting is not None)
                frames.append(found)
                begin = at = at + found.size
                waiting = None
            else:
                if isinstance(found, Gt06Frame) and waiting is None and at >= told:
                    frames.append(found)
                    told = at + found.size
                elif found is None and waiting is None:
                    waiting = at
                at += 1
        end = waiting if waiting is not None else at
        self._drop(buffer, begin, end, cut=False)
        self._buffer = buffer[end:]
        return frames

    def finish(self) -> None:
        """No more bytes will come: a frame that was begun is counted as cut."""
        if len(self._buffer) > 1:
            self._counts["frame_cut"] += 1
        self._buffer = b""

    def _drop(self, buffer: bytes, begin: int, end: int, *, cut: bool) -> None:
        garbage = len(buffer[begin:end].strip(b"\r\n\0"))
        if garbage:
            self._counts["frame_cut" if cut else "garbage_bytes"] += 1 if cut else garbage


def crc(data: bytes) -> int:
    """CRC-16/X.25: reflected polynomial 0x8408, initial and final FFFF."""
    value = crc_hqx(data.translate(_MIRRORED), 0xFFFF)  # the same polynomial, the other way round
    return (_MIRRORED[value & 0xFF] << 8 | _MIRRORED[value >> 8]) ^ 0xFFFF


def encode_frame(proto: int, serial: int, body: bytes = b"") -> bytes:
    """A short frame of the server."""
    inner = bytes([len(body) + _SHORTEST, proto]) + body + serial.to_bytes(2, "big")
    return b"xx" + inner + crc(inner).to_bytes(2, "big") + b"\r\n"


def broken_frame(data: bytes) -> Gt06Frame | None:
    """One whole line whose LEN is wrong, as far as it can be read, for a person to look at; None when it has
    no mark or no end.
    """
    if data[:2] not in _MARKS or not data.endswith(b"\r\n") or len(data) < 4 + _SHORTEST + 4:
        return None
    head = 4 if data[:2] == b"yy" else 3
    serial = int.from_bytes(data[-6:-4], "big")
    body = data[head + 1 : -2]
    return Gt06Frame(
        extended=head == 4, proto=data[head], serial=serial, body=body, crc_ok=False, size=len(data)
    )


def _next_mark(buffer: bytes, at: int) -> int:
    """Where the next `78 78` or `79 79` stands, or a last byte that may begin one; else the end."""
    found = _MARK.search(buffer, at)
    return found.start() if found is not None else len(buffer)


def _length(buffer: bytes, at: int) -> int:
    """Bytes of the frame that begins at `at`, by its LEN."""
    if buffer[at] == ord("x"):
        return 2 + 1 + buffer[at + 2] + 2
    return 2 + 2 + int.from_bytes(buffer[at + 2 : at + 4], "big") + 2


def _frame_at(buffer: bytes, at: int) -> Gt06Frame | bool | None:
    """The frame that begins at `at`; None when more bytes are needed, False when there is none.

    Some boards' LEN is two too small: then the checksum must be right.
    """
    extended = buffer[at : at + 1] == b"y"
    head = 4 if extended else 3
    if len(buffer) < at + head:
        return None
    total = _length(buffer, at)
    if not _SHORTEST + head + 2 <= total <= _LONGEST:
        return False
    frame = buffer[at : at + total]
    if len(frame) == total and not frame.endswith(b"\r\n"):
        total += _UNDERCOUNT
        frame = buffer[at : at + total]
        if len(frame) == total and not (frame.endswith(b"\r\n") and _checked(frame)):
            return False
    if len(frame) < total:
        return None
    return Gt06Frame(
        extended=extended,
        proto=frame[head],
        serial=int.from_bytes(frame[-6:-4], "big"),
        body=frame[head + 1 : -6],
        crc_ok=_checked(frame),
        size=total,
    )


def _checked(frame: bytes) -> bool:
    return crc(frame[2:-4]) == int.from_bytes(frame[-4:-2], "big")
