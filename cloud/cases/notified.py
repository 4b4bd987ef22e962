"""What became of a case's notifications, on its timeline: sent, delivered, failed, dead, expired."""

from datetime import datetime
from typing import Final
from uuid import UUID

from cloud.cases import timeline
from cloud.cases.intake import SYSTEM, lock
from cloud.cases.publish import publish
from cloud.database.pool import Connection
from cloud.notifications import news

_BATCH: Final = 200


async def waiting(conn: Connection) -> list[UUID]:
    """Cases whose notifications have something to tell."""
    return await news.cases(conn, limit=_BATCH)


async def tell(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """Write all of it, in order, as `notified` entries; True when there was something."""
    if await lock(conn, case_id) is None:
        return False
    told = await news.take(conn, case_id)
    for at, state, data in told:
        words = data | {"state": state, "since": at.isoformat(timespec="milliseconds")}
        await timeline.add(conn, case_id, "notified", actor=SYSTEM, data=words, now=now)
    if told:
        await publish(conn, [case_id], now=now)
    return bool(told)
