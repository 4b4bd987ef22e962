"""Accelerometer recordings as the detectors get them: times in ms and rows of (x, y, z) in g.

UMAFall's quirks, all of which the reader leaves as they are: falls are acted onto a mattress by people of
18-28 years, a trial is 15 s and the fall begins anywhere in it, without a time stamp; nominally 20 Hz, stamps
jitter by 15-90 ms and some rows are the row before told again; axes clip at 8 g; one of the two places is
missing in some trials; age and sex of a subject differ between some sessions. Older: 50 years and above.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.evaluation.measure import NoRecordings

OLDER_YEARS: Final = 50
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """One recording at one place; `fall` says whether a fall is somewhere in it."""

    name: str
    subject: str
    activity: str
    fall: bool
    older: bool
    t_ms: Rows
    xyz_g: Rows

    @property
    def seconds(self) -> float:
        """How long it is."""
        return float(self.t_ms[-1] - self.t_ms[0]) / 1000


def umafall(folder: Path, place: str) -> list[Trial]:
    """The trials recorded at `place` (wrist or waist); empty, unreadable and undescribed ones are left out.

    Raises NoRecordings when none is left.
    """
    described: dict[str, dict[str, str]] = {}
    if (folder / "trials.csv").is_file():
        with (folder / "trials.csv").open(encoding="utf-8") as file:
            described = {row["trial"]: row for row in csv.DictReader(file)}
    trials = [
        _trial(row, rows)
        for path in sorted(folder.glob("subject_*.csv.gz"))
        for name, rows in _rows(path, place).items()
        if (row := described.get(name) or _by_name(name)) is not None and len(rows) >= 20
    ]
    if not trials:
        raise NoRecordings(f"no {place} trial in {folder.name}")
    return trials


def mobgap(folder: Path) -> Iterator[tuple[str, Rows, Rows]]:
    """Name, times and rows of each lower-back recording; daily activities and walks, no falls. 100 Hz."""
    for path in sorted(folder.glob("*_100hz.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            rows = np.array([[float(row[f"acc_{axis}"]) for axis in "xyz"] for row in csv.DictReader(file)])
        yield path.name.removesuffix("_100hz.csv.gz"), np.arange(len(rows), dtype=np.float64) * 10.0, rows


def _by_name(name: str) -> dict[str, str] | None:
    """What UMAFall's own name of a trial (Subject_01_ADL_Walking_1_...) says where no table describes it:
    not how old the person is.
    """
    words = name.split("_")
    if len(words) < 4 or words[0] != "Subject" or words[2] not in ("ADL", "Fall"):
        return None
    return {"trial": name, "subject": words[1].lstrip("0"), "kind": words[2], "activity": words[3], "age": ""}


def _rows(path: Path, place: str) -> dict[str, list[list[float]]]:
    rows: dict[str, list[list[float]]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["pos"] == place and row["ax"]:
                rows[row["trial"]].append([float(row[key]) for key in ("t_ms", "ax", "ay", "az")])
    return rows


def _trial(row: dict[str, str], rows: list[list[float]]) -> Trial:
    values = np.array(rows)
    values = values[np.isfinite(values).all(axis=1)]
    values = values[np.argsort(values[:, 0], kind="stable")]
    return Trial(
        name=row["trial"],
        subject=row["subject"],
        activity=row["activity"],
        fall=row["kind"] == "Fall",
        older=float(row["age"] or 0) >= OLDER_YEARS,
        t_ms=values[:, 0],
        xyz_g=values[:, 1:],
    )
