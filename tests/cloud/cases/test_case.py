"""The table of states and moves, and the limits that time sets."""

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.cases import case
from cloud.cases.case import HELD, LIVE, TRANSITIONS, WAITING, ImpossibleMove, Move, Owner, State
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
    """Closed and merged are final, only a waiting case is claimed, only a resolved or settled one closes."""
    state = State.OPEN
    for move in moves:
        before = state
        try:
            state = case.step(state, move)
        except ImpossibleMove:
            continue
        assert before not in (State.CLOSED, State.MERGED)
        if state is State.CLOSED:
            assert before in (State.RESOLVED, State.FOLLOWED_UP) or move is Move.SETTLE
        if state in HELD and before not in HELD:
            assert (before, move) == (State.RESOLVED, Move.REOPEN) or (
                before in WAITING and move in (Move.CLAIM, Move.TAKE_OVER)
            )
        if state is State.RESOLVED:
            assert before in HELD
        if move is Move.JOIN:
            assert state is before
            assert state in LIVE
    if state not in (State.CLOSED, State.MERGED):
        assert TRANSITIONS[state], "nothing but closed and merged is a dead end"


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
    assert case.stage_verdict(warned, due + seconds(14.9)) == "fine"
    assert case.stage_verdict(warned, due + seconds(15)) == "supervisor"
    told = owner(warned_at=due, supervisor_warned_at=due + seconds(15))
    assert case.stage_verdict(told, due + seconds(29.9)) == "fine"
    assert case.stage_verdict(told, due + seconds(30)) == "return"


def test_a_stage_is_not_overdue_while_its_owner_talks() -> None:
    talking = owner(call_until=NOW + seconds(200), warned_at=NOW + seconds(90))
    assert case.stage_verdict(talking, NOW + seconds(199)) == "fine"


def test_who_was_named_and_does_not_come_loses_the_case_after_thirty_seconds() -> None:
    named = owner(state=State.HANDED_OVER, seat_last_seen_at=None, stage_due_at=NOW + seconds(30))
    assert case.stage_verdict(named, NOW + seconds(29.9)) == "fine"
    assert case.stage_verdict(named, NOW + seconds(30)) == "return"


def test_each_stage_has_its_own_limit_and_work_never_shortens_it() -> None:
    promised = NOW + seconds(1200)
    assert case.stage_limit(State.CLAIMED, NOW) == NOW + seconds(90)
    assert case.stage_limit(State.CONTACTING, NOW) == NOW + seconds(90)
    assert case.stage_limit(State.DISPATCHED, NOW, promised) == promised
    assert case.stage_limit(State.ON_SCENE, NOW) == NOW + timedelta(minutes=30)
    assert case.stage_due(NOW, None, promised) == promised
    assert case.stage_due(promised, None, promised) == promised + seconds(90)


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


def test_every_tracker_goes_where_its_wearer_goes() -> None:
    worn = ("watch-1", "wrist-b", "pendant-1", "trv-861", "gt06-861", "jt808-139")
    assert all(case.is_worn(device) for device in worn)
    assert not any(case.is_worn(device) for device in ("zb-1", "radar-bath", "watchful", None))
