"""Bed exits on w2isp: people of 66-86 years with an RFID accelerometer at the breastbone, rooms 1 and 2.

An exit is the first row on a chair or walking after a row in bed (sitting on it or lying). An alarm finds
it when it names a time between 5 s before that last row in bed and 10 s after that first row out; each alarm
finds one exit at most, all others are false. The source gives no subject ids: five consecutive trials are
left out together, and the two on either side of them are not used for training either, since a subject may
straddle the border. Everything learned, the threshold too, comes from the other trials; the constants in
edge/pipeline/bed_exit.py were set by hand on all open trials.
"""

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from edge.pipeline.bed_exit import (
    CHAIR,
    GAP_EDGES_S,
    LEARNED,
    MODEL,
    UP,
    BedExitDetector,
    BedExitModel,
    Room,
    Shape,
    TagRow,
    features,
    load,
)
from edge.pipeline.rhythm import Vector
from tests.evaluation import plots
from tests.evaluation.measure import NoRecordings, Result, Task, rate, span, with_interval

BLOCK: Final = 5
GUARD: Final = 2
EARLY_S, LATE_S = 5.0, 10.0
WAIT_S: Final = 10.0
ANTENNAS: Final = 5
THRESHOLDS: Final = (0.1, 0.2, 0.4)
LEAST_PRECISION: Final = 0.8
_WIDEN: Final = 0.08


@dataclass(frozen=True)
class Trial:
    """One recording: its room, rows, and the state (0..3) of each."""

    name: str
    rows: tuple[TagRow, ...]
    states: tuple[int, ...]

    @property
    def room(self) -> str:
        """Which room's antennas heard it."""
        return self.name[:2]

    def exits(self) -> list[tuple[float, float]]:
        """Last row in bed and first row out of it, s, of each exit."""
        out = [state in (CHAIR, UP) for state in self.states]
        return [
            (self.rows[n - 1].at_s, self.rows[n].at_s)
            for n in range(1, len(out))
            if out[n] and not out[n - 1]
        ]


@dataclass(frozen=True)
class Outcome:
    """Exits found, exits there were, alarms given."""

    found: int
    exits: int
    alarms: int

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.found + other.found, self.exits + other.exits, self.alarms + other.alarms)


def bed_exit(task: Task) -> Result:
    """Leave blocks of trials out; or, frozen, the shipped weights on all trials there are."""
    trials = read(task.folder)
    if task.frozen:
        shipped = load()
        alarms = {trial.name: told(shipped, trial) for trial in trials if trial.room in shipped.rooms}
    else:
        alarms = {
            trial.name: told(model, trial)
            for block in blocks(trials)
            for model in [fit(training(trials, block))]
            for trial in block
        }
    known = {trial.name: trial for trial in trials if trial.name in alarms}
    found = {name: matched(trial, alarms[name]) for name, trial in known.items()}
    if not found:
        raise NoRecordings("no trial of a room that the shipped weights know")
    total = sum(found.values(), Outcome(0, 0, 0))
    table = [
        f"recall {with_interval(total.found, total.exits)}",
        f"precision {with_interval(total.found, total.alarms)}",
    ]
    if len(known) < len(trials):
        table.append(
            f"left out: {len(trials) - len(known)} trials of rooms that the shipped weights do not know"
        )
    for room in sorted({name[:2] for name in found}):
        part = sum((o for name, o in found.items() if name.startswith(room)), Outcome(0, 0, 0))
        table.append(f"room {room}: found {part.found} of {part.exits} exits with {part.alarms} alarms")
    table += [
        f"  {name}: found {o.found} of {o.exits}, alarms {o.alarms}"
        for name, o in sorted(found.items())
        if o.found < max(o.exits, o.alarms)
    ]
    worst = sorted(known.values(), key=lambda trial: found[trial.name].found - found[trial.name].exits)[:6]
    table.append(plots.stretches(task.report / "bed_exit.png", [_drawn(t, alarms[t.name]) for t in worst]))
    return Result(
        f"recall={rate(total.found, total.exits)} precision={rate(total.found, total.alarms)} "
        f"recall_95={span(total.found, total.exits)}",
        table,
    )


def _drawn(trial: Trial, alarms: list[float]) -> plots.Stretch:
    lines = {
        "front, g": [row.front_g for row in trial.rows],
        "vertical, g": [row.vertical_g for row in trial.rows],
    }
    marks = {"exit": [first for _, first in trial.exits()], "alarm": alarms}
    return plots.Stretch(trial.name, [row.at_s for row in trial.rows], lines, marks)


def outcome(model: BedExitModel, trial: Trial) -> Outcome:
    """What the detector makes of a trial."""
    return matched(trial, told(model, trial))


def matched(trial: Trial, alarms: list[float]) -> Outcome:
    """Which exits the alarms find, each one at most."""
    exits = trial.exits()
    left = list(alarms)
    found = 0
    for last_in, first_out in exits:
        hits = [at for at in left if last_in - EARLY_S <= at <= first_out + LATE_S]
        if hits:
            found += 1
            left.remove(hits[0])
    return Outcome(found, len(exits), len(alarms))


def told(model: BedExitModel, trial: Trial) -> list[float]:
    """Times (s) of the alarms; after the end of a trial only silence comes."""
    detector = BedExitDetector(model, trial.room)
    exits = [exit_ for row in trial.rows for exit_ in detector.feed(row)]
    return [exit_.at_s for exit_ in exits + detector.silence(trial.rows[-1].at_s + 3600)]


