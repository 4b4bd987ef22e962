"""Last values of a flood of readings: kept in packs with the readings, moved together once it pauses.

In a backlog each series comes again and again; to move each one once costs a fraction. A crash in between
moves some twice, which changes nothing: an older value never replaces a newer.
"""

import asyncio
from typing import Final

import numpy as np
import psycopg

from cloud.database.pool import Connection, connect
from cloud.telemetry import store

_LOOK_EVERY_S: Final = 1.0
_AT_MOST_LOOKS: Final = 30
_AT_ONCE: Final = 20_000  # short transactions: a live reading of the same device waits for no more


async def keep_moving(url: str) -> None:
    """Endless: move what waits when nothing was added for a second, at the latest after thirty.

    One process at a time does it, on a connection of its own.
    """
    while True:
        try:
            async with await connect(url, name="carebed-last-values") as conn:
                while not await store.become_mover(conn):  # noqa: ASYNC110 - another process decides, not an event
                    await asyncio.sleep(_LOOK_EVERY_S)
                await _keep_moving(conn)
        except psycopg.OperationalError:
            await asyncio.sleep(_LOOK_EVERY_S)  # the lane says that the database is away


async def move(conn: Connection) -> int:
    """Move everything that waits; returns how many series were."""
    ids = await store.waiting_last(conn)
    newest = await store.newest_waiting(conn, ids)
    for start in range(0, len(newest), _AT_ONCE):
        async with conn.transaction():
            await store.move_many(conn, newest.where(np.arange(start, min(start + _AT_ONCE, len(newest)))))
    if ids:
        await store.forget_waiting(conn, ids)
    return len(newest)


async def _keep_moving(conn: Connection) -> None:
    before: list[int] = []
    looks = 0
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        ids = await store.waiting_last(conn)
        looks = looks + 1 if ids else 0
        if ids and (ids == before or looks >= _AT_MOST_LOOKS):
            await move(conn)
            looks = 0
        before = ids
