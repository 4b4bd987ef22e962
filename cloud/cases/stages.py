"""The stages of a case that people name: calling back, following up, a service order and back."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.errors import UniqueViolation

from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import acting, answers, case
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, CallOutcome, Move, State
from cloud.cases.intake import take_alarm
from cloud.cases.publish import tell_gateways
from cloud.cases.said import said_alarm
from cloud.cases.summary import CaseSummary
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def contact(conn: Connection, case_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """The owner calls the home."""
    row = await acting.lock_owned(conn, case_id, actor, Move.CONTACT)
    if row["state"] != State.CONTACTING:
        await say(conn, case_id, "contacting", actor, now=now)
    await _begin_contact(conn, row, actor, now)
    return await done(conn, case_id, now)


async def call_back(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    outcome: CallOutcome,
    *,
    note: str | None = None,
    now: datetime,
) -> CaseSummary:
    """What a call to the home came to, by the owner, or by anybody once the case is resolved.

    Nobody answering is an emergency of its own (P1), also on a new case where this one is over already.
    """
    row = await acting.lock(conn, case_id)
    if row["state"] not in (State.RESOLVED, State.FOLLOWED_UP):
        acting.check(row, Move.RENEW)
        if row["owner_id"] != actor.id:
            raise acting.refused(row, Move.RENEW)
    alarm = case.CALL_ALARMS.get(outcome)
    if alarm is not None and row["class"] != "test" and row["home_id"] is None:
        raise InvalidInput("该警情没有住户", "this case is not about a home")
    await say(conn, case_id, "call_back", actor, now=now, outcome=outcome, note=note)
    if row["held"]:
        await _begin_contact(conn, row, actor, now)
    others = []
    if alarm is not None and row["class"] != "test":
        found = await take_alarm(conn, said_alarm(row, *alarm, now=now), now)
        others.append(found.case_id)
    await conn.execute(_SQL["touch_case"], {"id": case_id})
    return await done(conn, case_id, now, *others)


async def _begin_contact(conn: Connection, row: dict[str, Any], actor: Actor, now: datetime) -> None:
    """A claimed case is being contacted from now; a later stage goes on, renewed."""
    if row["state"] not in (State.CLAIMED, State.CONTACTING):
        await acting.renew(conn, row, actor, now)
        return
    talks_until = await acting.call_until(conn, actor)
    await acting.enter(conn, row, State.CONTACTING, now=now, talks_until=talks_until)


async def follow_up(
    conn: Connection, case_id: UUID, actor: Actor, *, note: str | None = None, now: datetime
) -> CaseSummary:
    """Somebody asked afterwards how it went."""
    row = await acting.lock(conn, case_id)
    acting.check(row, Move.FOLLOW_UP)
    await conn.execute(_SQL["follow_up"], {"id": case_id, "now": now})
    await say(conn, case_id, "followed_up", actor, now=now, note=note)
    return await done(conn, case_id, now)


async def make_order(
    conn: Connection, case_id: UUID, actor: Actor, *, note: str | None = None, now: datetime
) -> CaseSummary:
    """It is no emergency but something to be done: resolved as a service order. Who was asked to go and has
    not answered is recalled.
    """
    await acting.lock_owned(conn, case_id, actor, Move.RESOLVE)
    await answers.end_unanswered(conn, case_id, actor, now=now)
    values = {"id": case_id, "disposition": "service_order", "now": now}
    await conn.execute(_SQL["resolve_case"], values)
    await conn.execute(_SQL["make_order"], {"id": case_id})
    await say(conn, case_id, "service_order", actor, now=now, note=note)
    return await done(conn, case_id, now)


async def unmake_order(
    conn: Connection, case_id: UUID, actor: Actor, *, note: str | None = None, now: datetime
) -> CaseSummary:
    """It is an alarm after all, in the hands of who says so; raises Conflict where it never was an order, or
    where its subject has another live case by now (`existing_id`).
    """
    row = await acting.lock(conn, case_id)
    acting.check(row, Move.REOPEN)
    if not row["service_order"]:
        raise Conflict("该警情不是服务工单", "this case is not a service order", state=row["state"])
    values = {"id": case_id, "owner_id": actor.id, "owner_name": actor.name, "seat_id": actor.seat_id}
    values |= {"now": now, "stage_due_at": case.stage_due(now)}
    try:
        async with conn.transaction():
            await conn.execute(_SQL["reopen"], values)
    except UniqueViolation as error:  # another live case, perhaps opened in this very moment
        other = await (await conn.execute(_SQL["live_case_like"], {"id": case_id})).fetchone()
        raise Conflict(
            "已有新的警情，请在新警情中处理",
            "there is a newer case: go on there",
            state=row["state"],
            existing_id=None if other is None else str(other[0]),
        ) from error
    await acting.resume(conn, case_id, now=now)
    await say(conn, case_id, "alarm_again", actor, now=now, note=note)
    await tell_gateways(conn, case_id, "claimed")
    return await done(conn, case_id, now)
