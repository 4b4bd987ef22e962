"""The readers' signs of life in the database: a gateway's silence counts only while somebody listens.

The ingestor looks after the worker, too: whoever tells of everybody's silence cannot tell of its own.
"""

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
_FORGOTTEN: Final = timedelta(days=1)
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
    while True:
        try:
            async with pool.connection() as conn:
                await note_life(conn, listening=listening(), now=clock.now(), reader=reader)
                if reader.program == "ingest":
                    await ourselves.watch(
                        conn, now=clock.now(), started_at=started_at, rate=clock.rate, kinds=_LOOKED_AFTER
                    )
        except (psycopg.Error, PoolTimeout):
            pass  # the lanes say that the database is away
        await clock.sleep(EVERY_S)


async def note_life(conn: Connection, *, listening: bool, now: datetime, reader: Reader = ALONE) -> None:
    """`listening_since` begins anew after the broker, or this row's writer, was away."""
    said = {"program": reader.program, "member": reader.member, "listening": listening, "now": now}
    await conn.execute(_SQL["reader_alive"], said | {"fresh": now - FRESH})
    await conn.execute(_SQL["forget_readers"], {"before": now - _FORGOTTEN})
