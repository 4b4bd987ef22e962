"""Acknowledgements and commands for the gateways, as rows; the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from cloud.broker import Login
from cloud.database import arrays, queries
from cloud.database.pool import Connection

_SQL = queries.load(__package__)
ACKS_CHANNEL: Final = "carebed_acks"
COMMANDS_CHANNEL: Final = "carebed_commands"
GATEWAYS_CHANNEL: Final = "carebed_gateways"  # a gateway was added, retired or given a new secret

Stage = Literal["stored", "claimed", "closed"]


@dataclass(frozen=True)
class QueuedAck:
    """One acknowledgement: of an event or of a batch."""

    id: int
    gateway_id: str
    run: str
    stage: Stage
    event_id: UUID | None
    event_seq: int | None
    batch_seq: int | None


@dataclass(frozen=True)
class QueuedCommand:
    """One command that is due."""

    id: UUID
    gateway_id: str
    op: str
    device_id: str | None
    args: dict[str, Any]
    issued_by: str
    expires_at: datetime


async def queue_event_ack(
    conn: Connection,
    gateway_id: str,
    run: str,
    event_id: UUID,
    stage: Stage = "stored",
    *,
    seq: int | None = None,
) -> None:
    """The gateway hears of this stage once the transaction is committed; `seq` names the row stored."""
    await queue_event_acks(conn, [(gateway_id, run, event_id, seq)], stage)


async def queue_event_acks(
    conn: Connection, events: Iterable[tuple[str, str, UUID, int | None]], stage: Stage = "stored"
) -> None:
    """As `queue_event_ack`, of several: each (gateway id, run, event id, seq)."""
    acks = arrays.of_rows(
        {"gateway_id": gateway, "run": run, "stage": stage, "event_id": event, "event_seq": seq}
        for gateway, run, event, seq in events
    )
    await conn.execute(_SQL["queue_event_acks"], {"acks": acks})


async def queue_batch_acks(conn: Connection, batches: Sequence[tuple[str, str, int]]) -> None:
    """Each (gateway id, run, seq) will be acknowledged within 2 s of the commit."""
    if batches:
        gateway_ids, runs, seqs = zip(*batches, strict=True)
        texts, numbers = arrays.of_texts, arrays.of_numbers
        given = {"gateway_ids": texts(gateway_ids), "runs": texts(runs), "seqs": numbers(seqs)}
        await conn.execute(_SQL["queue_batch_acks"], given)


async def take_acks(conn: Connection, limit: int) -> list[QueuedAck]:
    """The oldest waiting acknowledgements, events first; no other publisher sees them in this transaction."""
    async with conn.cursor(row_factory=class_row(QueuedAck)) as cursor:
        await cursor.execute(_SQL["take_acks"], {"limit": limit})
        return await cursor.fetchall()


async def delete_acks(conn: Connection, ids: Sequence[int]) -> None:
    """Forget what was published."""
    await conn.execute(_SQL["delete_acks"], {"ids": list(ids)})


async def queue_command(
    conn: Connection,
    *,
    id: UUID,
    gateway_id: str,
    op: str,
    issued_by: str,
    now: datetime,
    expires_at: datetime,
    device_id: str | None = None,
    args: dict[str, Any] | None = None,
) -> None:
    """Order something from a gateway; the same id twice is one command."""
    arguments = {
        "id": id,
        "gateway_id": gateway_id,
        "op": op,
        "device_id": device_id,
        "args": Jsonb(args or {}),
        "issued_by": issued_by,
        "now": now,
        "expires_at": expires_at,
    }
    await conn.execute(_SQL["queue_command"], arguments)
    await conn.execute(_SQL["notify_commands"])


async def due_commands(conn: Connection, now: datetime, limit: int) -> list[QueuedCommand]:
    """Commands to publish now; no other publisher sees them in this transaction."""
    await conn.execute(_SQL["expire_commands"], {"now": now})
    async with conn.cursor(row_factory=class_row(QueuedCommand)) as cursor:
        await cursor.execute(_SQL["due_commands"], {"now": now, "limit": limit})
        return await cursor.fetchall()


async def postpone_commands(conn: Connection, ids: Sequence[UUID], next_at: datetime) -> None:
    """Published; to be repeated at `next_at` unless answered before."""
    await conn.execute(_SQL["postpone_commands"], {"ids": list(ids), "next_at": next_at})


async def finish_command(
    conn: Connection,
    gateway_id: str,
    id: UUID,
    status: str,
    error: str | None,
    now: datetime,
    *,
    answer: dict[str, Any] | None = None,
) -> bool:
    """A gateway's answer, a status of Result, and what else it said; False for none of its open commands."""
    arguments = {
        "id": id,
        "gateway_id": gateway_id,
        "status": status,
        "error": error,
        "final": status != "accepted",
        "answer": None if answer is None else Jsonb(answer),
        "now": now,
    }
    cursor = await conn.execute(_SQL["answer_command"], arguments)
    return cursor.rowcount == 1


async def become_leader(conn: Connection) -> bool:
    """True when this connection speaks for the cloud; it stays so until the connection ends."""
    row = await (await conn.execute(_SQL["lock_leader"])).fetchone()
    return bool(row and row[0])


async def ingest_life(conn: Connection) -> tuple[datetime | None, datetime] | None:
    """Since when the ingestor listens and when it last said so; None when it never did."""
    return await (await conn.execute(_SQL["ingest_life"])).fetchone()


async def gateway_logins(conn: Connection) -> list[Login]:
    """The broker's users for every gateway in service."""
    cursor = await conn.execute(_SQL["gateway_logins"])
    return [Login(*row) for row in await cursor.fetchall()]
