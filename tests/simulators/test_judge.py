from typing import Any

import pytest

from simulators import judge
from simulators.scenario import ExpectSpec

CASE: dict[str, Any] = {
    "number": 3,
    "subject_id": "home-1",
    "class": "care",
    "state": "open",
    "priority": 1,
    "kinds": ["sos"],
    "rings": 2,
    "repeats": 0,
    "alarm_count": 2,
    "late": False,
    "fire_suspected": False,
    "resident": {"id": "r1"},
    "opened_at": "2026-01-01T02:10:00.000Z",
    "occurred_at": "2026-01-01T02:09:30.000Z",
    "alarms": [
        {"kind": "sos", "room": "hall", "phase": "raised", "reasons": ["clock_wrong"], "cleared_at": None}
    ],
}
SUBJECTS = {"home": "home-1", "other_home": "home-2", "gateway": "gw-1"}
RESIDENTS = {"home": ["r1"], "other_home": ["r2"]}


def _expect(**fields: Any) -> ExpectSpec:
    return ExpectSpec(within_s=1, **fields)


@pytest.mark.parametrize(
    ("fields", "concerned"),
    [
        ({"case": "sos"}, True),
        ({"case": "fall"}, False),
        ({"kinds": ["sos", "smoke"]}, False),
        ({"case": "sos", "on": "other_home"}, False),
        ({"case": "sos", "alarm_class": "test"}, False),
        ({"no_case": "any"}, True),
        ({"no_case": "any", "alarm_class": "technical"}, False),
        ({"no_case": "fall"}, False),
    ],
)
def test_a_case_concerns_an_expectation_by_subject_class_and_kinds(
    fields: dict[str, Any], concerned: bool
) -> None:
    assert judge.concerns(_expect(**fields), CASE, SUBJECTS) is concerned


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"priority": 1, "state": "open", "rings": 2, "resident": "home", "age_below_s": 30}, []),
        ({"rings": 1}, ["rings is 2, expected 1"]),
        ({"rings_at_least": 3}, ["rings is 2, expected at least 3"]),
        ({"resident": "nobody"}, ["resident is r1, expected nobody"]),
        ({"resident": "other_home"}, ["resident is r1, expected one of other_home: ['r2']"]),
        ({"age_below_s": 10}, ["occurred 30 s before it was opened, expected at most 10"]),
    ],
)
def test_a_summary_is_compared_field_by_field(fields: dict[str, Any], said: list[str]) -> None:
    assert judge.misfits(_expect(case="sos", **fields), CASE, RESIDENTS) == said


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"room": "hall", "phase": "raised", "reason": "clock_wrong", "cleared": False}, True),
        ({"room": "kitchen"}, False),
        ({"reason": "late"}, False),
        ({"cleared": True}, False),
    ],
)
def test_what_only_the_alarms_show_is_compared_on_one_alarm(fields: dict[str, Any], fits: bool) -> None:
    expect = _expect(case="sos", **fields)
    assert judge.needs_detail(expect)
    assert (judge.detail_misfits(expect, CASE) == []) is fits
