"""Connections to PostgreSQL: every one speaks UTC and commits each statement unless a transaction is opened.

The boundary (ingestor, timer job, route) opens `async with conn.transaction()`; stores never commit.
"""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

from psycopg import AsyncConnection, Error
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

_TRY_S: Final = 2.0
_OPTIONS = "-c TimeZone=UTC -c idle_in_transaction_session_timeout=60s"


def connection_arguments(name: str) -> dict[str, Any]:
    """Keyword arguments of every connection; `name` is what pg_stat_activity shows."""
    return {"autocommit": True, "options": _OPTIONS, "application_name": name, "connect_timeout": 10}


def open_pool(url: str, *, name: str = "carebed", min_size: int = 1, max_size: int = 8) -> Pool:
    """Connections for `async with`; the pool opens there, and finds the server again after an outage.

    By itself a pool gives up after `reconnect_timeout`, and whoever waits learns it at the end of their wait.
    It also waits 1, 2, 4 ... s after each dead connection that it finds: where one is dead, all are tried.
    """
    running: set[asyncio.Task[None]] = set()

    def begin(work: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        running.add(task := asyncio.create_task(work, name=f"{name}-{what}"))
        task.add_done_callback(running.discard)
        return task

    async def ask_again(pool: AsyncConnectionPool[Any]) -> None:
        begin(_ask(pool), "again")

    async def check(conn: Connection) -> None:
        try:
            await AsyncConnectionPool.check_connection(conn)
        except Error:
            # Whoever gives up meanwhile must not take along those that are not tried yet: they would be lost.
            await asyncio.shield(begin(pool.check(), "check"))
            raise

    pool = AsyncConnectionPool(
        url,
        connection_class=AsyncConnection[TupleRow],
        kwargs=connection_arguments(name),
        check=check,
        min_size=min_size,
        max_size=max_size,
        timeout=10.0,
        reconnect_timeout=_TRY_S,
        reconnect_failed=ask_again,
        name=name,
        open=False,
    )
    return pool


async def _ask(pool: AsyncConnectionPool[Any]) -> None:
    """Want a connection, for which the pool tries anew."""
    with contextlib.suppress(PoolTimeout, PoolClosed):
        async with pool.connection(timeout=_TRY_S):
            pass


async def connect(url: str, *, name: str = "carebed") -> Connection:
    """One connection, which the caller closes; raises psycopg.OperationalError when nobody answers."""
    return await AsyncConnection.connect(url, **connection_arguments(name))
