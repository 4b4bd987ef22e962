"""The figures, from lines to percentages: what counts, from when, and in which denominator."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.kpi.facts import Facts, Line, Origin, fold
from cloud.kpi.figures import Activity, Figures, Span, figures, percent, quantile
from cloud.kpi.promises import PROMISES, judged
from tests.cloud.town import NOW, seconds

ORIGIN = Origin(case_id=uuid.UUID(int=1), case_class="care", area_code="370502001")
HOUR = Span(start=NOW, end=NOW + timedelta(hours=1), as_of=NOW + timedelta(hours=1))


def line(at: float, kind: str, actor: str = "system", **more: Any) -> Line:
    return Line(at=NOW + seconds(at), kind=kind, actor=actor, **more)


def folded(*lines: Line) -> Facts:
    found = fold(ORIGIN, lines)
    assert found is not None
    return found


def opened(priority: int = 1, at: float = 0) -> tuple[Line, Line]:
    return line(at, "opened", priority=priority), line(at, "alarm", priority=priority, alarm_id="a")


def answered(took: float, priority: int = 1) -> Facts:
    return folded(*opened(priority), line(took, "claimed", "甲", seat_id="s1"))


def of(*facts: Facts, span: Span = HOUR) -> Figures:
    return figures(facts, [], span)


def test_a_case_is_answered_by_its_first_claim() -> None:
    fact = folded(
        *opened(),
        line(7, "claimed", "甲", seat_id="s1"),
        line(97, "returned"),
        line(99, "claimed", "乙", seat_id="s2"),
    )
    assert (fact.answer_s, fact.seat, fact.person, fact.returned) == (7.0, "s1", "甲", 1)


def test_the_wait_begins_when_the_case_became_as_urgent_as_it_ever_was() -> None:
    grew = folded(*opened(3), line(600, "alarm", priority=1, alarm_id="b"), line(610, "claimed", "甲"))
    assert (grew.priority, grew.answer_s) == (1, 10.0)
    held = folded(*opened(3), line(5, "claimed", "甲"), line(600, "alarm", priority=1, alarm_id="b"))
    assert held.answer_s == 0.0
    given_back = folded(
        *opened(3),
        line(5, "claimed", "甲"),
        line(9, "released", "甲"),
        line(600, "alarm", priority=1, alarm_id="b"),
        line(630, "claimed", "乙"),
    )
    assert given_back.answer_s == 30.0


def test_what_went_away_by_itself_counts_among_all_and_not_among_acted_on() -> None:
    settled = folded(*opened(2), line(60, "resolved"), line(60, "closed"))
    merged = folded(*opened(1), line(60, "merged", "甲", into="x"))
    found = of(settled, merged, answered(5))
    assert (found.cases_all, found.cases_acted) == (3, 1)
    assert (found.answer_15s_all, found.answer_15s_acted) == (33.3, 100.0)


def test_a_case_that_still_waits_is_a_miss_only_once_the_limit_is_over() -> None:
    waiting = folded(*opened())
    soon = Span(start=NOW, end=NOW + seconds(40), as_of=NOW + seconds(40))
    found = of(waiting, answered(5), span=soon)
    assert found.answer_15s_acted == 50.0
    assert found.answer_60s_acted == 100.0


def test_the_promise_is_for_urgent_cases_the_others_have_figures_of_their_own() -> None:
    found = of(answered(5), answered(500, priority=3), answered(900, priority=4))
    assert (found.answer_15s_acted, found.answer_most_s) == (100.0, 5.0)
    assert (found.p3_answer_p95_s, found.p4_answer_p95_s) == (500.0, 900.0)


def test_a_life_that_nobody_claimed_counts_as_seen_where_a_supervisor_was_told() -> None:
    told = folded(*opened(), line(30, "escalated", to="supervisors"), line(100, "claimed", "甲"))
    late = folded(*opened(), line(70, "escalated", to="supervisors"), line(100, "claimed", "甲"))
    assert of(told, late, answered(5)).p1_seen_60s == 66.7


def test_dispatch_arrival_and_the_closed_loop() -> None:
    there = folded(
        *opened(),
        line(5, "claimed", "甲"),
        line(50, "dispatched", "甲", promised_at=NOW + seconds(950)),
        line(90, "refused"),
        line(90, "dispatched", promised_at=NOW + seconds(990)),
        line(900, "arrived", "丙"),
        line(1200, "resolved", "甲"),
    )
    left_open = folded(
        *opened(), line(5, "claimed", "甲"), line(95, "dispatched", "甲"), line(200, "resolved", "甲")
    )
    found = of(there, left_open, answered(5), folded(*opened(4), line(9, "resolved"), line(9, "closed")))
    assert (found.dispatched, found.dispatched_all, found.dispatched_acted) == (2, 50.0, 66.7)
    assert (found.dispatch_p50_s, found.dispatch_60s) == (45.0, 50.0)
    assert (found.arrival_p50_s, found.arrival_promised, found.arrival_45min) == (850.0, 100.0, 100.0)
    assert found.loop_closed == 50.0


def rang(at: float, **more: Any) -> Activity:
    return Activity(at=NOW + seconds(at), priority=more.pop("priority", 1), **more)


def seat(at: float, name: str) -> Activity:
    return Activity(at=NOW + seconds(at), seat=name, by=name)


def test_load_is_alarms_an_hour_for_each_seat_that_did_something_in_it() -> None:
    span = Span(start=NOW, end=NOW + timedelta(minutes=150), as_of=NOW + timedelta(days=1))
    activity = [rang(60 * n) for n in range(26)] + [seat(10, "a"), seat(20, "b"), seat(30, "a")]
    activity += [rang(3600 + 60 * n) for n in range(5)]
    activity += [seat(7300, "a"), *(rang(7300) for _ in range(3))]
    found = figures([], activity, span)
    assert found.seat_hours == 2.5
    assert found.load_per_hour == round(34 / 2.5, 2)
    assert found.load_most == 13.0, "the first hour; half an hour with three alarms is six an hour"
    assert (found.hours_over_6, found.hours_over_12) == (33.3, 33.3)
    assert found.hours_unmanned == 1.0


def test_a_flood_is_more_than_ten_alarms_in_ten_minutes_for_a_seat() -> None:
    activity = [seat(1, "a"), *(rang(10) for _ in range(10))]
    assert figures([], activity, HOUR).floods == 0
    activity += [rang(20), *(rang(610) for _ in range(11)), *(rang(1900) for _ in range(30))]
    found = figures([], activity, HOUR)
    assert (found.floods, found.flood_minutes, found.flood_share, found.flood_peak) == (2, 30.0, 50.0, 30.0)
    assert figures([], [*activity, seat(2, "b"), seat(2, "c")], HOUR).floods == 0


def test_the_loudest_devices_and_the_mix_of_priorities() -> None:
    activity = [rang(n, device=f"zb-{n % 12}") for n in range(18)] + [
        rang(1, priority=4),
        rang(2, priority=4),
    ]
    found = figures([], activity, HOUR)
    assert len(found.top_devices) == 10
    assert (found.top_devices[0].device, found.top_devices[0].activations) == ("zb-0", 2)
    assert (found.priority_1, found.priority_2, found.priority_4) == (90.0, 0.0, 10.0)
    assert found.activations == 20


def test_nothing_to_count_is_none_and_never_zero_or_a_hundred() -> None:
    found = of()
    assert (found.cases_all, found.answer_p50_s, found.answer_15s_acted, found.load_per_hour) == (
        0,
        *[None] * 3,
    )
    assert {item.kept for item in judged(found)} == {None}


def test_promises_are_judged_on_the_side_they_name() -> None:
    good = of(*(answered(5) for _ in range(19)), answered(16))
    kept = {item.promise.figure: item.kept for item in judged(good)}
    assert kept["answer_15s_acted"] is True
    worse = of(*(answered(5) for _ in range(18)), answered(16), answered(16))
    assert {item.promise.figure: item.kept for item in judged(worse)}["answer_15s_acted"] is False
    assert all(hasattr(good, promise.figure) for promise in PROMISES)


def test_a_timeline_without_its_beginning_is_no_case() -> None:
    assert fold(ORIGIN, []) is None
    assert fold(ORIGIN, [line(0, "claimed")]) is None


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 5.0), (0.9, 9.0), (0.95, 10.0), (0.99, 10.0), (1.0, 10.0)]
)
def test_quantiles_are_values_that_occurred(share: float, expected: float) -> None:
    assert quantile([float(n) for n in range(1, 11)], share) == expected


KINDS = (
    "opened", "alarm", "rang", "claimed", "released", "returned", "handed_over", "taken_over", "escalated",
    "dispatched", "refused", "arrived", "resolved", "closed", "merged", "shown", "made_up",
)  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS), st.sampled_from(["system", "甲"]), st.sampled_from([None, 1, 2, 3, 4])
        )
    )
)
def test_whatever_a_timeline_says_the_figures_stay_within_bounds(
    said: list[tuple[str, str, int | None]],
) -> None:
    lines = [line(n, kind, actor, priority=priority) for n, (kind, actor, priority) in enumerate(said)]
    fact = folded(*opened(3, at=-1), *lines)
    assert fact.answer_s is None or fact.answer_s >= 0
    found = of(fact)
    shares = [getattr(found, name) for name in ("answer_15s_all", "answer_15s_acted", "loop_closed")]
    assert all(share is None or 0 <= share <= 100 for share in shares)
    assert found.cases_acted <= found.cases_all == 1
    assert percent([]) is None
