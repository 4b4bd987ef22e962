"""The figures of the desk from facts and activity: answer, dispatch, arrival, load, floods, mix. Pure.

Two denominators, since both are in use and differ:
  all    every case (and every activation) of a district, also those that went away before anybody had them
  acted  those that a person had to act on: neither settled by themselves nor merged into another unseen
Test cases, the canary's among them, are in neither. A case that still waits, shorter than a limit, is not yet
in that limit's figure.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from cloud.kpi.facts import Facts

URGENT: Final = 2
"""Answer times are promised for P1 and P2; P3 and P4 have hours."""
LOAD_GOOD: Final = 6.0
LOAD_MOST: Final = 12.0
"""Alarms an hour for a seat (ISA-18.2)."""
FLOOD_ALARMS: Final = 10
FLOOD_SPAN: Final = timedelta(minutes=10)
STALE_AFTER: Final = timedelta(hours=24)
_HOUR: Final = timedelta(hours=1)
TOP: Final = 10


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that rang, or a sign of life of a seat (`seat`)."""

    at: datetime
    area_code: str = ""
    priority: int | None = None
    device: str | None = None
    seat: str | None = None
    by: str | None = None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device that rang often; `share` of all activations, percent."""

    device: str
    activations: int
    share: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds and percent; None where there is nothing to count."""

    cases_all: int
    cases_acted: int
    urgent_all: int
    urgent_acted: int
    activations: int
    answer_p50_s: float | None
    answer_p95_s: float | None
    answer_most_s: float | None
    answer_15s_all: float | None
    answer_15s_acted: float | None
    answer_60s_all: float | None
    answer_60s_acted: float | None
    answer_180s_all: float | None
    answer_180s_acted: float | None
    p1_seen_60s: float | None
    p3_answer_p95_s: float | None
    p4_answer_p95_s: float | None
    shown_p50_s: float | None
    shown_p99_s: float | None
    returned: int
    dispatched: int
    dispatched_all: float | None
    dispatched_acted: float | None
    dispatch_p50_s: float | None
    dispatch_60s: float | None
    arrival_p50_s: float | None
    arrival_p90_s: float | None
    arrival_promised: float | None
    arrival_45min: float | None
    loop_closed: float | None
    seat_hours: float
    load_per_hour: float | None
    load_acted_per_hour: float | None
    load_most: float | None
    hours_over_6: float | None
    hours_over_12: float | None
    hours_unmanned: float
    floods: int
    flood_minutes: float
    flood_share: float | None
    flood_peak: float
    stale: int
    priority_1: float | None
    priority_2: float | None
    priority_3: float | None
    priority_4: float | None
    false_alarms: float | None
    top_devices: list[Device]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when, and as of when."""

    start: datetime
    end: datetime
    as_of: datetime


def figures(facts: Sequence[Facts], activity: Sequence[Activity], span: Span, *, stale: int = 0) -> Figures:
    """All of them."""
    urgent = [fact for fact in facts if fact.priority <= URGENT]
    acted = [fact for fact in facts if fact.to_be_acted_on]
    rang = [item for item in activity if item.priority is not None]
    values: dict[str, object] = {
        "cases_all": len(facts),
        "cases_acted": len(acted),
        "urgent_all": len(urgent),
        "urgent_acted": sum(fact.to_be_acted_on for fact in urgent),
        "activations": len(rang),
        "returned": sum(fact.returned for fact in facts),
        "stale": stale,
        "top_devices": _top(rang),
        "false_alarms": percent(
            fact.disposition == "false_alarm" for fact in acted if fact.disposition is not None
        ),
    }
    values |= _answers(urgent, facts, span)
    values |= _help(facts, acted)
    values |= _load(rang, activity, len(acted), span)
    values |= _floods(rang, activity, span)
    values |= {f"priority_{n}": percent(item.priority == n for item in rang) for n in (1, 2, 3, 4)}
    return msgspec.convert(values, Figures)


def _answers(urgent: Sequence[Facts], facts: Sequence[Facts], span: Span) -> dict[str, float | None]:
    times = known(fact.answer_s for fact in urgent)
    values: dict[str, float | None] = {
        "answer_p50_s": quantile(times, 0.5),
        "answer_p95_s": quantile(times, 0.95),
        "answer_most_s": max(times, default=None),
    }
    acted = [fact for fact in urgent if fact.to_be_acted_on]
    for limit in (15, 60, 180):
        values[f"answer_{limit}s_all"] = percent(within(urgent, limit, span))
        values[f"answer_{limit}s_acted"] = percent(within(acted, limit, span))
    lives = [fact for fact in acted if fact.priority == 1 and fact.origin.case_class == "care"]
    values["p1_seen_60s"] = percent(within(lives, 60, span, supervisors=True))
    for priority in (3, 4):
        waited = known(fact.answer_s for fact in facts if fact.priority == priority)
        values[f"p{priority}_answer_p95_s"] = quantile(waited, 0.95)
    shown = known(seconds_between(fact.opened_at, fact.shown_at) for fact in facts)
    values |= {"shown_p50_s": quantile(shown, 0.5), "shown_p99_s": quantile(shown, 0.99)}
    return values


def within(
    facts: Iterable[Facts], limit_s: float, span: Span, *, supervisors: bool = False
) -> Iterable[bool]:
    """Whether each was answered (or supervisors were told) in time; one that may still be is left out."""
    for fact in facts:
        took = fact.answer_s
        if supervisors and fact.supervisor_at is not None:
            told = (fact.supervisor_at - fact.waits_from).total_seconds()
            took = told if took is None else min(took, told)
        if took is not None:
            yield took <= limit_s
        elif not fact.to_be_acted_on or (span.as_of - fact.waits_from).total_seconds() > limit_s:
            yield False


def _help(facts: Sequence[Facts], acted: Sequence[Facts]) -> dict[str, float | None]:
    sent = [fact for fact in facts if fact.dispatched_at is not None]
    decided = known(seconds_between(fact.decided_at, fact.dispatched_at) for fact in sent)
    arrived = known(seconds_between(fact.dispatched_at, fact.arrived_at) for fact in sent)
    kept = [
        fact.arrived_at <= fact.promised_at
        for fact in sent
        if fact.arrived_at is not None and fact.promised_at is not None
    ]
    return {
        "dispatched": len(sent),
        "dispatched_all": percent(fact.dispatched_at is not None for fact in facts),
        "dispatched_acted": percent(fact.dispatched_at is not None for fact in acted),
        "dispatch_p50_s": quantile(decided, 0.5),
        "dispatch_60s": percent(took <= 60 for took in decided),
        "arrival_p50_s": quantile(arrived, 0.5),
        "arrival_p90_s": quantile(arrived, 0.9),
        "arrival_promised": percent(kept),
        "arrival_45min": percent(took <= 45 * 60 for took in arrived),
        "loop_closed": percent(fact.loop_closed for fact in sent if fact.over_at is not None),
    }


def _load(
    rang: Sequence[Activity], activity: Sequence[Activity], acted: int, span: Span
) -> dict[str, float | None]:
    """Alarms for each seat in each hour; a seat counts in an hour in which it did anything."""
    alarms = Counter(_bucket(item.at, span, _HOUR) for item in rang)
    seats = _seats(activity, span, _HOUR)
    seat_hours, loads, unmanned = 0.0, [], 0.0
    for index in range(_bucket(span.end - timedelta(microseconds=1), span, _HOUR) + 1):
        hours = min(_HOUR, span.end - span.start - index * _HOUR) / _HOUR
        manned = len(seats.get(index, ()))
        seat_hours += manned * hours
        if alarms[index] and not manned:
            unmanned += hours
        if alarms[index] or manned:
            loads.append(alarms[index] / max(manned, 1) / hours)
    return {
        "seat_hours": round(seat_hours, 2),
        "load_per_hour": round(len(rang) / seat_hours, 2) if seat_hours else None,
        "load_acted_per_hour": round(acted / seat_hours, 2) if seat_hours else None,
        "load_most": round(max(loads), 2) if loads else None,
        "hours_over_6": percent(load > LOAD_GOOD for load in loads),
        "hours_over_12": percent(load > LOAD_MOST for load in loads),
        "hours_unmanned": round(unmanned, 2),
    }


def _floods(rang: Sequence[Activity], activity: Sequence[Activity], span: Span) -> dict[str, float | None]:
    """More than ten alarms in ten minutes for a seat; neighbouring spans are one flood."""
    alarms = Counter(_bucket(item.at, span, FLOOD_SPAN) for item in rang)
    seats = _seats(activity, span, _HOUR)
    hour = int(_HOUR / FLOOD_SPAN)
    loads = {index: count / max(len(seats.get(index // hour, ())), 1) for index, count in alarms.items()}
    flooded = sorted(index for index, load in loads.items() if load > FLOOD_ALARMS)
    minutes = len(flooded) * FLOOD_SPAN.total_seconds() / 60
    length = (span.end - span.start).total_seconds() / 60
    return {
        "floods": sum(index - 1 not in flooded for index in flooded),
        "flood_minutes": minutes,
        "flood_share": round(100 * minutes / length, 2) if length else None,
        "flood_peak": round(max(loads.values(), default=0.0), 2),
    }


def _seats(activity: Iterable[Activity], span: Span, width: timedelta) -> dict[int, set[str]]:
    seats: dict[int, set[str]] = {}
    for item in activity:
        if item.seat is not None:
            seats.setdefault(_bucket(item.at, span, width), set()).add(item.seat)
    return seats


def _top(rang: Sequence[Activity]) -> list[Device]:
    counted = Counter(item.device for item in rang if item.device)
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:TOP]
    return [
        Device(device=device, activations=count, share=round(100 * count / len(rang), 1))
        for device, count in ranked
    ]


def _bucket(at: datetime, span: Span, width: timedelta) -> int:
    return (at - span.start) // width


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


def known(values: Iterable[float | None]) -> list[float]:
    return sorted(value for value in values if value is not None)


def percent(met: Iterable[bool | None]) -> float | None:
    """How many of a hundred, to 0.1; None of none."""
    values = [bool(value) for value in met]
    return round(100 * sum(values) / len(values), 1) if values else None


def quantile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank quantile of sorted values, so that it is one of them; None of none."""
    if not values:
        return None
    rank = max(1, -(-len(values) * share // 1))
    return round(values[int(rank) - 1], 3)
