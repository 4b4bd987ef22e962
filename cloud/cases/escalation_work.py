"""Takes the steps that are due: any number of workers, each step once, each in a transaction of its own.

A worker locks the step (or goes on to the next where another has it), then the case. Nobody locks them the
other way round. What a step does, and that it is done, are one commit: a crash leaves the step due.
"""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.cases import escalation, policies, timeline
from cloud.cases.case import SEAT_DEAD_AFTER
from cloud.cases.escalation import Target
from cloud.cases.escalation_plan import STEP_PREFIX, add, begin
from cloud.cases.intake import SYSTEM, lock
from cloud.cases.paging import Told, page, recipients
from cloud.cases.publish import escalate, publish
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "escalation.sql")


class Key(msgspec.Struct, frozen=True):
    """Which step of which round."""

    case_id: UUID
    round: int
    cycle: int
    step: int


class _Outcome(msgspec.Struct, frozen=True):
    """What came of a step: how many were reached, and whether it rings or is shown to supervisors."""

    word: str
    reached: int = 0
    ring: bool = False
    screen: bool = False


async def due(conn: Connection, *, now: datetime, limit: int) -> list[Key]:
    """Steps whose time has come."""
    rows = await (await conn.execute(_SQL["due"], {"now": now, "limit": limit})).fetchall()
    return [Key(*row) for row in rows]


async def unplanned(conn: Connection, *, limit: int) -> list[UUID]:
    """Cases that wait without a round."""
    rows = await (await conn.execute(_SQL["unplanned"], {"limit": limit})).fetchall()
    return [row[0] for row in rows]


async def plan(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """Begin the round that a waiting case lacks, counted from when it began to wait."""
    row = await lock(conn, case_id)
    if row is None or row["escalation_since"] is not None:
        return False
    if not escalation.waits(row["state"], row["class"], row["priority"]):
        return False
    await begin(conn, {case_id: min(row["waiting_since"], now)})
    return True


async def take(conn: Connection, key: Key, *, now: datetime) -> bool:
    """Do one step in the caller's transaction; False where another worker has it or had it."""
    where = msgspec.structs.asdict(key)
    found = await (await conn.execute(_SQL["take"], where)).fetchone()
    if found is None:
        return False
    next_at, target, channels, policy_id, version = found
    row = await lock(conn, key.case_id)
    assert row is not None, "cases are never deleted"
    if row["escalation_since"] is None or row["escalation_round"] != key.round:
        await _finish(conn, key, _Outcome("stopped"), now)
        return True
    outcome = await _do(conn, row, key, target, channels, late=now - next_at, now=now)
    await _finish(conn, key, outcome, now)
    await conn.execute(_SQL["raise_level"], {"id": key.case_id, "step": key.step, "ring": int(outcome.ring)})
    await _go_on(conn, key, policy_id, version, outcome, now)
    await publish(conn, [key.case_id], now=now)
    if outcome.screen:
        await escalate(conn, key.case_id, f"p{row['priority']}_unclaimed", now=now)
    return True


async def _finish(conn: Connection, key: Key, outcome: _Outcome, now: datetime) -> None:
    values = msgspec.structs.asdict(key) | {"outcome": outcome.word, "reached": outcome.reached, "now": now}
    await conn.execute(_SQL["finish"], values)


async def _do(
    conn: Connection,
    row: dict[str, Any],
    key: Key,
    target: Target,
    channels: list[escalation.MessageChannel],
    *,
    late: timedelta,
    now: datetime,
) -> _Outcome:
    words = {"step": key.step, "cycle": key.cycle, "round": key.round}
    if target == "all_seats":
        seats = await _seats(conn, row, now)
        data = words | {"reason": "unclaimed", "seats": seats, "rings": row["rings"] + 1}
        await timeline.add(conn, row["id"], "rang", actor=SYSTEM, data=data, now=now)
        return _Outcome("done" if seats else "gap", seats, ring=True)
    if target == "supervisor_screen":
        data = words | {"reason": f"p{row['priority']}_unclaimed", "to": "supervisors"}
        await timeline.add(conn, row["id"], "escalated", actor=SYSTEM, data=data, now=now)
        return _Outcome("done", screen=True)
    if target == "contacts" and late > escalation.CONTACTS_WORTH_CALLING:
        data = words | {"to": target, "outcome": "too_late"}
        await timeline.add(conn, row["id"], "notified", actor=SYSTEM, data=data, now=now)
        return _Outcome("too_late")
    step_key = f"{STEP_PREFIX}{key.round}:{key.cycle}:{key.step}"
    people = await recipients(conn, row, target, now=now)
    told = await page(conn, row, people, target=target, channels=channels, step_key=step_key, now=now)
    await _tell(conn, row, target, told, words, now)
    return _Outcome("done" if told.reached else "gap", told.reached)


async def _tell(
    conn: Connection, row: dict[str, Any], target: str, told: Told, words: dict[str, Any], now: datetime
) -> None:
    data = words | {"to": target, "queued": told.queued, "reachable": told.reached}
    if told.holes:
        data["holes"] = list(told.holes)
    if not told.reached:
        data["outcome"] = "gap"
    await timeline.add(conn, row["id"], "notified", actor=SYSTEM, data=data, now=now)


async def _seats(conn: Connection, row: dict[str, Any], now: datetime) -> int:
    values = {"area_code": row["area_code"], "org_id": row["org_id"], "alive_since": now - SEAT_DEAD_AFTER}
    found = await (await conn.execute(_SQL["seats_that_see"], values)).fetchone()
    assert found is not None, "an aggregate always answers"
    return int(found[0])


async def _go_on(
    conn: Connection, key: Key, policy_id: UUID, version: int, outcome: _Outcome, now: datetime
) -> None:
    """Bring the next step forward where nobody was reached; after the last one, plan the repeated ones."""
    where = msgspec.structs.asdict(key)
    rest = await (await conn.execute(_SQL["rest_of_cycle"], where)).fetchall()
    if rest and outcome.word == "gap":
        await conn.execute(_SQL["bring_forward"], where | {"step": rest[0][0], "now": now})
    if not rest:
        policy = await policies.policy(conn, policy_id, version)
        assert policy is not None, "versions are never deleted"
        await add(conn, key.case_id, key.round, policy, escalation.next_cycle(policy, key.cycle, now))
