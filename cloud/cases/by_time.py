"""What time does to cases. Each function decides anew on the locked row, so that two workers do it once."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.alarms import store as alarms
from cloud.cases import case, ending, timeline
from cloud.cases.case import Move, Owner, State
from cloud.cases.intake import SYSTEM, lock
from cloud.cases.publish import escalate, publish
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases")
_BATCH: Final = 200


async def claims(conn: Connection, *, now: datetime) -> list[UUID]:
    """Claims whose seat died or whose stage is overdue."""
    rows = await (await conn.execute(_SQL["claims"])).fetchall()
    return [row[0] for row in rows if _trouble(_owner(*row[1:]), now) is not None]


async def hold_or_return(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """Warn the owner of an overdue stage, or take the case back. True when something was done."""
    row = await lock(conn, case_id)
    claim = await (await conn.execute(_SQL["claim_of"], {"id": case_id})).fetchone()
    if row is None or claim is None:
        return False
    owner = _owner(*claim[1:])
    trouble = _trouble(owner, now)
    if trouble is None:
        return False
    words = {"owner": row["owner_name"] or row["handed_to_name"], "reason": trouble, "state": row["state"]}
    if trouble == "call_ended":
        values = {"id": case_id, "stage_due_at": case.call_ended_early(owner, now)}
        await conn.execute(_SQL["shorten_stage"], values)
    elif trouble == "warn":
        await conn.execute(_SQL["warn_case"], {"id": case_id, "now": now})
        data = words | {"reason": "stage_overdue"}
        await timeline.add(conn, case_id, "warned", actor=SYSTEM, data=data, now=now)
    elif trouble == "supervisor":
        await conn.execute(_SQL["warn_supervisors"], {"id": case_id, "now": now})
        data = words | {"reason": "stage_overdue", "to": "supervisors"}
        await timeline.add(conn, case_id, "escalated", actor=SYSTEM, data=data, now=now)
    else:
        await _return(conn, row, words, now)
    await publish(conn, [case_id], now=now)
    if trouble == "supervisor":
        await escalate(conn, case_id, "stage_overdue", now=now)
    return True


async def _return(conn: Connection, row: dict[str, Any], words: dict[str, Any], now: datetime) -> None:
    """Back to the queue, louder."""
    case.step(State(row["state"]), Move.RETURN)
    values = {"id": row["id"], "ring": 1, "returned": 1, "from_name": words["owner"], "now": now}
    await conn.execute(_SQL["reopen_case"], values)
    data = words | {"rings": row["rings"] + 1}
    await timeline.add(conn, row["id"], "returned", actor=SYSTEM, data=data, now=now)


async def unclaimed_suspicions(conn: Connection, *, now: datetime) -> list[UUID]:
    """Open cases with a suspected fall that nobody claimed for 120 s after it was raised."""
    return await _ids(conn, "unclaimed_suspicions", before=now - case.SUSPECTED_UNCLAIMED_LIMIT)


async def make_suspicion_urgent(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """A suspected fall that nobody looked at becomes a matter of life."""
    row = await lock(conn, case_id)
    if row is None or row["state"] not in case.WAITING or row["priority"] == 1:
        return False
    await conn.execute(_SQL["set_priority"], {"id": case_id, "priority": 1, "now": now})
    await alarms.set_priority(conn, case_id, "fall_suspected", 1)
    data = {"reason": "suspected_fall_unclaimed", "priority": 1, "rings": row["rings"] + 1}
    await timeline.add(conn, case_id, "escalated", actor=SYSTEM, data=data, now=now)
    await publish(conn, [case_id], now=now)
    return True


async def settled(conn: Connection, *, now: datetime) -> list[UUID]:
    """Open technical cases of which every alarm is over, and that nobody is on the way to."""
    return await _ids(conn, "settled")


async def settle(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """Close a technical fault that went away before anybody came."""
    row = await lock(conn, case_id)
    if row is None or row["state"] != State.OPEN or row["class"] != "technical":
        return False
    if any(alarm["cleared_at"] is None for alarm in await alarms.of_case(conn, case_id)):
        return False
    if await ending.is_helped(conn, case_id):
        return False
    case.step(State.OPEN, Move.SETTLE)
    words = {"reason": "all_cleared"}
    data = {"disposition": "technical"} | words
    await timeline.add(conn, case_id, "resolved", actor=SYSTEM, data=data, now=now)
    await ending.close_alone(conn, case_id, disposition="technical", words=words, now=now)
    await publish(conn, [case_id], now=now)
    return True


def _owner(
    state: str,
    last_seen_at: datetime | None,
    closed: bool,
    call_until: datetime | None,
    stage_due_at: datetime | None,
    stage_limit_at: datetime | None,
    warned_at: datetime | None,
    supervisor_warned_at: datetime | None,
) -> Owner:
    return Owner(
        state=State(state),
        seat_last_seen_at=last_seen_at,
        seat_closed=closed,
        call_until=call_until,
        stage_due_at=stage_due_at,
        stage_limit_at=stage_limit_at,
        warned_at=warned_at,
        supervisor_warned_at=supervisor_warned_at,
    )


def _trouble(owner: Owner, now: datetime) -> str | None:
    """`seat_died`, `stage_overdue`, `not_taken` (all return the case), `warn`, `supervisor`, `call_ended`
    (the stage's own limit holds again), or None.
    """
    if case.seat_died(owner, now):
        return "seat_died"
    if case.call_ended_early(owner, now) is not None:
        return "call_ended"
    match case.stage_verdict(owner, now):
        case "fine":
            return None
        case "return":
            return "not_taken" if owner.state is State.HANDED_OVER else "stage_overdue"
        case verdict:
            return verdict


async def _ids(conn: Connection, query: str, *, before: datetime | None = None) -> list[UUID]:
    rows = await (await conn.execute(_SQL[query], {"before": before, "limit": _BATCH})).fetchall()
    return [row[0] for row in rows]
