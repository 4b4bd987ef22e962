"""The timeline of a case: append-only, each entry hashed over the one before it (see chain.py)."""

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from cloud.cases import chain
from cloud.cases.chain import ERASED, FIRST, Algorithm, AlgorithmMissing, Entry, chain_holds
from cloud.cases.summary import EntryShown, iso
from cloud.database import arrays, queries
from cloud.database.pool import Connection

logger = logging.getLogger(__name__)

_SQL: Final = queries.load(__package__ or "cloud.cases", "timeline.sql")
_SALT_BYTES: Final = 16
_FALLBACK: Final = "sha256"
# What figures need and no person can be known by; it stays with an erased entry, unproved.
_KEPT_OF_ERASED: Final = ("priority", "kind", "seat_id", "rings", "disposition", "reason")


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
    return (await add_all(conn, {case_id: [(kind, data or {})]}, actor=actor, now=now))[case_id]


async def add_all(
    conn: Connection,
    entries: Mapping[UUID, Sequence[tuple[str, dict[str, Any]]]],
    *,
    actor: str,
    now: datetime,
) -> dict[UUID, int]:
    """Write entries of cases, each a kind and its data, in their order; the number of each case's last."""
    last = await (await conn.execute(_SQL["last_entries"], {"case_ids": list(entries)})).fetchall()
    rows, numbers = [], {}
    for case_id, wanted, n, previous in last:
        number, link = (0, FIRST) if n is None else (int(n), bytes(previous))
        for kind, words in entries[case_id]:
            number += 1
            salt = secrets.token_bytes(_SALT_BYTES)
            text = chain.payload(case_id, number, now, kind, actor, words)
            algorithm, inner = _hashed(wanted or _FALLBACK, salt, text)
            row = {"case_id": case_id, "n": number, "at": now, "kind": kind, "actor": actor, "data": words}
            row |= {"salt": salt, "algorithm": algorithm, "payload_hash": inner, "previous": link}
            link = chain.digest(algorithm, link, inner)
            rows.append(row | {"hash": link})
        numbers[case_id] = number
    await conn.execute(_SQL["add_entries"], {"entries": arrays.of_rows(rows)})
    return numbers


def _hashed(algorithm: str, salt: bytes, payload: bytes) -> tuple[str, bytes]:
    """H(salt || payload) and its H: an alarm is never refused for a hash that this machine lacks."""
    try:
        return algorithm, chain.digest(algorithm, salt, payload)
    except AlgorithmMissing:
        extra = {"action": "timeline_hash_missing", "algorithm": algorithm}
        logger.exception("the deployment's hash is missing here", extra=extra)
        return _FALLBACK, chain.digest(_FALLBACK, salt, payload)


async def has_entry(conn: Connection, case_id: UUID, kind: str, data: dict[str, Any]) -> bool:
    """True when an entry of that kind containing that data is there."""
    cursor = await conn.execute(_SQL["has_entry"], {"case_id": case_id, "kind": kind, "data": Jsonb(data)})
    return await cursor.fetchone() is not None


async def read(conn: Connection, case_id: UUID) -> list[Entry]:
    """All entries of a case, in order."""
    cursor = await conn.execute(_SQL["read_entries"], {"case_id": case_id})
    return [
        Entry(
            n=n,
            at=at,
            kind=kind,
            actor=actor,
            data=data,
            salt=None if salt is None else bytes(salt),
            previous=bytes(previous),
            hash=bytes(hashed),
            algorithm=algorithm,
            payload_hash=None if inner is None else bytes(inner),
            erased_at=erased_at,
        )
        for n, at, kind, actor, data, salt, previous, hashed, algorithm, inner, erased_at in (
            await cursor.fetchall()
        )
    ]


async def verify_chain(conn: Connection, case_id: UUID) -> bool:
    """Read a case's timeline and check it."""
    return chain_holds(case_id, await read(conn, case_id))


async def erase(
    conn: Connection, case_id: UUID, numbers: Iterable[int], *, actor: str, reason: str, now: datetime
) -> list[int]:
    """Erase words and salts of entries for good; the chain still holds, and a new entry says what was erased.

    Returns the numbers that were erased now. The caller holds the case's row lock.
    """
    wanted = set(numbers)
    found = [
        entry
        for entry in await read(conn, case_id)
        if entry.n in wanted and entry.salt is not None and entry.kind != ERASED
    ]
    for entry in found:
        await conn.execute(
            _SQL["erase_entry"],
            {
                "case_id": case_id,
                "n": entry.n,
                "data": Jsonb({key: entry.data[key] for key in _KEPT_OF_ERASED if key in entry.data}),
                "payload_hash": chain.payload_hash_of(case_id, entry),
                "now": now,
            },
        )
    erased = [entry.n for entry in found]
    if erased:
        words = {"entries": erased, "reason": reason}
        await add(conn, case_id, ERASED, actor=actor, data=words, now=now)
    return erased


async def set_algorithm(conn: Connection, algorithm: Algorithm) -> None:
    """With which hash entries are written from here on; raises AlgorithmMissing where OpenSSL lacks it."""
    chain.digest(algorithm)
    await conn.execute(_SQL["set_algorithm"], {"algorithm": algorithm})
