"""What an arm does, as rows of (x, y, z) in g at 20 Hz, with the truth about it. Pure numpy.

The sizes follow what real wrists did: 141 acted falls of young people and 38 short walks (UMAFall, 20 Hz, 8 g
range). Medians and quartiles stand beside the numbers; a test of this file's name holds the makers to them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 20
RANGE_G: Final = 8.0
Rows = NDArray[np.float64]
STANDING: Final = np.array([-0.96, 0.12, 0.22])
LYING: Final = np.array([0.14, 0.35, 0.92])

STEPS_HZ: Final = 1.7  # median of the walks
PEAK_G: Final = (1.63, 0.42)  # log-normal: median 5.1 g, quartiles 3.8 and 6.8 (recorded 5.3, 3.65 and 7.2)
TURN_DEG: Final = (83.0, 21.0)  # recorded 81, quartiles 67 and 101
TURN_LIMITS_DEG: Final = (45.0, 140.0)


@dataclass(frozen=True)
class Fall:
    """A fall and the truth about it: the row of the impact, its size (g), and the degrees the arm turned."""

    rows: Rows
    impact: int
    peak_g: float
    turned_deg: float


def still(seconds: float, posture: Rows = STANDING, *, random: np.random.Generator) -> Rows:
    """An arm at rest: gravity along `posture`, sensor noise and breath (deviation 0.014 g)."""
    count = round(seconds * RATE_HZ)
    rows: Rows = posture / np.linalg.norm(posture) + random.normal(0, 0.014, (count, 3))
    return rows


def walk(seconds: float, *, random: np.random.Generator, begin_s: float = 0.0) -> Rows:
    """Walking: 1.7 steps/s, the arm swings at half of it, each heel strike is a short push along the arm.

    A walk goes on where another ended when it is told so by `begin_s`.
    """
    t = begin_s + np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rows = still(seconds, random=random)
    step = 2 * np.pi * STEPS_HZ * t
    strike = np.maximum(0, np.sin(step)) ** 6 - 0.55 * np.maximum(0, -np.sin(step)) ** 4
    rows[:, 0] -= 0.45 * strike * random.lognormal(0, 0.25, len(t)) - 0.05 * np.sin(step / 2)
    rows[:, 1] += 0.17 * np.sin(step / 2) + 0.06 * np.sin(step + 0.4)
    rows[:, 2] += 0.13 * np.sin(step + 0.7) + 0.06 * np.sin(2 * step)
    rows += random.normal(0, 0.03, rows.shape)
    return np.clip(rows, -RANGE_G, RANGE_G)


def fall(
    *, random: np.random.Generator, lying_s: float = 45.0, peak_g: float | None = None, before_s: float = 3.0
) -> Fall:
    """Walking or standing, losing balance, a short drop, the impact with its bounces, coming to rest, lying.

    `peak_g` None: as hard as recorded falls were, by chance.
    """
    if peak_g is None:
        peak_g = float(np.clip(random.lognormal(*PEAK_G), 2.4, 12.0))
    degrees = float(np.clip(random.normal(*TURN_DEG), *TURN_LIMITS_DEG))
    up = STANDING / np.linalg.norm(STANDING)
    down = turned(up, degrees, random)
    before = (walk if random.random() < 0.5 else still)(before_s, random=random)
    drop = _drop(up, down, random)
    hit = _impact(down, peak_g, random)
    after = still(lying_s, down, random=random)
    unrest = 0.28 * np.exp(-np.arange(len(after)) / (0.45 * RATE_HZ))
    after += random.normal(0, 1, after.shape) * unrest[:, None]
    rows = np.vstack((before, drop, hit, after)).clip(-RANGE_G, RANGE_G)
    impact = len(before) + len(drop) + 1
    return Fall(rows, impact, float(np.linalg.norm(rows[impact])), degrees)


def recover(posture: Rows = LYING, *, random: np.random.Generator) -> Rows:
    """Getting up again out of `posture` and walking about for half a minute."""
    turn = np.linspace(0, 1, 2 * RATE_HZ)[:, None]
    rise = (1 - turn) * posture + turn * STANDING
    rise = rise + random.normal(0, 0.12, rise.shape)
    return np.vstack((rise, walk(30.0, random=random)))


def turned(posture: Rows, degrees: float, random: np.random.Generator) -> Rows:
    """A direction that far from `posture`, to any side."""
    side = np.cross(posture, random.normal(0, 1, 3))
    side /= np.linalg.norm(side)
    angle = np.radians(degrees)
    turned: Rows = np.cos(angle) * posture + np.sin(angle) * side
    return turned


def _drop(up: Rows, down: Rows, random: np.random.Generator) -> Rows:
    """0.4 to 0.8 s of stumbling with the arms out, at the end a few light rows (recorded least: 0.45 g)."""
    count = int(random.integers(8, 17))
    share = (np.linspace(0, 1, count) ** 3)[:, None]
    rows: Rows = (1 - share) * up + share * down
    rows /= np.linalg.norm(rows, axis=1, keepdims=True) + 1e-9
    rows *= random.lognormal(0.1, 0.35, (count, 1))
    light = int(random.integers(1, 4))
    rows[-light:] *= random.uniform(0.3, 0.7)
    rows += random.normal(0, 0.2, rows.shape)
    return rows


def _impact(down: Rows, peak_g: float, random: np.random.Generator) -> Rows:
    """The hardest row between two of about half its size, then smaller ones, with one or two more knocks."""
    beside = random.uniform(0.3, 0.85, 2)
    shape = [np.array([beside[0], 1.0, beside[1], 0.4, 0.32, 0.28])]
    for _ in range(int(random.integers(1, 3))):
        knock = random.uniform(0.35, 0.9)
        shape.append(np.array([0.5 * knock, knock, 0.5 * knock, 0.25])[: int(random.integers(2, 5))])
    sizes = np.maximum(np.concatenate(shape) * peak_g, random.uniform(0.7, 1.7))
    sizes[1] = peak_g
    push = down + random.normal(0, 0.35, 3)
    each = push / np.linalg.norm(push) + random.normal(0, 0.6, (len(sizes), 3))
    each /= np.linalg.norm(each, axis=1, keepdims=True)
    rows: Rows = each * sizes[:, None]
    return rows
