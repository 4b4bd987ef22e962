"""A mat of pressure cells on or under the mattress, frame by frame: is somebody on it, and do they move.

Counts are compared with those of the empty bed, which the technician takes (a mat that reads 0 when empty
needs none); while the bed is empty they are followed slowly. Between surely empty and surely occupied nothing
is said. No driver of the catalogue hears such mats: the meter is measured
here and is no part of the gateway.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.pipeline.rhythm import Vector

LOADED_COUNTS: Final = 3.0
NOISES: Final = 6.0
OCCUPIED: Final = 0.06
EMPTY: Final = 0.025
SURE: Final = 0.20
CHANGED: Final = 0.25
FOLLOW: Final = 0.02


@dataclass(frozen=True)
class MatLook:
    """What a frame says: occupied or not with a quality of 0-100 (None: not sure), and whether the load has
    shifted since the frame before (None: not occupied, or no frame before).
    """

    occupied: bool | None
    quality: int
    moved: bool | None = None


class PressureMat:
    """One mat; all frames have the shape of the first. `feed` them in order."""

    def __init__(self, empty: Vector | None = None) -> None:
        """`empty`: frames x cells of the empty bed; None: it reads 0."""
        self._base = None if empty is None else np.atleast_2d(empty).mean(axis=0)
        self._noise = None if empty is None else np.atleast_2d(empty).std(axis=0)
        self._load: Vector | None = None

    def feed(self, frame: Vector) -> MatLook:
        """Take one frame of counts; one with a value that is no number says nothing."""
        if not np.all(np.isfinite(frame)):
            return MatLook(None, 0)
        if self._base is None or self._noise is None:
            self._base, self._noise = np.zeros(len(frame)), np.zeros(len(frame))
        load = frame - self._base
        loaded = np.abs(load) > np.maximum(LOADED_COUNTS, NOISES * self._noise)
        share = float(loaded.mean())
        if share < EMPTY:
            self._base = self._base + FOLLOW * load
            self._load = None
            return MatLook(False, round(100 * (1 - share / EMPTY)))
        last, self._load = self._load, load
        if share < OCCUPIED:
            return MatLook(None, 0)
        quality = round(100 * min(1.0, share / SURE))
        return MatLook(True, quality, None if last is None else _shifted(last, load))


def _shifted(last: Vector, load: Vector) -> bool:
    """Whether a quarter of the load lies elsewhere than before."""
    total = float(np.abs(last).sum() + np.abs(load).sum()) / 2
    return float(np.abs(load - last).sum()) > 2 * CHANGED * total
