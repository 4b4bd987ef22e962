"""The frame of `make evaluate`: last lines, missing sets, few subjects."""

import gzip
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.pipeline.fall_model import Model
from tests.evaluation import falls
from tests.evaluation.__main__ import DATA, main
from tests.evaluation.fall_training import Table, Trainer, threshold_for
from tests.evaluation.measure import NoRecordings, Task, interval, rate

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


def test_any_part_of_the_sets_is_measured_and_the_rest_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROZEN", "1")
    falls_, broken = tmp_path / "umafall_wrist_waist", tmp_path / "w2isp_older_people_bed"
    popu = tmp_path / "popu_under_mattress"
    for folder in (falls_, broken, popu):
        folder.mkdir()
    with gzip.open(falls_ / "subject_77.csv.gz", "wt") as file:
        rows = "".join(f"Subject_77_ADL_Walking_1_x,wrist,{n * 50},{n},0,0,1,,,\n" for n in range(40))
        file.write("trial,pos,t_ms,n,ax,ay,az,gx,gy,gz\n" + rows)
    with gzip.open(popu / "over_mattress_27x64.csv.gz", "wt") as file:
        file.write("file,position,o0,o1\na,empty,0,0\na,supine,90,90\n")
    (broken / "trials.csv.gz").write_bytes(b"\x1f\x8b damaged")
    assert main([str(tmp_path), "--report", str(tmp_path / "report")]) == 0
    said = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines() if ": " in line)
    assert said["falls wrist"] == (
        "sensitivity=n/a specificity=1.000 elderly_adl_specificity=n/a "
        "false_alarms_per_hour=0.00 subjects=1 sensitivity_95=n/a"
    )
    assert said["falls waist"] == "not measured: no waist trial in umafall_wrist_waist"
    assert said["bed_occupancy"].startswith("sensitivity=1.000 specificity=1.000")
    assert "cannot be read" in said["bed_exit"]
    assert "li2024_sleep_reference" in said["没有 / absent"]
    assert "umafall_wrist_waist" not in said["没有 / absent"]


def test_no_folder_at_all_is_an_error(tmp_path: Path) -> None:
    assert main([str(tmp_path / "absent")]) == 2


def test_intervals_are_those_of_the_books() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(52, 52) == pytest.approx((0.9312, 1.0), abs=1e-4)
    assert interval(134, 141) == pytest.approx((0.9010, 0.9757), abs=1e-4)
    assert rate(0, 0) == "n/a"


def _table() -> Table:
    """Six people, four trials each, two impacts a trial; the first trials of all but one person are falls."""
    random = np.random.default_rng(5)
    trial = np.repeat(np.arange(24), 2)
    fall = (np.arange(24) % 4 < 2) & (np.arange(24) >= 4)
    return Table(
        names=("a", "b"),
        x=random.normal(fall[trial, None], 1.0, (48, 2)),
        trial=trial,
        phase=np.zeros(48, dtype=np.int64),
        label=fall[trial].astype(np.int64),
        fall=fall,
        subject=np.array([f"s{n // 4}" for n in range(24)]),
    )


def _line(table: Table, rows: NDArray[np.bool_]) -> Model:
    """A model that depends on every row it is given, in normalisation and in weights."""
    x = table.x[rows]
    weights = x[table.label[rows] == 1].mean(axis=0) - x[table.label[rows] == 0].mean(axis=0)
    return Model(
        version="test",
        names=table.names,
        threshold=0.5,
        sure=0.5,
        mean=x.mean(axis=0),
        scale=x.std(axis=0),
        hidden=weights[None, :, None],
        hidden_bias=np.zeros((1, 1)),
        output=np.ones((1, 1)),
        output_bias=np.zeros(1),
    )


@pytest.mark.parametrize("tested", [f"s{n}" for n in range(6)])
def test_nothing_of_the_tested_person_reaches_model_normalisation_or_threshold(tested: str) -> None:
    table = _table()
    others = set(table.subject) - {tested}
    own = table.rows_of([tested])
    changed = replace(table, x=np.where(own[:, None], 99.0, table.x), label=np.where(own, 1, table.label))
    trained, again = (Trainer(known, _line).train(others) for known in (table, changed))
    assert (trained.threshold, trained.sure) == (again.threshold, again.sure)
    assert np.array_equal(trained.mean, again.mean)
    assert np.array_equal(trained.scale, again.scale)
    assert np.array_equal(trained.hidden, again.hidden)
    everybody = Trainer(table, _line).train(set(table.subject))
    assert not np.array_equal(everybody.mean, trained.mean), "the check can see a leak"


def test_inside_the_training_people_too_nobody_is_scored_by_a_model_that_knows_them() -> None:
    table, groups = _table(), []

    def fit(table: Table, rows: NDArray[np.bool_]) -> Model:
        groups.append(frozenset(table.subject[table.trial[rows]].tolist()))
        return _line(table, rows)

    people = {"s0", "s1", "s2", "s3"}
    Trainer(table, fit).train(people)
    assert set(groups) == {frozenset(people)} | {frozenset(people - {one}) for one in people}


def test_too_few_people_are_said_to_be_too_few() -> None:
    with pytest.raises(NoRecordings, match="FROZEN=1"):
        Trainer(_table(), _line).train({"s0", "s1"})


def test_the_threshold_keeps_the_share_of_daily_life_that_was_asked_for() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.9, 0.6, 0.8, np.nan])
    fall = np.array([False, False, False, False, True, True, False])
    assert threshold_for(scores, fall, 0.75) == pytest.approx(0.45)
    assert threshold_for(scores, fall, 1.0) == pytest.approx(0.91)


@pytest.mark.evaluation
@pytest.mark.skipif(not (DATA / "umafall_wrist_waist").is_dir(), reason="no recordings beside the checkout")
def test_real_falls_at_the_wrist(tmp_path: Path) -> None:
    """Three people only, one of them older: the whole set belongs to `make evaluate`."""
    for name in ("subject_01.csv.gz", "subject_08.csv.gz", "subject_17.csv.gz", "trials.csv"):
        (tmp_path / name).symlink_to(DATA / "umafall_wrist_waist" / name)
    result = falls.wrist(Task(folder=tmp_path, frozen=True, report=tmp_path))
    figures = dict(re.findall(r"(\w+)=([\d.]+)", result.figures))
    assert float(figures["sensitivity"]) >= 0.93, "in-sample: the shipped weights know these people"
    assert float(figures["specificity"]) >= 0.95
    assert float(figures["elderly_adl_specificity"]) == 1
    assert figures["subjects"] == "3"
