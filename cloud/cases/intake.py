"""How alarms become cases: each joins the open case of its subject and class, or opens one. None is hidden.

Nothing here writes to the feed: the boundary calls `publish` last, for every case that it touched.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.alarms import store as alarms
from cloud.alarms.alarm import AlarmDraft, KnownAlarm
from cloud.alarms.rules import fire_suspected
from cloud.cases import case, flood, grouping, timeline
from cloud.cases.case import Move, State
from cloud.cases.freezing import freeze
from cloud.cases.summary import iso
from cloud.database import queries
from cloud.database.pool import Connection
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.cases")
SYSTEM: Final = "system"


class CaseRef(msgspec.Struct, frozen=True, kw_only=True):
    """The case and alarm that a draft ended in. `tell` is False where the feed need not say so."""

    case_id: UUID
    alarm_id: UUID
    opened: bool
    tell: bool = True


_LOOK: Final = KnownAlarm(id=UUID(int=0), case_id=UUID(int=0), kind="")


async def take_alarm(
    conn: Connection, draft: AlarmDraft, now: datetime, *, known: KnownAlarm | None = _LOOK
) -> CaseRef:
    """Confirm, repeat, join or open: the alarm ends in exactly one case, which is then locked until
    commit. Who has looked already says which alarm is `known` of the event.
    """
    if draft.event_id is not None and draft.gateway_id is not None:
        if known is _LOOK:
            known = await alarms.find_by_event(conn, draft.gateway_id, draft.event_id)
        if known is not None and known.kind == draft.kind:
            return CaseRef(case_id=known.case_id, alarm_id=known.id, opened=False, tell=False)
        if known is not None:
            confirmed = await _confirm(conn, known, draft, now)
            if confirmed is not None:
                return confirmed
    while True:
        row = await _lock_open(conn, draft)
        if row is not None:
            return await _join(conn, row, draft, now)
        opened = await _open(conn, draft, now)
        if opened is not None:
            return opened


async def end_alarm(
    conn: Connection, gateway_id: str, event_id: UUID, phase: str, *, at: datetime, now: datetime
) -> UUID | None:
    """The activation is over: drop its suspicion, mark its alarm. Returns the case that changed, if one
    did.
    """
    await alarms.forget_suspicion(conn, gateway_id, event_id)
    known = await alarms.find_by_event(conn, gateway_id, event_id)
    if known is None:
        return None
    await lock(conn, known.case_id)
    if not await alarms.clear(conn, known.id, at=at):
        return None
    data = {"alarm_id": str(known.id), "event_id": str(event_id), "kind": known.kind, "at": iso(at)}
    await timeline.add(conn, known.case_id, phase, actor=SYSTEM, data=data, now=now)
    await conn.execute(_SQL["touch_case"], {"id": known.case_id})
    return known.case_id


async def clear_gateway(conn: Connection, gateway_id: str, kind: str, *, now: datetime) -> set[UUID]:
    """A gateway's own fault is over, such as its silence. Returns the cases that changed."""
    changed = set()
    for alarm_id, case_id in await alarms.clear_of_gateway(conn, gateway_id, kind, at=now):
        await lock(conn, case_id)
        data = {"alarm_id": str(alarm_id), "kind": kind, "at": iso(now)}
        await timeline.add(conn, case_id, "cleared", actor=SYSTEM, data=data, now=now)
        await conn.execute(_SQL["touch_case"], {"id": case_id})
        changed.add(case_id)
    return changed


