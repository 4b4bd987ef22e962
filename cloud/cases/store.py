"""What people do to cases, and how cases are read. The boundary (a route, a timer) owns the transaction.

Whoever changes a case publishes it last: `feed` numbers its frames in the order of commits.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import acting, answers, case, readings, timeline
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, Move, State
from cloud.cases.intake import lock
from cloud.cases.publish import find, no_such_case, tell_gateways
from cloud.cases.publish import publish as publish
from cloud.cases.summary import CaseSummary, summary_of
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def summary(conn: Connection, case_id: UUID, reader: Identity) -> CaseSummary:
    """A case that the reader may see; raises NotFound for any other."""
    row = await find(conn, case_id)
    if not reader.sees(row["area_code"], row["org_id"]):
        raise no_such_case()
    return summary_of(row)


async def list_cases(
    conn: Connection,
    reader: Identity,
    *,
    states: Iterable[State],
    limit: int = 200,
    before: int | None = None,
) -> list[CaseSummary]:
    """Cases that the reader may see, newest first; `before` is the number of the last one of the page
    before.
    """
    values = {
        "states": [state.value for state in states],
        "area_code": reader.area_code,
        "org_id": reader.org_id,
        "limit": limit,
        "before": before,
    }
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["list_cases"], values)
        return [summary_of(row) for row in await cursor.fetchall()]


async def list_closed(conn: Connection, reader: Identity, *, limit: int) -> list[CaseSummary]:
    """Closed cases that the reader may see, the one closed last first."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["list_closed"], values)
        return [summary_of(row) for row in await cursor.fetchall()]


