"""Many technical cases of one place and cause behind one line; the boundary owns the transaction.

A line is a case of the area. Its children stay cases of their own, with their own alarms and timelines; while
they stand behind it the feed does not tell of them. Whoever takes a child, or whatever makes it more than a
routine fault, brings it out again.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.alarms import store as alarms
from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.person import person_of
from cloud.alarms.rule_versions import CURRENT
from cloud.cases import case, ending, flood, timeline
from cloud.cases.case import State
from cloud.cases.publish import publish
from cloud.cases.summary import CaseSummary, Place, iso, summary_of
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.feed import store as feed

_SQL: Final = queries.load(__package__ or "cloud.cases", "flood.sql")
_CASES: Final = queries.load(__package__ or "cloud.cases")
_SYSTEM: Final = "system"
_BATCH: Final = 200
_SEAT_FRESH: Final = timedelta(seconds=60)
_LINES: Final = ["area_outage", "same_cause"]


class Alone(msgspec.Struct, frozen=True, kw_only=True):
    """Cases of one cause that no line stands for."""

    cause: str
    area_code: str
    org_id: UUID | None
    lately: int
    place: dict[str, Any] | None
    line_id: UUID | None
    home_id: UUID | None


class Callee(msgspec.Struct, frozen=True, kw_only=True):
    """A high-risk elder who is to be called while their home is silent."""

    resident_id: UUID
    case_id: UUID
    name: str
    phones: list[str]


async def line_for(conn: Connection, draft: AlarmDraft) -> tuple[str | None, UUID | None]:
    """The cause that a new case is grouped by, and the line that it begins behind; None, None: neither."""
    cause = flood.cause_of(draft.alarm_class, draft.kind, draft.priority)
    if cause is None:
        return None, None
    values = {
        "org_id": draft.org_id,
        "area_code": draft.area_code,
        "home_id": draft.home_id,
        "gateway_id": draft.gateway_id,
        "cause": cause,
    }
    row = await (await conn.execute(_SQL["line_for"], values)).fetchone()
    assert row is not None, "one row a draft"
    return row[0], row[1]


async def watch_flood(conn: Connection, *, now: datetime) -> bool:
    """Whether more alarms come than the living seats can look at; its beginning and end are told."""
    values = {"since": now - flood.WINDOW, "alive_since": now - _SEAT_FRESH, "lines": _LINES}
    row = await (await conn.execute(_SQL["flood_figures"], values)).fetchone()
    assert row is not None, "migration 0005 fills flood"
    alarm_count, seats, rows_shown, since = row
    flooded = flood.is_flood(alarm_count, seats, was=since is not None)
    if flooded == (since is not None):
        return flooded
    async with conn.transaction():
        await conn.execute(_SQL["set_flood"], {"since": now if flooded else None})
        words = {"kind": "flood", "state": "on" if flooded else "over", "since": iso(since or now)}
        words |= {"alarms": alarm_count, "seats": seats, "rows": rows_shown}
        await feed.append(conn, now=now, type="desk", data=words)
    return flooded


async def alone(conn: Connection, *, flooded: bool, now: datetime) -> list[Alone]:
    """Causes whose cases become one line, or join the line that there is."""
    values = {"since": now - flood.WINDOW, "priority": flood.GROUPED_PRIORITY}
    names = ("cause", "area_code", "org_id", "lately", "place", "line_id", "home_id")
    rows = await (await conn.execute(_SQL["alone"], values)).fetchall()
    found = [Alone(**dict(zip(names, row, strict=True))) for row in rows]
    return [
        each
        for each in found
        if each.line_id is not None or flood.needs_line(each.cause, each.lately, flood=flooded)
    ]


async def put_behind(conn: Connection, line_id: UUID, cause: str, *, now: datetime) -> list[UUID]:
    """Put the cases of a cause behind its line; each is told one last time."""
    values = {"line": line_id, "cause": cause, "priority": flood.GROUPED_PRIORITY, "limit": _BATCH}
    rows = await (await conn.execute(_SQL["put_behind"], values)).fetchall()
    moved = [row[0] for row in rows]
    for case_id in moved:
        await timeline.add(conn, case_id, "grouped", actor=_SYSTEM, data={"group_id": str(line_id)}, now=now)
    await _count(conn, line_id, now)
    await publish(conn, [line_id, *moved], now=now, withdrawn=True)
    return moved


async def place_line(conn: Connection, line_id: UUID, group: Alone) -> None:
    """Say where a new line's cases are: the compound, not one of its homes."""
    card = None
    if group.home_id is not None:
        async with conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(_CASES["home_cards"], {"home_ids": [group.home_id]})
            card = await cursor.fetchone()
    if card is None:
        return
    compound = card["compound"] or card["street"]
    place = Place(
        area=card["area"],
        compound=compound,
        text=case.address((card["area"], compound)),
        lat=card["lat"],
        lon=card["lon"],
    )
    await conn.execute(_SQL["place_line"], {"id": line_id, "place": Jsonb(msgspec.to_builtins(place))})


def line_draft(group: Alone, now: datetime) -> AlarmDraft:
    """The alarm of a line: how many cases of which cause began it."""
    return AlarmDraft(
        subject_kind="area",
        subject_id=group.cause,
        alarm_class="technical",
        kind=flood.line_kind(group.cause),
        priority=flood.GROUPED_PRIORITY,
        area_code=group.area_code,
        org_id=group.org_id,
        occurred_at=now,
        received_at=now,
        reasons=("same_place_and_cause",),
        inputs={"cause": group.cause.rpartition("/")[2], "cases": group.lately},
        rule_version=CURRENT.version,
    )


