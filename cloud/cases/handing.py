"""A case goes from one person to another: by name, to the queue, at signing off, or taken by a supervisor."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import acting, case
from cloud.cases.acting import done, say
from cloud.cases.case import Actor, Move, State
from cloud.cases.publish import escalate, tell_gateways
from cloud.cases.summary import CaseSummary, iso
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases")


class SeatShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at the desk now; `cases` counts what they hold."""

    seat_id: UUID
    staff_id: UUID
    name: str
    role: str
    since: str
    last_seen_at: str
    sound: bool
    talking: bool
    cases: int


async def living_seats(conn: Connection, reader: Identity, *, now: datetime) -> list[SeatShown]:
    """Who is at the desk and shares cases with the reader."""
    values = {"now": now, "alive_since": now - case.SEAT_DEAD_AFTER}
    rows = await (await conn.execute(_SQL["living_seats"], values)).fetchall()
    return [
        SeatShown(
            seat_id=row[0],
            staff_id=row[1],
            name=row[2],
            role=row[3],
            since=iso(row[6]),
            last_seen_at=iso(row[7]),
            sound=row[8],
            talking=row[9],
            cases=row[10],
        )
        for row in rows
        if _shares(reader, row[4], row[5])
    ]


def _shares(reader: Identity, area_code: str, org_id: UUID | None) -> bool:
    """Whether two people's areas overlap, and their organisations."""
    nested = area_code.startswith(reader.area_code) or reader.area_code.startswith(area_code)
    return nested and (reader.org_id is None or org_id is None or reader.org_id == org_id)


async def hand_over(
    conn: Connection, case_id: UUID, actor: Actor, to: UUID | None, *, note: str | None = None, now: datetime
) -> CaseSummary:
    """The owner gives it to somebody at a living seat (by seat or user id), who has 30 s to take it; or to
    the queue.

    Raises Conflict where nobody named so is at the desk, InvalidInput for oneself.
    """
    row = await acting.lock_owned(conn, case_id, actor, Move.HAND_OVER)
    if to is None:
        values = {"id": case_id, "ring": 1, "returned": 0, "from_name": actor.name, "now": now}
        await conn.execute(_SQL["reopen_case"], values)
        await say(conn, case_id, "handed_over", actor, now=now, to="queue", note=note)
        return await done(conn, case_id, now)
    staff_id, name = await _at_the_desk(conn, row, to, now)
    if staff_id == actor.id:
        raise InvalidInput("不能交接给自己", "it is yours already")
    values = {"id": case_id, "to_id": staff_id, "to_name": name, "now": now}
    values["stage_due_at"] = case.stage_limit(State.HANDED_OVER, now)
    await conn.execute(_SQL["hand_over"], values)
    await say(conn, case_id, "handed_over", actor, now=now, to=name, to_id=str(staff_id), note=note)
    return await done(conn, case_id, now)


async def tell_supervisors(
    conn: Connection, case_id: UUID, actor: Actor, *, note: str | None = None, now: datetime
) -> CaseSummary:
    """Somebody at the desk wants the supervisors to look at a live case, whoever has it; raises Conflict for
    one that is over.
    """
    row = await acting.lock(conn, case_id)
    if row["state"] not in case.LIVE:
        raise acting.refused(row, Move.RENEW)
    await say(conn, case_id, "escalated", actor, now=now, reason="by_hand", to="supervisors", note=note)
    told = await done(conn, case_id, now)
    await escalate(conn, case_id, "by_hand", now=now)
    return told


async def sign_off(
    conn: Connection, case_id: UUID, actor: Actor, to: UUID | None, *, now: datetime
) -> CaseSummary:
    """What a seat that signs off holds goes to who was named; to the queue where they are not there."""
    try:
        async with conn.transaction():
            return await hand_over(conn, case_id, actor, to, note="signed_off", now=now)
    except (Conflict, InvalidInput):
        if to is None:
            raise
    return await hand_over(conn, case_id, actor, None, note="signed_off", now=now)


async def take_over(
    conn: Connection, case_id: UUID, actor: Actor, *, reason: str | None = None, now: datetime
) -> CaseSummary:
    """A supervisor takes it in the stage that it is in; raises Conflict while the owner is talking."""
    row = await acting.lock(conn, case_id)
    state = acting.check(row, Move.TAKE_OVER)
    if row["owner_id"] == actor.id:
        await acting.renew(conn, row, actor, now)
        return await done(conn, case_id, now)
    await acting.refuse_if_talking(conn, row, now)
    named = row["state"] == State.HANDED_OVER
    limit = case.stage_limit(state, now) if named else row["stage_limit_at"]
    values: dict[str, Any] = {"id": case_id, "state": state.value, "owner_id": actor.id, "now": now}
    values |= {"owner_name": actor.name, "seat_id": actor.seat_id, "stage_limit_at": limit}
    values["stage_due_at"] = case.stage_due(now, await acting.call_until(conn, actor), limit)
    await conn.execute(_SQL["take_over"], values)
    if named:
        await acting.resume(conn, case_id, now=now)
    was = row["owner_name"] or row["handed_to_name"]
    await say(conn, case_id, "taken_over", actor, now=now, owner=was, reason=reason)
    await tell_gateways(conn, case_id, "claimed")
    return await done(conn, case_id, now)


async def _at_the_desk(conn: Connection, row: dict[str, Any], to: UUID, now: datetime) -> tuple[UUID, str]:
    values = {"id": to, "alive_since": now - case.SEAT_DEAD_AFTER}
    found = await (await conn.execute(_SQL["find_seat"], values)).fetchone()
    if found is None or not _may_see(row, found[4], found[5]):
        raise Conflict("对方不在席位上，不能交接", "nobody of that name is at the desk", state=row["state"])
    return found[1], found[2]


def _may_see(row: dict[str, Any], area_code: str, org_id: UUID | None) -> bool:
    return row["area_code"].startswith(area_code) and org_id in (None, row["org_id"])
