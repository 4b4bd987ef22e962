"""Made-up days and knocks against what was recorded, and a home of them under the real pipeline."""

import numpy as np
import pytest

from edge.pipeline.fall_detector import Impacts
from simulators import lives
from simulators.devices import motion, movements
from simulators.devices.movements import Kind
from tests.benchmarks.bench_homes import report, upper95
from tests.benchmarks.home_life import BEGIN, HomeLife, judged


def _peaks(kind: Kind, count: int) -> list[float]:
    found = []
    for seed in range(count):
        impacts = Impacts(1.8)
        rows = movements.movement(kind, random=np.random.default_rng(seed)).rows
        for n, (x, y, z) in enumerate(rows.tolist()):
            found += [one.moment.length[one.moment.hit] for one in impacts.feed((x, y, z), n * 50.0)]
    return found


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("sit", 1.84, 2.18), ("lie", 1.96, 2.36), ("bend", 1.85, 2.21), ("reach", 1.98, 2.36)],
)
def test_hands_meet_things_as_hard_as_recorded_ones(kind: Kind, low: float, high: float) -> None:
    """The median within the recorded quartiles (wrists of UMAFall)."""
    assert low <= float(np.median(_peaks(kind, 15))) <= high


def test_the_same_seed_is_the_same_life_and_its_days_are_in_order() -> None:
    one, two = (list(lives.live(3, BEGIN, 4, falls_a_day=1)) for _ in range(2))
    assert one == two
    for day in one:
        assert [sign.at for sign in day.signs] == sorted(sign.at for sign in day.signs)
        assert 100 <= len(day.signs) <= 3000
        assert all(day.begin <= fall.at < day.begin + 86_400_000 for fall in day.falls)
    assert list(lives.live(4, BEGIN, 4, falls_a_day=1)) != one


def test_a_home_of_falls_is_told_of_them_and_the_last_line_counts_them() -> None:
    known = {kind: judged(kind, 1, 0) for kind in lives.A_DAY if kind not in lives.HARMLESS}
    record = HomeLife(1, known).live(6, 1.0)
    assert record.days == 6
    assert record.lays
    told = [lay for lay in record.lays if lay.told_s is not None]
    assert len(told) >= len(record.lays) / 2
    assert all(18 <= lay.told_s <= 86_400 for lay in told if lay.told_s is not None)
    line = report([record])[-1]
    assert line.startswith("homes: home_days=6 false_per_home_day=")


def test_bounds_of_rare_things_are_those_of_the_books() -> None:
    assert upper95(0) == pytest.approx(2.996, abs=1e-3)
    assert upper95(10) == pytest.approx(16.962, abs=1e-3)


def test_an_arm_that_belongs_to_nobody_is_quieter_than_a_living_one() -> None:
    random = np.random.default_rng(2)
    dead, living = (movements.aftermath(rest, motion.LYING, 20, random=random) for rest in ("off", "lies"))
    assert dead.std(axis=0).max() < living.std(axis=0).min()
