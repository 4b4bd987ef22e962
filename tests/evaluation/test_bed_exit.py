"""Nothing of the trials left out, nor of their neighbours, reaches what is learned."""

from pathlib import Path

import pytest

from edge.pipeline.bed_exit import TagRow, load
from tests.evaluation import bed_exit
from tests.evaluation.__main__ import DATA
from tests.evaluation.bed_exit import Outcome, Trial
from tests.evaluation.measure import NoRecordings, Task


def trial(name: str, shift: float = 0.0) -> Trial:
    """Lies, sits, walks, sits on a chair; each twenty seconds."""
    states = [state for state in (2, 0, 3, 1) for _ in range(20)]
    front = {2: 1.0, 0: 0.4, 3: 0.0, 1: 0.6}
    rows = tuple(
        TagRow(
            float(n), front[s] + shift + 0.02 * (n % 5), 0.0 if s == 2 else 0.9, 0.01 * n, s, -60.0 - n % 4
        )
        for n, s in enumerate(states)
    )
    return Trial(name, rows, tuple(states))


TRIALS = [trial(f"{room}p{n:02}F", 0.01 * n) for room in ("d1", "d2") for n in range(1, 13)]


def test_every_trial_is_left_out_once() -> None:
    out = [trial.name for block in bed_exit.blocks(TRIALS) for trial in block]
    assert sorted(out) == [trial.name for trial in TRIALS]


def test_neither_a_trial_left_out_nor_its_neighbours_are_trained_on() -> None:
    for block in bed_exit.blocks(TRIALS):
        used = [trial.name for trial in bed_exit.training(TRIALS, block)]
        assert {trial.room for trial in block} == {block[0].room}
        for hidden in block:
            number = int(hidden.name[3:5])
            near = {f"{hidden.room}p{number + step:02}F" for step in range(-2, 3)}
            assert not near & set(used)


def test_what_is_learned_does_not_change_with_the_trials_left_out() -> None:
    block = bed_exit.blocks(TRIALS)[0]
    wild = {hidden.name: trial(hidden.name, 9.0) for hidden in block}
    others = [wild.get(known.name, known) for known in TRIALS]
    before, after = (bed_exit.fit(bed_exit.training(all_, block)) for all_ in (TRIALS, others))
    assert str(bed_exit._told(before)) == str(bed_exit._told(after))


def test_an_alarm_finds_one_exit_within_its_time() -> None:
    example = trial("d1p01F")
    assert example.exits() == [(39.0, 40.0)]
    model = bed_exit.fit(TRIALS)
    assert bed_exit.outcome(model, example) == Outcome(found=1, exits=1, alarms=1)


def test_missing_recordings_are_said(tmp_path: Path) -> None:
    with pytest.raises(NoRecordings):
        bed_exit.bed_exit(Task(folder=tmp_path, frozen=False, report=tmp_path))


@pytest.mark.evaluation
@pytest.mark.skipif(
    not (DATA / "w2isp_older_people_bed").is_dir(), reason="no recordings beside the checkout"
)
def test_the_shipped_weights_on_the_real_trials_they_know() -> None:
    shipped = load()
    trials = [trial for trial in bed_exit.read(DATA / "w2isp_older_people_bed") if len(trial.rows) < 1500]
    total = sum((bed_exit.outcome(shipped, trial) for trial in trials), Outcome(0, 0, 0))
    assert total.found / total.exits >= 0.93
    assert total.found / total.alarms >= 0.8
