"""What the cases' timelines have still to tell of notifications; told once, then forgotten."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.notifications")


async def cases(conn: Connection, *, limit: int) -> list[UUID]:
    """Cases with something to tell, the longest waiting first."""
    cursor = await conn.execute(_SQL["news_cases"], {"limit": limit})
    return [row[0] for row in await cursor.fetchall()]


async def take(conn: Connection, case_id: UUID) -> list[tuple[datetime, str, dict[str, Any]]]:
    """(time, state, data) of each change, in order, forgotten with this transaction.

    The data name notification, step, template, channel and recipient, reason and outcome where known.
    """
    cursor = await conn.execute(_SQL["take_news"], {"case_id": case_id})
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]
