"""The timeline of a case: append-only, each entry hashed over the one before it, so that a change shows.

hash = sha256(previous || sha256(salt || canonical JSON of {case_id, n, at, kind, actor, data})).
The chain needs only the inner hashes, so erasing the words of a person later leaves it verifiable.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from cloud.cases.summary import EntryShown, iso
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "timeline.sql")
FIRST: Final = bytes(32)
_SALT_BYTES: Final = 16


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One stored line."""

    n: int
    at: datetime
    kind: str
    actor: str
    data: dict[str, Any]
    salt: bytes
    previous: bytes
    hash: bytes


def entry_hash(
    previous: bytes,
    salt: bytes,
    case_id: UUID,
    n: int,
    at: datetime,
    kind: str,
    actor: str,
    data: dict[str, Any],
) -> bytes:
    """The link of one entry to the one before it."""
    words = {
        "case_id": str(case_id),
        "n": n,
        "at": iso(at),
        "kind": kind,
        "actor": actor,
        "data": _canonical(data),
    }
    inner = hashlib.sha256(salt + msgspec.json.encode(words, order="sorted")).digest()
    return hashlib.sha256(previous + inner).digest()


def chain_holds(case_id: UUID, entries: Iterable[Entry]) -> bool:
    """True when every entry is there, in order, and as it was written."""
    previous = FIRST
    for expected, entry in enumerate(entries, 1):
        again = entry_hash(
            previous, entry.salt, case_id, entry.n, entry.at, entry.kind, entry.actor, entry.data
        )
        if entry.n != expected or entry.previous != previous or entry.hash != again:
            return False
        previous = entry.hash
    return True


def shown(entry: Entry) -> EntryShown:
    """An entry as the API shows it."""
    return EntryShown(n=entry.n, at=iso(entry.at), kind=entry.kind, actor=entry.actor, data=entry.data)


async def add(
    conn: Connection,
    case_id: UUID,
    kind: str,
    *,
    actor: str,
    data: dict[str, Any] | None = None,
    now: datetime,
) -> int:
    """Write one entry and return its number. The caller holds the case's row lock."""
    row = await (await conn.execute(_SQL["last_entry"], {"case_id": case_id})).fetchone()
    n, previous = (1, FIRST) if row is None else (int(row[0]) + 1, bytes(row[1]))
    words = data or {}
    salt = secrets.token_bytes(_SALT_BYTES)
    await conn.execute(
        _SQL["add_entry"],
        {
            "case_id": case_id,
            "n": n,
            "at": now,
            "kind": kind,
            "actor": actor,
            "data": Jsonb(words),
            "salt": salt,
            "previous": previous,
            "hash": entry_hash(previous, salt, case_id, n, now, kind, actor, words),
        },
    )
    return n


async def has_entry(conn: Connection, case_id: UUID, kind: str, data: dict[str, Any]) -> bool:
    """True when an entry of that kind containing that data is there."""
    cursor = await conn.execute(_SQL["has_entry"], {"case_id": case_id, "kind": kind, "data": Jsonb(data)})
    return await cursor.fetchone() is not None


async def read(conn: Connection, case_id: UUID) -> list[Entry]:
    """All entries of a case, in order."""
    cursor = await conn.execute(_SQL["read_entries"], {"case_id": case_id})
    return [
        Entry(
            n=n, at=at, kind=kind, actor=actor, data=data,
            salt=bytes(salt), previous=bytes(previous), hash=bytes(hashed),
        )
        for n, at, kind, actor, data, salt, previous, hashed in await cursor.fetchall()
    ]  # fmt: skip


async def verify_chain(conn: Connection, case_id: UUID) -> bool:
    """Read a case's timeline and check it."""
    return chain_holds(case_id, await read(conn, case_id))


def _canonical(value: Any) -> Any:
    """Numbers as the database gives them back: a whole float is an integer."""
    match value:
        case dict():
            return {key: _canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [_canonical(item) for item in value]
        case float() if value.is_integer():
            return int(value)
        case _:
            return value
