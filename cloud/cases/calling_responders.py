"""What time and telephones do to dispatches: offers that nobody answers, keys that are pressed."""

from datetime import datetime
from typing import Final
from uuid import UUID

from cloud.access.errors import Conflict
from cloud.cases import answers
from cloud.cases.case import Actor
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.responders import store

_SQL: Final = queries.load(__package__ or "cloud.cases")


async def pressed(conn: Connection, *, limit: int) -> list[tuple[UUID, UUID, str, str]]:
    """(dispatch, responder, name, accepted or refused) of calls in which a key was pressed."""
    rows = await (await conn.execute(_SQL["pressed_keys"], {"limit": limit})).fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def hear(
    conn: Connection, dispatch_id: UUID, staff_id: UUID, name: str, outcome: str, *, now: datetime
) -> None:
    """The responder pressed 1 or 2; nothing where they have answered otherwise meanwhile."""
    actor = Actor(id=staff_id, name=name)
    try:
        if outcome == "accepted":
            await answers.accept(conn, dispatch_id, actor, now=now)
        else:
            await answers.refuse(conn, dispatch_id, actor, reason="pressed_2", now=now)
    except Conflict:
        return


async def missed(conn: Connection, *, now: datetime, limit: int) -> list[UUID]:
    """Offers that nobody answered in time."""
    return await store.unanswered(conn, now=now, limit=limit)
