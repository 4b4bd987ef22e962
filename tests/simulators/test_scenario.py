from pathlib import Path

import pytest

from simulators.scenario import ScenarioError, load, parse
from simulators.together import load_together

FOLDER = Path(__file__).parents[2] / "simulators" / "scenarios"
GOOD = """title = "x"
[[device]]
name = "bedside"
type = "sos_button"
[[step]]
at = 1
device = "bedside"
do = "press"
[[expect]]
within_s = 1
case = "sos"
"""


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "C.UTF-8")


def test_a_small_story_is_read() -> None:
    story = parse(GOOD, "good.toml")
    assert story.step[0].do == "press"
    assert not story.own_clock


def test_the_stories_that_ship_are_all_readable() -> None:
    names = {path.stem for path in FOLDER.glob("*.toml")}
    assert len(names) == 19
    for name in names:
        assert load(FOLDER / f"{name}.toml").expect


@pytest.mark.parametrize(
    ("wrong", "line", "words"),
    [
        (GOOD.replace('do = "press"', 'do = "shout"'), 8, ["shout", "press"]),
        (GOOD.replace('device = "bedside"', 'device = "bedsid"'), 7, ["bedsid", "bedside"]),
        (GOOD.replace("at = 1", 'at = "soon"'), 6, ["at"]),
        (GOOD.replace("at = 1\n", ""), 5, ["at", "missing"]),
        (GOOD.replace('case = "sos"', 'cases = "sos"'), 11, ["cases"]),
        (GOOD.replace('case = "sos"', 'kase = "sos"'), 11, ["kase", "case", "kinds"]),
        (GOOD.replace('case = "sos"\n', ""), 10, ["case", "no_case"]),
        (GOOD.replace('type = "sos_button"', 'type = "toaster"'), 4, ["toaster"]),
        (GOOD + 'after = "never"\n', 12, ["after", "never"]),
        (GOOD + '[clock]\nstart = "02:10"\n', 13, ["start"]),
        (GOOD.replace("within_s = 1\n", ""), 9, ["within_s", "missing"]),
        (GOOD + "[[device]]\nname = 'bedside'\ntype = 'door'\n", 3, ["bedside"]),
    ],
)
def test_a_mistake_is_told_with_its_line_and_key(wrong: str, line: int, words: list[str]) -> None:
    with pytest.raises(ScenarioError) as told:
        parse(wrong, "story.toml")
    assert f"story.toml, line {line}:" in str(told.value)
    for word in words:
        assert word in str(told.value)


def test_broken_toml_and_absent_files_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="line 1"):
        parse("title = = 3", "story.toml")
    with pytest.raises(ScenarioError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match=r"binary\.toml"):
        load(binary)


def test_mistakes_are_told_in_chinese_where_the_locale_is_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    with pytest.raises(ScenarioError, match="第 8 行"):
        parse(GOOD.replace('do = "press"', 'do = "shout"'), "story.toml")


def test_stories_played_together_keep_their_names_apart_and_none_may_count_all_cases() -> None:
    story = load_together([FOLDER / "radar_r60.toml", FOLDER / "radar_tinyframe.toml"])
    assert [device.name for device in story.device] == ["radar_r60 ceiling", "radar_tinyframe wall"]
    assert {step.device for step in story.step} == {device.name for device in story.device}
    assert {expect.after for expect in story.expect} <= {step.name for step in story.step}
    with pytest.raises(ScenarioError, match="trackers"):
        load_together([FOLDER / "radar_r60.toml", FOLDER / "trackers.toml"])
