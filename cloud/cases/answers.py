"""What becomes of a dispatch once somebody was asked: undone, recalled, answered, on the way, there, done."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from cloud.access.errors import Conflict
from cloud.cases import acting, case, ending
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, Move
from cloud.cases.dispatching import (
    ROBOT,
    ask_the_next,
    is_running,
    lock,
    nobody_left,
    on_the_way,
    step,
    who,
)
from cloud.cases.intake import take_alarm
from cloud.cases.said import said_alarm
from cloud.cases.summary import CaseSummary, iso
from cloud.cases.words import params_of
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.notification import Recipient
from cloud.notifications.queue import queue, withdraw
from cloud.responders import store
from cloud.responders.responder import UNDO_WITHIN, Deed, DispatchState, step_key

_SQL: Final = queries.load(__package__ or "cloud.cases")
_CLOSING_LIMIT: Final = timedelta(seconds=90)
_NEEDS_HELP_PRIORITY: Final = 1  # somebody stands beside the elder and cannot cope


async def undo(conn: Connection, dispatch_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """Within 5 s nobody has been called yet: as if it had not been; raises Conflict afterwards."""
    row, found = await lock(conn, dispatch_id)
    step(found, Deed.UNDO)
    if now - found["offered_at"] > UNDO_WITHIN:
        raise Conflict("已超过 5 秒，请改用召回", "the 5 s are over: recall instead", state=found["state"])
    return await _call_off(conn, row, found, DispatchState.UNDONE, "dispatch_undone", actor, now)


async def recall(
    conn: Connection, dispatch_id: UUID, actor: Actor, *, reason: str = "", now: datetime
) -> CaseSummary:
    """Somebody who was asked or is on the way is not needed; they are told."""
    row, found = await lock(conn, dispatch_id)
    step(found, Deed.RECALL)
    summary = await _call_off(conn, row, found, DispatchState.RECALLED, "recalled", actor, now, reason)
    await tell_recalled(conn, row, found, now=now)
    return summary


async def _call_off(
    conn: Connection,
    row: dict[str, Any],
    found: dict[str, Any],
    state: DispatchState,
    kind: str,
    actor: Actor,
    now: datetime,
    reason: str = "",
) -> CaseSummary:
    await store.move(conn, found["id"], state, reason=reason, ended=True, now=now)
    await withdraw(conn, row["id"], reason=kind, now=now, step_prefix=step_key(found["id"]))
    await say(conn, row["id"], kind, actor, now=now, reason=reason or None, **who(found))
    await nobody_left(conn, row["id"], now)
    return await done(conn, row["id"], now)


async def _is_asked_anew(conn: Connection, found: dict[str, Any]) -> bool:
    values = {"id": found["case_id"], "staff_id": found["staff_id"]}
    return await (await conn.execute(_SQL["running_of_staff"], values)).fetchone() is not None


async def end_unanswered(conn: Connection, case_id: UUID, actor: Actor, *, now: datetime) -> None:
    """The (locked) case is over: who has not answered is recalled, and nobody is called any more."""
    for (dispatch_id,) in await (await conn.execute(_SQL["offered_dispatches"], {"id": case_id})).fetchall():
        await recall(conn, dispatch_id, actor, reason="resolved", now=now)
    await ending.call_nobody(conn, case_id, now=now)


async def tell_recalled(
    conn: Connection, row: dict[str, Any], found: dict[str, Any], *, now: datetime
) -> None:
    """Tell who was already called that they are not needed."""
    if now - found["offered_at"] <= UNDO_WITHIN:
        return
    await queue(
        conn,
        now=now,
        step_key=f"{step_key(found['id'])}:recalled",
        template="case_update",
        recipient=Recipient.staff(found["staff_id"]),
        channel="sms",
        priority=2,
        case_id=row["id"],
        params=params_of(row, now) | {"what": "派单已取消，无需前往"},
    )


async def accept(
    conn: Connection, dispatch_id: UUID, actor: Actor, *, eta_minutes: int | None = None, now: datetime
) -> CaseSummary:
    """They go. The case's limit is now the ETA and 5 min; raises Conflict once the case is over."""
    row, found = await lock(conn, dispatch_id)
    state = step(found, Deed.ACCEPT)
    if row["state"] not in case.LIVE:
        raise acting.refused(row, Move.DISPATCH)
    if found["state"] == DispatchState.NO_ANSWER and await _is_asked_anew(conn, found):
        raise Conflict("已重新派单，请接受新的派单", "asked anew: accept that one", state=found["state"])
    eta_at = None if eta_minutes is None else now + timedelta(minutes=eta_minutes)
    await store.answer(conn, dispatch_id, state, eta_at=eta_at, ended=False, now=now)
    await withdraw(conn, row["id"], reason="accepted", now=now, step_prefix=step_key(dispatch_id))
    eta = None if eta_at is None else iso(eta_at)
    await say(conn, row["id"], "accepted", actor, now=now, eta_at=eta, **who(found))
    await on_the_way(conn, row, now)
    return await done(conn, row["id"], now)


