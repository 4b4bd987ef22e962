"""Stored events judged once more, by any version of the rules. Reads only."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms import rules as judging
from cloud.alarms import store as alarms
from cloud.alarms.alarm import AlarmDraft, Context, KnownAlarm, Suspect
from cloud.alarms.rule_versions import RuleSet
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.ingest import whereabouts
from cloud.ingest.context import with_place_and_past
from cloud.ingest.whereabouts import Asked, Sender
from firmware_specs.messages import Event

_SQL: Final = queries.load(__package__ or "cloud.replay")
_NOBODY: Final = UUID(int=0)


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One row of `event`."""

    gateway_id: str
    run: str
    seq: int
    id: UUID
    kind: str
    phase: str
    occurred_at: datetime
    device_at: datetime | None
    received_at: datetime
    stored_at: datetime
    event: Event
    problems: tuple[str, ...]


async def drafts(
    conn: Connection, *, start: datetime, end: datetime, rules: RuleSet
) -> AsyncIterator[AlarmDraft]:
    """What the rules would have raised from the events stored in [start, end), in that order."""
    told: dict[tuple[str, UUID], KnownAlarm] = {}
    for event in await _events(conn, start, end):
        context = await _context(conn, event, start, told)
        if context is None:
            continue
        for action in judging.judge(event.event, context, rules):
            draft = None
            if isinstance(action, AlarmDraft):
                draft = action
            elif isinstance(action, Suspect) and not await _answered(conn, event, action.due_at):
                draft = action.draft if action.due_at < end else None
            if draft is None:
                continue
            if draft.event_id is not None:
                known = KnownAlarm(id=_NOBODY, case_id=_NOBODY, kind=draft.kind)
                told[(event.gateway_id, draft.event_id)] = known
            yield draft


async def _events(conn: Connection, start: datetime, end: datetime) -> list[StoredEvent]:
    rows = await (await conn.execute(_SQL["events"], {"from": start, "to": end})).fetchall()
    found = []
    for row in rows:
        fields: dict[str, Any] = dict(zip(StoredEvent.__struct_fields__, row, strict=True))
        fields["event"] = msgspec.json.decode(row[10], type=Event)
        found.append(StoredEvent(**fields | {"problems": tuple(row[11])}))
    return found


async def _context(
    conn: Connection, event: StoredEvent, start: datetime, told: dict[tuple[str, UUID], KnownAlarm]
) -> Context | None:
    """What the ingestor knew when it judged the event; None for a phase that was told before."""
    key = {"gateway_id": event.gateway_id, "id": event.id}
    values = key | {"run": event.run, "seq": event.seq, "stored_at": event.stored_at}
    others = await (await conn.execute(_SQL["phases_before"], values)).fetchall()
    if event.phase != "updated" and event.phase in {row[0] for row in others}:
        return None
    sender = await _sender(conn, event.gateway_id)
    asked = Asked(sender, event.event.device, event.occurred_at, event.received_at)
    [place] = await whereabouts.locate(conn, [asked])
    [state] = await whereabouts.states_of(conn, [place.resident_id], [event.received_at])
    alarm = told.get((event.gateway_id, event.id))
    if alarm is None and any(row[3] < start for row in others):
        alarm = await alarms.find_by_event(conn, event.gateway_id, event.id)
    known = Context(
        gateway_id=event.gateway_id,
        received_at=event.received_at,
        occurred_at=event.occurred_at,
        device_at=event.device_at,
        late=event.received_at - event.occurred_at > judging.LATE_AFTER,
        event_id=event.id,
        resident_state=state,
        problems=event.problems,
        alarm=alarm,
    )
    phases = [(phase, run, seq) for phase, run, seq, _ in others]
    return await with_place_and_past(conn, known, event.event, place, phases, (event.run, event.seq))


async def _sender(conn: Connection, gateway_id: str) -> Sender:
    row = await (await conn.execute(_SQL["sender"], {"id": gateway_id})).fetchone()
    if row is None:
        return Sender(id=gateway_id)
    kind, home_id, area_code, org_id = row
    return Sender(
        id=gateway_id, kind=kind, home_id=home_id, area_code=area_code, org_id=org_id, registered=True
    )


async def _answered(conn: Connection, event: StoredEvent, due_at: datetime) -> bool:
    values = {"gateway_id": event.gateway_id, "id": event.id, "due_at": due_at}
    return await (await conn.execute(_SQL["answered"], values)).fetchone() is not None
