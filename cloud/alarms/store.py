"""Alarms and suspicions in the database. The boundary owns the transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.alarms.alarm import AlarmDraft, KnownAlarm, Suspect
from cloud.alarms.rules import FIRE_WINDOW
from cloud.database import arrays, queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.alarms")


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """The last alarm of the same device and kind in a case."""

    id: UUID
    last_at: datetime
    repeats: int


async def find_by_event(conn: Connection, gateway_id: str, event_id: UUID) -> KnownAlarm | None:
    """The alarm that an activation made or joined."""
    return (await find_by_events(conn, [(gateway_id, event_id)]))[0]


async def find_by_events(
    conn: Connection, activations: Sequence[tuple[str, UUID]]
) -> list[KnownAlarm | None]:
    """The alarm that each activation, (gateway, event), made or joined."""
    asked = arrays.of_rows(
        {"n": n, "gateway_id": gateway, "event_id": event} for n, (gateway, event) in enumerate(activations)
    )
    rows = await (await conn.execute(_SQL["alarms_of_events"], {"asked": asked})).fetchall()
    found = {
        n: KnownAlarm(id=id_, case_id=case_id, kind=kind, cleared_at=cleared_at)
        for n, id_, case_id, kind, cleared_at in rows
    }
    return [found.get(n) for n in range(len(activations))]


async def find_repeated(conn: Connection, case_id: UUID, draft: AlarmDraft) -> Repeated | None:
    """The last alarm of the draft's device, kind and person in a case."""
    judged = draft.kind in ("news2_high", "news2_medium", "vital_out_of_band")
    cursor = await conn.execute(
        _SQL["repeated_alarm"],
        {
            "case_id": case_id,
            "kind": draft.kind,
            "gateway_id": draft.gateway_id,
            "device_id": draft.device_id,
            "resident_id": draft.resident_id,
            "reasons": list(draft.reasons) if judged else None,
        },
    )
    row = await cursor.fetchone()
    return None if row is None else Repeated(id=row[0], last_at=row[1], repeats=row[2])


async def of_strangers(conn: Connection, case_id: UUID, draft: AlarmDraft) -> tuple[int, Repeated] | None:
    """How often unregistered devices at the draft's address raised its kind in a case, and the last alarm of
    them; None for a registered device, an unknown address, or where that kind is new.
    """
    address = draft.source_address
    if address is None:
        return None
    values = {"case_id": case_id, "kind": draft.kind, "gateway_id": draft.gateway_id, "address": address}
    row = await (await conn.execute(_SQL["alarms_of_strangers"], values)).fetchone()
    return None if row is None else (row[3], Repeated(id=row[0], last_at=row[1], repeats=row[2]))


async def insert(conn: Connection, drafts: Iterable[tuple[UUID, UUID, AlarmDraft]], *, now: datetime) -> None:
    """Keep alarms, each (alarm id, case id, draft), with their reasons; raises UniqueViolation when the event
    of one has one of that kind.
    """
    rows = [
        msgspec.structs.asdict(draft)
        | {"id": alarm_id, "case_id": case_id, "class": draft.alarm_class, "stored_at": now}
        for alarm_id, case_id, draft in drafts
    ]
    await conn.execute(_SQL["insert_alarms"], {"alarms": arrays.of_rows(rows)})


async def repeat(conn: Connection, alarm_id: UUID, draft: AlarmDraft) -> None:
    """Count a repetition and let its event find the alarm."""
    await conn.execute(_SQL["repeat_alarm"], {"id": alarm_id, "at": draft.occurred_at})
    if draft.event_id is not None:
        await conn.execute(
            _SQL["link_event"],
            {"gateway_id": draft.gateway_id, "event_id": draft.event_id, "alarm_id": alarm_id},
        )


async def confirm(conn: Connection, alarm_id: UUID, draft: AlarmDraft) -> None:
    """A suspicion that the cloud had raised by itself turned out to be real."""
    await conn.execute(
        _SQL["confirm_alarm"],
        {
            "id": alarm_id,
            "kind": draft.kind,
            "priority": draft.priority,
            "phase": draft.phase,
            "reasons": list(draft.reasons),
        },
    )


