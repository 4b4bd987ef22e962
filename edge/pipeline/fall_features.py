"""A causal fall detector for one wrist: a short impact, another posture, and stillness after it.

Thresholds were set on wrist recordings of acted falls and daily life at 20 Hz (UMAFall); how well
they do is printed by `make evaluate`. Row by row or in one piece, the answer is the same.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Row = tuple[float, float, float]

IMPACT_G: Final = 3.0
BURST_S: Final = 2.0
QUIET_S: Final = 3.0
BEFORE_S: Final = (3.0, 0.5)
SETTLE_S: Final = 1.0
STILL_S: Final = 2.5
STILL_G: Final = 0.08
GIVE_UP_S: Final = 10.0
POSTURE_DEG: Final = 40.0
MOVING_G: Final = 0.12
UPRIGHT_DEG: Final = 45.0


@dataclass
class Impact:
    """A burst of rows above 3 g: its first and last row (numbers), peak in g, and the posture before it."""

    first: int
    last: int
    at: float
    peak_g: float
    before: Vector | None


@dataclass(frozen=True)
class Suspicion:
    """What made a fall suspected: when the impact was (ms UTC), how hard, how far the wrist turned,
    how long it lay still.
    """

    at: int
    impact_g: float
    posture_change_deg: float
    still_s: float
    before: Row
    after: Row


class FallDetector:
    """`feed` rows of one device in order; at most one suspicion an impact."""

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self._rows: deque[Row] = deque(maxlen=max(2, round((BEFORE_S[0] + 1) * rate_hz)))
        self._n = 0
        self._impact: Impact | None = None

    def feed(self, row: Row, at: float) -> Suspicion | None:
        """Take one row (g) measured at `at` (ms UTC); the suspicion that it completes, if any."""
        self._n += 1
        length = math.hypot(*row)
        if length >= IMPACT_G:
            self._hit(length, at)
        self._rows.append(row)
        return self._judge()

    def _hit(self, length: float, at: float) -> None:
        impact = self._impact
        if impact is None or self._seconds(self._n - impact.last) > QUIET_S:
            self._impact = Impact(self._n, self._n, at, length, self._posture_before())
            return
        impact.last = self._n
        if length > impact.peak_g:
            impact.peak_g, impact.at = length, at

    def _judge(self) -> Suspicion | None:
        """Look at the rows after the impact once they have settled; give up after 10 s or for a burst that
        is no single fall.
        """
        impact = self._impact
        if impact is None or impact.before is None:
            return None
        since_s = self._seconds(self._n - impact.last)
        if since_s < SETTLE_S + STILL_S:
            return None
        if since_s > GIVE_UP_S or self._seconds(impact.last - impact.first) > BURST_S:
            self._impact = None
            return None
        window = self._last(STILL_S)
        if spread_g(window) > STILL_G:
            return None
        after = window.mean(axis=0)
        turned = angle_deg(impact.before, after)
        if turned < POSTURE_DEG:
            return None
        self._impact = None
        return Suspicion(
            at=round(impact.at),
            impact_g=round(impact.peak_g, 2),
            posture_change_deg=round(turned, 1),
            still_s=STILL_S,
            before=_row(impact.before),
            after=_row(after),
        )

    def _posture_before(self) -> Vector | None:
        """Mean direction from 3 s to 0.5 s before now; None at the very start of a stream."""
        skip = round(BEFORE_S[1] * self.rate_hz)
        count = min(len(self._rows) - skip, round((BEFORE_S[0] - BEFORE_S[1]) * self.rate_hz))
        if count < max(1, round(0.3 * self.rate_hz)):
            return None
        end = len(self._rows) - skip
        mean: Vector = np.array(list(islice(self._rows, end - count, end))).mean(axis=0)
        return mean

    def _last(self, seconds: float) -> Vector:
        count = max(2, round(seconds * self.rate_hz))
        return np.array(list(islice(self._rows, max(0, len(self._rows) - count), None)))

    def _seconds(self, rows: int) -> float:
        return rows / self.rate_hz


class RecoveryWatch:
    """Counts seconds of clear movement in the old posture after a suspected fall;
    a struggle on the floor is none.
    """

    def __init__(self, rate_hz: float, before: Row) -> None:
        self._count = max(2, round(rate_hz))
        self._before = np.array(before)
        self._rows: list[Row] = []
        self.moving_s = 0

    def feed(self, row: Row) -> None:
        """Take one row (g); a second that is still, or in another posture, starts the count anew."""
        self._rows.append(row)
        if len(self._rows) < self._count:
            return
        window = np.array(self._rows)
        self._rows.clear()
        upright = angle_deg(self._before, window.mean(axis=0)) <= UPRIGHT_DEG
        self.moving_s = self.moving_s + 1 if upright and spread_g(window) >= MOVING_G else 0


def spread_g(rows: Vector) -> float:
    """Standard deviation of the acceleration vector over rows, g."""
    return float(np.sqrt(rows.var(axis=0).sum()))


def angle_deg(a: Vector, b: Vector) -> float:
    """Angle between two directions, degrees; 0 when either has no length."""
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    if lengths < 1e-9:
        return 0.0
    return math.degrees(math.acos(min(1.0, max(-1.0, float(np.dot(a, b)) / lengths))))


def _row(vector: Vector) -> Row:
    x, y, z = (round(float(value), 3) for value in vector)
    return x, y, z
