import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from simulators.devices import wrist
from simulators.processes import SimulatorError
from simulators.replay import choose_trial, with_rest

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "umafall_wrist_waist"


def test_hello_is_the_line_of_the_page() -> None:
    assert wrist.hello_line("wrist-li-mei") == (
        b'{"type":"hello","device":"wrist-li-mei","rate_hz":20,"range_g":8.0}\n'
    )


def test_samples_line_carries_rows_in_g() -> None:
    line = wrist.samples_line(3, 1_770_401_402_000, np.array([[0.93, 0.31, 0.19]]))
    assert line == b'{"type":"samples","seq":3,"at":1770401402000,"xyz":[[0.93,0.31,0.19]]}\n'


def test_button_and_status_lines_are_those_of_the_page() -> None:
    assert json.loads(wrist.button_line(5, "cancel")) == {"type": "button", "at": 5, "button": "cancel"}
    assert json.loads(wrist.status_line(81)) == {
        "type": "status",
        "battery": 81,
        "worn": True,
        "charging": False,
    }


def test_a_recording_yields_only_the_rows_of_the_wrist(tmp_path: Path) -> None:
    path = tmp_path / "small.csv.gz"
    rows = ["trial,pos,t_ms,n,ax,ay,az", "A,wrist,0,0,0,0,1", "A,waist,0,0,9,9,9", "B,wrist,0,0,1,0,0"]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    trials = wrist.read_trials(path)
    assert list(trials) == ["A", "B"]
    assert trials["A"].tolist() == [[0, 0, 1]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "line 1"),
        ("trial,pos,t_ms,n,ax,ay,az\nA,wrist,0,0,x,0,1\n", "line 2"),
        ("trial,pos,t_ms,n,ax,ay,az\nA,waist,0,0,0,0,1\n", "pos = wrist"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(SimulatorError, match=said):
        choose_trial(path, None)


def test_an_unknown_trial_is_refused_and_the_known_ones_are_named(tmp_path: Path) -> None:
    path = tmp_path / "small.csv"
    path.write_text("trial,pos,t_ms,n,ax,ay,az\nA_fall_1,wrist,0,0,0,0,1\nA_fall_2,wrist,0,0,0,0,1\n")
    assert choose_trial(path, "fall_2")[0] == "A_fall_2"
    with pytest.raises(SimulatorError, match="A_fall_1, A_fall_2"):
        choose_trial(path, "fall")


@pytest.mark.evaluation
@pytest.mark.skipif(not SHARED.exists(), reason="no recordings beside the checkout")
def test_a_real_recording_is_read_and_rests_before_and_after() -> None:
    name, rows = choose_trial(SHARED / "subject_04.csv.gz", "Fall_backwardFall_1")
    assert "backwardFall_1" in name
    assert 250 < len(rows) < 350
    longer = with_rest(rows, seed=1)
    assert len(longer) > len(rows) + 500
