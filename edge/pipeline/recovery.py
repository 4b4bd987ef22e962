"""What an arm shows after a suspected fall: its wearer is up and about, back in the old posture, or still."""

from collections import deque
from typing import Final, Literal

import numpy as np

from edge.pipeline.fall_features import angle_deg, spread_g
from edge.pipeline.resample import Row
from edge.pipeline.rhythm import Vector, period

MOVING_G: Final = 0.12
BACK_DEG: Final = 20.0
UPRIGHT_DEG: Final = 45.0
WALK_S: Final = 4
WALK_G: Final = 0.06
WALK_STEPS_S: Final = (0.38, 1.4)  # a step, or a stride of a swinging arm; a tremor or a seizure is faster
WALK_STRENGTH: Final = 0.4
SAME_PACE: Final = 0.12
STIRS_S: Final = 2
MOVED_S: Final = 5
WALKED_S: Final = 8  # looks of 4 s: 11 s of walking
BACK_S: Final = 3
LIFELESS_G: Final = (
    0.012  # 139 of 140 recorded falls show a second of 0.020 and more within their last 3 to 12
)
LIFELESS_S: Final = 8
_NO_CHANGE_G: Final = 1e-6
_QUICKEST_S: Final = 0.15


class RecoveryWatch:
    """Counts whole seconds after a suspected fall. On end: of clear movement in the old posture (`moving_s`;
    a struggle on the floor is none), in just the old posture, moving or not (`back_s`), and of looks at 4 s
    that show walking (`walked_s`). In all: of clear movement in any posture (`stirred_s`), heard (`heard_s`);
    `most_g`: how much it moved in the liveliest second (spread, g).
    """

    def __init__(self, rate_hz: float, before: Row) -> None:
        self._count = max(2, round(rate_hz))
        self._rate_hz = rate_hz
        self._before = np.array(before)
        self._rows: list[Row] = []
        self._lengths: deque[Vector] = deque(maxlen=WALK_S)
        self._step_s: float | None = None
        self.moving_s = 0
        self.stirred_s = 0
        self.back_s = 0
        self.walked_s = 0
        self.heard_s = 0
        self.most_g = 0.0

    def feed(self, row: Row) -> None:
        """Take one row (g); a second that is still, or in another posture, starts `moving_s` anew."""
        self._rows.append(row)
        if len(self._rows) < self._count:
            return
        window = np.array(self._rows)
        self._rows.clear()
        self._lengths.append(np.sqrt((window * window).sum(axis=1)))
        turned = angle_deg(self._before, window.mean(axis=0))
        spread = spread_g(window)
        moving = spread >= MOVING_G
        self.moving_s = self.moving_s + 1 if turned <= UPRIGHT_DEG and moving else 0
        self.back_s = self.back_s + 1 if turned <= BACK_DEG else 0
        self._walk()
        self.stirred_s += moving
        self.heard_s += 1
        self.most_g = max(self.most_g, spread)

    @property
    def stirs(self) -> bool:
        """Whether the arm has moved at all."""
        return self.stirred_s >= STIRS_S

    @property
    def lifeless(self) -> bool:
        """Whether it showed not the least tremor or breath for 8 s, as on a table; a sensor so coarse that it
        shows no change at all says nothing.
        """
        return self.heard_s >= LIFELESS_S and _NO_CHANGE_G < self.most_g < LIFELESS_G

    @property
    def shown(self) -> Literal["movement", "walking", "posture"] | None:
        """By what its wearer now is as before, the surest first: moving in the old posture, walking in any
        posture, or just in the old one.
        """
        if self.moving_s >= MOVED_S:
            return "movement"
        if self.walked_s >= WALKED_S:
            return "walking"
        return "posture" if self.back_s >= BACK_S else None

    def _walk(self) -> None:
        """Walking keeps its pace: a look at another rhythm than the last begins anew."""
        last, self._step_s = self._step_s, None
        if len(self._lengths) == WALK_S:
            self._step_s = step_s(np.concatenate(self._lengths), self._rate_hz)
        if self._step_s is None:
            self.walked_s = 0
        elif last is None or abs(self._step_s - last) > SAME_PACE * last:
            self.walked_s = 1
        else:
            self.walked_s += 1


def step_s(lengths: Vector, rate_hz: float) -> float | None:
    """Seconds of a step or stride in the lengths (g) of a few seconds of acceleration; None: no such rhythm,
    or a quicker one.
    """
    if float(lengths.std()) < WALK_G or rate_hz < 10:
        return None
    found = period(lengths, rate_hz, _QUICKEST_S, WALK_STEPS_S[1], 0.8)
    steps = found is not None and found.strength >= WALK_STRENGTH and found.seconds >= WALK_STEPS_S[0]
    return found.seconds if found is not None and steps else None
