"""The wall-board's numbers. Nothing here tells who anybody is or where: a wall is read by all."""

from datetime import datetime
from typing import Final

import msgspec

from cloud.access.access import Identity
from cloud.cases.case import SEAT_DEAD_AFTER
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.supervision", "wall.sql")
SHOWN: Final = 8
"""So many lines of each list are read from across a room."""
TIMED: Final = 3
"""Priorities 1 to 3 have a limit within which somebody must take them."""


class WallCase(msgspec.Struct, frozen=True, kw_only=True):
    """A case as a wall tells it; `since` it waits, or was opened."""

    priority: int
    kinds: list[str]
    since: datetime
    escalated: bool


class WallSeat(msgspec.Struct, frozen=True, kw_only=True):
    """A seat by the order of signing in; `phone` None: it has none."""

    n: int
    since: datetime
    talking: bool
    phone: str | None
    sound: bool
    cases: int


class WallPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a wall shows of this moment; `longest_since` is of priorities 1 to 3."""

    waiting: int
    by_priority: list[int]
    longest_since: datetime | None
    oldest_p1_since: datetime | None
    waiting_cases: list[WallCase]
    in_hand: int
    in_hand_cases: list[WallCase]
    seats: list[WallSeat]
    gateways: int
    gateways_away: int
    flood_since: datetime | None
    canary_red_since: datetime | None


async def picture(conn: Connection, reader: Identity, *, now: datetime) -> WallPicture:
    """The wall of the reader's area and organisation."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "now": now}
    values |= {"alive_since": now - SEAT_DEAD_AFTER}
    rows = await (await conn.execute(_SQL["wall_cases"], values)).fetchall()
    waiting = [_case(row) for row in rows if not row[2]]
    in_hand = [_case(row) for row in rows if row[2]]
    seats = await (await conn.execute(_SQL["wall_seats"], values)).fetchall()
    gateways = await (await conn.execute(_SQL["wall_gateways"], values)).fetchone() or (0, 0)
    troubles = await (await conn.execute(_SQL["wall_troubles"])).fetchone() or (None, None)
    return WallPicture(
        waiting=len(waiting),
        by_priority=[sum(case.priority == priority for case in waiting) for priority in (1, 2, 3, 4)],
        longest_since=min((case.since for case in waiting if case.priority <= TIMED), default=None),
        oldest_p1_since=min((case.since for case in waiting if case.priority == 1), default=None),
        waiting_cases=waiting[:SHOWN],
        in_hand=len(in_hand),
        in_hand_cases=in_hand[:SHOWN],
        seats=[
            WallSeat(n=n, since=row[0], talking=row[1], phone=row[2], sound=row[3], cases=row[4])
            for n, row in enumerate(seats, 1)
        ],
        gateways=gateways[0],
        gateways_away=gateways[1],
        flood_since=troubles[0],
        canary_red_since=troubles[1],
    )


def _case(row: tuple[int, list[str], bool, datetime, int]) -> WallCase:
    return WallCase(priority=row[0], kinds=list(row[1]), since=row[3], escalated=row[4] > 0)
