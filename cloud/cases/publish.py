"""How others hear of a case: the feed of the screens, and the gateways that its events came from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import dict_row

from cloud.access.errors import NotFound
from cloud.cases.summary import summary_of
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink import store as downlink
from cloud.feed import store as feed

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def publish(conn: Connection, case_ids: Iterable[UUID], *, now: datetime) -> None:
    """Tell the feed what these cases now are. Last in the transaction: it holds the feed's counter until
    commit.
    """
    for case_id in sorted(set(case_ids)):
        row = await find(conn, case_id)
        await feed.append(
            conn,
            now=now,
            type="case",
            data=summary_of(row),
            case_id=case_id,
            area_code=row["area_code"],
            org_id=row["org_id"],
        )


async def escalate(conn: Connection, case_id: UUID, reason: str, *, now: datetime) -> None:
    """Tell supervisors that nobody acts. Last in the transaction."""
    row = await find(conn, case_id)
    await feed.append(
        conn,
        now=now,
        type="escalation",
        data={"case_id": str(case_id), "reason": reason},
        case_id=case_id,
        area_code=row["area_code"],
        org_id=row["org_id"],
    )


async def tell_gateways(conn: Connection, case_id: UUID, stage: Literal["claimed", "closed"]) -> None:
    """Queue the stage (`claimed`, `closed`) for every event of the case."""
    cursor = await conn.execute(_SQL["event_runs"], {"id": case_id})
    for gateway_id, run, event_id in await cursor.fetchall():
        await downlink.queue_event_ack(conn, gateway_id, run, event_id, stage)


async def find(conn: Connection, case_id: UUID) -> dict[str, Any]:
    """The row of a case; raises NotFound."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["find_case"], {"id": case_id})
        row = await cursor.fetchone()
    if row is None:
        raise no_such_case()
    return row


def no_such_case() -> NotFound:
    """Said also of a case that the caller may not see."""
    return NotFound("没有这个警情", "there is no such case")
