"""Lines of JSON out of a byte stream, for the drivers whose protocol is one object a line."""

from collections import Counter


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
