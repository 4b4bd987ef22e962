"""What is grouped and shelved, and when: tables of numbers."""

from datetime import timedelta
from itertools import pairwise

import pytest

from cloud.cases import flood
from firmware_specs.kinds import EVENTS, LIFE_SAFETY
from tests.cloud.town import NOW


@pytest.mark.parametrize(
    ("alarms", "seats", "was", "flooded"),
    [
        (10, 1, False, False),
        (11, 1, False, True),
        (20, 2, False, False),
        (21, 2, False, True),
        (11, 0, False, True),
        (6, 1, True, True),
        (5, 1, True, False),
    ],
)
def test_more_than_ten_alarms_in_ten_minutes_for_a_seat_are_a_flood(
    alarms: int, seats: int, was: bool, flooded: bool
) -> None:
    assert flood.is_flood(alarms, seats, was=was) is flooded


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_only_technical_alarms_of_the_lowest_priority_can_be_grouped(kind: str) -> None:
    known = EVENTS[kind]
    cause = flood.cause_of(known.alarm_class, kind, known.priority)
    if kind in LIFE_SAFETY or known.alarm_class != "technical":
        assert cause is None
    for priority in (1, 2, 3):
        assert flood.cause_of("technical", kind, priority) is None
    for other in ("care", "test"):
        assert flood.cause_of(other, kind, 4) is None


def test_a_compounds_lost_mains_and_lost_links_are_one_cause() -> None:
    causes = {flood.cause_of("technical", kind, 4) for kind in ("mains_lost", "gateway_offline")}
    assert causes == {"outage"}
    assert flood.line_kind("370502/胜利小区/outage") == "area_outage"
    assert flood.line_kind("370502/胜利小区/battery_low") == "same_cause"


def test_a_line_itself_is_never_put_behind_a_line() -> None:
    assert flood.cause_of("technical", "area_outage", 4) is None
    assert flood.cause_of("technical", "same_cause", 4) is None


@pytest.mark.parametrize(
    ("cause", "cases", "flooded", "line"),
    [
        ("x/outage", 4, False, False),
        ("x/outage", 5, False, True),
        ("x/outage", 2, True, True),
        ("x/outage", 1, True, False),
        ("x/battery_low", 300, False, False),
        ("x/battery_low", 2, True, True),
    ],
)
def test_an_outage_is_one_line_flood_or_not_and_other_causes_in_a_flood(
    cause: str, cases: int, flooded: bool, line: bool
) -> None:
    assert flood.needs_line(cause, cases, flood=flooded) is line


def test_a_group_rings_when_it_has_doubled() -> None:
    sizes = [1, 2, 3, 4, 5, 8, 9, 15, 16]
    loud = [after for before, after in pairwise(sizes) if flood.grows_loud(before, after)]
    assert loud == [2, 4, 8, 16]
    assert not flood.grows_loud(8, 7)


def test_chatter_is_told_at_the_third_activation_in_a_minute_and_then_seldom() -> None:
    assert [n for n in range(1, 45) if flood.is_chatter(n)] == [3, 10, 20, 30, 40]


@pytest.mark.parametrize("kind", sorted(LIFE_SAFETY))
def test_what_a_life_hangs_on_can_never_be_shelved(kind: str) -> None:
    for alarm_class in ("care", "technical", "test"):
        assert flood.shelf_refusal(alarm_class, [kind], 4) == "life_safety"
        assert flood.shelf_refusal(alarm_class, ["battery_low", kind], 4) == "life_safety"


def test_only_technical_cases_can_be_shelved_and_not_the_mains_of_somebody_who_needs_them() -> None:
    assert flood.shelf_refusal("technical", ["gateway_offline"], 4) is None
    assert flood.shelf_refusal("technical", ["gateway_offline"], 2) is None
    assert flood.shelf_refusal("care", ["door_left_open"], 3) == "not_technical"
    assert flood.shelf_refusal("test", ["detector_test"], 4) == "not_technical"
    assert flood.shelf_refusal("technical", ["mains_lost"], 2) == "urgent"


@pytest.mark.parametrize("minutes", [0, -1, 481, 10_000])
def test_a_shelf_lasts_eight_hours_at_most(minutes: int) -> None:
    with pytest.raises(ValueError, match="480"):
        flood.shelf_until(NOW, minutes)
    assert flood.shelf_until(NOW, 480) - NOW == timedelta(hours=8)
