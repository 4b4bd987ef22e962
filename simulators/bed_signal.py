"""A bed that is felt by a sensor: breathing, heart beats, turning over, an empty mattress, with their truth.

Ballistocardiogram of a head-to-foot sensor, arbitrary units: the rms of a beat is about 1. Any beat times,
breathing curve and beat shape can be put in: real RR intervals and a real belt make a semi-synthetic bed.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
RATE_HZ: Final = 50.0
SHAPE_BEFORE_S: Final = 0.4
_BREATH_GAIN: Final = 8.0
_BEAT_SWING: Final = 0.25
_BEAT_SCATTER: Final = 0.15


@dataclass(frozen=True)
class Movement:
    """Somebody turns over: from `at_s` for `for_s` seconds."""

    at_s: float
    for_s: float


def beat_shape(rate_hz: float = RATE_HZ) -> Vector:
    """One beat as I-J-K-L waves (damped, 5 Hz) from 0.4 s before its J peak to 0.6 s after; rms 1."""
    t = np.arange(round(rate_hz)) / rate_hz - SHAPE_BEFORE_S
    waves = np.cos(2 * np.pi * 5.0 * t) * np.exp(-((t / 0.13) ** 2)) + 0.35 * np.cos(
        2 * np.pi * 2.5 * (t - 0.3)
    ) * np.exp(-(((t - 0.3) / 0.15) ** 2))
    return normalised(waves)


def normalised(shape: Vector) -> Vector:
    """The shape around zero with rms 1, its ends faded out."""
    faded = (shape - shape.mean()) * np.hanning(len(shape)) ** 0.25
    result: Vector = faded / np.sqrt(np.mean(faded**2))
    return result


def bed(
    beats_s: Vector,
    breathing: Vector,
    shape: Vector,
    *,
    noise: float,
    movements: list[Movement],
    rng: np.random.Generator,
    rate_hz: float = RATE_HZ,
) -> Vector:
    """What the sensor says while `breathing` lasts (one value a sample, about -1..1); `noise` is an rms.

    Each beat is as strong as breathing lets it (25 %) and scatters by 15 %; a movement is a burst of 10-25
    and changes how well the sensor is coupled.
    """
    count = len(breathing)
    heart = np.zeros(count + len(shape))
    rows = np.round((beats_s - SHAPE_BEFORE_S) * rate_hz).astype(np.int64)
    rows = rows[(rows >= 0) & (rows < count)]
    swing = 1 + _BEAT_SWING * breathing[rows] + _BEAT_SCATTER * rng.standard_normal(len(rows))
    for row, strength in zip(rows, swing, strict=True):
        heart[row : row + len(shape)] += strength * shape
    signal = heart[:count] + _BREATH_GAIN * breathing + noise * _coloured(count, rng)
    return _moved(signal, movements, rng, rate_hz)


def empty(seconds: float, *, noise: float, rng: np.random.Generator, rate_hz: float = RATE_HZ) -> Vector:
    """A bed with nobody in it: the sensor's own noise."""
    return noise * _coloured(round(seconds * rate_hz), rng)


def _coloured(count: int, rng: np.random.Generator) -> Vector:
    """Noise of rms 1: half white, half falling with frequency as a building's and a mattress's does."""
    white = rng.standard_normal(count)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    pink = np.fft.irfft(spectrum, count)
    result: Vector = (white + pink / max(float(pink.std()), 1e-12)) / np.sqrt(2)
    return result


def _moved(signal: Vector, movements: list[Movement], rng: np.random.Generator, rate_hz: float) -> Vector:
    moved = signal.copy()
    for movement in movements:
        first = round(movement.at_s * rate_hz)
        last = min(len(moved), first + round(movement.for_s * rate_hz))
        if last - first < 2:
            continue
        moved[first:] *= rng.uniform(0.7, 1.4)
        burst = np.convolve(rng.standard_normal(last - first), np.hanning(9) / 2.0, mode="same")
        moved[first:last] += rng.uniform(10, 25) * burst
    return moved
