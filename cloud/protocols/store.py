"""Protocols in the database: versions are added, never changed."""

from datetime import datetime
from typing import Any, Final

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.protocols import protocol as rules
from cloud.protocols.protocol import Phrase, Protocol, Step

_SQL: Final = queries.load(__package__ or "cloud.protocols")


async def newest(conn: Connection) -> list[Protocol]:
    """The newest version of each, gravest first."""
    found = {one.key: one for one in await _read(conn, "newest", {})}
    return [found[key] for key in rules.KEYS if key in found]


async def versions(conn: Connection, key: str) -> list[Protocol]:
    """Every version of one, newest first; raises NotFound."""
    found = await _read(conn, "versions", {"key": key})
    if not found:
        raise NotFound("没有这个预案", "there is no such protocol")
    return found


async def in_force(conn: Connection, key: str, at: datetime) -> Protocol:
    """The version that was the newest at a moment: what a case follows that was opened then."""
    found = await _read(conn, "in_force", {"key": key, "at": at})
    if not found:
        raise NotFound("没有这个预案", "there is no such protocol")
    return found[0]


async def write(
    conn: Connection,
    key: str,
    *,
    edited: int,
    name_zh: str,
    name_en: str,
    steps: tuple[Step, ...],
    phrases: tuple[Phrase, ...],
    by: str,
    now: datetime,
) -> Protocol:
    """One more version, `edited` being the one that was changed.

    Raises Conflict (`version`) where somebody changed it meanwhile, InvalidInput for steps that cannot work,
    NotFound for an unknown key.
    """
    for zh, en in rules.mistakes(key, steps):
        raise InvalidInput(zh, en)
    await conn.execute(_SQL["lock_protocols"])
    last = (await versions(conn, key))[0]
    if last.version != edited:
        raise Conflict(
            f"已被 {last.changed_by} 修改为第 {last.version} 版",
            f"{last.changed_by} changed it: version {last.version}",
            version=last.version,
        )
    made = Protocol(
        key=key,
        version=edited + 1,
        name_zh=name_zh,
        name_en=name_en,
        steps=steps,
        phrases=phrases,
        changed_at=max(now, last.changed_at),
        changed_by=by,
    )
    values: dict[str, Any] = {name: getattr(made, name) for name in ("key", "version", "name_zh", "name_en")}
    values |= {"steps": Jsonb(msgspec.to_builtins(steps)), "phrases": Jsonb(msgspec.to_builtins(phrases))}
    await conn.execute(_SQL["insert_version"], values | {"now": made.changed_at, "by": by})
    return made


async def _read(conn: Connection, query: str, values: dict[str, Any]) -> list[Protocol]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(queries.trusted(_SQL[query]), values)
        return [msgspec.convert(row, Protocol) for row in await cursor.fetchall()]