async def lock(conn: Connection, case_id: UUID) -> dict[str, Any] | None:
    """The case's row, held until the transaction ends; None when there is no such case."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["lock_case"], {"id": case_id})
        return await cursor.fetchone()


async def _lock_open(conn: Connection, draft: AlarmDraft) -> dict[str, Any] | None:
    subject = {
        "subject_kind": draft.subject_kind,
        "subject_id": draft.subject_id,
        "class": draft.alarm_class,
    }
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["lock_open_case"], subject)
        return await cursor.fetchone()


async def _confirm(conn: Connection, known: KnownAlarm, draft: AlarmDraft, now: datetime) -> CaseRef | None:
    """The event's own alarm becomes what the draft says and rings; None when its case takes no more
    alarms.
    """
    row = await lock(conn, known.case_id)
    if row is None or row["state"] not in case.LIVE:
        return None
    await alarms.confirm(conn, known.id, draft)
    row["kinds"] = [kind for kind in row["kinds"] if kind != known.kind]
    await _update(conn, row, draft, ring=1, new_alarms=0, repeats=0, now=now)
    data = _alarm_words(draft, known.id) | {"rings": row["rings"] + 1, "was": known.kind}
    await timeline.add(conn, known.case_id, "alarm", actor=SYSTEM, data=data, now=now)
    return CaseRef(case_id=known.case_id, alarm_id=known.id, opened=False)


async def _open(conn: Connection, draft: AlarmDraft, now: datetime) -> CaseRef | None:
    """A new case with its first alarm; None when another transaction has just opened it."""
    frozen, place = await freeze(conn, draft)
    cause, group_id = await grouping.line_for(conn, draft)
    case_id = uuid7(round(now.timestamp() * 1000))
    follows = await _followed(conn, draft, now)
    values = {
        "id": case_id,
        "subject_kind": draft.subject_kind,
        "subject_id": draft.subject_id,
        "class": draft.alarm_class,
        "priority": draft.priority,
        "kinds": [draft.kind],
        "resident_id": draft.resident_id,
        "home_id": draft.home_id,
        "area_code": draft.area_code,
        "org_id": draft.org_id,
        "frozen": Jsonb(msgspec.to_builtins(frozen)),
        "place": Jsonb({} if place is None else msgspec.to_builtins(place)),
        "fire_suspected": await _fire(conn, draft),
        "late": draft.late,
        "event_ids": case.joined_event_ids([], draft.event_id),
        "occurred_at": draft.occurred_at,
        "follows_id": follows,
        "cause": cause,
        "group_id": group_id,
        "now": now,
    }
    cursor = await conn.execute(_SQL["open_case"], values)
    if await cursor.fetchone() is None:
        return None
    alarm_id = uuid7(round(now.timestamp() * 1000))
    await alarms.insert(conn, alarm_id, case_id, draft, now=now)
    words = {"priority": draft.priority} | ({"follows_id": str(follows)} if follows else {})
    words |= {"group_id": str(group_id)} if group_id else {}
    entries = [("opened", words), ("alarm", _alarm_words(draft, alarm_id))]
    await timeline.add_all(conn, case_id, entries, actor=SYSTEM, now=now)
    return CaseRef(case_id=case_id, alarm_id=alarm_id, opened=True, tell=group_id is None)


async def _join(conn: Connection, row: dict[str, Any], draft: AlarmDraft, now: datetime) -> CaseRef:
    state = case.step(State(row["state"]), Move.JOIN)
    case_id: UUID = row["id"]
    strangers = await alarms.of_strangers(conn, case_id, draft)
    if strangers is not None and case.is_flood(strangers[0]):
        return await _repeat(conn, row, strangers[1], draft, now, flood_of_strangers=True)
    last = await alarms.find_repeated(conn, case_id, draft)
    if last is not None and case.is_repeat(
        last.last_at, draft.occurred_at, state=state, alarm_class=draft.alarm_class
    ):
        return await _repeat(conn, row, last, draft, now)
    alarm_id = uuid7(round(now.timestamp() * 1000))
    await alarms.insert(conn, alarm_id, case_id, draft, now=now)
    ring = int(not _set_aside(row, draft))
    await _update(conn, row, draft, ring=ring, new_alarms=1, repeats=1, now=now)
    data = _alarm_words(draft, alarm_id) | {"rings": row["rings"] + ring}
    await timeline.add(conn, case_id, "alarm", actor=SYSTEM, data=data, now=now)
    return CaseRef(case_id=case_id, alarm_id=alarm_id, opened=False, tell=ring > 0)


async def _repeat(
    conn: Connection,
    row: dict[str, Any],
    last: alarms.Repeated,
    draft: AlarmDraft,
    now: datetime,
    *,
    flood_of_strangers: bool = False,
) -> CaseRef:
    """It happened again: counted, and told where it is loud; of a stranger's flood only the 2nd, 4th, 8th."""
    heard_as = "technical" if flood_of_strangers else draft.alarm_class
    loud = case.is_loud(heard_as, last.repeats + 1) and not _set_aside(row, draft)
    await alarms.repeat(conn, last.id, draft)
    await _update(conn, row, draft, ring=int(loud), new_alarms=0, repeats=1, now=now)
    if loud:
        data = _alarm_words(draft, last.id) | {"repeats": last.repeats + 1, "rings": row["rings"] + 1}
        await timeline.add(conn, row["id"], "rang", actor=SYSTEM, data=data, now=now)
    return CaseRef(case_id=row["id"], alarm_id=last.id, opened=False, tell=loud)


