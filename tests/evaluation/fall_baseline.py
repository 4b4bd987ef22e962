"""How well the fall step does on real wrist recordings: `python tests/evaluation/fall_baseline.py [FOLDER]`.

FOLDER holds UMAFall's `subject_NN.csv.gz` and `trials.csv` (default `../shared/data/umafall_wrist_waist`
beside the
checkout). A trial counts as detected when the detector suspects a fall anywhere in it.
"""

import csv
import gzip
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from edge.pipeline.fall_features import FallDetector, Row

FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "umafall_wrist_waist"
RATE_HZ = 20.0


def trials(folder: Path) -> Iterator[tuple[dict[str, str], list[Row]]]:
    """The description and the wrist rows (g) of each trial that has any."""
    with (folder / "trials.csv").open(encoding="utf-8") as file:
        described = {row["trial"]: row for row in csv.DictReader(file)}
    for path in sorted(folder.glob("subject_*.csv.gz")):
        rows: dict[str, list[Row]] = defaultdict(list)
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["pos"] == "wrist" and row["ax"]:
                    rows[row["trial"]].append((float(row["ax"]), float(row["ay"]), float(row["az"])))
        for trial, samples in rows.items():
            yield described[trial], samples


def suspected(samples: list[Row], rate_hz: float = RATE_HZ) -> bool:
    """Whether the detector suspects a fall anywhere in these rows."""
    detector = FallDetector(rate_hz)
    return any([detector.feed(row, n * 1000 / rate_hz) is not None for n, row in enumerate(samples)])


def scores(folder: Path) -> tuple[Counter[tuple[str, str, bool]], Counter[tuple[str, str]]]:
    """Counts of (kind, activity, suspected) and of wrong answers by (kind, subject)."""
    answers: Counter[tuple[str, str, bool]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    for trial, samples in trials(folder):
        answer = suspected(samples)
        answers[trial["kind"], trial["activity"], answer] += 1
        if answer != (trial["kind"] == "Fall"):
            wrong[trial["kind"], trial["subject"]] += 1
    return answers, wrong


def rates(answers: Counter[tuple[str, str, bool]]) -> tuple[float, float]:
    """Sensitivity over falls and specificity over daily activities."""
    falls = {
        hit: sum(n for (kind, _, h), n in answers.items() if kind == "Fall" and h is hit)
        for hit in (True, False)
    }
    daily = {
        hit: sum(n for (kind, _, h), n in answers.items() if kind != "Fall" and h is hit)
        for hit in (True, False)
    }
    return falls[True] / (falls[True] + falls[False]), daily[False] / (daily[True] + daily[False])


def main() -> int:
    """Print one line an activity and one line in all; exit code 2 when the recordings are absent."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    if not (folder / "trials.csv").is_file():
        sys.stderr.write(f"{folder}: 没有录音 / no recordings here\n")
        return 2
    answers, wrong = scores(folder)
    for kind, activity in sorted({key[:2] for key in answers}):
        yes, no = answers[kind, activity, True], answers[kind, activity, False]
        sys.stdout.write(f"{kind:5} {activity:28} suspected {yes:3} of {yes + no:3}\n")
    for (kind, subject), count in sorted(wrong.items()):
        sys.stdout.write(f"wrong: subject {subject:>2} {kind:5} {count}\n")
    sensitivity, specificity = rates(answers)
    sys.stdout.write(
        f"fall_baseline: sensitivity={sensitivity:.3f} specificity={specificity:.3f} n={answers.total()}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
