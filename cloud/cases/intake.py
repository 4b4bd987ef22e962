"""How alarms become cases: each joins the open case of its subject and class, or opens one. None is hidden.

Nothing here writes to the feed: the boundary calls `publish` last, for every case that it touched.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.alarms import store as alarms
from cloud.alarms.alarm import AlarmDraft, KnownAlarm
from cloud.cases import case, flood, timeline
from cloud.cases.case import Move, State
from cloud.cases.opening import SYSTEM as SYSTEM
from cloud.cases.opening import CaseRef as CaseRef
from cloud.cases.opening import alarm_words, fires, open_cases
from cloud.cases.summary import iso
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.cases")
_Subject = tuple[str, str, str]
_SUBJECT: Final = ("subject_kind", "subject_id", "class")
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
    return (await take_new(conn, [draft], now))[0]


async def take_new(conn: Connection, drafts: Sequence[AlarmDraft], now: datetime) -> list[CaseRef]:
    """As `take_alarm`, of many of whose events there is no alarm yet: the first of a subject joins or opens
    its case, the next ones join in their order.
    """
    refs: dict[int, CaseRef] = {}
    while left := [n for n in range(len(drafts)) if n not in refs]:
        turn = {_subject(drafts[n]): n for n in reversed(left)}
        open_already = await _lock_open(conn, turn)
        for subject, row in open_already.items():
            n = turn.pop(subject)
            refs[n] = await _join(conn, row, drafts[n], now)
        opened = await open_cases(conn, [drafts[n] for n in turn.values()], now)
        refs |= {n: ref for n, ref in zip(turn.values(), opened, strict=True) if ref is not None}
    return [refs[n] for n in range(len(drafts))]


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


def _subject(draft: AlarmDraft) -> _Subject:
    return draft.subject_kind, draft.subject_id, draft.alarm_class


async def _lock_open(conn: Connection, subjects: Iterable[_Subject]) -> dict[_Subject, dict[str, Any]]:
    """The rows of the cases that take new alarms, held until the transaction ends."""
    given = arrays.of_rows(dict(zip(_SUBJECT, subject, strict=True)) for subject in subjects)
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["lock_open_cases"], {"subjects": given})
        return {
            (row["subject_kind"], row["subject_id"], row["class"]): row for row in await cursor.fetchall()
        }


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
    data = alarm_words(draft, known.id) | {"rings": row["rings"] + 1, "was": known.kind}
    await timeline.add(conn, known.case_id, "alarm", actor=SYSTEM, data=data, now=now)
    return CaseRef(case_id=known.case_id, alarm_id=known.id, opened=False)


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
    await alarms.insert(conn, [(alarm_id, case_id, draft)], now=now)
    ring = int(not _set_aside(row, draft))
    await _update(conn, row, draft, ring=ring, new_alarms=1, repeats=1, now=now)
    data = alarm_words(draft, alarm_id) | {"rings": row["rings"] + ring}
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
        data = alarm_words(draft, last.id) | {"repeats": last.repeats + 1, "rings": row["rings"] + 1}
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
        "fire_suspected": row["fire_suspected"] or (await fires(conn, [draft]))[0],
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
