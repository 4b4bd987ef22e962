"""Figures from the timelines in the database, for everything a reader sees, per seat, shift or district."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.kpi import desk
from cloud.kpi.facts import Facts, Line, Origin, fold
from cloud.kpi.figures import STALE_AFTER, Activity, Figures, Span, figures
from cloud.kpi.promises import Kept, judged
from cloud.kpi.silent import SilentCounts
from cloud.shifts.shift import SHIFT, ZONE, beginning, day_of

_SQL: Final = queries.load(__package__ or "cloud.kpi")
Grouping = Literal["all", "seat", "shift", "district"]
LONGEST: Final = timedelta(days=92)
_DISTRICT_DIGITS: Final = 6
NOBODY: Final = "-"
_BY_PEOPLE: Final = (
    "claimed", "renewed", "released", "resolved", "closed", "note", "call", "contacting", "call_back",
    "dispatched", "recalled", "handed_over", "taken_over", "merged", "followed_up", "service_order",
    "alarm_again", "door_code_viewed", "shown", "shelved",
)  # fmt: skip
_KINDS: Final = (
    "opened", "alarm", "rang", "shown", "claimed", "taken_over", "alarm_again", "returned", "released",
    "handed_over", "escalated", "dispatched", "recalled", "dispatch_undone", "refused", "no_answer",
    "arrived", "resolved", "closed", "service_order", "merged",
)  # fmt: skip


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of one seat, shift or district, or of everything."""

    key: str
    label: str
    figures: Figures


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """Everything, the groups that were asked for, and the promises against everything."""

    span: Span
    grouping: Grouping
    total: Figures
    groups: list[Group]
    promises: list[Kept]


class AtTheDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What stands at the desk; `since` midnight, `shift_since` the beginning of the shift."""

    since: datetime
    shift_since: datetime
    today: desk.Today
    own: desk.Own
    silent: desk.Silent


class _Rang(msgspec.Struct, frozen=True, kw_only=True):
    case_id: UUID
    activity: Activity


async def compute(
    conn: Connection,
    reader: Identity,
    *,
    start: datetime,
    end: datetime,
    grouping: Grouping = "all",
    now: datetime,
) -> Kpi:
    """The figures of the cases opened in a span that the reader sees; raises InvalidInput for a bad span."""
    if not start < end <= start + LONGEST:
        raise InvalidInput("from 须早于 to，且最多 92 天", "`from` must lie before `to`, by 92 days at most")
    span = Span(start=start, end=min(end, max(now, start + timedelta(seconds=1))), as_of=now)
    given = {"start": start, "end": span.end, "area_code": reader.area_code, "org_id": reader.org_id}
    facts = [fact async for fact in _facts(conn, given)]
    rang = await _activity(conn, given)
    stale = await _stale(conn, given, min(span.end, now))
    total = figures(facts, [item.activity for item in rang], span, stale=len(stale))
    groups = await _groups(conn, grouping, facts, rang, stale, span)
    return Kpi(span=span, grouping=grouping, total=total, groups=groups, promises=judged(total))


async def at_the_desk(
    conn: Connection, reader: Identity, *, silent: SilentCounts, now: datetime
) -> AtTheDesk:
    """Today in the reader's area, what the reader took since the shift began, and what is silent."""
    span = Span(start=day_of(now), end=now, as_of=now)
    given = {"start": span.start, "end": now, "area_code": reader.area_code, "org_id": reader.org_id}
    facts = [fact async for fact in _facts(conn, given)]
    since = beginning(now)
    rows = await (await conn.execute(_SQL["seats_since"], {"staff_id": reader.id, "since": since})).fetchall()
    return AtTheDesk(
        since=span.start,
        shift_since=since,
        today=desk.today(facts, span),
        own=desk.own(facts, frozenset(str(seat_id) for (seat_id,) in rows), since, span),
        silent=await silent.of(conn, reader, now),
    )


async def _facts(conn: Connection, given: dict[str, Any]) -> AsyncIterator[Facts]:
    """One case's facts after another; only one timeline is held at a time."""
    origin: Origin | None = None
    lines: list[Line] = []
    async with conn.transaction(), conn.cursor(name="kpi_lines") as cursor:
        cursor.itersize = 5000
        await cursor.execute(_SQL["lines"], given | {"kinds": list(_KINDS)})
        async for case_id, case_class, area_code, *rest in cursor:
            if origin is None or case_id != origin.case_id:
                if origin is not None and (found := fold(origin, lines)) is not None:
                    yield found
                origin, lines = Origin(case_id=case_id, case_class=case_class, area_code=area_code), []
            lines.append(_line(*rest))
    if origin is not None and (found := fold(origin, lines)) is not None:
        yield found


