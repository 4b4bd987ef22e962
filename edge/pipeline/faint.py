"""Impacts too faint for a suspicion: what the arm does in the 45 s after them makes a few of them falls."""

from dataclasses import dataclass
from typing import Final

from edge.pipeline.fall_detector import Suspicion
from edge.pipeline.recovery import RecoveryWatch
from edge.pipeline.resample import Row

FOLLOWED_S: Final = 45
STRUGGLES_S: Final = (
    15  # a hand in the lap stirs for 2 to 14 s, one that struggles for 20 and more (simulated)
)
_MOST: Final = 4


@dataclass
class Faint:
    """One impact, measured at `at` (ms UTC by the band), and what the arm has done since."""

    suspicion: Suspicion
    at: int
    watch: RecoveryWatch


class FaintImpacts:
    """`add` impacts and `feed` the rows (g) after them: a fall is told of an arm that lies still, or that
    keeps moving and is not once as before, neither walking nor in the old posture.

    Up to four at a time, the first ones: who struggles on the floor knocks again.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._followed: list[Faint] = []

    def add(self, suspicion: Suspicion, at: int) -> None:
        """Follow one more."""
        if len(self._followed) < _MOST:
            self._followed.append(Faint(suspicion, at, RecoveryWatch(self._rate_hz, suspicion.before)))

    def feed(self, row: Row) -> Faint | None:
        """Take one row; the impact that is a fall by it, if any."""
        for faint in self._followed:
            faint.watch.feed(row)
        self._followed = [one for one in self._followed if one.watch.shown is None]
        ended = [one for one in self._followed if one.watch.heard_s >= FOLLOWED_S]
        for faint in ended:
            self._followed.remove(faint)
        fallen = (one for one in ended if not one.watch.stirs or one.watch.stirred_s >= STRUGGLES_S)
        return next(fallen, None)

    def clear(self) -> None:
        """Forget all: a fall is known."""
        self._followed.clear()
