"""Finding JT/T 808 messages in a byte stream, their header and checksum, and making them (page
`firmware_specs/devices/jt808.md`).
"""

from collections import Counter
from functools import reduce
from operator import xor
from typing import Final, NamedTuple

import msgspec

_MARK: Final = b"\x7e"
_LIMIT: Final = 4096  # twice the longest body, all of it escaped, and its header
_LENGTH_BITS: Final = 0x3FF
_IS_PART: Final = 1 << 13
_IS_2019: Final = 1 << 14


class Jt808Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `phone` is the terminal's number as hexadecimal digits, 12 or (2019) 20 of them.

    `parts` is None for a whole message, else how many parts there are and which one this is, from 1.
    """

    message: int
    phone: str
    serial: int
    body: bytes
    body_len_field: int
    version: int | None = None
    encryption: int = 0
    parts: tuple[int, int] | None = None
    checksum_ok: bool = True


class _Part(NamedTuple):
    """What stands between two marks: as it came, read as a message, its length without escapes. Each is read
    once: parts can be joined in many ways.
    """

    data: bytes
    frame: Jt808Frame | None
    length: int

    @property
    def alone(self) -> bool:
        """True for nothing (a `7E` ended, another begins) and for a message that is right by itself."""
        return not self.data or (self.frame is not None and self.frame.checksum_ok)


class Jt808Framer:
    """`feed` bytes, get messages; what is dropped is counted by reason."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._buffer = bytearray()
        self._inside = False
        self._closed: list[_Part] = []  # the first may want what comes behind it

    def feed(self, data: bytes) -> list[Jt808Frame]:
        """Messages completed by these bytes, in order, also those with a wrong checksum. A `7E` ends one
        message and may begin the next; a message that is too short waits for more, or for `flush`.
        """
        *closed, rest = (bytes(self._buffer) + data).split(_MARK)
        if closed and not self._inside:
            self._garbage(closed.pop(0))
        self._closed += map(_part, closed)
        self._inside = self._inside or _MARK in data
        self._buffer[:] = rest
        if len(self._buffer) > _LIMIT:
            self._counts["frame_too_long"] += 1
            self._buffer.clear()
            self._inside = False
        return self._read(final=False)

    def flush(self) -> list[Jt808Frame]:
        """Messages that waited for more, as they are."""
        return self._read(final=True)

    def finish(self) -> None:
        """No more bytes will come: a message that was begun is counted as cut."""
        if self._closed or (self._inside and self._buffer):
            self._counts["frame_cut"] += 1
        self._buffer.clear()
        self._closed.clear()
        self._inside = False

    def _read(self, *, final: bool) -> list[Jt808Frame]:
        frames: list[Jt808Frame] = []
        at = 0
        while at < len(self._closed) and (taken := self._take(at, frames, final=final)):
            at += taken
        del self._closed[:at]
        return frames

    def _take(self, at: int, frames: list[Jt808Frame], *, final: bool) -> int:
        """Read the message that begins with part `at`; how many parts it had, 0 when it waits.

        Some terminals send a `7E` inside a message as it is: parts are joined until they have the length.
        """
        first = self._closed[at]
        frame = first.frame
        if frame is None:
            self._garbage(first.data)
            return 1
        missing = frame.body_len_field - len(frame.body)
        complete = frame.checksum_ok or missing <= 0
        for end in range(at + 1, len(self._closed)):
            if complete:
                break
            part = self._closed[end]
            missing -= 1 + part.length
            if missing == 0:
                whole = decode_frame(_MARK.join(each.data for each in self._closed[at : end + 1]))
                if whole is not None:
                    frames.append(whole)
                    return end + 1 - at
            complete = part.alone or missing < 0
        if not complete and not final:
            return 0
        frames.append(frame)
        return 1

    def _garbage(self, part: bytes) -> None:
        if part := part.strip(b"\r\n\0"):
            self._counts["garbage_bytes"] += len(part)


def _part(data: bytes) -> _Part:
    return _Part(data, decode_frame(data) if len(data) <= _LIMIT else None, len(_unescaped(data)))


def _unescaped(data: bytes) -> bytes:
    return data.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")


def decode_frame(escaped: bytes) -> Jt808Frame | None:
    """The message between two `7E`; None when it is too short for its header."""
    data = _unescaped(escaped)
    if len(data) < 5:
        return None
    attributes = int.from_bytes(data[2:4], "big")
    newer = bool(attributes & _IS_2019)
    phone_at = 5 if newer else 4
    serial_at = phone_at + (10 if newer else 6)
    body_at = serial_at + (6 if attributes & _IS_PART else 2)
    if len(data) < body_at + 1:
        return None
    part = data[serial_at + 2 : body_at]
    return Jt808Frame(
        message=int.from_bytes(data[:2], "big"),
        phone=data[phone_at:serial_at].hex(),
        serial=int.from_bytes(data[serial_at : serial_at + 2], "big"),
        body=data[body_at:-1],
        body_len_field=attributes & _LENGTH_BITS,
        version=data[4] if newer else None,
        encryption=attributes >> 10 & 7,
        parts=(int.from_bytes(part[:2], "big"), int.from_bytes(part[2:], "big")) if part else None,
        checksum_ok=checksum(data[:-1]) == data[-1],
    )


def encode_frame(to: Jt808Frame, message: int, serial: int, body: bytes) -> bytes:
    """A message to the terminal that sent `to`, with the header of its version, escaped and marked."""
    attributes = len(body) | (_IS_2019 if to.version is not None else 0)
    version = b"" if to.version is None else bytes([to.version])
    head = message.to_bytes(2, "big") + attributes.to_bytes(2, "big") + version + bytes.fromhex(to.phone)
    data = head + serial.to_bytes(2, "big") + body
    data += bytes([checksum(data)])
    return _MARK + data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + _MARK


def checksum(data: bytes) -> int:
    """Exclusive or of all bytes."""
    return reduce(xor, data, 0)
