"""What the desk shows while no case is open: figures of the day and of one's shift, notes for the next."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query
from pydantic import Field

from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.schemas import Given, Shown
from cloud.api.texts import Text
from cloud.api.times import Instant
from cloud.kpi import store as kpi
from cloud.shifts import store

router = APIRouter(tags=["shifts"])


class DeskToday(Shown):
    """Everybody's cases since midnight; null where there was nothing to count."""

    urgent: int = Field(description="of priority 1 and 2, to be acted on")
    taken_30s: float | None = Field(description="of them taken within 30 s, percent")
    dispatched: int
    dispatch_mean_s: float | None = Field(description="from taking a case to sending somebody, on average")
    closed: int
    false_alarms: int


class OwnShift(Shown):
    """Cases opened since the shift began that the caller was the first to take; null: nothing to count."""

    taken: int
    taken_p1: int
    answer_p50_s: float | None
    taken_30s: float | None
    dispatched: int
    dispatch_mean_s: float | None
    over: int
    false_alarms: int


class Silent(Shown):
    """Gateways away, devices that fell silent though their gateway is there; of how many; 30 s old."""

    gateways_away: int
    gateways: int
    devices_silent: int
    devices: int


class DeskFigures(Shown):
    """`since` midnight, `shift_since` the beginning of the shift (00:00, 08:00, 16:00), `at` now."""

    at: Instant
    since: Instant
    shift_since: Instant
    today: DeskToday
    own: OwnShift
    silent: Silent


class ShiftNote(Shown):
    """What somebody left for the next shift; `shift_since` is when the shift it was written in began."""

    id: UUID
    at: Instant
    shift_since: Instant
    author: str
    text: str


class ShiftNotes(Shown):
    """Newest first."""

    items: list[ShiftNote]


class WriteShiftNote(Given):
    """What the next shift must know."""

    text: Annotated[Text, Field(min_length=1, max_length=2000, examples=["张桂兰家门锁已换，新密码待登记"])]


@router.get("/desk/figures", operation_id="get_desk_figures", response_model=DeskFigures)
async def get_desk_figures(identity: Caller, services: With) -> DeskFigures:
    """Figures of today in the caller's area and of the caller's own shift; ask once a minute."""
    now = services.clock.now()
    async with services.pool.connection() as conn:
        found = await kpi.at_the_desk(conn, identity, silent=services.silent, now=now)
    return DeskFigures(at=now, **msgspec.to_builtins(found, builtin_types=(datetime,)))


@router.get("/shift-notes", operation_id="list_shift_notes", response_model=ShiftNotes)
async def list_shift_notes(
    identity: Caller,
    services: With,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    before: Annotated[UUID | None, Query(description="the last one's `id`")] = None,
) -> ShiftNotes:
    """Notes of those who share the desk with the caller, newest first; that they were read is kept."""
    async with services.pool.connection() as conn, conn.transaction():
        items = await store.read(conn, identity, limit=limit, before=before)
        if items:
            await audit(conn, services, identity, "shift_notes_read", "shift_notes", count=len(items))
    return ShiftNotes(items=[ShiftNote(**msgspec.structs.asdict(item)) for item in items])


@router.post("/shift-notes", operation_id="write_shift_note", status_code=201, response_model=ShiftNote)
async def write_shift_note(body: WriteShiftNote, identity: Caller, services: With) -> ShiftNote:
    """Leave a note for the next shift; it is never changed, and the live feed tells of it at once."""
    async with services.pool.connection() as conn, conn.transaction():
        note = await store.add(conn, identity, body.text, now=services.clock.now())
        await audit(conn, services, identity, "shift_note_written", note.id)
        await store.announce(conn, note)
    return ShiftNote(**msgspec.structs.asdict(note))
