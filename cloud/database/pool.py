"""Connections to PostgreSQL: every one speaks UTC and commits each statement unless a transaction is opened.

The boundary (ingestor, timer job, route) opens `async with conn.transaction()`; stores never commit.
"""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

_OPTIONS = "-c TimeZone=UTC -c idle_in_transaction_session_timeout=60s"


def connection_arguments(name: str) -> dict[str, Any]:
    """Keyword arguments of every connection; `name` is what pg_stat_activity shows."""
    return {"autocommit": True, "options": _OPTIONS, "application_name": name, "connect_timeout": 10}


def open_pool(url: str, *, name: str = "carebed", min_size: int = 1, max_size: int = 8) -> Pool:
    """Connections for `async with`; the pool opens there, and finds the server again after an outage."""
    return AsyncConnectionPool(
        url,
        connection_class=AsyncConnection[TupleRow],
        kwargs=connection_arguments(name),
        check=AsyncConnectionPool.check_connection,
        min_size=min_size,
        max_size=max_size,
        timeout=10.0,
        reconnect_timeout=5.0,
        name=name,
        open=False,
    )


async def connect(url: str, *, name: str = "carebed") -> Connection:
    """One connection, which the caller closes; raises psycopg.OperationalError when nobody answers."""
    return await AsyncConnection.connect(url, **connection_arguments(name))
