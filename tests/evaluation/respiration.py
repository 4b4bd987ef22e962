"""Breathing and pulse on bidmc: the monitor's impedance breathing and its PPG against breath marks and ECG.

Nothing is trained: the meters have no learned parameters, so FROZEN changes nothing. A breathing window
(60 s, each 5 s) is compared with the mean rate of the breath marks in it, averaged over the two annotators;
a pulse window (30 s) with the monitor's ECG heart rate averaged over it. Records of one patient count as one
subject.
"""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from edge.pipeline.meters import BREATHING, PULSE, Estimate, Meter, Method
from edge.pipeline.rhythm import Vector
from tests.evaluation import plots, rates
from tests.evaluation.measure import NoRecordings, Result, Task
from tests.evaluation.rates import Scores

HZ: Final = 125.0
_RESP, _PPG = 0, 1
_Reference = Callable[[float, float], float]


def respiration(task: Task) -> Result:
    """Last line: the breathing movement; the table says too what the PPG alone gives for breathing."""
    movement = _measured(task.folder, BREATHING, _RESP, _breaths)
    ppg = _measured(task.folder, BREATHING, _PPG, _breaths)
    table = rates.table("breathing from the breathing movement (impedance)", movement)
    table.append(_drawn(task, "respiration", movement, BREATHING, _RESP))
    table.append(f"breathing from the PPG's slow wave alone: {rates.figures(ppg)} ({rates.interval(ppg)})")
    return Result(rates.figures(movement), table)


def pulse(task: Task) -> Result:
    """Last line: pulse from the PPG against the ECG's heart rate."""
    measured = _measured(task.folder, PULSE, _PPG, _heart_rate)
    table = rates.table("pulse from the PPG", measured)
    return Result(rates.figures(measured), [*table, _drawn(task, "pulse", measured, PULSE, _PPG)])


def _drawn(task: Task, name: str, measured: list[Scores], method: Method, column: int) -> str:
    """Pictures of the worst window of the worst records, with the breath marks if it is of breaths."""
    drawn = []
    for error, record, end in rates.worst(measured):
        signal = _columns(task.folder / f"{record}_signals_125hz.csv.gz")[:, column]
        first = int((end - method.window_s) * HZ)
        seconds = np.arange(first, int(end * HZ)) / HZ
        lines = {"signal": signal[first : int(end * HZ)].tolist()}
        title = f"{record}, error {error:+.1f}/min"
        breaths = _marked(task.folder, record, float(seconds[0]), end) if method is BREATHING else {}
        drawn.append(plots.Stretch(title, seconds.tolist(), lines, breaths))
    return plots.stretches(task.report / f"{name}.png", drawn)


def _marked(folder: Path, record: str, first_s: float, last_s: float) -> dict[str, list[float]]:
    """Each annotator's breaths within a window."""
    marks = _columns(folder / f"{record}_breaths.csv.gz") / HZ
    return {
        f"breaths, annotator {n + 1}": [float(mark) for mark in column if first_s <= mark < last_s]
        for n, column in enumerate(marks.T)
    }


def _measured(
    folder: Path, method: Method, column: int, reference_of: Callable[[Path, str], _Reference]
) -> list[Scores]:
    patients = _patients(folder)
    found: dict[str, Scores] = {}
    for path in sorted(folder.glob("*_signals_125hz.csv.gz")):
        record = path.name.removesuffix("_signals_125hz.csv.gz")
        try:
            reference = reference_of(folder, record)
        except FileNotFoundError:
            continue
        subject = patients.get(record, record)
        scores = found.setdefault(subject, Scores(subject))
        for end, estimate in estimates(method, _columns(path)[:, column]):
            true = reference(end - method.window_s, end)
            if np.isfinite(true):
                scores.take(estimate, true, record, end)
    if not found:
        raise NoRecordings(f"no signals with a reference in {folder.name}")
    return list(found.values())


def estimates(method: Method, signal: Vector) -> list[tuple[float, Estimate]]:
    """Each estimate of a signal at 125 Hz with the time of its end, s."""
    return [(rows / HZ, estimate) for rows, estimate in Meter(HZ, method).feed(signal.tolist())]


def _breaths(folder: Path, record: str) -> _Reference:
    marks = _columns(folder / f"{record}_breaths.csv.gz") / HZ

    def reference(first_s: float, last_s: float) -> float:
        return float(np.mean([marked_rate(column, first_s, last_s) for column in marks.T]))

    return reference


def marked_rate(marks_s: Vector, first_s: float, last_s: float) -> float:
    """Breaths a minute between the first and the last mark of a window; nan with fewer than three marks."""
    inside = marks_s[(marks_s >= first_s) & (marks_s < last_s)]
    if len(inside) < 3:
        return float("nan")
    return float(60 * (len(inside) - 1) / (inside[-1] - inside[0]))


def _heart_rate(folder: Path, record: str) -> _Reference:
    numerics = _columns(folder / f"{record}_numerics_1hz.csv.gz")

    def reference(first_s: float, last_s: float) -> float:
        inside = numerics[(numerics[:, 0] >= first_s) & (numerics[:, 0] < last_s), 1]
        known = inside[np.isfinite(inside) & (inside > 0)]
        return float(known.mean()) if len(known) > len(inside) / 2 else float("nan")

    return reference


def _patients(folder: Path) -> dict[str, str]:
    """Patient by record."""
    path = folder / "records.csv"
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8") as file:
        return {row["record"]: row["patient"] for row in csv.DictReader(file)}


def _columns(path: Path) -> Vector:
    """The numbers of a gzipped CSV with a header; empty cells are nan."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        table: Vector = np.atleast_2d(np.genfromtxt(file, delimiter=",", skip_header=1))
    return table