async def clear(conn: Connection, alarm_id: UUID, *, at: datetime) -> bool:
    """Mark an alarm as over; False when it was already."""
    cursor = await conn.execute(_SQL["clear_alarm"], {"id": alarm_id, "at": at})
    return await cursor.fetchone() is not None


async def clear_of_gateway(
    conn: Connection, gateway_id: str, kind: str, *, at: datetime
) -> list[tuple[UUID, UUID]]:
    """Mark a gateway's own alarms of a kind as over; (alarm id, case id) of each."""
    cursor = await conn.execute(
        _SQL["clear_gateway_alarms"], {"gateway_id": gateway_id, "kind": kind, "at": at}
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def set_priority(conn: Connection, case_id: UUID, kind: str, priority: int) -> None:
    """Make a case's alarms of a kind more urgent."""
    await conn.execute(_SQL["set_alarm_priority"], {"case_id": case_id, "kind": kind, "priority": priority})


async def fire_signs(
    conn: Connection, asked: Sequence[tuple[UUID | None, datetime]]
) -> list[list[tuple[str, datetime]]]:
    """(kind, occurred_at) of each home's SOS, smoke and CO alarms within the fire window of a moment."""
    homes = arrays.of_rows(
        {"n": n, "home_id": home_id, "after": around - FIRE_WINDOW, "before": around + FIRE_WINDOW}
        for n, (home_id, around) in enumerate(asked)
        if home_id is not None
    )
    found: list[list[tuple[str, datetime]]] = [[] for _ in asked]
    for n, kind, at in await (await conn.execute(_SQL["fire_signs"], {"asked": homes})).fetchall():
        found[n].append((kind, at))
    return found


async def of_case(conn: Connection, case_id: UUID) -> list[dict[str, Any]]:
    """The rows of a case's alarms, in the order they were stored."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["alarms_of_case"], {"case_id": case_id})
        return await cursor.fetchall()


async def suspect(conn: Connection, suspect: Suspect) -> None:
    """Keep a suspicion until it is confirmed, cancelled or due."""
    await conn.execute(
        _SQL["suspect"],
        {
            "gateway_id": suspect.draft.gateway_id,
            "event_id": suspect.draft.event_id,
            "draft": msgspec.json.encode(suspect.draft).decode(),
            "due_at": suspect.due_at,
        },
    )


async def forget_suspicion(conn: Connection, gateway_id: str, event_id: UUID) -> None:
    """The activation was confirmed or cancelled, or has no suspicion."""
    await conn.execute(_SQL["forget_suspicion"], {"gateway_id": gateway_id, "event_id": event_id})


async def explain_suspicion(
    conn: Connection, gateway_id: str, event_id: UUID, reasons: tuple[str, ...]
) -> bool:
    """Give a waiting suspicion newer reasons; False when none waits."""
    values = {"gateway_id": gateway_id, "event_id": event_id, "reasons": Jsonb(reasons)}
    row = await (await conn.execute(_SQL["explain_suspicion"], values)).fetchone()
    return row is not None


async def explain(conn: Connection, alarm_id: UUID, reasons: tuple[str, ...]) -> None:
    """Give an alarm newer reasons."""
    await conn.execute(_SQL["explain_alarm"], {"id": alarm_id, "reasons": list(reasons)})


async def due_suspicions(conn: Connection, *, now: datetime, limit: int) -> list[tuple[str, UUID]]:
    """(gateway, event) of what waited long enough; take each in a transaction that holds its gateway."""
    rows = await (await conn.execute(_SQL["due_suspicions"], {"now": now, "limit": limit})).fetchall()
    return [(row[0], row[1]) for row in rows]


async def take_suspicion(
    conn: Connection, gateway_id: str, event_id: UUID, *, now: datetime
) -> AlarmDraft | None:
    """The alarm to raise; None when it was confirmed, cancelled or taken meanwhile."""
    values = {"gateway_id": gateway_id, "event_id": event_id, "now": now}
    row = await (await conn.execute(_SQL["take_suspicion"], values)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=AlarmDraft)
