"""Where readings are kept: a TimescaleDB hypertable where the server offers it, else one partition a day.

This is the only file that knows which of the two it is.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from psycopg import sql

from cloud.database import queries
from cloud.database.pool import Connection

_SQL = queries.load(__package__)
_AHEAD_DAYS: Final = 3  # partitions that stand before their day begins
_DAY: Final = timedelta(days=1)


async def prepare(conn: Connection, now: datetime) -> None:
    """Create the table of readings where it is missing, and partitions from yesterday to some days ahead."""
    async with conn.transaction():
        await conn.execute(_SQL["lock_storage"])
        if not await _ask(conn, "reading_exists"):
            await _create(conn)
    today = now.astimezone(UTC).date()
    await ensure_days(conn, [today + n * _DAY for n in range(-1, _AHEAD_DAYS + 1)])


async def ensure_days(conn: Connection, days: Iterable[date]) -> None:
    """Make room for readings of these UTC days; must run outside a transaction that writes readings."""
    async with conn.transaction():
        if await _ask(conn, "timescaledb_present"):
            return
        await conn.execute(_SQL["lock_storage"])
        standing = set(await _partitions(conn))
        for day in sorted(set(days)):
            if _name(day) not in standing:
                await _attach(conn, day)


async def drop_before(conn: Connection, before: datetime) -> list[str]:
    """Drop the whole days before a time and return what was dropped; waits at most 2 s for readers."""
    async with conn.transaction():
        await conn.execute("set local lock_timeout = '2s'")
        if await _ask(conn, "timescaledb_present"):
            chunks = await conn.execute(_SQL["drop_chunks"], {"before": before})
            return [str(row[0]) for row in await chunks.fetchall()]
        await conn.execute(_SQL["lock_storage"])
        last = _name(before.astimezone(UTC).date())
        old = [name for name in await _partitions(conn) if name < last]
        for name in old:
            await conn.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
        return old


async def _create(conn: Connection) -> None:
    if await _ask(conn, "timescaledb_usable"):
        await conn.execute(_SQL["create_extension"])
        await conn.execute(_SQL["create_reading_hypertable"])
    else:
        await conn.execute(_SQL["create_reading_partitioned"])


async def _attach(conn: Connection, day: date) -> None:
    """A table like `reading`, attached: this takes no lock that stops writers, as `partition of` would."""
    name = sql.Identifier(_name(day))
    bounds = [sql.Literal(f"{edge.isoformat()} 00:00:00+00") for edge in (day, day + _DAY)]
    await conn.execute(sql.SQL("create table {} (like reading including defaults)").format(name))
    attach = sql.SQL("alter table reading attach partition {} for values from ({}) to ({})")
    await conn.execute(attach.format(name, *bounds))


async def _partitions(conn: Connection) -> list[str]:
    rows = await conn.execute(_SQL["partitions"])
    return [row[0] for row in await rows.fetchall()]


async def _ask(conn: Connection, query: str) -> bool:
    row = await (await conn.execute(_SQL[query])).fetchone()
    return bool(row and row[0])


def _name(day: date) -> str:
    return f"reading_{day:%Y%m%d}"
