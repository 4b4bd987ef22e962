"""What is measured around an impact: lengths, posture and stillness before and after it, on the 20 Hz grid.

Only lengths and angles between directions are used, so it does not matter how a sensor is turned on the arm
or belt. Seconds are counted from the hardest row of the impact.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge.pipeline.resample import GRID_HZ

Vector = NDArray[np.float64]

HISTORY_S: Final = 6.0
AFTER_S: Final = 4.0
WINDOWS: Final = {
    "before": (-2.5, -1.0),
    "near": (-1.0, 0.0),
    "hit": (-0.25, 0.5),
    "early": (0.5, 1.5),
    "middle": (1.5, 2.75),
    "settled": (1.75, 3.0),
    "late": (2.75, 4.0),
}
_FLOOR: Final = 1e-3


class Moment:
    """`rows` (g, n x 3) from at most 6 s before row `hit` to 4 s after it."""

    def __init__(self, rows: Vector, hit: int) -> None:
        self.rows, self.hit = rows, hit
        self.length: Vector = np.sqrt((rows * rows).sum(axis=1))
        self.steps: Vector = np.diff(rows, axis=0)

    def span(self, begin_s: float, end_s: float) -> slice:
        """The rows from `begin_s` to `end_s`; at least the three before it where the history is shorter."""
        begin = max(0, self.hit + round(begin_s * GRID_HZ))
        end = self.hit + round(end_s * GRID_HZ)
        return slice(begin, end) if end - begin >= 3 else slice(max(0, end - 3), max(3, end))

    def posture(self, name: str) -> Vector:
        """Mean direction (g) in the window of that name."""
        mean: Vector = self.rows[self.span(*WINDOWS[name])].mean(axis=0)
        return mean


def features(moment: Moment) -> dict[str, float]:
    """All that the model is given, by name, always in the same order."""
    found: dict[str, float] = {}
    for part in (_windows, _impact, _history, _posture, _transition, _stillness):
        found |= part(moment)
    return found


def spread_g(rows: Vector) -> float:
    """Standard deviation of the acceleration vector over rows, g."""
    return float(np.sqrt(rows.var(axis=0).sum()))


def angle_deg(a: Vector, b: Vector) -> float:
    """Angle between two directions, degrees; 0 when either has no length."""
    lengths = math.sqrt(float(a @ a) * float(b @ b))
    if lengths < 1e-9:
        return 0.0
    return math.degrees(math.acos(min(1.0, max(-1.0, float(a @ b) / lengths))))


def _windows(m: Moment) -> dict[str, float]:
    """Motion in each window, and how far the mean direction turned between any two."""
    found: dict[str, float] = {}
    means: list[tuple[str, Vector]] = []
    for name, limits in WINDOWS.items():
        span = m.span(*limits)
        rows, length = m.rows[span], m.length[span]
        mean = rows.mean(axis=0)
        found[f"{name}_spread"] = _log(
            math.sqrt(max(0.0, float((rows * rows).sum(axis=1).mean() - mean @ mean)))
        )
        found[f"{name}_length_spread"] = _log(float(length.std()))
        found[f"{name}_length"] = float(length.mean())
        found[f"{name}_gravity"] = math.sqrt(float(mean @ mean))
        found[f"{name}_jerk"] = _log(float(np.abs(rows[1:] - rows[:-1]).mean()))
        for other, direction in means:
            found[f"{other}_to_{name}_deg"] = angle_deg(direction, mean)
        means.append((name, mean))
    return found


def _impact(m: Moment) -> dict[str, float]:
    """How hard, how long, how sudden, after how much of a drop."""
    peak = float(m.length[m.hit])
    around, before = m.length[m.span(-1, 1)], m.length[m.span(-1, 0)]
    sudden = float(np.sqrt((m.steps[m.span(-0.5, 0.5)] ** 2).sum(axis=1)).max())
    span = m.span(-0.2, 0.25)
    pushed, pushes = m.rows[span].sum(axis=0), float(m.length[span].sum())
    close = m.length[m.span(-3, AFTER_S)]
    beside = float(m.length[m.hit - 1] + m.length[m.hit + 1]) / 2
    return {
        "peak": peak,
        "rows_over_1_5": float((around > 1.5).sum()),
        "rows_over_2": float((around > 2).sum()),
        "rows_over_3": float((around > 3).sum()),
        "lowest_before": float(before.min()),
        "lowest_around": float(around.min()),
        "rows_light": float((before < 0.7).sum()),
        "drop": float((1 - m.length[m.span(-1.2, 0.05)]).clip(0).sum()) / GRID_HZ,
        "push": float((m.length[m.span(-0.3, 1.0)] - 1).clip(0).sum()) / GRID_HZ,
        "sudden": sudden,
        "sudden_share": sudden / peak,
        "spike": peak / (_FLOOR + beside),
        "one_way": math.sqrt(float(pushed @ pushed)) / (_FLOOR + pushes),
        "other_peaks": float(np.sort(close)[-4:].mean()) / peak,
    }


def _history(m: Moment) -> dict[str, float]:
    """Impacts before and after this one: clapping, hopping, jogging."""
    past = m.length[m.span(-HISTORY_S, -1.2)]
    close = m.length[m.span(-3, AFTER_S)]
    inner = close[1:-1]
    swing = close - close.mean()
    echo = np.correlate(swing, swing, "full")[len(swing) - 1 :]
    return {
        "past_over_2": float((past > 2).sum()),
        "past_over_3": float((past > 3).sum()),
        "past_max": float(past.max()),
        "past_max_share": float(past.max() / m.length[m.hit]),
        "past_energy": _log(float(np.abs(past - 1).mean())),
        "before_over_1_7": float((m.length[m.span(-3, -1)] > 1.7).sum()),
        "before_over_1_4": float((m.length[m.span(-3, -0.8)] > 1.4).sum()),
        "after_over_1_7": float((m.length[m.span(1, AFTER_S)] > 1.7).sum()),
        "close_over_2": float((close > 2).sum()),
        "peaks": float(((inner > 1.5) & (inner > close[:-2]) & (inner >= close[2:])).sum()),
        "rhythm": float(echo[6:25].max() / (echo[0] + 1e-9)),
    }


def _posture(m: Moment) -> dict[str, float]:
    """Whether the posture after it was also taken before, and where the impact pushed."""
    past = m.rows[m.span(-4, -0.6)]
    blocks = past[len(past) % 8 :].reshape(-1, 8, 3) if len(past) >= 8 else past[None]
    means, spreads = blocks.mean(axis=1), blocks.std(axis=1).sum(axis=1)
    hit, found = m.rows[m.hit], {"calmest_before": _log(float(spreads.min()))}
    for name in ("settled", "late"):
        after = m.posture(name)
        angles = np.array([angle_deg(mean, after) for mean in means])
        found[f"{name}_nearest_deg"] = float(angles.min())
        found[f"{name}_usual_deg"] = float(np.median(angles))
        found[f"{name}_calm_deg"] = float(angles[spreads.argmin()])
        found[f"{name}_push_deg"] = angle_deg(hit, after)
    return {**found, "before_push_deg": angle_deg(hit, past.mean(axis=0))}


def _transition(m: Moment) -> dict[str, float]:
    """How fast the posture before became the posture after: lying down takes longer than falling."""
    rows, zero = m.rows[m.span(-3, AFTER_S - 1)], min(m.hit, 3 * GRID_HZ) - 4
    smooth = _smoothed(rows, 8)
    late = m.posture("late")
    to_late = _angles(smooth, np.broadcast_to(late, smooth.shape))
    start = float(np.median(to_late[: max(3, zero - 20)]))
    away, high, low = (np.flatnonzero(to_late > limit) for limit in (35.0, 0.75 * start, 0.3 * start))
    turning = _smoothed(m.rows[m.span(-2, 3)], 10)
    turns = _angles(turning[5:], turning[:-5])
    return {
        "turned_at": (float(away[-1]) - zero) / GRID_HZ if len(away) else -3.0,
        "turned_share": len(away) / len(to_late),
        "turn_in_half_s": float((to_late[:-10] - to_late[10:]).max()),
        "turn_in_one_s": float((to_late[:-20] - to_late[20:]).max()),
        "turn_start_deg": start,
        "turn_s": (_last(low) - _last(high)) / GRID_HZ,
        "turn_max": float(turns.max()),
        "turn_sum": float(turns.sum()) / 5,
    }


def _stillness(m: Moment) -> dict[str, float]:
    """How restless the burst was, and how soon and how quiet it became."""
    energy = np.abs(m.length - 1)
    burst = _log(float(_mean_over(energy[m.span(-2, 2)], 12).max()))
    after = _log(float(energy[m.span(1, AFTER_S)].mean()))
    smooth = _mean_over(m.length[m.span(-2, 1.5)], 5)
    path = np.sqrt((m.steps[m.span(-2, 2)] ** 2).sum(axis=1))
    quiet = _mean_over(np.abs(m.steps[m.span(0.3, AFTER_S - 0.05)]).sum(axis=1), 10)
    rows = m.rows[m.span(0.8, AFTER_S)]
    blocks = rows[len(rows) % 10 :].reshape(-1, 10, 3).std(axis=1).sum(axis=1)
    calm = np.flatnonzero(quiet < 0.08)
    return {
        "energy_burst": burst,
        "energy_after": after,
        "energy_ratio": burst - after,
        "energy_around": _log(float(energy[m.span(-2, 1)].mean())),
        "smooth_min": float(smooth.min()),
        "smooth_max": float(smooth.max()),
        "path": float(path.sum()),
        "path_share": float(np.sort(path)[-8:].sum() / (path.sum() + 1e-9)),
        "spread_after": _log(spread_g(m.rows[m.span(2, AFTER_S)])),
        "quiet_min": _log(float(quiet.min())),
        "quiet_median": _log(float(np.median(quiet))),
        "quiet_at": float(calm[0]) if len(calm) else float(len(quiet)),
        "still_share": float((blocks < 0.1).mean()),
        "still_min": _log(float(blocks.min())),
        "max_after": float(m.length[m.span(0.8, AFTER_S)].max()),
    }


def _smoothed(rows: Vector, count: int) -> Vector:
    return np.stack([_mean_over(rows[:, axis], count) for axis in range(3)], axis=1)


def _mean_over(values: Vector, count: int) -> Vector:
    return np.convolve(values, np.full(count, 1 / count), "valid")


def _angles(a: Vector, b: Vector) -> Vector:
    lengths = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1)) + 1e-9
    angles: Vector = np.degrees(np.arccos(((a * b).sum(axis=1) / lengths).clip(-1, 1)))
    return angles


def _last(found: NDArray[np.intp]) -> float:
    return float(found[-1]) if len(found) else 0.0


def _log(value: float) -> float:
    return math.log10(_FLOOR + value)
