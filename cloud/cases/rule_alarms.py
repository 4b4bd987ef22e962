"""Alarms that no event ends: a rule's condition is over, or lasts so long that it is more urgent."""

from datetime import datetime
from typing import Final
from uuid import UUID

from cloud.alarms import vitals_store
from cloud.alarms.rule_versions import CURRENT
from cloud.cases import timeline
from cloud.cases.intake import SYSTEM, lock
from cloud.cases.publish import publish
from cloud.cases.summary import iso
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "rule_alarms.sql")
_HIGH_RISK_PRIORITY: Final = 2


async def end(conn: Connection, alarm_id: UUID, case_id: UUID, *, at: datetime, now: datetime) -> bool:
    """The condition is over: mark the alarm, write it down. Its case waits for a person. False if it was."""
    await lock(conn, case_id)
    row = await (await conn.execute(_SQL["end_alarm"], {"id": alarm_id, "at": at})).fetchone()
    if row is None:
        return False
    data = {"alarm_id": str(alarm_id), "kind": row[0], "at": iso(at)}
    await timeline.add(conn, case_id, "cleared", actor=SYSTEM, data=data, now=now)
    return True


async def long_silent(conn: Connection, *, now: datetime, limit: int = 200) -> list[tuple[UUID, UUID, UUID]]:
    """(alarm, case, home) of gateways that are offline for longer than a high-risk elder can be without."""
    given = {"before": now - CURRENT.offline_high_risk, "limit": limit}
    rows = await (await conn.execute(_SQL["silent_gateways"], given)).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


async def make_silence_urgent(conn: Connection, silence: tuple[UUID, UUID, UUID], *, now: datetime) -> bool:
    """A high-risk elder's gateway that stays away becomes P2, technical and never more."""
    alarm_id, case_id, home_id = silence
    people = await vitals_store.people_of_home(conn, home_id, at=now)
    at_risk = [str(person.id) for person in people if person.high_risk and not person.silent(CURRENT)]
    if not at_risk:
        return False
    row = await lock(conn, case_id)
    reason, priority = "high_risk_resident", _HIGH_RISK_PRIORITY
    values = {"id": alarm_id, "priority": priority, "reason": reason}
    raised = await (await conn.execute(_SQL["raise_alarm_priority"], values)).fetchone()
    if row is None or raised is None:
        return False
    await conn.execute(_SQL["raise_case_priority"], {"id": case_id, "priority": priority})
    data = {"reason": "high_risk_gateway_offline", "priority": priority, "rings": row["rings"] + 1}
    data |= {"alarm_id": str(alarm_id), "residents": at_risk}
    await timeline.add(conn, case_id, "escalated", actor=SYSTEM, data=data, now=now)
    await publish(conn, [case_id], now=now)
    return True