async def estimate(
    conn: Connection, dispatch_id: UUID, actor: Actor, *, eta_minutes: int, now: datetime
) -> CaseSummary:
    """They will be there at another time."""
    row, found = await lock(conn, dispatch_id)
    state = step(found, Deed.ESTIMATE)
    eta_at = now + timedelta(minutes=eta_minutes)
    await store.move(conn, dispatch_id, state, eta_at=eta_at, now=now)
    await say(conn, row["id"], "eta", actor, now=now, eta_at=iso(eta_at), **who(found))
    await on_the_way(conn, row, now)
    return await done(conn, row["id"], now)


async def refuse(
    conn: Connection, dispatch_id: UUID, actor: Actor, *, reason: str = "", now: datetime
) -> CaseSummary:
    """They cannot go: the next one is asked."""
    row, found = await lock(conn, dispatch_id)
    state = step(found, Deed.REFUSE)
    await store.answer(conn, dispatch_id, state, eta_at=None, reason=reason, ended=True, now=now)
    await withdraw(conn, row["id"], reason="refused", now=now, step_prefix=step_key(dispatch_id))
    await say(conn, row["id"], "refused", actor, now=now, reason=reason or None, **who(found))
    return await ask_the_next(conn, row, found, now)


async def miss(conn: Connection, dispatch_id: UUID, *, now: datetime) -> bool:
    """60 s without an answer: the next one is asked. False where somebody answered meanwhile."""
    row, found = await lock(conn, dispatch_id)
    if found["state"] != DispatchState.OFFERED or now < found["answer_due_at"]:
        return False
    await store.answer(conn, dispatch_id, DispatchState.NO_ANSWER, ended=True, now=now)
    await say(conn, row["id"], "no_answer", ROBOT, now=now, **who(found))
    await ask_the_next(conn, row, found, now)
    return True


async def arrive(conn: Connection, dispatch_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """They are there."""
    row, found = await lock(conn, dispatch_id)
    await store.move(conn, dispatch_id, step(found, Deed.ARRIVE), now=now)
    await withdraw(conn, row["id"], reason="arrived", now=now, step_prefix=step_key(dispatch_id))
    late = round((now - found["promised_at"]).total_seconds())
    await say(conn, row["id"], "arrived", actor, now=now, late_s=late if late > 0 else None, **who(found))
    if row["held"]:
        await acting.enter(conn, row, acting.check(row, Move.ARRIVE), now=now)
    else:
        await conn.execute(_SQL["touch_case"], {"id": row["id"]})
    return await done(conn, row["id"], now)


async def finish(
    conn: Connection,
    dispatch_id: UUID,
    actor: Actor,
    *,
    outcome: case.Disposition | Literal["needs_help"],
    note: str | None = None,
    now: datetime,
) -> CaseSummary:
    """They are done and say what it was: the owner has 90 s to go on. `needs_help`, more than they can give,
    is an alarm of its own (P1): it rings again, on a new case where this one is over already.
    """
    row, found = await lock(conn, dispatch_id)
    state = step(found, Deed.FINISH)
    await store.move(conn, dispatch_id, state, outcome=outcome, reason=note, ended=True, now=now)
    await say(conn, row["id"], "responder_done", actor, now=now, outcome=outcome, note=note, **who(found))
    left = await is_running(conn, row["id"])
    if row["held"] and not left:
        values = {"id": row["id"], "state": row["state"], "stage_limit_at": now + _CLOSING_LIMIT}
        values["stage_due_at"] = values["stage_limit_at"]
        await conn.execute(_SQL["set_stage"], values)
    else:
        await conn.execute(_SQL["touch_case"], {"id": row["id"]})
    others = []
    if outcome == "needs_help" and row["class"] != "test":
        draft = said_alarm(row, outcome, _NEEDS_HELP_PRIORITY, by="responder", now=now)
        others.append((await take_alarm(conn, draft, now)).case_id)
    return await done(conn, row["id"], now, *others)
