"""Finding frames of the watch protocol in a byte stream: by brackets,
never by LEN (page `firmware_specs/devices/watch.md`).
"""

import re
from collections import Counter
from typing import Final

TEXT_LIMIT: Final = 4 * 1024
BINARY_LIMIT: Final = 64 * 1024
BINARY_TYPES: Final = frozenset({b"tk", b"tk2", b"jxtk", b"img"})
HEADER: Final = re.compile(
    rb"\[([0-9A-Za-z]{2})\*([0-9]{8,17})\*(?:([0-9A-Fa-f]{4})\*(?=[0-9A-Fa-f]{4}\*))?([0-9A-Fa-f]{4})\*([0-9A-Za-z_]*)"
)
_BRACKET: Final = re.compile(rb"[\[\]]")
_HEADER_PREFIX: Final = re.compile(
    rb"\[(?:$|[0-9A-Za-z](?:$|[0-9A-Za-z](?:$|\*(?:$|[0-9]{1,7}$|[0-9]{8,17}(?:$|(?P<whole>\*))))))"
)
_LONGEST_HEADER: Final = 22


class WatchFramer:
    """`feed` bytes, get whole frames with their brackets; what is dropped is counted by reason."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._buffer = bytearray()
        self._scan = 0
        self._depth = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Frames completed by these bytes, in order."""
        self._buffer += data
        frames: list[bytes] = []
        while (step := self._advance(frames)) is not None:
            del self._buffer[:step]
            self._scan = self._depth = 0
        return frames

    def finish(self) -> None:
        """No more bytes will come: a frame that was begun is counted as cut."""
        if self._buffer:
            self._counts["frame_cut"] += 1
            self._buffer.clear()
            self._scan = self._depth = 0

    def _advance(self, frames: list[bytes]) -> int | None:
        """Bytes to drop from the front, a frame among them perhaps; None when more is needed."""
        if not self._buffer:
            return None
        if self._depth == 0:
            start = self._next_start(0)
            if start != 0:
                return self._skip(start)
            if not _looks_like_header(self._buffer, 0):
                return None
            self._scan = self._depth = 1
        end = self._walk(frames)
        if end is None and len(self._buffer) > self._limit():
            self._counts["frame_too_long"] += 1
            return self._next_start(1)
        return end

    def _next_start(self, begin: int) -> int:
        """Where the next `[` stands that is, or may become, the start of a frame;
        the buffer's end when there is none.
        """
        at = self._buffer.find(b"[", begin)
        while at >= 0 and _looks_like_header(self._buffer, at) is False:
            at = self._buffer.find(b"[", at + 1)
        return at if at >= 0 else len(self._buffer)

    def _walk(self, frames: list[bytes]) -> int | None:
        """Follow the brackets from where the last call stopped."""
        buffer = self._buffer
        while (found := _BRACKET.search(buffer, self._scan, self._limit())) is not None:
            at = found.start()
            if buffer[at] == ord("]"):
                self._depth -= 1
                if self._depth == 0 or self._stands_where_len_says(at):
                    frames.append(bytes(buffer[: at + 1]))
                    return at + 1
            else:
                header = _looks_like_header(buffer, at)
                if header is None:
                    self._scan = at
                    return None
                if header:
                    return self._broken(at, frames)
                self._depth += 1
            self._scan = at + 1
        self._scan = min(len(buffer), self._limit())
        return None

    def _stands_where_len_says(self, at: int) -> bool:
        header = HEADER.match(self._buffer)
        return header is not None and at - header.start(5) == int(header[4], 16)

    def _broken(self, at: int, frames: list[bytes]) -> int:
        """A new header inside a frame: the old one up to its last `]` is tried, else dropped."""
        last = self._buffer.rfind(b"]", 0, at)
        if last > 0 and HEADER.match(self._buffer):
            frames.append(bytes(self._buffer[: last + 1]))
            self._skip_between(last + 1, at)
        else:
            self._counts["frame_broken"] += 1
        return at

    def _skip(self, length: int) -> int:
        self._skip_between(0, length)
        return length

    def _skip_between(self, start: int, end: int) -> None:
        garbage = len(bytes(self._buffer[start:end]).translate(None, b"\r\n "))
        if garbage:
            self._counts["garbage_bytes"] += garbage

    def _limit(self) -> int:
        header = HEADER.match(self._buffer)
        binary = header is not None and header[5].lower() in BINARY_TYPES
        return BINARY_LIMIT if binary else TEXT_LIMIT


def unescape(data: bytes) -> bytes:
    """Binary content as it was: `7D 01`..`7D 05` are `} [ ] , *`."""
    return re.sub(rb"\x7d([\x01-\x05])", lambda m: b"}[],*"[m[1][0] - 1 : m[1][0]], data)


def escape(data: bytes) -> bytes:
    """Binary content as it is sent: the opposite of `unescape`."""
    return re.sub(rb"[}\[\],*]", lambda m: b"\x7d" + bytes([b"}[],*".index(m[0]) + 1]), data)


def _looks_like_header(buffer: bytearray, at: int) -> bool | None:
    """Whether a frame begins at the `[`; None when more bytes are needed to tell."""
    found = _HEADER_PREFIX.match(bytes(buffer[at : at + _LONGEST_HEADER]))
    if found is None:
        return False
    return True if found["whole"] else None
