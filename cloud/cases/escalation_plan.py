"""Keeps a case's escalation in step with the case: in the transaction that lets it wait, or that takes it.

A round's rows are copied from the policy and never touched by those who claim: a worker that finds a row of a
round that has ended passes it over. So nobody who claims ever waits for a worker.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.cases import escalation, policies
from cloud.cases.escalation import Due, Policy
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications import queue

_SQL: Final = queries.load(__package__ or "cloud.cases", "escalation.sql")
STEP_PREFIX: Final = "escalation:"


async def keep(conn: Connection, row: dict[str, Any], *, now: datetime) -> bool:
    """Begin a round, begin it anew, or end it, as the (locked) case's row wants it; False where nothing
    changed.
    """
    aside = row["group_id"] is not None or row["shelved_until"] is not None  # another line stands for it
    if not aside and escalation.waits(row["state"], row["class"], row["priority"]):
        if not escalation.begins_anew(
            row["waiting_since"], row["priority"], row["escalation_since"], row["escalation_priority"]
        ):
            return False
        await begin(conn, row, since=max(now, row["waiting_since"]))
        return True
    if row["escalation_since"] is None:
        return False
    await conn.execute(_SQL["end_round"], {"id": row["id"]})
    await queue.withdraw(conn, row["id"], reason="taken", now=now, step_prefix=STEP_PREFIX)
    return True


async def begin(conn: Connection, row: dict[str, Any], *, since: datetime) -> None:
    """A new round of a case that waits since a moment; a case without any policy has no steps."""
    cursor = await conn.execute(_SQL["begin_round"], {"id": row["id"], "since": since})
    started = await cursor.fetchone()
    assert started is not None, "the case is locked"
    chosen = escalation.choose(
        await policies.policies(conn),
        priority=row["priority"],
        area_code=row["area_code"],
        org_id=row["org_id"],
        resident_id=row["resident_id"],
    )
    if chosen is not None:
        cycle = escalation.first_cycle(chosen, since, returns=row["returns"])
        await add(conn, row["id"], started[0], chosen, cycle)


async def add(conn: Connection, case_id: UUID, round_: int, policy: Policy, steps: Iterable[Due]) -> None:
    """Steps of a round, each there once."""
    rows = [
        {
            "case_id": case_id,
            "round": round_,
            "cycle": due.cycle,
            "step": due.step,
            "at": due.at,
            "target": due.target,
            "channels": list(due.channels),
            "policy_id": policy.id,
            "policy_version": policy.version,
        }
        for due in steps
    ]
    async with conn.cursor() as cursor:
        await cursor.executemany(_SQL["add_due"], rows)
