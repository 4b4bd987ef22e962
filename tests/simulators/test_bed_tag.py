"""A simulated tag at the breastbone against what real ones showed (w2isp), and the exits that it makes."""

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from edge.pipeline.bed_exit import BedExitDetector, TagRow, load
from simulators.devices import bed_tag
from simulators.devices.bed_tag import Heard, State


@cache
def nights() -> list[list[Heard]]:
    """Made when the first test asks, not when all tests are looked up."""
    return [list(bed_tag.heard(seed, 900)) for seed in range(40)]


def _of(state: State, name: str) -> "np.ndarray[Any, Any]":
    return np.array([getattr(one, name) for night in nights() for one in night if one.state == state])


@pytest.mark.parametrize(
    ("state", "front", "vertical", "rssi", "gap"),
    [
        ("sits", (0.42, 0.22), (0.91, 0.11), (-64.5, -56.5), (0.25, 0.75)),
        ("chair", (0.51, 0.31), (0.85, 0.12), (-58.5, -55.0), (0.5, 1.5)),
        ("lies", (0.98, 0.23), (-0.06, 0.17), (-66.0, -49.0), (0.1, 0.5)),
        ("up", (0.21, 0.25), (0.96, 0.13), (-62.0, -45.0), (0.08, 0.25)),
    ],
)
def test_each_state_looks_as_recorded(state: State, front: Any, vertical: Any, rssi: Any, gap: Any) -> None:
    """Recorded means and deviations, 10th and 90th percentile of the signal, quartiles of the gaps."""
    for name, (mean, deviation) in (("front_g", front), ("vertical_g", vertical)):
        found = _of(state, name)
        assert found.mean() == pytest.approx(mean, abs=0.35 * deviation)
        assert found.std() == pytest.approx(deviation, rel=0.35)
    low, high = np.percentile(_of(state, "rssi_dbm"), [10, 90])
    assert (low, high) == pytest.approx(rssi, abs=2)
    gaps = [
        one.at_s - before.at_s
        for night in nights()
        for before, one in pairwise(night)
        if before.state == one.state == state
    ]
    assert gap[0] * 0.7 <= float(np.median(gaps)) <= gap[1] * 1.3


def test_the_shipped_detector_finds_most_made_exits_and_the_same_seed_is_the_same_night() -> None:
    assert bed_tag.heard(3, 300) == bed_tag.heard(3, 300)
    found = there = alarms = 0
    for night in nights()[:12]:
        detector = BedExitDetector(load(), "d1")
        told = [one for row in night for one in detector.feed(_row(row))]
        told += detector.silence(night[-1].at_s + 3600)
        for last, first in bed_tag.exits(night):
            there += 1
            found += any(last - 5 <= one.at_s <= first + 10 for one in told)
        alarms += len(told)
    assert there >= 30
    assert found / there >= 0.8
    assert found / alarms >= 0.7


def _row(one: Heard) -> TagRow:
    return TagRow(one.at_s, one.front_g, one.vertical_g, one.lateral_g, one.antenna, one.rssi_dbm)