async def lines(conn: Connection) -> list[UUID]:
    """Lines that still take cases."""
    return [row[0] for row in await (await conn.execute(_SQL["lines"])).fetchall()]


async def refresh(conn: Connection, line_id: UUID, *, now: datetime) -> bool:
    """Count what stands behind a line, and say it when it has changed; a line with nothing behind it ends."""
    changed = await _count(conn, line_id, now)
    await publish(conn, [line_id] if changed else [], now=now)
    return changed


async def _count(conn: Connection, line_id: UUID, now: datetime) -> bool:
    """True where a line now says something else; the caller publishes it."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_CASES["lock_case"], {"id": line_id})
        row = await cursor.fetchone()
    if row is None or State(row["state"]) not in case.LIVE:
        return False
    figures = await (await conn.execute(_SQL["children_figures"], {"id": line_id})).fetchone()
    assert figures is not None, "an aggregate always answers"
    children, priority, ever, kinds = figures
    others = [kind for kind in kinds if kind not in row["kinds"]]
    urgent = (priority or flood.GROUPED_PRIORITY) < row["priority"]
    if children == row["children"] and not others and not urgent and (children or not ever):
        return False
    high_risk = len(await _at_risk(conn, line_id, now))
    loud = flood.grows_loud(row["children"], children) or bool(others) or urgent
    values = {"id": line_id, "children": children, "high_risk": high_risk, "ring": int(loud)}
    values |= {"priority": priority or row["priority"], "kinds": [*row["kinds"], *others]}
    await conn.execute(_SQL["update_line"], values)
    words = {"children": children, "high_risk": high_risk, "kinds": others}
    if loud:
        await timeline.add(
            conn, line_id, "rang", actor=_SYSTEM, data=words | {"rings": row["rings"] + 1}, now=now
        )
    if children == 0:
        await _end(conn, line_id, ever, now)
    return True


async def taken_out(conn: Connection) -> list[tuple[UUID, bool, bool, str, str | None]]:
    """Cases that do not belong behind their line any more: (id, line lives, line was owned, its state, its
    disposition).
    """
    rows = await (await conn.execute(_SQL["taken_out"], {"limit": _BATCH})).fetchall()
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


async def settle_child(
    conn: Connection, child: tuple[UUID, bool, bool, str, str | None], *, now: datetime
) -> bool:
    """A case whose line a person has closed is closed with it, unless somebody is on the way to it; any other
    becomes a line of its own.
    """
    case_id, living, owned, state, disposition = child
    if not living and owned and state in (State.RESOLVED, State.FOLLOWED_UP):
        return False  # its end is still to be said
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_CASES["lock_case"], {"id": case_id})
        row = await cursor.fetchone()
    if row is None or row["group_id"] is None:
        return False
    ended = not living and owned and state == State.CLOSED and row["state"] == State.OPEN
    if ended and not await ending.is_helped(conn, case_id):
        words = {"reason": "closed_with_group", "group_id": str(row["group_id"])}
        await ending.close_alone(conn, case_id, disposition=disposition or "technical", words=words, now=now)
        return True
    await conn.execute(_SQL["leave_line"], {"id": case_id})
    words = {"group_id": str(row["group_id"])}
    await timeline.add(conn, case_id, "ungrouped", actor=_SYSTEM, data=words, now=now)
    await publish(conn, [case_id], now=now)
    return True


async def children(
    conn: Connection, line_id: UUID, *, limit: int, after: UUID | None = None
) -> list[CaseSummary]:
    """The cases behind a line, after one of them."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["children"], {"id": line_id, "limit": limit, "after": after})
        return [summary_of(row) for row in await cursor.fetchall()]


async def call_list(conn: Connection, line_id: UUID, *, now: datetime) -> list[Callee]:
    """The high-risk elders behind a line, with their own telephones."""
    of_case = await _at_risk(conn, line_id, now)
    rows = await (await conn.execute(_SQL["call_list"], {"ids": list(of_case)})).fetchall()
    found = [
        Callee(resident_id=row[0], case_id=of_case[row[0]], name=row[1], phones=list(row[2])) for row in rows
    ]
    return sorted(found, key=lambda callee: (callee.name, callee.resident_id))


async def _at_risk(conn: Connection, line_id: UUID, now: datetime) -> dict[UUID, UUID]:
    """Resident -> case of the high-risk elders who are at home behind a line."""
    rows = await (await conn.execute(_SQL["children_people"], {"id": line_id, "at": now})).fetchall()
    people = [
        (row[0], person_of(row[1], state=row[2], needs=row[3], profile=row[4], limits=row[5])) for row in rows
    ]
    return {
        person.id: case_id for case_id, person in people if person.high_risk and not person.silent(CURRENT)
    }


async def _end(conn: Connection, line_id: UUID, ever: int, now: datetime) -> None:
    for alarm in await alarms.of_case(conn, line_id):
        await alarms.clear(conn, alarm["id"], at=now)
    await timeline.add(conn, line_id, "group_ended", actor=_SYSTEM, data={"cases": ever}, now=now)
