"""What a gateway learns about a suspicion after it told it: newer reasons, and a better first question."""

from datetime import datetime
from typing import Final
from uuid import UUID

from cloud.alarms import store as alarms
from cloud.cases import timeline
from cloud.cases.intake import SYSTEM, lock
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def explain_alarm(
    conn: Connection, gateway_id: str, event_id: UUID, reasons: tuple[str, ...], *, now: datetime
) -> set[UUID]:
    """More is known of a suspicion, or of the alarm that it has become. Returns the case that changed, if
    any.
    """
    if await alarms.explain_suspicion(conn, gateway_id, event_id, reasons):
        return set()
    known = await alarms.find_by_event(conn, gateway_id, event_id)
    if known is None:
        return set()
    await lock(conn, known.case_id)
    await alarms.explain(conn, known.id, reasons)
    data = {
        "alarm_id": str(known.id),
        "event_id": str(event_id),
        "kind": known.kind,
        "reasons": list(reasons),
    }
    await timeline.add(conn, known.case_id, "explained", actor=SYSTEM, data=data, now=now)
    await conn.execute(_SQL["touch_case"], {"id": known.case_id})
    return {known.case_id}
