"""What time and telephones do to dispatches: offers that nobody answers, keys that are pressed."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cloud.access.errors import Conflict
from cloud.cases import answers, case
from cloud.cases.case import Actor
from cloud.cases.dispatching import ROBOT, lock
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.responders import store
from cloud.responders.responder import DispatchState

_SQL: Final = queries.load(__package__ or "cloud.cases")
_CALLS_LAST: Final = timedelta(minutes=15)  # from the offer to the last key of the last try


async def pressed(conn: Connection, *, now: datetime, limit: int) -> list[tuple[UUID, UUID, str, str]]:
    """(dispatch, responder, name, accepted or refused) of calls in which a key was pressed."""
    values = {"after": now - _CALLS_LAST, "limit": limit}
    rows = await (await conn.execute(_SQL["pressed_keys"], values)).fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def hear(
    conn: Connection, dispatch_id: UUID, staff_id: UUID, name: str, outcome: str, *, now: datetime
) -> None:
    """The responder pressed 1 or 2; nothing where they have answered otherwise meanwhile. Who says yes to a
    case that is over is told so, lest they go.
    """
    actor = Actor(id=staff_id, name=name)
    try:
        if outcome == "accepted":
            await answers.accept(conn, dispatch_id, actor, now=now)
        else:
            await answers.refuse(conn, dispatch_id, actor, reason="pressed_2", now=now)
    except Conflict:
        if outcome == "accepted":
            await _tell_if_over(conn, dispatch_id, now)


async def _tell_if_over(conn: Connection, dispatch_id: UUID, now: datetime) -> None:
    row, found = await lock(conn, dispatch_id)
    waited_for = found["state"] in (DispatchState.OFFERED, DispatchState.NO_ANSWER)
    if waited_for and row["state"] not in case.LIVE:
        await answers.recall(conn, dispatch_id, ROBOT, reason="over", now=now)


async def missed(conn: Connection, *, now: datetime, limit: int) -> list[UUID]:
    """Offers that nobody answered in time."""
    return await store.unanswered(conn, now=now, limit=limit)
