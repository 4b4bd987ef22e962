"""What of a copy may come back after the desk works again: the pieces of readings and of their hours.

They are nearly all of a city's bytes. Which of them a database waits for stands in `history_waiting`; each is
loaded in one transaction with its note, the newest first, so that it can be broken off at any moment.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from psycopg import sql

from cloud.backup import tools
from cloud.config import ConfigError
from cloud.database import queries
from cloud.database.pool import Connection, connect
from cloud.telemetry import partitions
from cloud.texts import text

_SQL: Final = queries.load(__package__ or "cloud.backup")
_PIECE: Final = re.compile(r" TABLE DATA \S+ ((reading|reading_hour)_([0-9]{8})(?:_[0-9]{4})?) ")
_HEAD: Final = re.compile(rb"^COPY \S+ \(([a-z_, \"]+)\) FROM stdin;\n", re.MULTILINE)
_END: Final = b"\n\\.\n"
_READ: Final = 1 << 20


Piece = tuple[str, str, date]
"""Its name, of which table it is, its day."""


def without_pieces(listed: str) -> tuple[str, list[Piece]]:
    """What `pg_restore --list` says without the pieces' rows, and the pieces. Pure."""
    lines, pieces = [], []
    for line in listed.splitlines():
        if (found := _PIECE.search(line)) is None:
            lines.append(line)
        else:
            since = datetime.strptime(found[3], "%Y%m%d").replace(tzinfo=UTC).date()
            pieces.append((found[1], found[2], since))
    return "\n".join(lines) + "\n", pieces


async def note(conn: Connection, pieces: list[Piece]) -> None:
    """The database waits for these; with the caller's transaction."""
    async with conn.cursor() as cursor:
        await cursor.executemany(_SQL["wait_for_piece"], pieces)


async def bring_back(url: str, dump: Path, say: Callable[[str], None]) -> int:
    """Load what the database waits for while others work on it; `say` is told of each piece.

    Returns how many there were. One that cannot be read stops none of the others; then raises ConfigError.
    """
    done, failed = 0, None
    async with await connect(url, name="carebed-history") as conn:
        for name, table, since in await (await conn.execute(_SQL["pieces"])).fetchall():
            await partitions.ensure_days(conn, [since])
            try:
                async with conn.transaction():
                    if await (await conn.execute(_SQL["take_piece"], {"name": name})).fetchone() is None:
                        continue  # somebody else has just loaded it
                    await _load(conn, dump, name, table)
            except ConfigError as error:
                failed = error
                continue
            say(name)
            done += 1
    if failed is not None:
        raise failed
    return done


async def give_up(url: str) -> int:
    """The database waits for no piece any more: hours are made of what there is. Returns how many it were."""
    async with await connect(url, name="carebed-history") as conn:
        return (await conn.execute(_SQL["give_up_pieces"])).rowcount


async def _load(conn: Connection, dump: Path, name: str, table: str) -> None:
    """Into the whole table: by now its pieces may be divided differently."""
    major = conn.info.server_version // 10_000
    command = ("--data-only", f"--table={name}", "--file=-", str(dump))
    async with tools.output(major, "pg_restore", *command) as stream:
        names, rest = await _head(stream)
        if names:
            columns = sql.SQL(", ").join(map(sql.Identifier, names))
            copy = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
            async with conn.cursor() as cursor, cursor.copy(copy) as rows:
                async for data in _rows(stream, rest):
                    await rows.write(data)
    if not names:
        raise ConfigError(text("backup_unreadable", path=dump, reason=name))


async def _head(stream: asyncio.StreamReader) -> tuple[list[str], bytes]:
    """The columns, none where no rows begin, and what was read of the rows already."""
    seen = b""
    while (found := _HEAD.search(seen)) is None:
        if not (more := await stream.read(_READ)):
            return [], b""
        seen += more
    names = [each.strip(' "') for each in found[1].decode().split(",")]
    return names, seen[found.end() - 1 :]  # from the end of its line: there may be no row


async def _rows(stream: asyncio.StreamReader, seen: bytes) -> AsyncIterator[bytes]:
    """The rows alone; `seen` begins with the end of the line before them."""
    first = True
    while _END not in seen:
        whole, seen = seen[: -len(_END)], seen[-len(_END) :]
        if whole:
            yield whole[1:] if first else whole
            first = False
        if not (more := await stream.read(_READ)):
            return  # it failed, and says so at its end
        seen += more
    rows, _, _ = seen.partition(_END)
    if rows := (rows + b"\n")[1 if first else 0 :]:
        yield rows
    while await stream.read(_READ):
        pass
