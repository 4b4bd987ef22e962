"""How much is kept, how far behind everything is, and what goes next."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telemetry import partitions, rollups
from cloud.telemetry.housekeeping import HOURS_KEPT, READINGS_KEPT

_SQL: Final = queries.load(__package__ or "cloud.telemetry", "storage.sql")
_KEPT: Final = {"reading": READINGS_KEPT, "reading_hour": HOURS_KEPT}


class Kept(msgspec.Struct, frozen=True):
    """One table in pieces: sizes in bytes, the widest piece in hours, when the oldest goes, `until` when they
    stand.
    """

    table: str
    pieces: int
    total_bytes: int
    largest_bytes: int
    oldest: datetime | None
    widest_h: float
    next_drop: str | None
    next_drop_at: datetime | None
    until: datetime | None = None


class Queue(msgspec.Struct, frozen=True):
    """Rows that wait for a program, and since when the oldest does, where that is known."""

    name: str
    waiting: int
    since: datetime | None


class Storage(msgspec.Struct, frozen=True):
    """The whole picture at one moment."""

    at: datetime
    database_bytes: int
    newest_value: datetime | None
    rolled_until: datetime | None
    kept: list[Kept]
    queues: list[Queue]


async def survey(conn: Connection, now: datetime) -> Storage:
    """Look at everything; reads the catalogue and the ends of indices, no tables."""
    row = await (await conn.execute(_SQL["overview"])).fetchone()
    assert row is not None
    return Storage(
        at=now,
        database_bytes=row[0],
        newest_value=row[1],
        rolled_until=await rollups.rolled_until(conn),
        kept=[await _kept(conn, table) for table in partitions.TABLES],
        queues=[Queue(*found) for found in await (await conn.execute(_SQL["queues"])).fetchall()],
    )


async def _kept(conn: Connection, table: str) -> Kept:
    pieces = await partitions.standing(conn, table)
    held = [piece for piece in pieces if piece.table_bytes]
    first = pieces[0] if pieces else None
    widest = max((piece.until - piece.since for piece in pieces), default=timedelta())
    return Kept(
        table=table,
        pieces=len(pieces),
        total_bytes=sum(piece.total_bytes for piece in pieces),
        largest_bytes=max((piece.total_bytes for piece in pieces), default=0),
        oldest=held[0].since if held else None,
        widest_h=widest / timedelta(hours=1),
        next_drop=None if first is None else first.name,
        next_drop_at=None if first is None else first.until + _KEPT[table],
        until=pieces[-1].until if pieces else None,
    )
