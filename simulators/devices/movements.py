"""What an arm does in daily life when it meets something hard: the movements that are no falls.

Sizes follow the 376 impacts over 1.8 g of wrists in daily life without hopping and jogging (UMAFall, 337
trials, 52 of them of people over 50); a test holds the makers to them. No recording shows a bracelet put down
or dropped: those sizes are assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from simulators.devices.motion import RANGE_G, RATE_HZ, STANDING, Rows, still, turned, walk

Kind = Literal["sit", "lie", "door", "bend", "reach", "call", "stairs", "step", "clap", "knock", "put_down"]
After = Literal["rests", "busy", "walks", "dead"]
Rest = Literal["rests", "busy", "walks", "in_bed", "off", "lies", "struggles"]
LEAD_S: Final = 7.0
LEAST_G: Final = 1.85


@dataclass(frozen=True)
class Shape:
    """Median and logarithmic spread of the peak above 1.8 g (g), mean and deviation of the turn (degrees),
    how long the arm is on its way (s), knocks in a row, and what it does until 4.5 s after.
    """

    peak_over: tuple[float, float]
    turn_deg: tuple[float, float]
    way_s: float
    knocks: int
    after: Mapping[After, float]


_UP: Final[dict[After, float]] = {"busy": 0.5, "walks": 0.3, "rests": 0.2}
# The recorded quartiles of peak and turn stand behind each.
SHAPES: Final[dict[Kind, Shape]] = {
    "sit": Shape((0.10, 1.2), (60, 20), 1.2, 1, {"rests": 0.7, "busy": 0.3}),  # 1.84-2.18 g, 42-72
    "lie": Shape((0.35, 0.6), (77, 18), 2.5, 2, {"rests": 0.6, "busy": 0.4}),  # 1.96-2.36 g, 64-89
    "door": Shape((0.10, 1.3), (38, 22), 0.8, 1, _UP),  # 1.83-1.99 g (once 3.4 g), 14-64
    "bend": Shape((0.19, 0.9), (10, 9), 1.5, 1, {"rests": 0.6, "busy": 0.4}),  # 1.85-2.21 g, 4-20
    "reach": Shape((0.38, 0.5), (95, 30), 0.8, 1, {"rests": 0.6, "busy": 0.4}),  # 1.98-2.36 g, 47-111
    "call": Shape((0.20, 0.5), (130, 15), 0.8, 1, {"rests": 0.7, "busy": 0.3}),  # 1.87-2.09 g, 124-152
    "stairs": Shape((0.32, 0.6), (6, 5), 0.3, 1, {"walks": 1.0}),  # 1.95-2.32 g, 2-9
    "step": Shape((0.17, 0.7), (7, 7), 0.3, 1, {"walks": 1.0}),  # 1.87-2.14 g, 3-17
    "clap": Shape((1.60, 0.8), (75, 35), 0.3, 8, {"busy": 1.0}),  # 2.5-5.2 g, 29-97
    "knock": Shape((0.80, 0.9), (30, 20), 0.4, 2, _UP),
    "put_down": Shape((0.80, 0.9), (75, 30), 0.8, 1, {"dead": 1.0}),
}


@dataclass(frozen=True)
class Movement:
    """Seven seconds before the hardest row `impact`, and 4.5 s after it; the arm then is in `posture`."""

    rows: Rows
    impact: int
    after: After
    posture: Rows


def movement(kind: Kind, *, random: np.random.Generator) -> Movement:
    """One movement of that kind with an impact of at least 1.85 g."""
    shape = SHAPES[kind]
    after: After = random.choice(np.array(list(shape.after)), p=list(shape.after.values()))
    peak = max(LEAST_G, 1.8 + shape.peak_over[0] * float(random.lognormal(0, shape.peak_over[1])))
    degrees = float(np.clip(random.normal(*shape.turn_deg), 0, 160))
    begin = STANDING / np.linalg.norm(STANDING)
    end = turned(begin, degrees, random)
    moving = "walks" if kind in ("stairs", "step") or random.random() < 0.3 else "rests"
    lead = arm("walks" if moving == "walks" else "busy", LEAD_S - shape.way_s, begin, random=random)
    way = _way(begin, end, shape.way_s, random)
    hit = _knocks(end, peak, shape.knocks, random)
    rows = np.vstack((lead, way, hit, arm(after, 4.5, end, random=random))).clip(-RANGE_G, RANGE_G)
    return Movement(rows, len(lead) + len(way) + int(np.linalg.norm(hit, axis=1).argmax()), after, end)


def arm(after: After, seconds: float, posture: Rows, *, random: np.random.Generator) -> Rows:
    """An arm that rests (it stirs now and then), is busy about `posture`, walks on, or belongs to nobody."""
    if after == "walks":
        return walk(seconds, random=random)
    rows = still(seconds, posture, random=random)
    if after == "dead":
        return (rows - posture) * 0.3 + posture
    t = np.arange(len(rows)) / RATE_HZ
    size = 0.22 if after == "busy" else 0.16
    stirs = np.zeros(len(rows))
    each_s = 2.0 if after == "busy" else 12.0
    for at in random.uniform(0, seconds, random.poisson(seconds / each_s)):
        stirs += np.exp(-(((t - at) / random.uniform(0.3, 0.9)) ** 2))
    for _ in range(2):
        wave = np.sin(2 * np.pi * random.uniform(0.4, 1.6) * t + random.uniform(0, 6))
        rows += size * (stirs * wave)[:, None] * random.normal(0, 1, 3)
    return rows


def _way(begin: Rows, end: Rows, seconds: float, random: np.random.Generator) -> Rows:
    """The arm on its way from one posture to the other."""
    count = max(4, round(seconds * RATE_HZ))
    share = (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, count)))[:, None]
    rows: Rows = (1 - share) * begin + share * end
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9
    return rows + random.normal(0, 0.12, rows.shape)


def _knocks(posture: Rows, peak_g: float, count: int, random: np.random.Generator) -> Rows:
    """One hard row between two softer ones; further knocks are up to as hard, 0.3 s apart."""
    rows = []
    for n in range(count):
        size = peak_g if n == 0 else peak_g * random.uniform(0.5, 0.98)
        push = posture + random.normal(0, 0.5, 3)
        push /= np.linalg.norm(push)
        sizes = np.array([0.5, 1.0, 0.45]) * size
        rows.append(push * np.maximum(sizes, random.uniform(0.8, 1.1, 3))[:, None])
        if n + 1 < count:
            rows.append(still(0.3, posture, random=random) + random.normal(0, 0.1, (round(0.3 * RATE_HZ), 3)))
    return np.vstack(rows)


def aftermath(rest: Rest, posture: Rows, seconds: int, *, random: np.random.Generator) -> Rows:
    """What the arm does in the minute after a movement or a fall, beginning in `posture`.

    On the floor an arm that moves stays within 60 degrees of how it came to lie; a busy one hangs, reaches
    and is lifted by turns, and walks between.
    """
    match rest:
        case "rests":
            return arm("rests", seconds, posture, random=random)
        case "lies" | "in_bed":
            return still(seconds, posture, random=random)
        case "off":
            return arm("dead", seconds, posture, random=random)
        case "walks":
            pause = float(random.uniform(0, 8))
            return np.vstack((arm("busy", pause, posture, random=random), walk(seconds, random=random)))
    rows, up = np.empty((0, 3)), rest == "busy"
    while len(rows) < seconds * RATE_HZ:
        about = STANDING / np.linalg.norm(STANDING) if up else posture
        at = turned(about, float(random.uniform(0, 100 if up else 60)), random)
        lasts = float(random.uniform(2, 6))
        rows = np.vstack((rows, arm("busy", lasts, at, random=random)))
        if up and random.random() < 0.2:
            rows = np.vstack((rows, walk(float(random.uniform(2, 8)), random=random)))
    return rows