def _line(
    at: datetime,
    kind: str,
    actor: str,
    seat_id: str | None,
    priority: int | None,
    alarm_id: str | None,
    device: str | None,
    reason: str | None,
    to: str | None,
    into: str | None,
    promised_at: str | None,
    disposition: str | None,
) -> Line:
    return Line(
        at=at,
        kind=kind,
        actor=actor,
        seat_id=seat_id,
        priority=priority,
        alarm_id=alarm_id,
        device=device,
        reason=reason,
        to=to,
        into=into,
        promised_at=None if promised_at is None else datetime.fromisoformat(promised_at),
        disposition=disposition,
    )


async def _activity(conn: Connection, given: dict[str, Any]) -> list[_Rang]:
    """Alarms of the span, and what was done at seats; a program without a seat counts as one by its name."""
    cursor = await conn.execute(_SQL["activity"], given | {"by_people": list(_BY_PEOPLE)})
    found = []
    async for at, area_code, priority, device, seat_id, actor, case_id in cursor:
        person = priority is None and actor != "system"
        activity = Activity(
            at=at,
            area_code=area_code,
            priority=priority,
            device=device,
            seat=(seat_id or actor) if person else None,
            by=actor if person else None,
        )
        found.append(_Rang(case_id=case_id, activity=activity))
    return found


async def _stale(conn: Connection, given: dict[str, Any], as_of: datetime) -> list[str]:
    """The area of each case that has been open for a day."""
    more = {"as_of": as_of, "before": as_of - STALE_AFTER}
    return [area for (area,) in await (await conn.execute(_SQL["stale"], given | more)).fetchall()]


async def _groups(
    conn: Connection,
    grouping: Grouping,
    facts: list[Facts],
    rang: list[_Rang],
    stale: list[str],
    span: Span,
) -> list[Group]:
    if grouping == "all":
        return []
    of_case = {fact.origin.case_id: fact.seat or NOBODY for fact in facts}
    keys: dict[Grouping, tuple[Callable[[Facts], str], Callable[[_Rang], str]]] = {
        "seat": (
            lambda fact: fact.seat or NOBODY,
            lambda item: item.activity.seat or of_case.get(item.case_id, NOBODY),
        ),
        "shift": (lambda fact: shift_of(fact.opened_at), lambda item: shift_of(item.activity.at)),
        "district": (
            lambda fact: district_of(fact.origin.area_code),
            lambda item: district_of(item.activity.area_code),
        ),
    }
    of_fact, of_item = keys[grouping]
    cases: dict[str, list[Facts]] = {}
    for fact in facts:
        cases.setdefault(of_fact(fact), []).append(fact)
    items: dict[str, list[Activity]] = {}
    for item in rang:
        items.setdefault(of_item(item), []).append(item.activity)
    labels = await _labels(conn, grouping, sorted(cases | items), facts, rang)
    return [
        Group(
            key=key,
            label=label,
            figures=figures(
                cases.get(key, []),
                items.get(key, []),
                _span_of(grouping, key, span),
                stale=sum(district_of(area) == key for area in stale) if grouping == "district" else 0,
            ),
        )
        for key, label in labels
    ]


async def _labels(
    conn: Connection, grouping: Grouping, keys: list[str], facts: list[Facts], rang: list[_Rang]
) -> list[tuple[str, str]]:
    names: dict[str, str] = {}
    if grouping == "seat":
        names = {item.activity.seat: item.activity.by or "" for item in rang if item.activity.seat}
        names |= {fact.seat: fact.person or "" for fact in facts if fact.seat}
    elif grouping == "district":
        names = dict(await (await conn.execute(_SQL["districts"], {"codes": keys})).fetchall())
    return [(key, names.get(key, key)) for key in keys]


def district_of(area_code: str) -> str:
    """The district (GB/T 2260) of a street's code."""
    return area_code[:_DISTRICT_DIGITS] or NOBODY


def shift_of(at: datetime) -> str:
    """The shift of a moment by its local beginning, such as 2026-01-01 08:00."""
    return f"{beginning(at).astimezone(ZONE):%Y-%m-%d %H:%M}"


def _span_of(grouping: Grouping, key: str, span: Span) -> Span:
    """A shift's own hours, as far as they are asked for."""
    if grouping != "shift":
        return span
    begin = datetime.fromisoformat(key).replace(tzinfo=ZONE).astimezone(UTC)
    start = max(begin, span.start)
    return Span(start=start, end=max(min(begin + SHIFT, span.end), start), as_of=span.as_of)
