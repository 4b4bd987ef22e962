"""Where readings and their hours are kept: hypertables where the server has TimescaleDB, else partitions.

A partition of readings is a day, or a part of one where readings come so fast that its index would grow past
20 million entries: a larger one no longer stays in memory, and writing slows down. Where they begin to come
faster, what has not begun is divided anew, and so is the rest of the partition that is written to. This is
the only file that knows which of the two it is.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

import psycopg
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
_NOT_BEFORE: Final = timedelta(minutes=15)  # readings may be ten minutes ahead of us
_GRID: Final = timedelta(minutes=5)


class Partition(NamedTuple):
    """One piece of a table, from `since` to before `until`, and what it takes with its index."""

    name: str
    since: datetime
    until: datetime
    table_bytes: int
    total_bytes: int


class Pace:
    """How fast readings came between two looks; nothing is known at the first."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._seen: tuple[datetime, dict[str, int]] | None = None

    def rows_a_day(self, found: Sequence[Partition], now: datetime) -> float:
        """Readings a day at the pace since the last look, without those of days that were over by then: what
        comes of a copy or after an outage says nothing about the days to come.
        """
        before, self._seen = self._seen, (now, {part.name: part.table_bytes for part in found})
        if before is None or now <= before[0]:
            return 0.0
        sizes = {part.name: part.table_bytes for part in found if part.until > before[0]}
        grown = sum(max(size - before[1].get(name, 0), 0) for name, size in sizes.items())
        return grown / _ROW_BYTES / ((now - before[0]) / _DAY)


async def prepare(conn: Connection, now: datetime, pace: Pace | None = None) -> None:
    """Create the tables where they are missing, and partitions from yesterday to some days ahead.

    `pace` knows how fast readings come of late; without it they are judged by yesterday and today.
    """
    async with conn.transaction():
        await conn.execute(_SQL["lock_storage"])
        if not await _ask(conn, "reading_exists"):
            await _create(conn, "reading")
        if not await _ask(conn, "reading_hour_exists"):
            await _create(conn, "reading_hour")
    today, found = now.astimezone(UTC).date(), await standing(conn, "reading")
    lately = 0.0 if pace is None else pace.rows_a_day(found, now)
    rows = max(rows_a_day(found, now), lately)
    width = width_for(rows)
    await ensure_days(conn, [today + n * _DAY for n in range(-1, _AHEAD_DAYS + 1)], width=width)
    if width != _DAY:
        with suppress(psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):  # at the next look
            await _narrow(conn, now, width, rows)


def rows_a_day(found: Sequence[Partition], now: datetime) -> float:
    """About how many readings come a day. Pure."""
    return a_day([(part, part.table_bytes) for part in found], now) / _ROW_BYTES


def a_day(sizes: Iterable[tuple[Partition, int]], now: datetime) -> float:
    """What a day adds: what yesterday did, or today so far where that makes more. Pure.

    Of a piece that is wider than a day each has its share, as if it had grown evenly.
    """
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    yesterday = today = 0.0
    for part, size in sizes:
        if (grown := min(part.until, now) - part.since) > timedelta():
            lately = min(part.until, now) - max(part.since, midnight)
            before = min(part.until, midnight) - max(part.since, midnight - _DAY)
            yesterday += size * max(before / grown, 0)
            today += size * max(lately / grown, 0)
    return max(yesterday, today / max((now - midnight) / _DAY, 0.05))


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
                midnight = datetime.combine(day, time(), UTC)
                await _attach(conn, table, midnight, midnight + _DAY, wide)


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


async def _narrow(conn: Connection, now: datetime, width: timedelta, rows: float) -> None:
    """Divide what has not begun more finely, and from some minutes on what would grow too large.

    Raises psycopg.OperationalError where that would keep others waiting for long.
    """
    edge = _after(now.astimezone(UTC) + _NOT_BEFORE, _GRID)

    def wide(part: Partition) -> bool:
        return part.until > edge and part.until - part.since > width

    def bursts(part: Partition) -> bool:
        expected = part.table_bytes / _ROW_BYTES + rows * ((part.until - now) / _DAY)
        return wide(part) and part.since <= now and expected > ENTRIES_AT_MOST

    if await _ask(conn, "timescaledb_present"):
        return
    for part in filter(bursts, await standing(conn, "reading")):  # the same look is short under the lock
        look = sql.SQL("select count(*) from {} where measured_at >= {}")
        await conn.execute(look.format(sql.Identifier(part.name), sql.Literal(edge.isoformat())))
    async with conn.transaction():
        await conn.execute("set local lock_timeout = '2s'; set local statement_timeout = '10s'")
        await conn.execute(_SQL["lock_storage"])
        for part in filter(wide, await _standing(conn, "reading")):
            name = sql.Identifier(part.name)
            if part.since >= edge and not part.table_bytes:
                await conn.execute(sql.SQL("drop table {}").format(name))
                await _attach(conn, "reading", part.since, part.until, width)
            elif bursts(part):
                await conn.execute(sql.SQL("alter table reading detach partition {}").format(name))
                await _place(conn, "reading", part.name, part.since, edge)
                await _attach(conn, "reading", edge, part.until, width)


async def _create(conn: Connection, table: str) -> None:
    hypertable = await _ask(conn, "timescaledb_usable")
    if hypertable:
        await conn.execute(_SQL["create_extension"])
    await conn.execute(_SQL[f"create_{table}_{'hypertable' if hypertable else 'partitioned'}"])


async def _attach(conn: Connection, table: str, since: datetime, until: datetime, width: timedelta) -> None:
    """Tables like `table`, attached: this takes no lock that stops writers, as `partition of` would."""
    while since < until:
        end = min(_after(since, width), until)
        name = f"{table}_{since:%Y%m%d}" + ("" if end - since == _DAY else f"_{since:%H%M}")
        like = sql.SQL("create table {} (like {} including defaults)")
        await conn.execute(like.format(sql.Identifier(name), sql.Identifier(table)))
        await _place(conn, table, name, since, end)
        since = end


async def _place(conn: Connection, table: str, name: str, since: datetime, until: datetime) -> None:
    """A table becomes a partition; one that holds rows is read whole."""
    attach = sql.SQL("alter table {} attach partition {} for values from ({}) to ({})")
    bounds = [sql.Literal(edge.isoformat()) for edge in (since, until)]
    await conn.execute(attach.format(sql.Identifier(table), sql.Identifier(name), *bounds))


def _after(at: datetime, width: timedelta) -> datetime:
    """The next multiple of a width after the midnight before, as UTC."""
    midnight = datetime.combine(at.astimezone(UTC).date(), time(), UTC)
    return midnight + ((at - midnight) // width + 1) * width


async def _standing(conn: Connection, table: str) -> list[Partition]:
    query = "chunks" if await _ask(conn, "timescaledb_present") else "partitions"
    rows = await (await conn.execute(_SQL[query], {"table": table})).fetchall()
    return [Partition(*row) for row in rows]


async def _ask(conn: Connection, query: str) -> bool:
    row = await (await conn.execute(_SQL[query])).fetchone()
    return bool(row and row[0])
