"""Connections that can be cut: between two statements, at the commit, or just after it, before the answer."""

import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeVar

import psycopg
from psycopg._preparing import PrepareManager
from psycopg.rows import TupleRow

from cloud.database.pool import Connection, connection_arguments

_Result = TypeVar("_Result")
NEVER: Final = -1
AFTER_COMMIT: Final = 0


class Cut(psycopg.OperationalError):
    """The line was cut: whoever waits for the answer does not know whether it was done."""


class _Cursor(psycopg.AsyncCursor[Any]):
    async def execute(self, *given: Any, **named: Any) -> Self:
        line = self.connection
        assert isinstance(line, Line)
        line.count()
        return await super().execute(*given, **named)


class _Plans(PrepareManager):
    """Keeps prepared statements over a rollback: psycopg drops them lest a table has gone, here none goes."""

    def clear(self) -> bool:
        return False


class Line(psycopg.AsyncConnection[TupleRow]):
    """A connection that is cut before its nth statement, or at the commit where there are fewer."""

    left: int = NEVER

    def count(self) -> None:
        """One statement less until the cut."""
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                self.cut()

    def cut(self) -> None:
        """As if the program, its machine or the network had died; the server rolls back."""
        if not self.closed:
            with socket.socket(fileno=os.dup(self.fileno())) as theirs:
                theirs.shutdown(socket.SHUT_RDWR)


class Lines:
    """Hands out connections, a new one for each that was cut. Stands in for a pool.

    Those that are never cut are kept apart: the server has planned every statement on them already.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._whole: list[Line] = []
        self._risked: list[Line] = []

    @asynccontextmanager
    async def connection(self, cut_at: int = NEVER) -> AsyncIterator[Connection]:
        """A connection that will be cut at a statement (see Line), or never."""
        idle = self._whole if cut_at == NEVER else self._risked
        line = idle.pop() if idle else await self._open()
        line.left = max(cut_at, NEVER) or NEVER
        try:
            yield line
        finally:
            line.left = NEVER
            if line.closed or line.broken or line.info.transaction_status != 0:
                await line.close()
            else:
                idle.append(line)

    async def transact(self, act: Callable[[Connection], Awaitable[_Result]], cut_at: int = NEVER) -> _Result:
        """One transaction; raises psycopg.OperationalError where the line is cut, done or not."""
        async with self.connection(cut_at) as conn:
            async with conn.transaction():
                result = await act(conn)
                if cut_at > 0:
                    assert isinstance(conn, Line)
                    conn.cut()
            if cut_at == AFTER_COMMIT:
                raise Cut("the answer was lost")
            return result

    async def close(self) -> None:
        """Close what is idle."""
        for idle in (self._whole, self._risked):
            for line in idle:
                await line.close()
            idle.clear()

    async def _open(self) -> Line:
        line = await Line.connect(self._url, **connection_arguments("carebed-model"))
        line.cursor_factory = _Cursor
        line._prepared = _Plans()
        line.prepare_threshold, line.prepared_max = 0, 500  # planned once a connection
        return line
