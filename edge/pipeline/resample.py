"""Rows of a sensor, whatever its rate and jitter, onto an even grid of 20 Hz."""

from typing import Final

Row = tuple[float, float, float]

GRID_HZ: Final = 20
STEP_MS: Final = 1000.0 / GRID_HZ


class Resampler:
    """`feed` rows in order with their times; get the rows of the grid that they complete, linearly between
    neighbours.

    A time that does not move on is taken as 1 ms after the row before it. Nothing is averaged: a peak of
    one row stays a peak, as it is in a sensor that runs at 20 Hz.
    """

    def __init__(self) -> None:
        self._last: tuple[float, Row] | None = None
        self._next = 0.0

    def feed(self, row: Row, at: float) -> list[tuple[Row, float]]:
        """The grid rows (g) and their times (ms UTC) up to `at`, oldest first."""
        if self._last is None:
            self._last, self._next = (at, row), at + STEP_MS
            return [(row, at)]
        before, old = self._last
        at = max(at, before + 1.0)
        grid = []
        while self._next <= at:
            share = (self._next - before) / (at - before)
            x, y, z = (a + share * (b - a) for a, b in zip(old, row, strict=True))
            grid.append(((x, y, z), self._next))
            self._next += STEP_MS
        self._last = (at, row)
        return grid
