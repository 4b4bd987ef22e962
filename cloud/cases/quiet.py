"""Devices that chattered and have stopped."""

from datetime import datetime
from typing import Final
from uuid import UUID

from cloud.cases import flood, rule_alarms
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "flood.sql")
_BATCH: Final = 200


async def devices(conn: Connection, *, now: datetime) -> list[tuple[UUID, UUID]]:
    """(alarm, case) of chatter that has stopped for ten minutes."""
    values = {"before": now - flood.CHATTER_OVER, "limit": _BATCH}
    rows = await (await conn.execute(_SQL["quiet_devices"], values)).fetchall()
    return [(row[0], row[1]) for row in rows]


async def end(conn: Connection, found: tuple[UUID, UUID], *, now: datetime) -> None:
    """The device is quiet: its alarm is over."""
    alarm_id, case_id = found
    if await rule_alarms.end(conn, alarm_id, case_id, at=now, now=now):
        await publish(conn, [case_id], now=now)
