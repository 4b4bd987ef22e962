"""Lines of JSON out of a byte stream, for the drivers whose protocol is one object a line."""

from collections import Counter
from collections.abc import Iterator

import msgspec


class Published(msgspec.Struct, frozen=True):
    """What the home's broker brought, one line a message; no payload where it was not text."""

    topic: str
    retained: bool = False
    payload: str | None = None


class Lines:
    """`feed` bytes, get whole lines without their end; a line over `limit` bytes is dropped up to its end
    and counted.
    """

    def __init__(self, limit: int, counts: Counter[str]) -> None:
        self._limit = limit
        self._counts = counts
        self._buffer = bytearray()
        self._dropping = False

    def finish(self) -> None:
        """No more bytes will come: a line that was begun is counted as cut."""
        if self._buffer:
            self._counts["line_cut"] += 1
            self._buffer.clear()

    def feed(self, data: bytes) -> list[bytes | None]:
        """Complete lines in order, empty ones left out; None stands for a line that was too long (told as
        soon as it is).
        """
        lines: list[bytes | None] = []
        parts = data.split(b"\n")
        for n, part in enumerate(parts):
            if not self._dropping:
                self._buffer += part
            if len(self._buffer) > self._limit:
                self._buffer.clear()
                self._dropping = True
                self._counts["line_too_long"] += 1
                lines.append(None)
            if n == len(parts) - 1:
                break
            if line := bytes(self._buffer).strip(b"\r"):
                lines.append(line)
            self._buffer.clear()
            self._dropping = False
        return lines


def published(lines: Lines, data: bytes, counts: Counter[str]) -> Iterator[Published]:
    """The messages that these bytes complete; what is none is counted."""
    for line in lines.feed(data):
        if line is None:
            continue
        try:
            message = msgspec.json.decode(line, type=Published)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            counts["line_unreadable"] += 1
            continue
        counts["messages"] += 1
        yield message
