"""Somebody gets out of bed, told by a tag at the breastbone that is read only when an antenna powers it.

Four states (sitting on the bed, on a chair, lying, up) are followed by a filter over the readings, the
antenna that heard them and the silences between them. Lying is a matter of posture, not of learning:
gravity across the chest. An exit is told once the elder has been out of bed for `wait_s`, or was upright
and then not heard for so long. Weights: `models/bed_exit.json`, card beside it. No driver of the catalogue
hears such tags yet.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.pipeline.rhythm import Vector

SIT, CHAIR, LYING, UP = range(4)
LEARNED: Final = (SIT, CHAIR, UP)
MODEL: Final = Path(__file__).parent / "models" / "bed_exit.json"
GAP_EDGES_S: Final = (0.3, 0.6, 1.1, 2.1, 4.1, 8.1, 16.0, 32.0)
LONGEST_S: Final = 600.0
TRUST: Final = 0.6
SAME_TRUST: Final = 0.5
SILENCE_TRUST: Final = 0.5
LYING_G: Final = (0.42, 0.58)
POSTURE_SURE: Final = 10.0
LEAST: Final = -9.0
FAR: Final = -17.0
IN_BED: Final = 0.95
BACK: Final = 0.3
OUT: Final = 0.5


@dataclass(frozen=True)
class TagRow:
    """One reading: seconds, g (front, vertical, lateral), the antenna's number and its signal in dBm."""

    at_s: float
    front_g: float
    vertical_g: float
    lateral_g: float
    antenna: int
    rssi_dbm: float


@dataclass(frozen=True)
class Shape:
    """A normal distribution: mean, inverse covariance, logarithm of its determinant."""

    mean: Vector
    inverse: Vector
    log_det: float

    def log(self, x: Vector) -> float:
        """Log density without the constant that all shapes share; what is far from all says nothing."""
        apart = x - self.mean
        return max(FAR, float(-0.5 * apart @ self.inverse @ apart - 0.5 * self.log_det))


@dataclass(frozen=True)
class Room:
    """What was learned of one room with its antennas: shapes and antenna log-shares by learned state,
    log-shares of the lengths of silences by state.
    """

    shapes: dict[int, Shape]
    antennas: dict[int, Vector]
    gaps: Vector


@dataclass(frozen=True)
class BedExitModel:
    """Rooms, flow between the states (1/s), and how likely `out` must be after a silence."""

    rooms: dict[str, Room]
    flow: Vector
    silent_out: float
    wait_s: float


@dataclass(frozen=True)
class BedExit:
    """When the elder left the bed (s), how likely, and by what it was told."""

    at_s: float
    likely: float
    reasons: tuple[str, ...]


