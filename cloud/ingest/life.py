"""The readers' signs of life in the database: a gateway's silence counts only while somebody listens.

The ingestor looks after the worker, too: whoever tells of everybody's silence cannot tell of its own.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
from psycopg_pool import PoolTimeout

from cloud.database import queries
from cloud.database.pool import Connection, Pool
from cloud.supervision import ourselves
from firmware_specs.clock import Clock

EVERY_S: Final = 5.0
FRESH: Final = timedelta(seconds=30)
_FORGOTTEN: Final = timedelta(hours=1)
_GOODBYE_S: Final = 1.0
_LOOKED_AFTER: Final = frozenset({"work_silent"})
_SQL: Final = queries.load(__package__ or "cloud.ingest")


@dataclass(frozen=True)
class Reader:
    """A program that reads from the broker, `ingest` or `telemetry`, and its name among several of them."""

    program: str = "ingest"
    member: str = ""


ALONE: Final = Reader()


async def show_life(pool: Pool, clock: Clock, listening: Callable[[], bool], reader: Reader = ALONE) -> None:
    """Every 5 s for ever: this reader lives, and whether the broker has granted it everything."""
    started_at = clock.now()
    try:
        while True:
            with contextlib.suppress(psycopg.Error, PoolTimeout):  # the lanes say that the database is away
                async with pool.connection() as conn:
                    now = clock.now()
                    started_at = min(started_at, now)
                    await note_life(conn, listening=listening(), now=now, reader=reader)
                    if reader.program == "ingest":
                        await ourselves.watch(
                            conn, now=now, started_at=started_at, rate=clock.rate, kinds=_LOOKED_AFTER
                        )
            await clock.sleep(EVERY_S)
    finally:
        with contextlib.suppress(psycopg.Error, PoolTimeout):
            async with pool.connection(timeout=_GOODBYE_S) as conn:
                await note_left(conn, reader, now=clock.now())


async def note_life(conn: Connection, *, listening: bool, now: datetime, reader: Reader = ALONE) -> None:
    """`listening_since` begins anew after the broker, or this row's writer, was away."""
    said = {"program": reader.program, "member": reader.member, "listening": listening, "now": now}
    times = {"fresh": now - FRESH, "before": now - _FORGOTTEN}
    await conn.execute(_SQL["reader_alive"], said | times)
    await conn.execute(_SQL["forget_readers"], said | times)


async def note_left(conn: Connection, reader: Reader, *, now: datetime) -> None:
    """It has ended as it should; the last of its kind is missed all the same."""
    said = {"program": reader.program, "member": reader.member, "fresh": now - FRESH}
    await conn.execute(_SQL["reader_left"], said)
