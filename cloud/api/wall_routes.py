"""What a wall-board may know: counts, kinds, times. No name, place, number or id of anybody goes out here."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec
from fastapi import APIRouter
from pydantic import Field

from cloud.api.callers import Caller, With
from cloud.api.schemas import Priority, Shown
from cloud.api.telephony_schemas import PhoneStateName
from cloud.api.times import Instant
from cloud.feed import store as feed
from cloud.kpi import store as kpi
from cloud.shifts.shift import day_of
from cloud.supervision import wall

router = APIRouter(tags=["wall"])
Unit = Literal["s", "%", "/h", ""]
_PLAIN: Final[tuple[tuple[str, Unit], ...]] = (
    ("answer_p50_s", "s"),
    ("cases_all", ""),
    ("false_alarms", "%"),
)


class WallCase(Shown):
    """A case without anybody's name or place; `since` it waits, or was opened."""

    priority: Priority
    kinds: list[str]
    since: Instant
    escalated: bool


class WallSeat(Shown):
    """A living seat, numbered by the order of signing in."""

    n: int
    since: Instant
    talking: bool
    phone: PhoneStateName | None
    sound: bool
    cases: int


class Wall(Shown):
    """The wall of the caller's area; `seq` is where the feed goes on from (`/ws?view=wall&after=`)."""

    at: Instant
    seq: int
    waiting: int
    by_priority: list[int] = Field(description="those waiting of priority 1, 2, 3 and 4")
    longest_since: Instant | None = Field(description="the oldest that waits, of priorities 1 to 3")
    oldest_p1_since: Instant | None
    waiting_cases: list[WallCase] = Field(description="the most urgent eight")
    in_hand: int
    in_hand_cases: list[WallCase] = Field(description="the most urgent eight")
    seats: list[WallSeat]
    gateways: int
    gateways_away: int
    flood_since: Instant | None
    canary_red_since: Instant | None


class WallFigure(Shown):
    """A figure of today beside what is promised; `kept` null where nothing is promised or to be counted."""

    figure: str
    value: float | None
    unit: Unit
    compare: Literal["least", "most"] | None
    target: float | None
    kept: bool | None


class WallFigures(Shown):
    """Since `since`, the day's beginning where the deployment is."""

    since: Instant
    figures: list[WallFigure]


@router.get("/wall", operation_id="get_wall", response_model=Wall)
async def get_wall(identity: Caller, services: With) -> Wall:
    """How many wait and since when, what is in hand, who is at the desk: numbers only."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        seq = await feed.position(conn)
        found = await wall.picture(conn, identity, now=now)
    plain = msgspec.to_builtins(found, builtin_types=(datetime,))
    return Wall(at=now, seq=seq, **plain)


@router.get("/wall/figures", operation_id="get_wall_figures", response_model=WallFigures)
async def get_wall_figures(identity: Caller, services: With) -> WallFigures:
    """Today's figures beside their targets; ask once a minute."""
    now = services.clock.now()
    day = day_of(now)
    end = max(now, day + timedelta(seconds=1))
    async with services.pool.connection() as conn:
        found = await kpi.compute(conn, identity, start=day, end=end, now=now)
    items = [
        WallFigure(
            figure=one.promise.figure,
            value=one.reached,
            unit=one.promise.unit,
            compare=one.promise.compare,
            target=one.promise.value,
            kept=one.kept,
        )
        for one in found.promises
    ]
    for figure, unit in _PLAIN:
        value = getattr(found.total, figure)
        items.append(WallFigure(figure=figure, value=value, unit=unit, compare=None, target=None, kept=None))
    return WallFigures(since=day, figures=items)
