"""Breathing, pulse and heart rate from a raw stream: each few seconds a value with its quality,
or none and why.

Causal: what comes out depends on the samples so far, not on the pieces they came in. Measured on real
recordings by `make evaluate`; figures in BENCHMARKS.md.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from edge.pipeline.rhythm import Vector, period, rises, smooth, tops

MOVING: Final = 2.5
QUIET_S: Final = 180
KNOWN_S: Final = 30
Blank = Literal["no_signal", "no_rhythm", "unsteady", "pause", "movement"]


@dataclass(frozen=True)
class Estimate:
    """A rate in 1/min with a quality of 0-100; None and `blank` when nothing can be said honestly."""

    per_min: float | None
    quality: int = 0
    blank: Blank | None = None


@dataclass(frozen=True)
class Method:
    """`estimate(window, hz)` looks each `each_s` at the last `window_s` of a stream brought to about `hz`."""

    hz: float
    window_s: float
    each_s: float
    estimate: Callable[[Vector, float], Estimate]


class Meter:
    """One stream of `rate_hz` measured by one method. A gap in the stream needs a new meter."""

    def __init__(self, rate_hz: float, method: Method) -> None:
        self._method = method
        self._block = max(1, int(rate_hz / method.hz))
        self._hz = rate_hz / self._block
        self._window = max(8, round(method.window_s * self._hz))
        self._each = max(1, round(method.each_s * self._hz))
        self._waiting: list[float] = []
        self._kept: list[float] = []
        self._rows = 0

    def feed(self, values: Iterable[float]) -> Iterator[tuple[int, Estimate]]:
        """Take samples in order; each estimate comes with the number of samples up to its end."""
        for value in values:
            self._waiting.append(value)
            if len(self._waiting) < self._block:
                continue
            self._kept.append(sum(self._waiting) / self._block)
            self._waiting.clear()
            self._rows += 1
            if self._rows >= self._window and (self._rows - self._window) % self._each == 0:
                del self._kept[: -self._window]
                yield self._rows * self._block, self._judge()

    def _judge(self) -> Estimate:
        window = np.array(self._kept)
        if not np.all(np.isfinite(window)) or float(np.ptp(window)) <= 0:
            return Estimate(None, blank="no_signal")
        return self._method.estimate(window, self._hz)


class Stirs:
    """Whether somebody moves, second by second: the signal changes much more than in the quiet seconds of the
    last three minutes. None in the first half minute, when quiet is not known.
    """

    def __init__(self, rate_hz: float) -> None:
        self._count = max(2, round(rate_hz))
        self._rows: list[float] = []
        self._efforts: deque[float] = deque(maxlen=QUIET_S)

    def feed(self, values: Iterable[float]) -> Iterator[bool | None]:
        """Take samples in order; one answer a whole second."""
        for value in values:
            self._rows.append(value)
            if len(self._rows) <= self._count:
                continue
            changes = np.diff(self._rows)
            del self._rows[:-1]
            effort = float(np.sqrt(np.mean(changes * changes)))
            if not np.isfinite(effort):
                yield None
                continue
            self._efforts.append(effort)
            if len(self._efforts) < KNOWN_S:
                yield None
                continue
            yield effort > MOVING * max(float(np.percentile(self._efforts, 30)), 1e-12)


def breathing_rate(window: Vector, hz: float) -> Estimate:
    """Breaths are counted; the count must agree with the period of the autocorrelation within a tenth."""
    x = smooth(window - smooth(window, 15 * hz), 0.4 * hz)
    found = period(x, hz, 1.0, 15.0, 0.85)
    if found is None or found.strength < 0.25:
        return Estimate(None, blank="no_rhythm")
    rows = found.seconds * hz
    x = smooth(smooth(x, 0.2 * rows), 0.2 * rows)
    x = x - smooth(x, 1.6 * rows)
    breaths = rises(x, 0.25 * float(np.sqrt(np.mean(x * x)))) / hz
    if len(breaths) < 3:
        return Estimate(None, blank="no_rhythm")
    gaps = np.diff(breaths)
    if gaps.max() > 3 * np.median(gaps):
        return Estimate(None, blank="pause")
    return _agreed(
        60 * (len(breaths) - 1) / float(breaths[-1] - breaths[0]), 60 / found.seconds, found.strength, 0.1
    )


def pulse_rate(window: Vector, hz: float) -> Estimate:
    """Pulse waves of a PPG: the period of the autocorrelation, believed when the counted waves agree."""
    found = period(window - smooth(window, 2 * hz), hz, 0.27, 2.0, 0.8)
    if found is None or found.strength < 0.5:
        return Estimate(None, blank="no_rhythm")
    rows = found.seconds * hz
    x = smooth(window, 0.12 * rows)
    waves = tops(x - smooth(x, 1.2 * rows), max(1, int(0.4 * rows)))
    if len(waves) < 5:
        return Estimate(None, blank="no_rhythm")
    counted = 60 * hz * (len(waves) - 1) / float(waves[-1] - waves[0])
    return _agreed(60 / found.seconds, counted, found.strength, 0.05)


def heart_rate(window: Vector, hz: float) -> Estimate:
    """Heart beats felt by a bed (BCG): the period of the envelope at 3-8 Hz,
    believed when counted beats agree.

    Seconds in which the person moves count for nothing; when they are more than half, nothing is said.
    """
    x = smooth(window, 0.04 * hz) - smooth(window, 0.2 * hz)
    effort = np.sqrt(smooth(x * x, hz))
    moving = effort > MOVING * np.percentile(effort, 30)
    quiet = smooth(moving.astype(np.float64), 2 * hz) < 1e-9
    if quiet.mean() < 0.5:
        return Estimate(None, blank="movement")
    beating = smooth(smooth(np.abs(np.where(quiet, x, 0.0)), 0.15 * hz), 0.075 * hz)
    beating = np.where(quiet, beating - smooth(beating, 1.5 * hz), 0.0)
    found = period(beating, hz, 0.4, 1.6, 0.7)
    if found is None or found.strength < 0.2:
        return Estimate(None, blank="no_rhythm")
    rows = found.seconds * hz
    beats = tops(smooth(smooth(beating, 0.25 * rows), 0.25 * rows), max(1, int(0.35 * rows)))
    moved = np.concatenate([[0], np.cumsum(~quiet)])
    gaps = np.diff(beats)[moved[beats[1:]] == moved[beats[:-1]]]
    if len(gaps) < 5:
        return Estimate(None, blank="no_rhythm")
    return _agreed(60 / found.seconds, 60 * hz / float(gaps.mean()), found.strength, 0.12)


def _agreed(value: float, other: float, strength: float, within: float) -> Estimate:
    """The first of two independent answers when they differ by at most the share `within`."""
    apart = abs(value - other) / other
    if apart > within:
        return Estimate(None, blank="unsteady")
    quality = round(100 * min(1.0, max(0.0, strength)) * (1 - 0.5 * apart / within))
    return Estimate(round(value, 1), max(1, quality))


BREATHING: Final = Method(hz=12.5, window_s=60.0, each_s=5.0, estimate=breathing_rate)
PULSE: Final = Method(hz=25.0, window_s=30.0, each_s=5.0, estimate=pulse_rate)
HEART: Final = Method(hz=50.0, window_s=30.0, each_s=5.0, estimate=heart_rate)
