"""Hand-over notes: written once, never changed, read by those who share the desk with the writer."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.shifts.shift import beginning
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.shifts")


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One note; `shift_since` is when the shift it was written in began."""

    id: UUID
    at: datetime
    shift_since: datetime
    author: str
    text: str


async def add(conn: Connection, writer: Identity, text: str, *, now: datetime) -> Note:
    """Keep a note for the writer's area and organisation."""
    note_id = uuid7(round(now.timestamp() * 1000))
    values = {"id": note_id, "now": now, "author_id": writer.id, "author_name": writer.name, "text": text}
    await conn.execute(_SQL["add_note"], values | {"area_code": writer.area_code, "org_id": writer.org_id})
    return Note(id=note_id, at=now, shift_since=beginning(now), author=writer.name, text=text)


async def announce(conn: Connection, note: Note) -> None:
    """Tell every desk that there is a note, and nothing of it: each reads what it may. Last in the
    transaction.
    """
    since = note.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    await feed.append(conn, now=note.at, type="desk", data={"kind": "shift_note", "since": since})


async def read(conn: Connection, reader: Identity, *, limit: int, before: UUID | None = None) -> list[Note]:
    """Newest first, on from the note `before`."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit, "before": before}
    rows = await (await conn.execute(_SQL["list_notes"], values)).fetchall()
    return [
        Note(id=row[0], at=row[1], shift_since=beginning(row[1]), author=row[2], text=row[3]) for row in rows
    ]
