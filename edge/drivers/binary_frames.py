"""Frames out of a byte stream: a start mark, a length and a check, for sensors on a serial line."""

from collections import Counter
from collections.abc import Callable
from typing import Final

_STALE_MS: Final = 1_000


class BinaryFrames:
    """`feed` bytes, get whole frames. `measure` looks at bytes that begin with the mark: the frame's length,
    None for "needs more", or a word for what is wrong; `check` does the same for a whole frame ("" is good).

    What is wrong is counted under its word, the mark is skipped and the search goes on right behind it, so
    that a frame hidden in a broken one is heard. A half frame waits at most a second.
    """

    def __init__(
        self,
        mark: bytes,
        measure: Callable[[bytes], int | str | None],
        check: Callable[[bytes], str],
        counts: Counter[str],
    ) -> None:
        self._mark, self._measure, self._check, self._counts = mark, measure, check, counts
        self._buffer = bytearray()
        self._grew_at = 0

    def feed(self, data: bytes, at: int) -> list[bytes]:
        """Whole frames in order; `at` (ms) lets a half frame become too old."""
        frames: list[bytes] = []
        if self._buffer and abs(at - self._grew_at) >= _STALE_MS:
            frames += self._stale()
        if data:
            self._grew_at = at
            self._buffer += data
            frames += self._cut()
        return frames

    def finish(self) -> list[bytes]:
        """No more bytes will come: what is left half is counted; frames inside it are given."""
        return self._stale() if self._buffer else []

    def _stale(self) -> list[bytes]:
        frames: list[bytes] = []
        while self._buffer:
            self._drop("frame_cut", 1)
            frames += self._cut()
        return frames

    def _cut(self) -> list[bytes]:
        frames: list[bytes] = []
        while True:
            start = self._buffer.find(self._mark)
            if start < 0:
                self._skip(len(self._buffer) - self._partial_mark())
                return frames
            self._skip(start)
            length = self._measure(bytes(self._buffer[:16]))
            if length is None or (isinstance(length, int) and len(self._buffer) < length):
                return frames
            if isinstance(length, str):
                self._drop(length, 1)
                continue
            frame = bytes(self._buffer[:length])
            wrong = self._check(frame)
            if wrong:
                self._drop(wrong, 1)
                continue
            del self._buffer[:length]
            self._counts["frames"] += 1
            frames.append(frame)

    def _partial_mark(self) -> int:
        """How many of the last bytes may be the beginning of a mark."""
        sizes = range(len(self._mark) - 1, 0, -1)
        return next((n for n in sizes if self._buffer.endswith(self._mark[:n])), 0)

    def _skip(self, count: int) -> None:
        if count:
            self._counts["garbage_bytes"] += count
            del self._buffer[:count]

    def _drop(self, why: str, count: int) -> None:
        self._counts[why] += 1
        del self._buffer[:count]
