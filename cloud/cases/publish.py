"""How others hear of a case: the feed of the screens, and the gateways that its events came from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from psycopg.rows import dict_row

from cloud.access.errors import NotFound
from cloud.cases import escalation_plan
from cloud.cases.summary import summary_of
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.downlink import store as downlink
from cloud.family import store as phones
from cloud.feed import store as feed

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def publish(
    conn: Connection, case_ids: Iterable[UUID], *, now: datetime, withdrawn: bool = False
) -> None:
    """Keep their escalation in step, then tell the feed what these cases now are. Last in the transaction: it
    holds the feed's counter until commit.

    What stands behind another line is not told, but for the one time when it goes there (`withdrawn`). The
    canary's own test cases go to the canary alone. Families and responders are told that there is news.
    """
    wanted = sorted(set(case_ids))
    if not wanted:
        return
    rows = await escalation_plan.keep(conn, await _read(conn, wanted), now=now)
    frames = [
        feed.NewFrame(
            type="canary" if row["synthetic"] and row["class"] == "test" else "case",
            data=summary_of(row),
            case_id=row["id"],
            area_code=row["area_code"],
            org_id=row["org_id"],
        )
        for row in rows
        if withdrawn or row["group_id"] is None
    ]
    frames += await phones.news(conn, wanted, now=now)
    await feed.append_many(conn, frames, now=now)


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


async def _read(conn: Connection, case_ids: list[UUID]) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["find_cases"], {"ids": case_ids})
        return await cursor.fetchall()


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
