"""The table of states and moves, and the limits that time sets."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.cases import case
from cloud.cases.case import TRANSITIONS, ImpossibleMove, Move, Owner, State
from tests.cloud.town import NOW, seconds

PAIRS = list(product(State, Move))


@pytest.mark.parametrize(("state", "move"), PAIRS)
def test_a_pair_is_in_the_table_or_impossible(state: State, move: Move) -> None:
    if move in TRANSITIONS[state]:
        assert case.step(state, move) is TRANSITIONS[state][move]
    else:
        with pytest.raises(ImpossibleMove) as refused:
            case.step(state, move)
        assert (refused.value.state, refused.value.move) == (state, move)


@given(st.lists(st.sampled_from(Move), max_size=40))
def test_any_story_keeps_to_the_promises(moves: list[Move]) -> None:
    """Closed is final, only an open case is claimed, only a resolved or settled one closes."""
    state = State.OPEN
    for move in moves:
        before = state
        try:
            state = case.step(state, move)
        except ImpossibleMove:
            continue
        assert before is not State.CLOSED
        if state is State.CLOSED:
            assert before is State.RESOLVED or move is Move.SETTLE
        if state is State.CLAIMED and before is not State.CLAIMED:
            assert (before, move) == (State.OPEN, Move.CLAIM)
        if state is State.RESOLVED:
            assert before is State.CLAIMED
        if move is Move.JOIN:
            assert state is before
    if state is not State.CLOSED:
        assert TRANSITIONS[state], "nothing but closed is a dead end"


def test_a_resolved_case_takes_no_alarm() -> None:
    assert Move.JOIN not in TRANSITIONS[State.RESOLVED]


def owner(**fields: object) -> Owner:
    return Owner(**{"seat_last_seen_at": NOW, "stage_due_at": NOW + case.CLAIMED_LIMIT} | fields)  # type: ignore[arg-type]


def test_a_seat_lives_for_twenty_seconds_without_a_sign() -> None:
    assert not case.seat_died(owner(), NOW + seconds(20))
    assert case.seat_died(owner(), NOW + seconds(20.001))


def test_nobody_who_talks_loses_the_case() -> None:
    talking = owner(call_until=NOW + seconds(300))
    assert not case.seat_died(talking, NOW + seconds(299))
    assert case.seat_died(talking, NOW + seconds(301))
    assert case.stage_due(NOW, NOW + seconds(300)) == NOW + seconds(300)


def test_a_seat_that_signed_off_is_dead_at_once() -> None:
    assert case.seat_died(owner(seat_closed=True), NOW)


def test_a_claim_without_a_seat_is_held_by_its_limit_alone() -> None:
    assert not case.seat_died(owner(seat_last_seen_at=None), NOW + timedelta(days=1))


def test_an_overdue_stage_warns_and_thirty_seconds_later_returns() -> None:
    due = NOW + seconds(90)
    assert case.stage_verdict(owner(), due - seconds(0.001)) == "fine"
    assert case.stage_verdict(owner(), due) == "warn"
    warned = owner(warned_at=due)
    assert case.stage_verdict(warned, due + seconds(29.9)) == "fine"
    assert case.stage_verdict(warned, due + seconds(30)) == "return"


def test_repeats_are_the_same_within_a_minute_before_a_claim() -> None:
    assert case.is_repeat(NOW, NOW + seconds(60), state=State.OPEN, alarm_class="care")
    assert case.is_repeat(NOW, NOW - seconds(60), state=State.OPEN, alarm_class="care")
    assert not case.is_repeat(NOW, NOW + seconds(61), state=State.OPEN, alarm_class="care")
    assert not case.is_repeat(NOW, NOW, state=State.CLAIMED, alarm_class="care")
    assert case.is_repeat(NOW, NOW, state=State.CLAIMED, alarm_class="technical")


def test_a_technical_storm_is_told_at_two_four_eight() -> None:
    assert [n for n in range(2, 20) if case.is_loud("technical", n)] == [2, 4, 8, 16]
    assert all(case.is_loud("care", n) for n in range(2, 20))


@given(st.integers(1, 4), st.integers(1, 4))
def test_joining_never_makes_a_case_less_urgent(priority: int, other: int) -> None:
    assert case.joined_priority(priority, other) <= priority


def test_only_an_exact_fix_moves_the_incident_place() -> None:
    fix = {"lat": 37.4, "lon": 118.6, "source": "gnss", "datum": "wgs84"}
    assert case.incident_point(fix) == {"lat": 37.4, "lon": 118.6}
    assert case.incident_point(fix | {"source": "cell", "accuracy_m": 2000}) is None
    assert case.incident_point(fix | {"source": "wifi", "accuracy_m": 40}) is not None
    assert case.incident_point(fix | {"datum": "gcj02"}) is None
    assert case.incident_point(None) is None