def blocks(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Consecutive trials of a room, five together."""
    rooms: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        rooms[trial.room].append(trial)
    return [own[n : n + BLOCK] for own in rooms.values() for n in range(0, len(own), BLOCK)]


def training(trials: Sequence[Trial], block: Sequence[Trial]) -> list[Trial]:
    """All trials but the block and two on either side of it in its room."""
    own = [trial.name for trial in trials if trial.room == block[0].room]
    first, last = own.index(block[0].name), own.index(block[-1].name)
    hidden = set(own[max(0, first - GUARD) : last + GUARD + 1])
    return [trial for trial in trials if trial.name not in hidden]


def fit(trials: Sequence[Trial]) -> BedExitModel:
    """Shapes, silences, flow, and the threshold that finds most exits at a precision of 0.8."""
    rooms = {
        name: _fit_room([t for t in trials if t.room == name]) for name in sorted({t.room for t in trials})
    }
    flow = _flow(trials)
    best, chosen = (-1.0, -1.0), THRESHOLDS[0]
    for threshold in THRESHOLDS:
        model = BedExitModel(rooms, flow, threshold, WAIT_S)
        own = sum((outcome(model, trial) for trial in trials), Outcome(0, 0, 0))
        precision = own.found / max(own.alarms, 1)
        score = (min(precision, LEAST_PRECISION), own.found / max(own.exits, 1))
        if score > best:
            best, chosen = score, threshold
    return BedExitModel(rooms, flow, chosen, WAIT_S)


def _fit_room(trials: Sequence[Trial]) -> Room:
    rows: dict[int, list[Vector]] = defaultdict(list)
    antennas = {state: np.ones(ANTENNAS) for state in LEARNED}
    gaps = np.ones((4, len(GAP_EDGES_S) + 1))
    for trial in trials:
        before: TagRow | None = None
        for n, (row, state) in enumerate(zip(trial.rows, trial.states, strict=True)):
            if state in antennas:
                rows[state].append(features(row, before)[0])
                antennas[state][min(row.antenna, ANTENNAS - 1)] += 1
            if before is not None:
                length = np.searchsorted(GAP_EDGES_S, row.at_s - before.at_s, side="right")
                gaps[trial.states[n - 1], length] += 1
            before = row
    return Room(
        shapes={state: _shape(np.array(rows[state])) for state in LEARNED},
        antennas={state: np.log(counts / counts.sum()) for state, counts in antennas.items()},
        gaps=np.log(gaps / gaps.sum(axis=1, keepdims=True)),
    )


def _shape(rows: Vector) -> Shape:
    covariance = np.cov(rows.T) + np.eye(rows.shape[1]) * _WIDEN**2
    inverse = np.asarray(np.linalg.inv(covariance), dtype=np.float64)
    return Shape(rows.mean(axis=0), inverse, float(np.linalg.slogdet(covariance)[1]))


def _flow(trials: Sequence[Trial]) -> Vector:
    """Changes of state a second."""
    changes, spent = np.full((4, 4), 0.5), np.full(4, 50.0)
    for trial in trials:
        for n in range(1, len(trial.rows)):
            before, now = trial.states[n - 1], trial.states[n]
            spent[before] += min(trial.rows[n].at_s - trial.rows[n - 1].at_s, 600.0)
            changes[before, now] += before != now
    flow = changes / spent[:, None]
    np.fill_diagonal(flow, 0)
    np.fill_diagonal(flow, -flow.sum(axis=1))
    result: Vector = flow
    return result


def read(folder: Path) -> list[Trial]:
    """All trials in the order of their names. Raises NoRecordings."""
    path = folder / "trials.csv.gz"
    if not path.is_file():
        raise NoRecordings(f"no trials.csv.gz in {folder.name}")
    rows: dict[str, list[TagRow]] = defaultdict(list)
    states: dict[str, list[int]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = row["trial"]
            acceleration = (float(row["a_front_g"]), float(row["a_vert_g"]), float(row["a_lat_g"]))
            rows[name].append(
                TagRow(float(row["t_s"]), *acceleration, int(row["antenna"]), float(row["rssi"]))
            )
            states[name].append(int(row["label"]) - 1)
    if not rows:
        raise NoRecordings(f"no rows in {folder.name}")
    return [Trial(name, tuple(rows[name]), tuple(states[name])) for name in sorted(rows)]


def ship(folder: Path, path: Path = MODEL) -> None:
    """Train on all trials of a folder and write the weights that ship."""
    model = fit(read(folder))
    path.write_text(json.dumps(_told(model), indent=1) + "\n", encoding="utf-8")


def _told(model: BedExitModel) -> dict[str, Any]:
    def plain(values: Vector) -> Any:
        return np.round(values, 5).tolist()

    rooms = {
        name: {
            "shapes": {
                str(state): {
                    "mean": plain(s.mean),
                    "inverse": plain(s.inverse),
                    "log_det": round(s.log_det, 5),
                }
                for state, s in room.shapes.items()
            },
            "antennas": {str(state): plain(shares) for state, shares in room.antennas.items()},
            "gaps": plain(room.gaps),
        }
        for name, room in model.rooms.items()
    }
    return {
        "version": 1,
        "rooms": rooms,
        "flow": np.round(model.flow, 7).tolist(),
        "silent_out": model.silent_out,
        "wait_s": model.wait_s,
    }
