"""Where readings and their hours are kept: hypertables where the server has TimescaleDB, else partitions.

A partition of readings is a day, or a part of one where readings come so fast that its index would grow past
20 million entries: a larger one no longer stays in memory, and writing slows down. This is the only file that
knows which of the two it is.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from psycopg import sql

from cloud.database import queries
from cloud.database.pool import Connection

_SQL = queries.load(__package__)
TABLES: Final = ("reading", "reading_hour")
ENTRIES_AT_MOST: Final = 20_000_000
_AHEAD_DAYS: Final = 3  # partitions that stand before their day begins
_DAY: Final = timedelta(days=1)
_WIDTHS: Final = tuple(timedelta(hours=hours) for hours in (24, 12, 6, 3, 2, 1, 0.5))
_ROW_BYTES: Final = 60


class Partition(NamedTuple):
    """One piece of a table, from `since` to before `until`, and what it takes with its index."""

    name: str
    since: datetime
    until: datetime
    table_bytes: int
    total_bytes: int


async def prepare(conn: Connection, now: datetime) -> None:
    """Create the tables where they are missing, and partitions from yesterday to some days ahead."""
    async with conn.transaction():
        await conn.execute(_SQL["lock_storage"])
        if not await _ask(conn, "reading_exists"):
            await _create(conn, "reading")
        if not await _ask(conn, "reading_hour_exists"):
            await _create(conn, "reading_hour")
    today = now.astimezone(UTC).date()
    width = width_for(rows_a_day(await standing(conn, "reading"), now))
    await ensure_days(conn, [today + n * _DAY for n in range(-1, _AHEAD_DAYS + 1)], width=width)
    if width != _DAY:
        await _narrow(conn, [today + n * _DAY for n in range(1, _AHEAD_DAYS + 1)], width)


def rows_a_day(found: Sequence[Partition], now: datetime) -> float:
    """About how many readings come a day: of yesterday, or of today so far where that is more. Pure."""
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    yesterday = sum(part.table_bytes for part in found if midnight - _DAY <= part.since < midnight)
    today = sum(part.table_bytes for part in found if midnight <= part.since < midnight + _DAY)
    share = max((now - midnight) / _DAY, 0.05)
    return max(yesterday, today / share) / _ROW_BYTES


def width_for(rows: float) -> timedelta:
    """How wide a partition may be where so many readings come a day. Pure."""
    return next((width for width in _WIDTHS if rows * (width / _DAY) <= ENTRIES_AT_MOST * 0.8), _WIDTHS[-1])


async def ensure_days(conn: Connection, days: Iterable[date], *, width: timedelta = _DAY) -> None:
    """Make room for readings of these UTC days, in partitions of `width` where a day has none yet.

    Must run outside a transaction that writes readings.
    """
    async with conn.transaction():
        if await _ask(conn, "timescaledb_present"):
            return
        await conn.execute(_SQL["lock_storage"])
        for table, wide in (("reading", width), ("reading_hour", _DAY)):
            there = {part.since.date() for part in await _standing(conn, table)}
            for day in sorted(set(days) - there):
                await _attach_day(conn, table, day, wide)


async def standing(conn: Connection, table: str) -> list[Partition]:
    """The partitions of a table of TABLES, oldest first; of TimescaleDB its chunks."""
    async with conn.transaction():
        return await _standing(conn, table)


async def drop_before(conn: Connection, before: datetime, *, table: str = "reading") -> list[str]:
    """Drop what is wholly before a time and return what was dropped; waits at most 2 s for readers."""
    async with conn.transaction():
        await conn.execute("set local lock_timeout = '2s'")
        if await _ask(conn, "timescaledb_present"):
            chunks = await conn.execute(_SQL["drop_chunks"], {"table": table, "before": before})
            return [str(row[0]) for row in await chunks.fetchall()]
        await conn.execute(_SQL["lock_storage"])
        old = [part.name for part in await _standing(conn, table) if part.until <= before]
        for name in old:
            await conn.execute(sql.SQL("drop table {}").format(sql.Identifier(name)))
        return old


async def _narrow(conn: Connection, days: Iterable[date], width: timedelta) -> None:
    """Divide coming days that hold nothing yet more finely."""
    async with conn.transaction():
        await conn.execute("set local lock_timeout = '2s'")
        if await _ask(conn, "timescaledb_present"):
            return
        await conn.execute(_SQL["lock_storage"])
        found = await _standing(conn, "reading")
        for day in days:
            parts = [part for part in found if part.since.date() == day]
            if parts and parts[0].until - parts[0].since > width and not any(p.table_bytes for p in parts):
                for part in parts:
                    await conn.execute(sql.SQL("drop table {}").format(sql.Identifier(part.name)))
                await _attach_day(conn, "reading", day, width)


async def _create(conn: Connection, table: str) -> None:
    hypertable = await _ask(conn, "timescaledb_usable")
    if hypertable:
        await conn.execute(_SQL["create_extension"])
    await conn.execute(_SQL[f"create_{table}_{'hypertable' if hypertable else 'partitioned'}"])


async def _attach_day(conn: Connection, table: str, day: date, width: timedelta) -> None:
    """Tables like `table`, attached: this takes no lock that stops writers, as `partition of` would."""
    midnight = datetime.combine(day, time(), UTC)
    for n in range(round(_DAY / width)):
        since = midnight + n * width
        name = sql.Identifier(_name(table, since, width))
        bounds = [sql.Literal(edge.isoformat()) for edge in (since, since + width)]
        like = sql.SQL("create table {} (like {} including defaults)")
        await conn.execute(like.format(name, sql.Identifier(table)))
        attach = sql.SQL("alter table {} attach partition {} for values from ({}) to ({})")
        await conn.execute(attach.format(sql.Identifier(table), name, *bounds))


async def _standing(conn: Connection, table: str) -> list[Partition]:
    query = "chunks" if await _ask(conn, "timescaledb_present") else "partitions"
    rows = await (await conn.execute(_SQL[query], {"table": table})).fetchall()
    return [Partition(*row) for row in rows]


async def _ask(conn: Connection, query: str) -> bool:
    row = await (await conn.execute(_SQL[query])).fetchone()
    return bool(row and row[0])


def _name(table: str, since: datetime, width: timedelta) -> str:
    return f"{table}_{since:%Y%m%d}" + ("" if width == _DAY else f"_{since:%H%M}")
