"""Two cases that are one: the alarms of one move to the other, and both timelines tell it."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import acting, case
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, Move
from cloud.cases.dispatching import who
from cloud.cases.publish import tell_gateways
from cloud.cases.summary import CaseSummary
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.queue import withdraw
from cloud.responders import store as responders
from cloud.responders.responder import DispatchState, step_key

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def merge(
    conn: Connection,
    case_id: UUID,
    into: UUID,
    actor: Actor,
    *,
    note: str | None = None,
    now: datetime,
) -> CaseSummary:
    """All alarms of a case that nobody else has become those of `into`, which the actor owns; returns that.

    Raises Conflict naming the owner or the state, InvalidInput for cases of different classes. A new alarm of
    the merged subject opens a case of its own again: nothing is hidden behind a decision of the past.
    """
    if case_id == into:
        raise InvalidInput("不能与自身合并", "a case cannot be merged with itself")
    gone, kept = await acting.lock_both(conn, case_id, into)
    _check(gone, kept, actor)
    moved = await (await conn.execute(_SQL["move_alarms"], {"id": case_id, "into": into})).fetchall()
    await _go_once(conn, case_id, into, actor, now)
    await conn.execute(_SQL["move_dispatches"], {"id": case_id, "into": into})
    await conn.execute(_SQL["merge_away"], {"id": case_id, "into": into, "now": now})
    await conn.execute(_SQL["merge_in"], _together(gone, kept))
    await acting.resume(conn, into, now=now)
    count = len(moved)
    facts: dict[str, Any] = {"alarms": count, "note": note}
    await say(conn, case_id, "merged", actor, now=now, into=str(into), into_number=kept["number"], **facts)
    await say(conn, into, "merged", actor, now=now, from_id=str(case_id), from_number=gone["number"], **facts)
    await tell_gateways(conn, into, "claimed")
    return await done(conn, into, now, case_id)


async def _go_once(conn: Connection, case_id: UUID, into: UUID, actor: Actor, now: datetime) -> None:
    """Who was sent to both cases goes once: the dispatch that has come less far ends, and nobody is told."""
    rows = await (await conn.execute(_SQL["sent_to_both"], {"id": case_id, "into": into})).fetchall()
    for (dispatch_id,) in rows:
        found = await responders.lock_dispatch(conn, dispatch_id)
        await responders.move(conn, dispatch_id, DispatchState.RECALLED, reason="merged", ended=True, now=now)
        at = found["case_id"]
        await withdraw(conn, at, reason="merged", now=now, step_prefix=step_key(dispatch_id))
        await say(conn, at, "recalled", actor, now=now, reason="merged", **who(found))


def _check(gone: dict[str, Any], kept: dict[str, Any], actor: Actor) -> None:
    acting.check(gone, Move.MERGE)
    acting.check(kept, Move.RENEW)
    if kept["owner_id"] != actor.id:
        raise acting.refused(kept, Move.RENEW)
    if gone["held"] and gone["owner_id"] != actor.id:
        raise acting.refused(gone, Move.MERGE)
    if gone["class"] != kept["class"]:
        raise InvalidInput("类别不同的警情不能合并", "cases of different classes are never merged")
    if gone["children"]:
        raise Conflict(
            "该警情代表一组报警，不能合并", "this case stands for a group: it cannot be merged",
            state=gone["state"],
        )  # fmt: skip


def _together(gone: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    kinds = list(kept["kinds"])
    for kind in gone["kinds"]:
        kinds = case.joined_kinds(kinds, kind)
    event_ids = list(kept["event_ids"])
    for event_id in gone["event_ids"]:
        event_ids = case.joined_event_ids(event_ids, event_id)
    return {
        "id": kept["id"],
        "priority": case.joined_priority(kept["priority"], gone["priority"]),
        "kinds": kinds,
        "event_ids": event_ids,
        "alarms": gone["alarm_count"],
        "repeats": gone["repeats"],
        "fire": gone["fire_suspected"],
        "late": gone["late"],
        "occurred_at": gone["occurred_at"],
    }