class BedExitDetector:
    """One tag in one room. Feed rows in order; call `silence` each second so that what is due comes out."""

    def __init__(self, model: BedExitModel, room: str) -> None:
        self._model, self._room = model, model.rooms[room]
        self._states = np.full(4, 0.25)
        self._last: TagRow | None = None
        self._armed = False
        self._left_at: float | None = None

    def silence(self, now_s: float) -> list[BedExit]:
        """Nothing was heard up to `now_s`: what that says."""
        last, wait = self._last, self._model.wait_s
        if last is None or not self._armed:
            return []
        if self._left_at is not None:
            return (
                [self._exit(self._left_at, self._out(), "out of bed")]
                if now_s - self._left_at >= wait
                else []
            )
        if now_s - last.at_s < wait or self._states[LYING] >= 0.5:
            return []
        silent = self._after_silence()
        likely = float(silent[CHAIR] + silent[UP])
        return (
            [self._exit(last.at_s, likely, "upright, then not heard")]
            if likely > self._model.silent_out
            else []
        )

    def feed(self, row: TagRow) -> list[BedExit]:
        """Take one reading; the exit that it, or the silence before it, completes."""
        told = self.silence(row.at_s)
        states = self._states
        if self._last is not None:
            gap = min(max(row.at_s - self._last.at_s, 0.0), LONGEST_S)
            gaps = self._room.gaps[:, int(np.searchsorted(GAP_EDGES_S, gap, side="right"))]
            states = (states * np.exp(SILENCE_TRUST * (gaps - gaps.max()))) @ flown(self._model.flow, gap)
        states = states * np.exp(self._seen(row))
        self._states = states / states.sum()
        self._last = row
        self._follow(row.at_s)
        return told

    def _follow(self, at_s: float) -> None:
        out = self._out()
        if out < 1 - IN_BED:
            self._armed, self._left_at = True, None
        elif out < BACK:
            self._left_at = None
        elif self._armed and self._left_at is None and out > OUT:
            self._left_at = at_s

    def _seen(self, row: TagRow) -> Vector:
        """What a reading says of each state, as a logarithm; 0 for the best."""
        x, same = features(row, self._last)
        seen = np.full(4, -math.inf)
        for state in LEARNED:
            share = self._room.antennas[state][min(max(row.antenna, 0), len(self._room.antennas[state]) - 1)]
            seen[state] = TRUST * (self._room.shapes[state].log(x) + float(share))
        seen -= seen.max()
        seen[LYING] = np.interp(row.vertical_g, LYING_G, (POSTURE_SURE, -POSTURE_SURE))
        seen *= SAME_TRUST if same else 1.0
        result: Vector = np.maximum(seen - seen.max(), LEAST)
        return result

    def _after_silence(self) -> Vector:
        gaps = np.exp(self._room.gaps)
        first = int(np.searchsorted(GAP_EDGES_S, self._model.wait_s, side="right"))
        longer = np.log(gaps[:, first:].sum(axis=1))
        states = self._states * np.exp(SILENCE_TRUST * (longer - longer.max()))
        states = states @ flown(self._model.flow, self._model.wait_s)
        result: Vector = states / states.sum()
        return result

    def _out(self) -> float:
        return float(self._states[CHAIR] + self._states[UP])

    def _exit(self, at_s: float, likely: float, why: str) -> BedExit:
        self._armed, self._left_at = False, None
        return BedExit(at_s, round(likely, 3), ("was in bed", why))


def features(row: TagRow, before: TagRow | None) -> tuple[Vector, bool]:
    """Acceleration, its change and the signal; and whether the tag only repeats its last acceleration."""
    here = np.array([row.front_g, row.vertical_g, row.lateral_g])
    change = np.zeros(3) if before is None else here - [before.front_g, before.vertical_g, before.lateral_g]
    same = before is not None and not change.any()
    return np.concatenate([here, change, [(row.rssi_dbm + 60) / 10]]), same


def flown(flow: Vector, seconds: float) -> Vector:
    """How the states mix in `seconds`: the matrix exponential, by halving and squaring."""
    halvings = max(0, math.ceil(math.log2(max(float(np.abs(flow).max()) * seconds, 1e-9))) + 4)
    step = flow * (seconds / 2**halvings)
    mixed = np.eye(4) + step @ (np.eye(4) + step / 2 @ (np.eye(4) + step / 3))
    for _ in range(halvings):
        mixed = mixed @ mixed
    result: Vector = mixed
    return result


def load(path: Path = MODEL) -> BedExitModel:
    """The shipped weights. Raises OSError or ValueError for a file that is not there or is none."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return BedExitModel(
        rooms={name: _room(room) for name, room in told["rooms"].items()},
        flow=np.array(told["flow"]),
        silent_out=float(told["silent_out"]),
        wait_s=float(told["wait_s"]),
    )


def _room(told: dict[str, Any]) -> Room:
    return Room(
        shapes={
            int(state): Shape(np.array(s["mean"]), np.array(s["inverse"]), float(s["log_det"]))
            for state, s in told["shapes"].items()
        },
        antennas={int(state): np.array(shares) for state, shares in told["antennas"].items()},
        gaps=np.array(told["gaps"]),
    )
