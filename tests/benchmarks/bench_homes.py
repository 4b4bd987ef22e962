"""Simulated homes under the real pipeline: `make bench-homes`, or `python -m tests.benchmarks.bench_homes`.

Whole days of elders (`simulators/lives.py`) with falls in a share of them; every sign goes through the steps
of a gateway, raw acceleration where a movement of the bank is suspected. Last line:

    homes: home_days=... false_per_home_day=... upper95=... questions_per_home_day=... falls=... missed=...

`false` are falls raised (life-safety) while nobody lay on the floor; `questions` falls that the cloud asks
about after 20 s. `missed`: falls with the bracelet on after which the elder lay until found by chance.
"""

import argparse
import math
import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from statistics import median

from simulators import lives
from tests.benchmarks.home_life import BEGIN, Bank, HomeLife, judged
from tests.benchmarks.home_record import Lay, Record, Told

_BANK: Bank = {}


def upper95(count: int) -> float:
    """The one-sided 95 % upper bound of a Poisson mean of which `count` were seen."""
    low, high = float(count), count + 10 + 6 * math.sqrt(count + 1)
    for _ in range(60):
        mean = (low + high) / 2
        seen = sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(count + 1))
        low, high = (mean, high) if seen > 0.05 else (low, mean)
    return high


@dataclass(frozen=True)
class Home:
    """One home of a seed: days, falls a day, how often its elder answers the home's question."""

    seed: int
    days: int
    falls_a_day: float
    answers: float


def home(task: Home) -> Record:
    """Live it."""
    return HomeLife(task.seed, _BANK, task.answers).live(task.days, task.falls_a_day)


def run(tasks: Sequence[Home], *, size: int, seed: int, jobs: int) -> list[Record]:
    """The bank first, a kind a task; then the homes, with a report so far on stderr after each twenty."""
    kinds = [kind for kind in lives.A_DAY if kind not in lives.HARMLESS]
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(judged, kinds, [size] * len(kinds), [seed] * len(kinds))
        known = dict(zip(kinds, found, strict=True))
    with ProcessPoolExecutor(jobs, initializer=_BANK.update, initargs=(known,)) as pool:
        records: list[Record] = []
        for record in pool.map(home, tasks):
            records.append(record)
            if len(records) % 20 == 0:
                sys.stderr.write("\n".join(report(records)) + "\n\n")
        return records


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_homes")
    parser.add_argument("--homes", type=int, default=200)
    parser.add_argument("--days", type=int, default=75)
    parser.add_argument("--falls", type=float, default=0.03, help="a home a day")
    parser.add_argument("--answers", type=float, default=0.7, help="share of questions of the home answered")
    parser.add_argument("--bank", type=int, default=1500, help="movements of each kind")
    parser.add_argument("--seed", type=int, default=0, help="the first home's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args(arguments)
    tasks = [Home(given.seed + n, given.days, given.falls, given.answers) for n in range(given.homes)]
    records = run(tasks, size=given.bank, seed=given.seed, jobs=given.jobs)
    sys.stdout.write("\n".join(report(records)) + "\n")
    return 0


def report(records: Sequence[Record]) -> list[str]:
    """The table and the last line."""
    days = sum(record.days for record in records)
    told = [one for record in records for one in record.told]
    lays = [lay for record in records for lay in record.lays]
    worn = [lay for lay in lays if lay.fall.bracelet]
    false = [one for one in told if one.kind == "fall" and not one.true]
    alarms = [one for one in false if "raised" in one.phases]
    questions = [one for one in false if one.asked_at is not None]
    quiet = [one for one in told if one.kind == "inactivity" and not one.true and "raised" in one.phases]
    left = [one for one in told if one.kind == "fence_exit"]
    missed = [lay for lay in worn if lay.told_s is None and lay.fall.alone_min is None]
    raised = sorted(lay.raised_s for lay in worn if lay.raised_s is not None)
    heard = sorted(lay.told_s for lay in worn if lay.told_s is not None)
    knocks, suspected = (sum(getattr(record, key) for record in records) for key in ("knocks", "suspected"))
    return [
        f"impacts of daily life: {knocks / days:.1f} a home a day, suspected {suspected / days:.3f}",
        f"became of them: {dict(Counter(_end(one) for one in false))}",
        f"raised by: {_by(alarms)}; of true falls: {_by(one for one in told if one.true)}",
        f"raised after: {dict(Counter(one.met for one in alarms))}; asked after: "
        f"{dict(Counter(one.met for one in questions))}",
        *(
            f"missed: {_missed(record.seed, lay)}"
            for record in records
            for lay in record.lays
            if lay in missed
        ),
        *(f"raised after {one.met}: {' '.join(one.evidence.get('reasons', []))}" for one in alarms[:10]),
        f"inactivity without a fall: {len(quiet)} ({len(quiet) / days:.4f} a home a day), hours: "
        f"{dict(sorted(Counter(one.evidence.get('hour') for one in quiet).items(), key=str))}",
        f"safe zone left: {len(left)}",
        *_of_falls("bracelet on", worn),
        *_of_falls("no bracelet", [lay for lay in lays if not lay.fall.bracelet]),
        f"homes: home_days={days} false_per_home_day={len(alarms) / days:.5f} "
        f"upper95={upper95(len(alarms)) / days:.5f} questions_per_home_day={len(questions) / days:.4f} "
        f"inactivity_per_home_day={len(quiet) / days:.4f} falls={len(worn)} missed={len(missed)} "
        f"raised={len(raised)} raised_p50_s={median(raised or [0]):.0f} "
        f"raised_max_s={max(raised, default=0):.0f} told_p50_s={median(heard or [0]):.0f} "
        f"told_max_s={max(heard, default=0):.0f}",
    ]


def _missed(seed: int, lay: Lay) -> str:
    who = lives.whose(seed)
    others = " ".join(name for name, has in (("pet", who.pet), ("couple", who.couple)) if has)
    day = (lay.fall.at - BEGIN) // 86_400_000
    return f"home {seed} day {day} {lay.fall.room} {'moves' if lay.fall.moves else 'still'} {others}"


def _by(events: Iterable[Told]) -> dict[str, int]:
    """Why falls were raised, by how often."""
    fell = (one for one in events if one.kind == "fall" and "raised" in one.phases)
    return dict(Counter(str(one.evidence.get("confirmed_by")) for one in fell))


def _end(one: Told) -> str:
    if "raised" in one.phases:
        return "raised"
    by = f"cancelled by {one.evidence.get('cancelled_by')}" if "cancelled" in one.phases else "left"
    return f"asked, {by}" if one.asked_at is not None else by


def _of_falls(name: str, lays: Sequence[Lay]) -> list[str]:
    by = Counter(lay.by or ("untold, up alone" if lay.fall.alone_min else "untold, found") for lay in lays)
    pets = sum(lay.told_s is None and lay.pet for lay in lays)
    return [f"falls, {name}: {len(lays)}; told first by {dict(by)}; untold with a pet: {pets}"]


if __name__ == "__main__":
    raise SystemExit(main())
