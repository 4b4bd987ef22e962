"""Keeps a case's escalation in step with the case: in the transaction that lets it wait, or that takes it.

A round's rows are copied from the policy and never touched by those who claim: a worker that finds a row of a
round that has ended passes it over. So nobody who claims ever waits for a worker.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from cloud.cases import escalation, policies
from cloud.cases.escalation import Due, Policy
from cloud.database import arrays, queries
from cloud.database.pool import Connection
from cloud.notifications import queue

_SQL: Final = queries.load(__package__ or "cloud.cases", "escalation.sql")
STEP_PREFIX: Final = "escalation:"
Row = dict[str, Any]


async def keep(conn: Connection, rows: Iterable[Row], *, now: datetime) -> list[Row]:
    """Begin a round, begin it anew, or end it, as each (locked) case's row wants it; their rows then."""
    found, begun = [], {}
    for row in rows:
        aside = row["group_id"] is not None or row["shelved_until"] is not None  # another line stands for it
        waits = not aside and escalation.waits(row["state"], row["class"], row["priority"])
        if not waits and row["escalation_since"] is not None:
            await queue.withdraw(conn, row["id"], reason="taken", now=now, step_prefix=STEP_PREFIX)
            found += await _rows(conn, "end_round", {"id": row["id"]})
        elif waits and escalation.begins_anew(
            row["waiting_since"], row["priority"], row["escalation_since"], row["escalation_priority"]
        ):
            begun[row["id"]] = max(now, row["waiting_since"])
        else:
            found.append(row)
    return sorted(found + await begin(conn, begun), key=lambda row: row["id"])


async def begin(conn: Connection, since: Mapping[UUID, datetime]) -> list[Row]:
    """A new round of each (locked) case that waits since a moment, and the cases' rows; a case without any
    policy has no steps.
    """
    if not since:
        return []
    begun = arrays.of_rows({"id": case_id, "since": at} for case_id, at in since.items())
    rows = await _rows(conn, "begin_rounds", {"begun": begun})
    known, steps = await policies.policies(conn), []
    for row in rows:
        chosen = escalation.choose(
            known,
            priority=row["priority"],
            area_code=row["area_code"],
            org_id=row["org_id"],
            resident_id=row["resident_id"],
        )
        if chosen is not None:
            cycle = escalation.first_cycle(chosen, since[row["id"]], returns=row["returns"])
            steps += _steps(row["id"], row["escalation_round"], chosen, cycle)
    await conn.execute(_SQL["add_due"], {"steps": arrays.of_rows(steps)})
    return rows


async def add(conn: Connection, case_id: UUID, round_: int, policy: Policy, steps: Iterable[Due]) -> None:
    """Steps of a round, each there once."""
    given = arrays.of_rows(_steps(case_id, round_, policy, steps))
    await conn.execute(_SQL["add_due"], {"steps": given})


def _steps(case_id: UUID, round_: int, policy: Policy, steps: Iterable[Due]) -> list[Row]:
    return [
        {
            "case_id": case_id,
            "round": round_,
            "cycle": due.cycle,
            "step": due.step,
            "at": due.at,
            "target": due.target,
            "channels": due.channels,
            "policy_id": policy.id,
            "policy_version": policy.version,
        }
        for due in steps
    ]


async def _rows(conn: Connection, query: str, values: dict[str, Any]) -> list[Row]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[query], values)
        return await cursor.fetchall()