async def claim(conn: Connection, case_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """Of all who claim at once exactly one gets the case; raises Conflict naming the owner, who was named to
    take it (30 s, never of a P1, and only while their seat lives), or the state, to the others.
    """
    values = {
        "alive_since": now - case.SEAT_DEAD_AFTER,
        "id": case_id,
        "owner_id": actor.id,
        "owner_name": actor.name,
        "seat_id": actor.seat_id,
        "stage_due_at": case.stage_due(now),
        "now": now,
    }
    cursor = await conn.execute(_SQL["claim_case"], values)
    if await cursor.fetchone() is None:
        row = await acting.lock(conn, case_id)
        if row["state"] in case.HELD and row["owner_id"] == actor.id:
            return await renew(conn, case_id, actor, now=now)
        acting.check(row, Move.CLAIM)
        # Given back a moment ago, and locked now; or on its way to somebody else.
        if await (await conn.execute(_SQL["claim_case"], values)).fetchone() is None:
            raise acting.awaits_another(row)
    await acting.resume(conn, case_id, now=now)
    await say(conn, case_id, "claimed", actor, now=now)
    await tell_gateways(conn, case_id, "claimed")
    return await done(conn, case_id, now)


async def renew(conn: Connection, case_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """The owner works on it: another 90 s. Raises Conflict for anybody else."""
    row = await acting.lock_owned(conn, case_id, actor, Move.RENEW)
    await acting.renew(conn, row, actor, now)
    return await done(conn, case_id, now)


async def release(conn: Connection, case_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """The owner gives it back to the queue, where it rings again."""
    await acting.lock_owned(conn, case_id, actor, Move.RELEASE)
    values = {"id": case_id, "ring": 1, "returned": 0, "from_name": actor.name, "now": now}
    await conn.execute(_SQL["reopen_case"], values)
    await say(conn, case_id, "released", actor, now=now)
    return await done(conn, case_id, now)


async def held_by_seat(conn: Connection, seat_id: UUID) -> list[UUID]:
    """The cases that a seat holds; release each in a transaction of its own."""
    cursor = await conn.execute(_SQL["held_by_seat"], {"seat_id": seat_id})
    return [case_id for (case_id,) in await cursor.fetchall()]


async def home_of(conn: Connection, case_id: UUID, reader: Identity) -> UUID | None:
    """The home of a case that the reader may see; raises NotFound for any other."""
    row = await find(conn, case_id)
    if not reader.sees(row["area_code"], row["org_id"]):
        raise no_such_case()
    home_id: UUID | None = row["home_id"]
    return home_id


async def resolve(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    *,
    disposition: case.Disposition | None = None,
    note: str | None = None,
    seen_rings: int | None = None,
    now: datetime,
) -> CaseSummary:
    """The owner is done with it; new alarms open a new case from here on. Who was asked to go and has not
    answered is recalled; who is on the way or there has to be done before it can be closed. Raises Conflict
    where it has rung since the owner's screen showed `seen_rings`.
    """
    row = await acting.lock_owned(conn, case_id, actor, Move.RESOLVE)
    if seen_rings is not None and row["rings"] > seen_rings:
        raise Conflict("刚才又有报警，请先看明情况", "it has just rung again: look first", state=row["state"])
    await answers.end_unanswered(conn, case_id, actor, now=now)
    await conn.execute(_SQL["resolve_case"], {"id": case_id, "disposition": disposition, "now": now})
    await say(conn, case_id, "resolved", actor, now=now, disposition=disposition, note=note)
    return await done(conn, case_id, now)


async def close(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    *,
    disposition: case.Disposition,
    note: str | None = None,
    now: datetime,
) -> CaseSummary:
    """The end of a resolved case, with what it was."""
    row = await acting.lock(conn, case_id)
    acting.check(row, Move.CLOSE)
    if await (await conn.execute(_SQL["running_dispatch"], {"id": case_id})).fetchone() is not None:
        raise Conflict("响应人员尚未完成，不能结案", "a responder is not done yet", state=row["state"])
    await conn.execute(_SQL["close_case"], {"id": case_id, "disposition": disposition, "now": now})
    await say(conn, case_id, "closed", actor, now=now, disposition=disposition, note=note)
    await readings.keep(conn, case_id, now=now)
    await tell_gateways(conn, case_id, "closed")
    return await done(conn, case_id, now)


async def note(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    text: str,
    *,
    called: str | None = None,
    outcome: str | None = None,
    key: str | None = None,
    now: datetime,
) -> CaseSummary:
    """A line for the timeline by anybody, until the case is closed; the owner's renews the claim.

    `called` and `outcome`: it tells of a call to the resident or a contact that was made by hand.

    The same `key` by the same actor is written once.
    """
    row = await acting.lock(conn, case_id)
    mark = None if key is None else f"{actor.id}:{key}"
    if mark is not None and await timeline.has_entry(conn, case_id, "note", {"key": mark}):
        return summary_of(row)
    if row["state"] in (State.CLOSED, State.MERGED):
        raise acting.refused(row, Move.RENEW)
    await say(conn, case_id, "note", actor, now=now, text=text, called=called, outcome=outcome, key=mark)
    if row["held"] and row["owner_id"] == actor.id:
        await acting.renew(conn, row, actor, now)
    else:
        await conn.execute(_SQL["touch_case"], {"id": case_id})
    return await done(conn, case_id, now)


async def call(conn: Connection, case_id: UUID, actor: Actor, *, call_s: int, now: datetime) -> CaseSummary:
    """The owner talks for up to `call_s` seconds, 0 when the call ended: nobody who is talking loses the
    case.
    """
    if not 0 <= call_s <= case.CALL_LIMIT.total_seconds():
        raise InvalidInput("通话时长须在 0 到 3600 秒之间", "a call lasts 0 to 3600 seconds")
    row = await acting.lock_owned(conn, case_id, actor, Move.RENEW)
    until = now + timedelta(seconds=call_s)
    if actor.seat_id is not None:
        await conn.execute(_SQL["start_call"], {"seat_id": actor.seat_id, "call_until": until})
    await say(conn, case_id, "call", actor, now=now, call_s=call_s)
    await acting.renew(conn, row, actor, now, talks_until=until)
    return await done(conn, case_id, now)


async def shown(conn: Connection, case_id: UUID, actor: Actor, *, rings: int, now: datetime) -> bool:
    """A screen showed the case at this ring; written down once a ring. False when it was already, or not so
    yet.
    """
    row = await lock(conn, case_id)
    if row is None or not 1 <= rings <= row["rings"]:
        return False
    if await timeline.has_entry(conn, case_id, "shown", {"rings": rings}):
        return False
    await say(conn, case_id, "shown", actor, now=now, rings=rings)
    return True


async def write_down(
    conn: Connection,
    case_id: UUID,
    kind: str,
    actor: Actor,
    *,
    data: dict[str, Any] | None = None,
    now: datetime,
) -> None:
    """A timeline entry that changes nothing else, such as `door_code_viewed`."""
    await acting.lock(conn, case_id)
    await say(conn, case_id, kind, actor, now=now, **(data or {}))
