"""The frame of `make evaluate`: last lines, missing sets, few subjects."""

import re
from pathlib import Path

import pytest

from tests.evaluation import falls
from tests.evaluation.__main__ import DATA, main
from tests.evaluation.measure import Task, interval, rate

_HEAD = "trial,subject,kind,activity,rep,age,sex,height_cm,weight_kg,n_wrist,peak_g_wrist,dur_s,n_waist\n"


def test_a_data_set_that_is_missing_says_so_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path), "--report", str(tmp_path / "report")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "falls wrist: not measured: no folder umafall_wrist_waist" in lines
    (tmp_path / "umafall_wrist_waist").mkdir()
    (tmp_path / "umafall_wrist_waist" / "trials.csv").write_text(_HEAD)
    assert main([str(tmp_path), "--report", str(tmp_path / "report")]) == 0
    assert "falls waist: not measured: no waist trial" in capsys.readouterr().out


def test_no_folder_at_all_is_an_error(tmp_path: Path) -> None:
    assert main([str(tmp_path / "absent")]) == 2


def test_intervals_are_those_of_the_books() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(52, 52) == pytest.approx((0.9312, 1.0), abs=1e-4)
    assert interval(134, 141) == pytest.approx((0.9010, 0.9757), abs=1e-4)
    assert rate(0, 0) == "n/a"


@pytest.mark.evaluation
@pytest.mark.skipif(not (DATA / "umafall_wrist_waist").is_dir(), reason="no recordings beside the checkout")
def test_real_falls_at_the_wrist(tmp_path: Path) -> None:
    result = falls.wrist(Task(folder=DATA / "umafall_wrist_waist", frozen=True, report=tmp_path))
    figures = dict(re.findall(r"(\w+)=([\d.]+)", result.figures))
    assert float(figures["sensitivity"]) >= 0.85
    assert float(figures["specificity"]) >= 0.95
    assert float(figures["elderly_adl_specificity"]) == 1
