"""The end of a case that no person closed; the boundary owns the transaction and has locked the case."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.cases import timeline
from cloud.cases.publish import tell_gateways
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.queue import withdraw
from cloud.responders.responder import step_key

_SQL: Final = queries.load(__package__ or "cloud.cases")
_SYSTEM: Final = "system"


async def is_helped(conn: Connection, case_id: UUID) -> bool:
    """Whether somebody was asked to go, is on the way or there: then only a person may end it."""
    return await (await conn.execute(_SQL["running_dispatch"], {"id": case_id})).fetchone() is not None


async def close_alone(
    conn: Connection, case_id: UUID, *, disposition: str, words: dict[str, Any], now: datetime
) -> None:
    """Closed with what the timeline says of it (`words`); nobody is called to it any more."""
    await call_nobody(conn, case_id, now=now)
    await conn.execute(_SQL["close_case"], {"id": case_id, "disposition": disposition, "now": now})
    data = {"disposition": disposition} | words
    await timeline.add(conn, case_id, "closed", actor=_SYSTEM, data=data, now=now)
    await tell_gateways(conn, case_id, "closed")


async def call_nobody(conn: Connection, case_id: UUID, *, now: datetime) -> None:
    """Those who did not answer and would be called again are left in peace."""
    for (dispatch_id,) in await (await conn.execute(_SQL["missed_dispatches"], {"id": case_id})).fetchall():
        await withdraw(conn, case_id, reason="resolved", now=now, step_prefix=step_key(dispatch_id))