async def _update(
    conn: Connection,
    row: dict[str, Any],
    draft: AlarmDraft,
    *,
    ring: int,
    new_alarms: int,
    repeats: int,
    now: datetime,
) -> None:
    place = dict(row["place"])
    place |= case.incident_point(draft.position) or {}
    if draft.room and place:
        place["incident_room"] = draft.room
    values = {
        "id": row["id"],
        "priority": case.joined_priority(row["priority"], draft.priority),
        "kinds": case.joined_kinds(row["kinds"], draft.kind),
        "ring": ring,
        "fire_suspected": row["fire_suspected"] or await _fire(conn, draft),
        "late": row["late"] or draft.late,
        "alarms": new_alarms,
        "repeats": repeats,
        "event_ids": case.joined_event_ids(row["event_ids"], draft.event_id),
        "place": Jsonb(place),
        "leave_line": flood.leaves_line(draft.priority),
        "leave_shelf": flood.leaves_shelf(row["kinds"], row["priority"], draft.kind, draft.priority),
        "now": now,
    }
    await conn.execute(_SQL["join_case"], values)


def _set_aside(row: dict[str, Any], draft: AlarmDraft) -> bool:
    """True while the case is shelved or behind another line, and this alarm is nothing new."""
    if row["group_id"] is not None and not flood.leaves_line(draft.priority):
        return True
    back = flood.leaves_shelf(row["kinds"], row["priority"], draft.kind, draft.priority)
    return row["shelved_until"] is not None and not back


async def _fire(conn: Connection, draft: AlarmDraft) -> bool:
    if draft.home_id is None or draft.alarm_class != "care":
        return False
    signs = await alarms.fire_signs(conn, draft.home_id, draft.occurred_at)
    return fire_suspected([*signs, (draft.kind, draft.occurred_at)])


async def _followed(conn: Connection, draft: AlarmDraft, now: datetime) -> UUID | None:
    cursor = await conn.execute(
        _SQL["find_followed"],
        {
            "subject_kind": draft.subject_kind,
            "subject_id": draft.subject_id,
            "class": draft.alarm_class,
            "closed_after": now - case.FOLLOWS_WITHIN,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else row[0]


def _alarm_words(draft: AlarmDraft, alarm_id: UUID) -> dict[str, Any]:
    """What the timeline says of an alarm."""
    words: dict[str, Any] = {
        "alarm_id": str(alarm_id),
        "kind": draft.kind,
        "priority": draft.priority,
        "phase": draft.phase,
        "occurred_at": iso(draft.occurred_at),
        "received_at": iso(draft.received_at),
        "reasons": list(draft.reasons),
    }
    optional = {
        "event_id": None if draft.event_id is None else str(draft.event_id),
        "device": draft.device_id,
        "room": draft.room,
        "late": draft.late,
        "position": draft.position,
        "device_at": None if draft.device_at is None else iso(draft.device_at),
    }
    return words | {name: value for name, value in optional.items() if value}
