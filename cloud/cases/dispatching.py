"""Responders are sent to a case: asked, undone, answered, arrived, done. Every dispatch comes to an end.

Order of locks: the case, then the dispatch. The call to the responder starts when the 5 s for undoing are
over. What responders answer is in answers.py.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.cases import acting, case, timeline
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, Move, State
from cloud.cases.intake import SYSTEM
from cloud.cases.publish import escalate
from cloud.cases.summary import CaseSummary, iso
from cloud.cases.words import params_of
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.notification import Channel, Recipient
from cloud.notifications.queue import queue
from cloud.responders import responder as rules
from cloud.responders import store
from cloud.responders.responder import (
    ANSWER_WITHIN,
    UNDO_WITHIN,
    Candidate,
    Deed,
    DispatchState,
    ImpossibleDeed,
    Point,
    step_key,
)
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.cases")
_CHANNELS: Final[tuple[Channel, ...]] = ("voice", "sms")
ROBOT: Final = Actor(id=UUID(int=0), name=SYSTEM)
_CLOSING_LIMIT: Final = timedelta(seconds=90)


async def candidates(
    conn: Connection, row: dict[str, Any], *, needed: Iterable[str] = (), now: datetime
) -> list[Candidate]:
    """Who can be sent to a case: free ones first, then who is there soonest."""
    place = row["place"] or {}
    point = None
    if place.get("lat") is not None and place.get("lon") is not None:
        point = Point(place["lat"], place["lon"])
    asked = await store.asked(conn, row["id"])
    found = await store.covering(conn, row["area_code"], row["org_id"])
    return rules.ranked(
        rules.candidate(
            one,
            area_code=row["area_code"],
            place=point,
            needed=needed,
            asked=one.staff_id in asked,
            now=now,
        )
        for one in found
    )


async def offer(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    staff_id: UUID | None = None,
    *,
    chain: bool = True,
    now: datetime,
) -> tuple[CaseSummary, UUID]:
    """The owner sends somebody: who was chosen, else the first free one; the case and the dispatch's id.

    Raises Conflict where nobody is free, or where they are asked already; InvalidInput for somebody who does
    not work there.
    """
    row = await acting.lock_owned(conn, case_id, actor, Move.DISPATCH)
    listed = await candidates(conn, row, now=now)
    chosen = rules.next_one(listed)
    if staff_id is not None:
        chosen = next((one for one in listed if one.staff_id == staff_id), None)
        if chosen is None:
            raise InvalidInput("该响应人员不在本片区", "this responder does not work there")
    if chosen is None:
        raise Conflict("没有空闲的响应人员", "no responder is free", state=row["state"])
    dispatch_id = await _ask(conn, row, chosen, actor, chain=chain, now=now)
    return await done(conn, case_id, now), dispatch_id


async def _ask(
    conn: Connection, row: dict[str, Any], chosen: Candidate, actor: Actor, *, chain: bool, now: datetime
) -> UUID:
    dispatch_id = uuid7(round(now.timestamp() * 1000))
    promised_at = now + timedelta(seconds=chosen.promise_s)
    values = {"id": dispatch_id, "case_id": row["id"], "staff_id": chosen.staff_id, "name": chosen.name}
    values |= {"now": now, "by": actor.name, "promised_at": promised_at, "chain": chain}
    values["answer_due_at"] = now + ANSWER_WITHIN
    if not await store.insert_dispatch(conn, values):
        raise Conflict(f"{chosen.name} 已被派单", f"{chosen.name} is asked already", state=row["state"])
    if row["held"]:
        state = acting.check(row, Move.DISPATCH)
        await acting.enter(conn, row, state, now=now, promised_at=promised_at)
    words = {"dispatch_id": str(dispatch_id), "to": chosen.name, "to_id": str(chosen.staff_id)}
    words["promised_at"] = iso(promised_at)
    await say(conn, row["id"], "dispatched", actor, now=now, minutes=chosen.minutes, **words)
    for channel in _CHANNELS:
        await queue(
            conn,
            now=now,
            not_before=now + UNDO_WITHIN,
            step_key=step_key(dispatch_id),
            template="emergency_responder",
            recipient=Recipient.staff(chosen.staff_id),
            channel=channel,
            priority=row["priority"],
            case_id=row["id"],
            params=params_of(row, now),
        )
    return dispatch_id


async def ask_the_next(
    conn: Connection, row: dict[str, Any], found: dict[str, Any], now: datetime
) -> CaseSummary:
    """The next one of the list, where the owner wanted so and nobody else is coming."""
    case_id = row["id"]
    if await is_running(conn, case_id) or row["state"] not in case.LIVE:
        await conn.execute(_SQL["touch_case"], {"id": case_id})
        return await done(conn, case_id, now)
    chosen = rules.next_one(await candidates(conn, row, now=now)) if found["chain"] else None
    if chosen is not None:
        await _ask(conn, row, chosen, ROBOT, chain=True, now=now)
        return await done(conn, case_id, now)
    words = {"reason": "no_responder", "to": "supervisors"}
    await timeline.add(conn, case_id, "escalated", actor=SYSTEM, data=words, now=now)
    await nobody_left(conn, case_id, now)
    summary = await done(conn, case_id, now)
    await escalate(conn, case_id, "no_responder", now=now)
    return summary


async def nobody_left(conn: Connection, case_id: UUID, now: datetime) -> None:
    """A case that nobody goes to any more is in its owner's hands again, with the limit of that."""
    row = await acting.lock(conn, case_id)
    if row["state"] == State.DISPATCHED and not await is_running(conn, case_id):
        await acting.enter(conn, row, acting.check(row, Move.RECALL), now=now)
    else:
        await conn.execute(_SQL["touch_case"], {"id": case_id})


async def on_the_way(conn: Connection, row: dict[str, Any], now: datetime) -> None:
    """The case's stage and its limit, as those say who are on the way."""
    if row["held"] and row["state"] != State.ON_SCENE:
        await acting.resume(conn, row["id"], now=now)
    else:
        await conn.execute(_SQL["touch_case"], {"id": row["id"]})


async def is_running(conn: Connection, case_id: UUID) -> bool:
    """Whether anybody was asked, is on the way or there."""
    row = await (await conn.execute(_SQL["running_dispatch"], {"id": case_id})).fetchone()
    return row is not None


async def lock(conn: Connection, dispatch_id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """The case of a dispatch and the dispatch, both held; a merge may move it while we wait."""
    found = await store.find_dispatch(conn, dispatch_id)
    for _ in range(10):
        row = await acting.lock(conn, found["case_id"])
        found = await store.lock_dispatch(conn, dispatch_id)
        if found["case_id"] == row["id"]:
            return row, found
    raise NotFound("没有这个派单", "there is no such dispatch")


def step(found: dict[str, Any], deed: Deed) -> DispatchState:
    """What the dispatch is after a deed; raises Conflict where that cannot be."""
    try:
        return rules.step(DispatchState(found["state"]), deed)
    except ImpossibleDeed as error:
        raise Conflict(
            f"派单状态为 {error.state.value}，不能执行此操作",
            f"the dispatch is {error.state.value}; it cannot {deed.value}",
            state=error.state.value,
        ) from None


def who(found: dict[str, Any]) -> dict[str, Any]:
    """How the timeline names a dispatch."""
    return {"dispatch_id": str(found["id"]), "responder": found["name"]}
