"""A causal fall detector for one sensor: every hard row is a candidate, and 4 s later, when posture and
stillness after it are known, a small model says how likely it was a fall. Row by row or in one piece, the
answer is the same.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from edge.pipeline.fall_features import (
    AFTER_S,
    HISTORY_S,
    Moment,
    Vector,
    angle_deg,
    features,
)
from edge.pipeline.fall_model import Model, Place, shipped
from edge.pipeline.resample import GRID_HZ, Resampler, Row

# Well below the softest acted fall (2.5 g at the wrist, 1.7 g at the waist, UMAFall); 0.4 s on both sides.
CANDIDATE_G: Final[dict[Place, float]] = {"wrist": 1.8, "waist": 1.5}
CLEAR_G: Final[dict[Place, float]] = {"wrist": 4.0, "waist": 2.5}
_APART: Final = round(0.4 * GRID_HZ)
_AFTER: Final = round(AFTER_S * GRID_HZ)
_HISTORY: Final = round(HISTORY_S * GRID_HZ)
_EARLIEST: Final = round(0.5 * GRID_HZ)
SAME_FALL_S: Final = 4.0
FAINT_SCORE: Final = 0.45
FAINT_G: Final[dict[Place, float]] = {"wrist": 2.2, "waist": 1.7}
LEAST_TURNED_DEG: Final = 10.0  # who is as before has not fallen; acted falls turned 17 degrees and more
TURNED_DEG: Final = 40.0
STILL_S: Final = 1.5
STILL_G: Final = 0.12
CLEAR_DEG: Final = 50.0


@dataclass(frozen=True)
class Impact:
    """A row harder than all within 0.4 s of it, measured at `at` (ms UTC), with what is around it."""

    at: float
    moment: Moment


@dataclass(frozen=True)
class Suspicion:
    """What made a fall suspected: when the impact was (ms UTC), how hard, how far the sensor turned,
    how long it then lay still within the 4 s, the model's score (0..1) and version, whether that score is
    seen in daily life, too (`unsure`), or often (`faint`: no suspicion by itself), and reasons in words.
    """

    at: int
    impact_g: float
    posture_change_deg: float
    still_s: float
    score: float
    model: str
    unsure: bool
    faint: bool
    reasons: tuple[str, ...]
    before: Row
    after: Row


class Impacts:
    """`feed` rows in order; get each impact of at least `least_g` once the 4 s after it are complete."""

    def __init__(self, least_g: float) -> None:
        self._least_g = least_g
        self._grid = Resampler()
        self._rows: deque[Row] = deque(maxlen=_HISTORY + 1 + _AFTER)
        self._lengths: deque[float] = deque(maxlen=_HISTORY + 1 + _AFTER)
        self._times: deque[float] = deque(maxlen=_AFTER + 1)

    def feed(self, row: Row, at: float) -> list[Impact]:
        """Take one row (g) measured at `at` (ms UTC)."""
        found = []
        for even, time in self._grid.feed(row, at):
            self._rows.append(even)
            self._lengths.append(math.hypot(*even))
            self._times.append(time)
            hit = len(self._rows) - 1 - _AFTER
            if hit >= _EARLIEST and self._lengths[hit] >= self._least_g and self._hardest(hit):
                found.append(Impact(self._times[0], Moment(np.array(self._rows), hit)))
        return found

    def _hardest(self, hit: int) -> bool:
        length = self._lengths[hit]
        before = islice(self._lengths, max(0, hit - _APART), hit)
        after = islice(self._lengths, hit + 1, hit + 1 + _APART)
        return all(length >= other for other in before) and all(length > other for other in after)


class FallDetector:
    """`feed` rows of one device in order; at most one suspicion a fall. `range_g`: where its sensor clips.

    `faint()` gives what was hard and turned but scored too low: nothing by itself, a fall perhaps when the
    wearer then lies still and the home agrees.
    """

    def __init__(
        self, rate_hz: float, place: Place = "wrist", range_g: float | None = None, model: Model | None = None
    ) -> None:
        self.rate_hz = rate_hz
        self._range_g = range_g
        self._model = shipped(place) if model is None else model
        self._impacts = Impacts(CANDIDATE_G[place])
        self._clear_g = CLEAR_G[place]
        self._faint_g = FAINT_G[place]
        self._faint: Suspicion | None = None
        self._quiet_until = -math.inf

    def feed(self, row: Row, at: float) -> Suspicion | None:
        """Take one row (g) measured at `at` (ms UTC); the suspicion that it completes, if any."""
        for impact in self._impacts.feed(row, at):
            if impact.at < self._quiet_until:
                continue
            found = features(impact.moment)
            score = self._model.score(np.array(list(found.values())))
            if score >= self._model.threshold and _turned_deg(impact.moment) >= LEAST_TURNED_DEG:
                self._quiet_until = impact.at + SAME_FALL_S * 1000
                return self._suspicion(impact, score)
            hard = score >= FAINT_SCORE and _peak_g(impact) >= self._faint_g
            if hard and _turned_deg(impact.moment) >= TURNED_DEG:
                self._faint = self._suspicion(impact, score)
        return None

    def faint(self) -> Suspicion | None:
        """The last faint impact since the last question."""
        faint, self._faint = self._faint, None
        return faint

    def _suspicion(self, impact: Impact, score: float) -> Suspicion:
        moment = impact.moment
        turned, still_s = _turned_deg(moment), _still_s(moment)
        unsure, faint = score < self._model.sure, score < self._model.threshold
        hard = _peak_g(impact) >= self._clear_g and turned >= CLEAR_DEG
        told = {
            "impact": True,
            "posture_change": turned >= TURNED_DEG,
            "stillness": still_s >= STILL_S,
            "sensor_clipped": self._range_g is not None
            and float(np.abs(moment.rows[moment.span(-1, 1)]).max()) >= 0.99 * self._range_g,
            "unsure": unsure,
            "faint": faint,
            "clear": hard and score >= (1 + self._model.sure) / 2,
        }
        return Suspicion(
            at=round(impact.at),
            impact_g=round(_peak_g(impact), 2),
            posture_change_deg=round(turned, 1),
            still_s=round(still_s, 1),
            score=round(score, 3),
            model=self._model.version,
            unsure=unsure,
            faint=faint,
            reasons=tuple(reason for reason, holds in told.items() if holds),
            before=_row(_before(moment)),
            after=_row(moment.posture("late")),
        )


def _peak_g(impact: Impact) -> float:
    return float(impact.moment.length[impact.moment.hit])


def _before(moment: Moment) -> Vector:
    mean: Vector = moment.rows[moment.span(-3.0, -0.5)].mean(axis=0)
    return mean


def _turned_deg(moment: Moment) -> float:
    return angle_deg(_before(moment), moment.posture("late"))


def _still_s(moment: Moment) -> float:
    """Seconds at the end of the 4 s in which the sensor stays within 0.12 g of where it came to rest."""
    after = moment.rows[moment.hit + 1 :]
    rest = np.median(after[-GRID_HZ:], axis=0)
    moved = np.flatnonzero(np.abs(after - rest).max(axis=1) > STILL_G)
    return (len(after) - 1 - int(moved[-1]) if len(moved) else len(after)) / GRID_HZ


def _row(vector: Vector) -> Row:
    x, y, z = (round(float(value), 3) for value in vector)
    return x, y, z
