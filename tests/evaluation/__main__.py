"""Measure every detector on real recordings: `make evaluate DATA=DIR`, or `python -m tests.evaluation DIR`.

DIR is laid out as `../shared/data`: one folder a data set. Whatever needs training is trained leave one
subject out, unless FROZEN=1 is in the environment: then the shipped weights are tried on all that is in DIR.
A measure is one line in MEASURES; its table is printed as it ends, its last line with all others at the end.
DIR may hold any part of the sets: what is absent or cannot be read is said, and the others are measured.
"""

import argparse
import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.evaluation import bed_exit, falls, heart_rate, pressure_mat, respiration, restlessness
from tests.evaluation.measure import Measure, NoRecordings, Task

_BROKEN: Final = (OSError, EOFError, ValueError, LookupError, ArithmeticError, zlib.error)
DATA: Final = Path(__file__).parents[2].parent / "shared" / "data"

MEASURES: Final[tuple[Measure, ...]] = (
    Measure("falls wrist", "umafall_wrist_waist", falls.wrist),
    Measure("falls waist", "umafall_wrist_waist", falls.waist),
    Measure("falls wrist_on_waist", "umafall_wrist_waist", falls.wrist_on_waist),
    Measure("falls waist_on_wrist", "umafall_wrist_waist", falls.waist_on_wrist),
    Measure("falls lower_backs", "mobgap_lower_back", falls.other_sets),
    Measure("bed_exit", "w2isp_older_people_bed", bed_exit.bed_exit),
    Measure("bed_occupancy", "pmd_pressure_mat", pressure_mat.occupancy, "popu_under_mattress"),
    Measure("respiration", "bidmc_vitals", respiration.respiration),
    Measure("pulse", "bidmc_vitals", respiration.pulse),
    Measure("heart_rate", "li2024_sleep_reference", heart_rate.heart_rate),
    Measure("restlessness", "li2024_sleep_reference", restlessness.restlessness),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for and print; exit code 2 when DATA does not exist."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluation", description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="?", type=Path, default=DATA, help="folder of data sets")
    parser.add_argument("--only", metavar="NAME", help="measures whose name begins so")
    parser.add_argument("--report", type=Path, default=Path("build/evaluation"), help="folder for plots")
    given = parser.parse_args(arguments)
    if not given.data.is_dir():
        sys.stderr.write(f"{given.data}: 没有这个文件夹 / no such folder\n")
        return 2
    frozen = os.environ.get("FROZEN", "0") not in ("", "0")
    chosen = [measure for measure in MEASURES if measure.name.startswith(given.only or "")]
    lines = [_run(measure, given.data, given.report, frozen=frozen) for measure in chosen]
    named = {name for measure in chosen for name in measure.sets}
    absent = sorted(name for name in named if not (given.data / name).is_dir())
    print("\n".join(["", *([f"没有 / absent: {', '.join(absent)}"] if absent else []), *lines]))
    return 0


def _run(measure: Measure, data: Path, report: Path, *, frozen: bool) -> str:
    """The measure's last line; its table is printed. A missing or broken set says so and stops nothing."""
    report.mkdir(parents=True, exist_ok=True)
    folder = data / measure.folder
    print(f"== {measure.name} ({measure.folder}, {'shipped weights' if frozen else 'subjects never seen'})")
    try:
        if not any((data / name).is_dir() for name in measure.sets):
            raise NoRecordings(f"no folder {measure.folder}")
        result = measure.run(Task(folder=folder, frozen=frozen, report=report))
    except NoRecordings as missing:
        return f"{measure.name}: not measured: {missing}"
    except _BROKEN as broken:
        return f"{measure.name}: not measured: {measure.folder} cannot be read: {broken!r}"
    print("\n".join(result.table), flush=True)
    return f"{measure.name}: {result.figures}"


if __name__ == "__main__":
    raise SystemExit(main())
