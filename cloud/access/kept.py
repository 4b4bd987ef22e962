"""Idempotency keys: the answer of a request is kept for a day and given again to whoever sends the same one.

A key without an answer is under way, or its program died: it then stays so for the day, because nobody knows
whether the change was made. Answers are sealed: some show a secret once.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from cloud.access.errors import Conflict, InvalidInput
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.access", "kept.sql")
KEPT_FOR: Final = timedelta(hours=24)


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key of one caller; the same word of another caller is another key."""

    actor: str
    key: str


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the request was answered."""

    status: int
    media_type: str
    answer_cipher: bytes


async def begin(conn: Connection, key: Key, request_sha256: bytes, *, now: datetime) -> KeptAnswer | None:
    """None for the first request with the key, else its answer.

    Raises InvalidInput where the key belongs to another request, Conflict while the first is under way.
    """
    values = msgspec.structs.asdict(key) | {"request_sha256": request_sha256, "now": now}
    await conn.execute(_SQL["drop_old"], values | {"before": now - KEPT_FOR})
    if await (await conn.execute(_SQL["begin"], values)).fetchone() is not None:
        return None
    row = await (await conn.execute(_SQL["find"], values)).fetchone()
    if row is None or row[1] is None:
        if row is not None and bytes(row[0]) != request_sha256:
            raise _other()
        raise Conflict(
            "同一请求正在处理，或曾中断：请查看是否已生效，再换一个 Idempotency-Key",
            "the same request is under way, or was broken off: look whether it was done, then use a new key",
            state="under_way",
        )
    if bytes(row[0]) != request_sha256:
        raise _other()
    return KeptAnswer(status=row[1], media_type=row[2], answer_cipher=bytes(row[3]))


def _other() -> InvalidInput:
    return InvalidInput(
        "该 Idempotency-Key 已用于另一个请求",
        "this Idempotency-Key belongs to another request",
        field="Idempotency-Key",
    )


async def finish(conn: Connection, key: Key, kept: KeptAnswer) -> None:
    """Keep what the request was answered."""
    await conn.execute(_SQL["finish"], msgspec.structs.asdict(key) | msgspec.structs.asdict(kept))


async def forget(conn: Connection, key: Key) -> None:
    """The request changed nothing: it may be sent again."""
    await conn.execute(_SQL["forget"], msgspec.structs.asdict(key))


async def trim(conn: Connection, *, now: datetime) -> None:
    """Forget the keys of yesterday."""
    await conn.execute(_SQL["trim"], {"before": now - KEPT_FOR})
