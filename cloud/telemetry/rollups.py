"""Readings by the hour, kept longer than readings and drawn from for weeks and months.

An hour is rolled up a quarter of an hour after its end, all series at once. Readings that are stored later
than that leave a note in their own transaction, and the hours of their series are made again.
"""

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telemetry import columns as c
from cloud.telemetry import partitions, store
from cloud.telemetry.columns import Columns

_SQL: Final = queries.load(__package__ or "cloud.telemetry", "rollups.sql")
HOUR: Final = timedelta(hours=1)
_HOUR_MS: Final = 3_600_000
_RIPE_AFTER: Final = timedelta(minutes=15)
_LATE_AFTER_MS: Final = 5 * 60_000  # earlier than ripe: a commit may take its time
_PACKS_AT_ONCE: Final = 20
_SERIES_AT_ONCE: Final = 20_000


async def note_late(conn: Connection, stored: Columns, now: datetime) -> None:
    """In the transaction that stores them, in the order of the index: hours that may be rolled up already."""
    hour = stored.measured_ms - stored.measured_ms % _HOUR_MS
    late = hour + _HOUR_MS + _LATE_AFTER_MS <= c.to_ms(now)
    if not late.any():
        return
    found = stored.where(late)
    hours = c.first_of(found, hour[late])
    await conn.execute(_SQL["roll_later"], {"hours": c.pack(hours)})


async def roll_up(conn: Connection, now: datetime, *, kept: timedelta, hours: int = 500) -> int:
    """Roll up at most `hours` that are ripe, and what came late; returns how many hours there were."""
    ripe = _floor(now - _RIPE_AFTER)
    at = await rolled_until(conn)
    if at is None:
        at = await _first(conn, now - kept, ripe)
    done = 0
    while at < ripe and done < hours:
        async with conn.transaction():
            await partitions.ensure_days(conn, [at.date()])
            await conn.execute(_SQL["roll_hour"], {"at": at})
            at += HOUR
            await conn.execute(_SQL["set_rolled_until"], {"until": at})
        done += 1
    while await _roll_again(conn, now - kept):
        done += 1
    return done


async def rolled_until(conn: Connection) -> datetime | None:
    """Up to when the hours are complete."""
    row = await (await conn.execute(_SQL["rolled_until"])).fetchone()
    return None if row is None else row[0]


async def _roll_again(conn: Connection, oldest: datetime) -> bool:
    async with conn.transaction():
        rows = await (await conn.execute(_SQL["waiting_hours"], {"limit": _PACKS_AT_ONCE})).fetchall()
        found = c.unpack(row[1] for row in rows)
        found = found.where(found.measured_ms >= c.to_ms(oldest))  # of older ones the readings are gone
        found = c.first_of(found.where(found.order()), None)
        await partitions.ensure_days(conn, store.days_of(found))
        for start in range(0, len(found), _SERIES_AT_ONCE):
            part = found.where(np.arange(start, min(start + _SERIES_AT_ONCE, len(found))))
            async with conn.transaction():
                await store.fill_moved(conn, part)
                await conn.execute(_SQL["roll_again"])
                await conn.execute("truncate moved")
        await conn.execute(_SQL["forget_hours"], {"ids": [row[0] for row in rows]})
    return len(rows) == _PACKS_AT_ONCE


async def _first(conn: Connection, since: datetime, ripe: datetime) -> datetime:
    """The hour to begin with."""
    row = await (await conn.execute(_SQL["oldest_reading"], {"since": since, "until": ripe})).fetchone()
    return ripe if row is None or row[0] is None else _floor(row[0])


def _floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
