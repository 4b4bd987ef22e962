"""Restlessness in bed, SEMI-SYNTHETIC: the nights of `heart_rate.py` (real RR intervals, real breathing belt,
real beat shape, made noise), in which the movements (3-15 s, one each 4 min on average) are made, too.

No bed recording with movements that somebody wrote down could be had: the figure says that made bursts are
counted rightly over real hearts and breaths, not how elders toss about. Windows of ten minutes, each minute.
"""

import numpy as np

from edge.pipeline.meters import Stirs
from edge.pipeline.rhythm import Vector
from simulators.bed_signal import RATE_HZ, Movement
from simulators.sleeper import turns
from tests.evaluation.heart_rate import NOISE_DB, beat, made_bed, made_too, recordings
from tests.evaluation.measure import Result, Task, with_interval

WINDOW_S = 600


def restlessness(task: Task) -> Result:
    """Mean absolute error in percentage points of time; coverage counts windows without half a minute."""
    nights, belts = recordings(task.folder)
    shape = beat(task.folder)
    errors: list[float] = []
    moved, quiet, windows = [0, 0], [0, 0], 0
    for number, night in enumerate(nights):
        signal = made_bed(night, belts[number % len(belts)], shape, NOISE_DB[0], seed=number)
        said = list(Stirs(RATE_HZ).feed(signal.tolist()))
        true = _true(turns(len(signal) / RATE_HZ, np.random.default_rng(number)), len(said))
        known = [(told, share) for told, share in zip(said, true, strict=True) if told is not None]
        for told, share in known:
            if share >= 0.5:
                moved = [moved[0] + told, moved[1] + 1]
            elif share == 0:
                quiet = [quiet[0] + (not told), quiet[1] + 1]
        for end in range(WINDOW_S, len(said), 60):
            windows += 1
            window = said[end - WINDOW_S : end]
            if sum(told is not None for told in window) >= WINDOW_S / 2:
                share = 100 * np.mean([told for told in window if told is not None])
                errors.append(abs(float(share - 100 * true[end - WINDOW_S : end].mean())))
    table = [
        "SEMI-SYNTHETIC: real RR intervals, breathing belt and beat shape, made noise and movements",
        *made_too(task.folder),
        f"seconds of movement found {with_interval(*moved)}",
        f"quiet seconds {with_interval(*quiet)}",
        f"worst window {max(errors, default=float('nan')):.1f} percentage points",
    ]
    mae = f"{np.mean(errors):.2f}" if errors else "n/a"
    return Result(f"mae={mae} coverage={len(errors) / windows if windows else 0:.3f}", table)


def _true(movements: list[Movement], seconds: int) -> Vector:
    """The share of each second in which there is movement."""
    fine = np.zeros(seconds * 10)
    for one in movements:
        fine[round(one.at_s * 10) : round((one.at_s + one.for_s) * 10)] = 1
    share: Vector = fine.reshape(-1, 10).mean(axis=1)
    return share
