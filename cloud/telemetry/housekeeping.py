"""Room for the readings of coming days, and an end to those that are too old."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final

import psycopg
from psycopg_pool import PoolTimeout

from cloud.database import queries
from cloud.database.pool import Connection, Pool
from cloud.telemetry import partitions, rollups, store
from firmware_specs.clock import Clock

logger = logging.getLogger(__name__)

_SQL: Final = queries.load(__package__ or "cloud.telemetry", "storage.sql")
READINGS_KEPT: Final = timedelta(days=400)  # at most: older ones are not believed
HOURS_KEPT: Final = timedelta(days=5 * 366)
RUNS_KEPT: Final = timedelta(days=40)  # a gateway keeps what it sent for 3 days
_EVERY_S: Final = 300.0
_AT_LEAST_S: Final = 1.0  # of real time, however fast the clock runs


async def keep_house(pool: Pool, clock: Clock) -> None:
    """Endless: each five minutes partitions ahead, hours rolled up, what is too old dropped.

    One worker at a time does it.
    """
    pace = partitions.Pace()
    while True:
        now = clock.now()
        try:
            async with pool.connection() as conn, store.house(conn) as is_ours:
                dropped = await look_after(conn, now, await readings_kept(conn), pace) if is_ours else []
        except psycopg.errors.LockNotAvailable:
            dropped = []  # somebody reads a partition, such as a copy: writers waited 2 s, not again at once
        except (psycopg.OperationalError, PoolTimeout):
            await asyncio.sleep(_AT_LEAST_S)  # the database is away
            continue
        if dropped:
            extra = {"action": "readings_dropped", "partitions": dropped}
            logger.info("old readings dropped", extra=extra)
        await asyncio.sleep(max(_EVERY_S / clock.rate, _AT_LEAST_S))


async def readings_kept(conn: Connection) -> timedelta:
    """How long, as `carebed-cloud storage --keep` has set it."""
    row = await (await conn.execute(_SQL["readings_days"])).fetchone()
    return READINGS_KEPT if row is None else timedelta(days=row[0])


async def look_after(
    conn: Connection, now: datetime, kept: timedelta, pace: partitions.Pace | None = None
) -> list[str]:
    """One round; returns the partitions that were dropped, of readings none whose hours are not made.

    While a restored database waits for its readings no hours are made: they would be made of a part.
    """
    await partitions.prepare(conn, now, pace)
    waiting = await (await conn.execute(_SQL["waits_for_history"])).fetchone()
    if waiting is None or not waiting[0]:
        await rollups.roll_up(conn, now, kept=kept)
    rolled = await rollups.rolled_until(conn)
    dropped = await partitions.drop_before(conn, now - kept if rolled is None else min(now - kept, rolled))
    dropped += await partitions.drop_before(conn, now - HOURS_KEPT, table="reading_hour")
    await store.forget_runs(conn, now - RUNS_KEPT)
    return dropped
