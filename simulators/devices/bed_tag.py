"""A tag at the breastbone of somebody who lies, sits, gets up and comes back, as antennas hear it.

Drawn to lie within what 40 trials with people of 66-86 years showed (w2isp, room with four antennas, 12,400
readings); a test holds the maker to the numbers of `STATES`. The tag is read only when an antenna
powers it: readings come in bursts, are often repeated, and turning or leaving silences it. The same seed
is the same stretch.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

State = Literal["sits", "chair", "lies", "up"]
Doing = Literal["sits", "chair", "lies", "up", "gone", "back"]
Three = tuple[float, float, float]


@dataclass(frozen=True)
class Shape:
    """Of one state: mean posture (front, vertical, lateral, g), its spread from stretch to stretch and from
    reading to reading, how often a reading only repeats the last, median gap (s) and its logarithmic spread,
    share of each antenna and how often it stays, 10th, 50th and 90th percentile of the
    signal (dBm), and how long the state lasts (s: median, logarithmic spread).
    """

    posture_g: Three
    stretch_g: Three
    reading_g: Three
    repeats: float
    gap_s: tuple[float, float]
    antennas: dict[int, float]
    stays: float
    rssi_dbm: Three
    lasts_s: tuple[float, float]


# Recorded means, deviations, quantiles and shares of each state in the room with four antennas.
STATES: Final[dict[State, Shape]] = {
    "sits": Shape((0.42, 0.91, 0.12), (0.15, 0.07, 0.08), (0.13, 0.07, 0.09), 0.78, (0.50, 0.85),
                  {1: 0.50, 3: 0.14, 4: 0.36}, 0.5, (-64.5, -58.5, -56.5), (20, 1.2)),
    "chair": Shape((0.51, 0.85, 0.09), (0.27, 0.11, 0.10), (0.15, 0.05, 0.06), 0.54, (1.0, 0.80),
                   {1: 0.01, 2: 0.99}, 0.98, (-58.5, -57.0, -55.0), (77, 0.4)),
    "lies": Shape((0.98, -0.06, 0.15), (0.19, 0.15, 0.36), (0.13, 0.07, 0.06), 0.50, (0.27, 1.00),
                  {1: 0.21, 3: 0.36, 4: 0.43}, 0.62, (-66.0, -58.0, -49.0), (61, 0.45)),
    "up": Shape((0.21, 0.96, 0.02), (0.21, 0.09, 0.11), (0.13, 0.09, 0.09), 0.31, (0.16, 1.10),
                {1: 0.25, 2: 0.63, 3: 0.02, 4: 0.10}, 0.8, (-62.0, -48.5, -45.0), (4.3, 0.9)),
}  # fmt: skip
# What follows what, and how often; of those who lie, half are next heard only when they are up. Who is gone
# is not heard; who is back is up, on the way to the bed.
FOLLOWS: Final[dict[Doing, dict[Doing, float]]] = {
    "lies": {"sits": 0.52, "up": 0.48},
    "sits": {"lies": 0.62, "up": 0.38},
    "up": {"chair": 0.47, "gone": 0.38, "sits": 0.09, "lies": 0.06},
    "chair": {"back": 1.0},
    "gone": {"back": 1.0},
    "back": {"sits": 0.87, "lies": 0.13},
}
SILENT_S: Final[dict[tuple[Doing, Doing], tuple[float, float]]] = {
    ("lies", "up"): (6.5, 1.6),
    ("up", "lies"): (8.2, 1.6),
    ("back", "lies"): (8.2, 1.6),
    ("up", "chair"): (1.5, 1.0),
    ("chair", "back"): (2.0, 0.8),
    ("up", "sits"): (1.2, 1.2),
    ("back", "sits"): (1.2, 1.2),
    ("sits", "up"): (1.2, 0.9),
}
GONE_S: Final = 240.0
IN_BED: Final[frozenset[State]] = frozenset({"lies", "sits"})


@dataclass(frozen=True)
class Heard:
    """One reading of the tag (s, g, antenna, dBm) and what was true then."""

    at_s: float
    front_g: float
    vertical_g: float
    lateral_g: float
    antenna: int
    rssi_dbm: float
    state: State


def heard(seed: int, seconds: float, begin: State = "lies") -> list[Heard]:
    """What the antennas hear of so long a stretch."""
    random = np.random.default_rng(seed)
    readings: list[Heard] = []
    at: float = 0.0
    doing: Doing = begin
    while at < seconds:
        at = _goes_on(doing, at, seconds, readings, random)
        following = list(FOLLOWS[doing])
        then = following[int(random.choice(len(following), p=list(FOLLOWS[doing].values())))]
        median, spread = SILENT_S.get((doing, then), (0.75, 0.6))
        at += min(60.0, float(random.lognormal(np.log(median), spread)))
        doing = then
    return readings


def _goes_on(
    doing: Doing, at: float, seconds: float, readings: list[Heard], random: np.random.Generator
) -> float:
    """Until when it lasts; what is heard meanwhile is added."""
    if doing == "gone":
        return at + float(random.lognormal(np.log(GONE_S), 0.5))
    state: State = "up" if doing == "back" else doing
    median, spread = STATES[state].lasts_s
    end = min(seconds, at + float(random.lognormal(np.log(median), spread)))
    readings += _stretch(state, at, end, random)
    return end


def exits(readings: list[Heard]) -> list[tuple[float, float]]:
    """The truth: last reading in bed and first out of it (s), of each exit."""
    return [
        (before.at_s, one.at_s)
        for before, one in pairwise(readings)
        if before.state in IN_BED and one.state not in IN_BED
    ]


def _stretch(state: State, begin: float, end: float, random: np.random.Generator) -> list[Heard]:
    """The readings of one state from its begin to its end; at least one."""
    shape = STATES[state]
    posture = np.array(shape.posture_g) + random.normal(0, 1, 3) * shape.stretch_g
    antennas, shares = list(shape.antennas), list(shape.antennas.values())
    readings: list[Heard] = []
    at = begin
    g: NDArray[np.float64] = posture
    antenna = int(random.choice(antennas, p=shares))
    while not readings or at < end:
        if not readings or random.random() >= shape.repeats:
            g = posture + random.normal(0, 1, 3) * shape.reading_g
        if random.random() >= shape.stays:
            antenna = int(random.choice(antennas, p=shares))
        low, middle, high = shape.rssi_dbm
        luck = float(random.normal()) / 1.28
        rssi = middle + luck * (middle - low if luck < 0 else high - middle)
        x, y, z = (round(float(value), 4) for value in g)
        readings.append(Heard(round(at, 3), x, y, z, antenna, round(2 * rssi) / 2, state))
        at += max(0.05, float(random.lognormal(np.log(shape.gap_s[0]), shape.gap_s[1])))
    return readings
