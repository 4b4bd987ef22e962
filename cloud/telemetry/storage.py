"""How much is kept, how far behind everything is, and what goes next."""

import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telemetry import partitions, rollups
from cloud.telemetry.housekeeping import HOURS_KEPT, readings_kept
from cloud.telemetry.partitions import Partition

_SQL: Final = queries.load(__package__ or "cloud.telemetry", "storage.sql")
_DAY: Final = timedelta(days=1)
_SPARE: Final = 0.1  # of a disk stays free: for the log of changes, cases, copies


class Kept(msgspec.Struct, frozen=True):
    """One table in pieces: sizes in bytes, the widest piece in hours, when the oldest goes, `until` when they
    stand; `day_bytes` is what a day adds.
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
    kept_days: int = 0
    day_bytes: int = 0


class Disk(msgspec.Struct, frozen=True):
    """The disk of the database, in bytes. At today's pace: when it is full, None where what is dropped makes
    room before; and for how many days of readings there is room, None where none come.
    """

    path: str
    total_bytes: int
    free_bytes: int
    full_at: datetime | None
    days_fit: int | None


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
    disk: Disk | None = None


async def survey(conn: Connection, now: datetime) -> Storage:
    """Look at everything; reads the catalogue and the ends of indices, no tables."""
    row = await (await conn.execute(_SQL["overview"])).fetchone()
    assert row is not None
    spans = {"reading": await readings_kept(conn), "reading_hour": HOURS_KEPT}
    found = [_kept(table, await partitions.standing(conn, table), span, now) for table, span in spans.items()]
    return Storage(
        at=now,
        database_bytes=row[0],
        newest_value=row[1],
        rolled_until=await rollups.rolled_until(conn),
        kept=found,
        queues=[Queue(*found) for found in await (await conn.execute(_SQL["queues"])).fetchall()],
        disk=_disk(row[2], found, now),
    )


async def keep_readings(conn: Connection, days: int) -> None:
    """Keep them so many days, 7 to 400, from the worker's next round on."""
    await conn.execute(_SQL["keep_readings"], {"days": days})


def _kept(table: str, pieces: Sequence[Partition], span: timedelta, now: datetime) -> Kept:
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
        next_drop_at=None if first is None else first.until + span,
        until=pieces[-1].until if pieces else None,
        kept_days=span.days,
        day_bytes=round(partitions.a_day([(piece, piece.total_bytes) for piece in held], now)),
    )


def _disk(folder: str | None, kept: Sequence[Kept], now: datetime) -> Disk | None:
    try:
        usage = None if folder is None else shutil.disk_usage(Path(folder))
    except OSError:
        usage = None
    return None if usage is None else forecast(str(folder), usage.total, usage.free, kept, now)


def forecast(path: str, total: int, free: int, kept: Sequence[Kept], now: datetime) -> Disk:
    """How far the room goes, where each day adds what a day adds now. Pure."""
    grows = [(each.day_bytes, _days_until_dropped(each, now)) for each in kept]
    last = max((days for _, days in grows), default=0)
    added = (sum(size * min(day, days) for size, days in grows) for day in range(1, last + 1))
    full = next((day for day, sum_ in enumerate(added) if sum_ > free), None)
    readings, *others = kept
    room = free + readings.total_bytes - _SPARE * total
    days_fit = None
    if readings.day_bytes:
        beside = sum(each.day_bytes for each in others)
        days_fit = max(int(room / (readings.day_bytes + beside)), 0)
    return Disk(path, total, free, None if full is None else now + full * _DAY, days_fit)


def _days_until_dropped(kept: Kept, now: datetime) -> int:
    """How long the table only grows: until its oldest data go."""
    since = now if kept.oldest is None else kept.oldest
    return max((since + timedelta(days=kept.kept_days + 1) - now).days, 0)
