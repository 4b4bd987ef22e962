"""The few figures that stand at the desk all day, and one person's shift, from the facts of a day. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from cloud.kpi.facts import Facts
from cloud.kpi.figures import URGENT, Span, known, percent, quantile, seconds_between, within

TAKEN_WITHIN_S: Final = 30.0
"""Within so many seconds an urgent case is to be taken."""


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """Of an area since midnight. Seconds and percent; None where there is nothing to count."""

    urgent: int
    taken_30s: float | None
    dispatched: int
    dispatch_mean_s: float | None
    closed: int
    false_alarms: int


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """What one person took since the shift began. Seconds, percent; None where there is nothing to count."""

    taken: int
    taken_p1: int
    answer_p50_s: float | None
    taken_30s: float | None
    dispatched: int
    dispatch_mean_s: float | None
    over: int
    false_alarms: int


class Silent(msgspec.Struct, frozen=True):
    """Gateways that are away and devices that fell silent though their gateway is there, of how many."""

    gateways_away: int
    gateways: int
    devices_silent: int
    devices: int


def today(facts: Sequence[Facts], span: Span) -> Today:
    """The figures of everybody's cases of a day."""
    acted = [fact for fact in facts if fact.to_be_acted_on]
    urgent = [fact for fact in acted if fact.priority <= URGENT]
    return Today(
        urgent=len(urgent),
        taken_30s=percent(within(urgent, TAKEN_WITHIN_S, span)),
        dispatched=sum(fact.dispatched_at is not None for fact in facts),
        dispatch_mean_s=_dispatch_mean_s(facts),
        closed=sum(fact.disposition is not None for fact in acted),
        false_alarms=sum(fact.disposition == "false_alarm" for fact in acted),
    )


def own(facts: Iterable[Facts], seats: frozenset[str], since: datetime, span: Span) -> Own:
    """The figures of the cases opened since a moment that one of these seats was the first to take."""
    mine = [fact for fact in facts if fact.seat in seats and fact.opened_at >= since]
    urgent = [fact for fact in mine if fact.priority <= URGENT]
    return Own(
        taken=len(mine),
        taken_p1=sum(fact.priority == 1 for fact in mine),
        answer_p50_s=quantile(known(fact.answer_s for fact in urgent), 0.5),
        taken_30s=percent(within(urgent, TAKEN_WITHIN_S, span)),
        dispatched=sum(fact.dispatched_at is not None for fact in mine),
        dispatch_mean_s=_dispatch_mean_s(mine),
        over=sum(fact.over_at is not None for fact in mine),
        false_alarms=sum(fact.disposition == "false_alarm" for fact in mine),
    )


def _dispatch_mean_s(facts: Iterable[Facts]) -> float | None:
    """From taking a case to sending somebody, on average."""
    took = known(seconds_between(fact.decided_at, fact.dispatched_at) for fact in facts)
    return round(sum(took) / len(took), 1) if took else None
