"""Somebody asleep: breaths, heart beats, turning over, pauses of breathing, with the truth of each.

Drawn to lie within what overnight recordings of healthy young adults show (li2024, two hours of eight
nights): heart 52-83/min, RR intervals spreading 19-88 ms in five minutes and 18-104 ms from beat to beat,
breathing 10.7-16/min with breaths that differ by 7-50 %. Elders' nights are not in them. The same seed gives
the same night.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from simulators.bed_signal import RATE_HZ, Movement, Vector, beat_shape, bed

TURN_EACH_S: Final = 240.0
_DRIFT_S: Final = 300.0
_RECOVERY_S: Final = 20.0


@dataclass(frozen=True)
class Pause:
    """Breathing stops for `for_s` seconds from `at_s` on."""

    at_s: float
    for_s: float


@dataclass(frozen=True)
class Night:
    """The signal of a bed sensor at 50 Hz, and what is true of it (s from its beginning)."""

    signal: Vector
    beats_s: Vector
    breaths_s: Vector
    pauses: tuple[Pause, ...]
    movements: tuple[Movement, ...]


def sleep(seed: int, minutes: float, *, pauses_an_hour: float = 0.0, noise: float = 0.5) -> Night:
    """A stretch of sleep; a pause lasts 10-40 s and ends with deep breaths and a faster heart."""
    rng = np.random.default_rng(seed)
    seconds = minutes * 60
    pauses = _pauses(seconds, pauses_an_hour, rng)
    breaths, breathing = _breathing(seconds, pauses, rng)
    beats = _beats(breathing, pauses, rng)
    movements = tuple(turns(seconds, rng))
    signal = bed(beats, breathing, beat_shape(), noise=noise, movements=list(movements), rng=rng)
    return Night(signal, beats, breaths, pauses, movements)


def _pauses(seconds: float, an_hour: float, rng: np.random.Generator) -> tuple[Pause, ...]:
    found: list[Pause] = []
    at = 60.0 + (rng.exponential(3600 / an_hour) if an_hour > 0 else seconds)
    while at + 60 < seconds:
        found.append(Pause(at, rng.uniform(10, 40)))
        at += found[-1].for_s + _RECOVERY_S + rng.exponential(3600 / an_hour)
    return tuple(found)


def _breathing(seconds: float, pauses: tuple[Pause, ...], rng: np.random.Generator) -> tuple[Vector, Vector]:
    """When each breath begins, and the curve (-1..1, deeper after a pause) at 50 Hz."""
    usual = 60 / rng.uniform(10.7, 16.0)
    curve = np.zeros(round(seconds * RATE_HZ))
    begins: list[float] = []
    at = 0.0
    while at < seconds:
        held = next((p for p in pauses if p.at_s <= at < p.at_s + p.for_s), None)
        if held is not None:
            at = held.at_s + held.for_s
            continue
        length = usual * max(0.5, 1 + 0.12 * rng.standard_normal())
        after = any(0 <= at - p.at_s - p.for_s < _RECOVERY_S for p in pauses)
        depth = (1.6 if after else 1.0) * max(0.4, 1 + 0.15 * rng.standard_normal())
        first, last = round(at * RATE_HZ), min(len(curve), round((at + length) * RATE_HZ))
        curve[first:last] = depth * np.sin(2 * np.pi * np.arange(last - first) / max(1.0, length * RATE_HZ))
        begins.append(at)
        at += length
    return np.array(begins), curve


def _beats(breathing: Vector, pauses: tuple[Pause, ...], rng: np.random.Generator) -> Vector:
    """Beat times: slow drift, breathing's swing, scatter; slower in a pause, faster after it."""
    rate, swing_s, scatter_s = rng.uniform(52, 80), rng.uniform(0.01, 0.05), rng.uniform(0.008, 0.03)
    drift, at = 0.0, 0.4
    beats: list[float] = []
    while at * RATE_HZ < len(breathing):
        beats.append(at)
        usual = 60 / rate
        drift += -drift * usual / _DRIFT_S + 0.03 * np.sqrt(2 * usual / _DRIFT_S) * rng.standard_normal()
        held = any(p.at_s + 5 <= at < p.at_s + p.for_s for p in pauses)
        after = any(0 <= at - p.at_s - p.for_s < _RECOVERY_S for p in pauses)
        interval = usual * (1.08 if held else 0.88 if after else 1.0) + drift
        interval += swing_s * float(breathing[int(at * RATE_HZ)]) + scatter_s * rng.standard_normal()
        at += max(0.4, interval)
    return np.array(beats)


def turns(seconds: float, rng: np.random.Generator) -> list[Movement]:
    """Movements of 3-15 s, one each four minutes on average."""
    found: list[Movement] = []
    at = rng.exponential(TURN_EACH_S)
    while at < seconds:
        found.append(Movement(at, rng.uniform(3, 15)))
        at += 15 + rng.exponential(TURN_EACH_S)
    return found
