"""What repeats in a signal, and how surely: the ground under the breathing, pulse and heart meters.

Pure numpy on one window at a time; every function gives the same answer for the same window.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_TINY: Final = 1e-12


@dataclass(frozen=True)
class Period:
    """A repetition each `seconds`; `strength` is the autocorrelation there (1: the same each time)."""

    seconds: float
    strength: float


def smooth(x: Vector, rows: float) -> Vector:
    """Moving mean over `rows` samples around each; at the ends over what there is."""
    count = max(1, int(rows))
    if count == 1:
        return x
    sums = np.concatenate([[0.0], np.cumsum(x)])
    first = np.arange(len(x)) - count // 2
    last = np.minimum(first + count, len(x))
    first = np.maximum(first, 0)
    result: Vector = (sums[last] - sums[first]) / (last - first)
    return result


def autocorrelation(x: Vector, max_lag: int) -> Vector:
    """Correlation of `x` with itself at lags 0..max_lag, each over the energy of the overlapping parts."""
    x = x - x.mean()
    spectrum = np.fft.rfft(x, 2 * len(x))
    products = np.fft.irfft(spectrum * np.conj(spectrum))[: max_lag + 1]
    energy = np.concatenate([[0.0], np.cumsum(x * x)])
    lags = np.arange(max_lag + 1)
    parts = energy[len(x) - lags] * (energy[-1] - energy[lags])
    result: Vector = products / np.sqrt(np.maximum(parts, _TINY))
    return result


def period(x: Vector, rate_hz: float, shortest_s: float, longest_s: float, share: float) -> Period | None:
    """The shortest lag whose peak reaches `share` of the highest one within the bounds; None if none."""
    max_lag = min(int(longest_s * rate_hz) + 2, len(x) - 2)
    if max_lag < 3:
        return None
    r = autocorrelation(x, max_lag)
    peaks = np.flatnonzero((r[1:-1] > r[:-2]) & (r[1:-1] >= r[2:])) + 1
    peaks = peaks[(peaks >= shortest_s * rate_hz) & (peaks <= longest_s * rate_hz)]
    if len(peaks) == 0 or r[peaks].max() <= 0:
        return None
    at = int(peaks[r[peaks] >= share * r[peaks].max()][0])
    left, top, right = r[at - 1], r[at], r[at + 1]
    bend = left - 2 * top + right
    shift = 0.5 * (left - right) / bend if abs(bend) > _TINY else 0.0
    return Period(float((at + shift) / rate_hz), float(top))


def rises(x: Vector, threshold: float) -> Vector:
    """Where `x` climbs through zero on its way over `threshold`, after having been under -threshold;
    in rows, between rows.
    """
    signs = np.where(x > threshold, 1, np.where(x < -threshold, -1, 0))
    marked = np.flatnonzero(signs)
    turns = marked[1:][(signs[marked[1:]] == 1) & (signs[marked[:-1]] == -1)]
    if len(marked) and signs[marked[0]] == 1:
        turns = np.concatenate([marked[:1], turns])
    found = []
    for turn in turns:
        under = np.flatnonzero(x[:turn] <= 0)
        if len(under):
            low = int(under[-1])
            found.append(low - x[low] / (x[low + 1] - x[low]))
    return np.array(found, dtype=np.float64)


def tops(x: Vector, apart: int) -> NDArray[np.intp]:
    """Rows that are the highest within `apart` rows on both sides, and over 0.3 standard deviations."""
    if len(x) < 2 * apart + 1:
        return np.empty(0, dtype=np.intp)
    around = np.lib.stride_tricks.sliding_window_view(x, 2 * apart + 1).max(axis=1)
    middle = x[apart : len(x) - apart]
    return np.flatnonzero((middle >= around) & (middle > 0.3 * x.std())) + apart
