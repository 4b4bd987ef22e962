"""What is taken out of use: nobody misses it any more, and what was wrong with it is over.

What it told, its alarms and its cases stay. Alarms of care stay open too: a smoke alarm that was taken down
while it rang still has to be answered by somebody. The boundary owns the transaction.
"""

from datetime import datetime
from typing import Final

from cloud.cases import rule_alarms
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry import changes

_SQL: Final = queries.load(__package__ or "cloud.supervision")


async def retire_device(conn: Connection, device_id: str, *, revision: int, now: datetime) -> int:
    """End a device's installation and its technical alarms: the new revision. Raises NotFound or Conflict."""
    changed = await changes.retire_device(conn, device_id, revision=revision, now=now)
    await conn.execute(_SQL["forget_life"], {"id": device_id})
    await _end(conn, "faults_of_device", device_id, now)
    return changed


async def end_gateway(conn: Connection, gateway_id: str, *, now: datetime) -> None:
    """The technical alarms of a gateway that was just retired are over; its cases close when all are."""
    await _end(conn, "faults_of_gateway", gateway_id, now)


async def _end(conn: Connection, query: str, subject: str, now: datetime) -> None:
    rows = await (await conn.execute(_SQL[query], {"id": subject})).fetchall()
    changed = [
        case_id
        for alarm_id, case_id in rows
        if await rule_alarms.end(conn, alarm_id, case_id, at=now, now=now)
    ]
    await publish(conn, changed, now=now)
