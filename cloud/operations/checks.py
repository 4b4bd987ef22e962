"""What a program must have before it can do its work; each check says what is wrong, "" when nothing is."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from cloud.database import queries
from cloud.database.migrations import available
from cloud.database.pool import Pool
from cloud.operations.post import Check

BEHIND_AFTER: Final = timedelta(seconds=60)
_LIMIT_S: Final = 1.5
_SQL: Final = queries.load(__package__ or "cloud.operations", "checks.sql")


class _Source(Protocol):
    @property
    def listening(self) -> bool: ...


class _Queue(Protocol):
    @property
    def oldest_at(self) -> datetime | None:
        """When what waits longest arrived."""


class _Connected(Protocol):
    @property
    def connected(self) -> bool: ...


def database(pool: Pool) -> Check:
    """It answers, and has every migration that this program knows. A newer one is no fault: while programs
    are replaced one by one, the old ones go on.
    """
    wanted = len(available())

    async def check() -> str:
        async with pool.connection(timeout=_LIMIT_S) as conn:
            row = await (await conn.execute(_SQL["migrated"])).fetchone()
        there = row[0] if row else 0
        return "" if there >= wanted else f"migration {there} of {wanted}"

    return check


def broker(sources: Sequence[_Source]) -> Check:
    """The broker has granted every subscription."""

    async def check() -> str:
        return "" if all(source.listening for source in sources) else "not subscribed"

    return check


def connected(publisher: _Connected) -> Check:
    """The broker has accepted us."""

    async def check() -> str:
        return "" if publisher.connected else "not connected"

    return check


def prompt(queues: Sequence[_Queue], now: Callable[[], datetime]) -> Check:
    """Nothing has waited for a minute."""

    async def check() -> str:
        oldest = [at for queue in queues if (at := queue.oldest_at) is not None]
        waited = max((now() - at for at in oldest), default=timedelta())
        return "" if waited < BEHIND_AFTER else f"behind by {waited.total_seconds():.0f} s"

    return check
