"""Reports of providers: kept as they came, applied once, in whatever order and however often they come."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications import store
from cloud.notifications.channel import Report

_SQL: Final = queries.load(__package__ or "cloud.notifications")


async def take(conn: Connection, provider: str, report: Report, *, now: datetime) -> bool:
    """Keep a report of a provider and apply it; True where it said something new. A transaction for each.

    A report of a reference that is not known yet waits for it. One about a message that this provider was
    never given is kept and changes nothing.
    """
    await hold_ref(conn, provider, report.ref)
    id = await _notification_of(conn, provider, report)
    values: dict[str, Any] = {"provider": provider, "notification_id": id, "ref": report.ref}
    values |= {"status": report.status, "outcome": report.outcome, "detail": report.detail, "now": now}
    await conn.execute(_SQL["keep_receipt"], values)
    return id is not None and await _apply(conn, id, report, now=now)


async def hold_ref(conn: Connection, provider: str, ref: str | None) -> None:
    """Until commit nobody else looks for, or makes known, this reference: neither misses the other.

    Taken before any row is locked.
    """
    if ref is not None:
        await conn.execute(_SQL["hold_ref"], {"key": f"{provider}:{ref}"})


async def apply_waiting(conn: Connection, provider: str, id: UUID, ref: str, *, now: datetime) -> None:
    """Apply what was reported of a reference before we knew it."""
    cursor = await conn.execute(_SQL["claim_receipts"], {"provider": provider, "id": id, "ref": ref})
    for status, outcome, detail in await cursor.fetchall():
        await _apply(conn, id, Report(status=status, outcome=outcome, detail=detail), now=now)


async def _apply(conn: Connection, id: UUID, report: Report, *, now: datetime) -> bool:
    row = await store.lock(conn, id)
    return row is not None and await store.apply_report(conn, row, report, now=now)


async def _notification_of(conn: Connection, provider: str, report: Report) -> UUID | None:
    if report.id is not None:
        of_id = {"id": report.id, "provider": provider}
        given = await (await conn.execute(_SQL["given_to"], of_id)).fetchone()
        if given is not None:
            return report.id
    if report.ref is not None:
        of_ref = {"provider": provider, "ref": report.ref}
        row = await (await conn.execute(_SQL["notification_of_ref"], of_ref)).fetchone()
        if row is not None:
            return UUID(str(row[0]))
    return None
