"""The yardsticks of breathing, pulse and heart rate: references, intervals, holes in recordings."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from edge.pipeline.meters import Estimate
from simulators.bed_signal import beat_shape
from tests.evaluation import heart_rate, rates, respiration
from tests.evaluation.__main__ import DATA
from tests.evaluation.measure import NoRecordings, Task
from tests.evaluation.rates import Scores


def test_the_rate_of_marks_is_that_between_the_first_and_the_last() -> None:
    marks = np.arange(0.0, 120.0, 4.0)
    assert respiration.marked_rate(marks, 1, 61) == pytest.approx(15)
    assert np.isnan(respiration.marked_rate(marks, 0, 7))


def test_a_blank_lowers_coverage_and_no_error() -> None:
    scores = Scores("a")
    scores.take(Estimate(15.0, 90), 14.0)
    scores.take(Estimate(None, blank="movement"), 14.0)
    assert rates.figures([scores]) == "mae=1.00 coverage=0.500"
    assert "left blank: movement 1" in rates.table("x", [scores])[-1]
    assert rates.figures([Scores("nobody")]) == "mae=nan coverage=0.000"


def test_subjects_are_drawn_whole_for_the_interval() -> None:
    sure, unsure = Scores("sure"), Scores("unsure")
    for _ in range(50):
        sure.take(Estimate(10.0, 90), 10.0)
        unsure.take(Estimate(12.0, 90), 10.0)
    assert "mae 0.00-2.00" in rates.interval([sure, unsure])


def test_holes_in_a_night_have_no_truth() -> None:
    stamps = np.concatenate([np.arange(0, 100.0), np.arange(150, 200.0)])
    night = heart_rate.night_of("n", stamps, np.ones(150), 200.0)
    assert night.rate(20, 50) == pytest.approx(60)
    assert night.rate(90, 120) is None
    assert night.rate(155, 185) == pytest.approx(60)
    assert night.rate(190, 220) is None


def test_a_made_night_is_the_same_each_time_and_can_be_measured() -> None:
    belt = np.sin(np.arange(20 * 240) / 20 * 2 * np.pi / 4)
    night = heart_rate.night_of("n", np.arange(260.0), np.full(260, 1.0), 240.0)
    first, again = (heart_rate.made_bed(night, belt, beat_shape(), (6.0, 6.0), seed=4) for _ in range(2))
    assert np.array_equal(first, again)
    assert len(first) == 240 * 50


def test_missing_recordings_are_said(tmp_path: Path) -> None:
    task = Task(folder=tmp_path, frozen=True, report=tmp_path)
    for measure in (respiration.respiration, respiration.pulse, heart_rate.heart_rate):
        with pytest.raises(NoRecordings):
            measure(task)


def test_without_a_belt_or_a_real_beat_they_are_made_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heart_rate, "MINUTES", 4)
    with gzip.open(tmp_path / "rr_s01_1.csv.gz", "wt") as file:
        file.write("t_s,hr_bpm,rr_s\n" + "".join(f"{n},60,1.0\n" for n in range(5300, 5700)))
    result = heart_rate.heart_rate(Task(folder=tmp_path, frozen=True, report=tmp_path))
    assert [line for line in result.table if "MADE, too" in line] == heart_rate.made_too(tmp_path)
    assert len(heart_rate.made_too(tmp_path)) == 2
    assert float(result.figures.split()[0].removeprefix("mae=")) < 2


@pytest.mark.evaluation
@pytest.mark.skipif(not (DATA / "bidmc_vitals").is_dir(), reason="no recordings beside the checkout")
def test_real_breathing_and_pulse(tmp_path: Path) -> None:
    task = Task(folder=DATA / "bidmc_vitals", frozen=True, report=tmp_path)
    for measure, worst, least in ((respiration.respiration, 0.5, 0.85), (respiration.pulse, 1.2, 0.9)):
        mae, coverage = (float(part.split("=")[1]) for part in measure(task).figures.split())
        assert mae <= worst
        assert coverage >= least
