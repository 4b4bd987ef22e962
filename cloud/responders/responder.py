"""Who can go, how long it takes them, and what a dispatch may become. Pure.

offered -> accepted -> arrived -> done
offered -> refused | no_answer | undone
no_answer -> accepted                                 (late, and still welcome)
offered, accepted, no_answer -> recalled
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

import msgspec


class DispatchState(StrEnum):
    """Where a dispatch stands."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    ARRIVED = "arrived"
    DONE = "done"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"
    UNDONE = "undone"
    RECALLED = "recalled"


class Deed(StrEnum):
    """What happens to a dispatch."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    MISS = "miss"  # nobody answered in time
    UNDO = "undo"
    RECALL = "recall"
    ESTIMATE = "estimate"  # a new ETA
    ARRIVE = "arrive"
    FINISH = "finish"


_S = DispatchState
DISPATCH: Final[dict[DispatchState, dict[Deed, DispatchState]]] = {
    _S.OFFERED: {
        Deed.ACCEPT: _S.ACCEPTED,
        Deed.REFUSE: _S.REFUSED,
        Deed.MISS: _S.NO_ANSWER,
        Deed.UNDO: _S.UNDONE,
        Deed.RECALL: _S.RECALLED,
        Deed.ARRIVE: _S.ARRIVED,
    },
    _S.ACCEPTED: {
        Deed.ESTIMATE: _S.ACCEPTED,
        Deed.REFUSE: _S.REFUSED,  # cannot after all
        Deed.RECALL: _S.RECALLED,
        Deed.ARRIVE: _S.ARRIVED,
    },
    _S.ARRIVED: {Deed.FINISH: _S.DONE},
    _S.DONE: {},
    _S.REFUSED: {},
    _S.NO_ANSWER: {Deed.ACCEPT: _S.ACCEPTED, Deed.RECALL: _S.RECALLED},  # late, and still welcome or told not
    _S.UNDONE: {},
    _S.RECALLED: {},
}
RUNNING: Final = frozenset({_S.OFFERED, _S.ACCEPTED, _S.ARRIVED})
# The door code and the way in are for who has accepted, until it is done.
MAY_ENTER: Final = frozenset({_S.ACCEPTED, _S.ARRIVED})

UNDO_WITHIN: Final = timedelta(seconds=5)
ANSWER_WITHIN: Final = timedelta(seconds=60)
POSITION_FRESH: Final = timedelta(minutes=30)
PROMISE: Final = timedelta(minutes=30)  # where no zone promises anything
_EARTH_M: Final = 6_371_008.8
_DETOUR: Final = 1.4  # of streets over the straight line
_SET_OFF_MINUTES: Final = 2.0


class ImpossibleDeed(ValueError):
    """The table has no such pair."""

    def __init__(self, state: DispatchState, deed: Deed) -> None:
        super().__init__(f"a dispatch that is {state.value} cannot {deed.value}")
        self.state = state
        self.deed = deed


class Point(msgspec.Struct, frozen=True):
    """Degrees WGS-84."""

    lat: float
    lon: float


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a district with a promise: somebody is there within `promise_s`."""

    id: UUID
    name: str
    area_code: str
    org_id: UUID | None = None
    lat: float | None = None
    lon: float | None = None
    promise_s: int = 1800
    revision: int = 1


class Responder(msgspec.Struct, frozen=True, kw_only=True):
    """A responder as known now; `load` counts running dispatches."""

    staff_id: UUID
    name: str
    zone: Zone | None = None
    skills: tuple[str, ...] = ()
    speed_kmh: float = 15.0
    most_cases: int = 1
    available: bool = True
    position: Point | None = None
    position_at: datetime | None = None
    load: int = 0


Standing = Literal["free", "busy", "away"]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A responder for one case: `minutes` None where no place is known; `lacks` are skills that are missing;
    `asked` says that this case was already offered to them; `position_at` None: the middle of the zone.
    """

    staff_id: UUID
    name: str
    standing: Standing
    in_zone: bool
    zone: str | None
    promise_s: int
    skills: tuple[str, ...]
    lacks: tuple[str, ...]
    distance_m: int | None
    minutes: int | None
    load: int
    asked: bool = False
    position: Point | None = None
    position_at: datetime | None = None


def step_key(dispatch_id: UUID) -> str:
    """Under which the outbox knows the messages of a dispatch."""
    return f"dispatch:{dispatch_id}"


def step(state: DispatchState, deed: Deed) -> DispatchState:
    """The state after a deed; raises ImpossibleDeed."""
    try:
        return DISPATCH[state][deed]
    except KeyError:
        raise ImpossibleDeed(state, deed) from None


def distance_m(a: Point, b: Point) -> float:
    """Metres between two points along a great circle (haversine)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(b.lon - a.lon) / 2
    part = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(part)))


def minutes_for(metres: float, speed_kmh: float) -> int:
    """Minutes to get there by streets, with the time to set off, rounded up."""
    return math.ceil(_SET_OFF_MINUTES + metres * _DETOUR / 1000 / speed_kmh * 60)


def where(responder: Responder, now: datetime) -> Point | None:
    """Where somebody is: the last fix if it is younger than 30 min, else the middle of the zone."""
    fixed_at = responder.position_at
    if responder.position is not None and fixed_at is not None and now - fixed_at <= POSITION_FRESH:
        return responder.position
    zone = responder.zone
    if zone is None or zone.lat is None or zone.lon is None:
        return None
    return Point(zone.lat, zone.lon)


def candidate(
    responder: Responder,
    *,
    area_code: str,
    place: Point | None,
    needed: Iterable[str] = (),
    asked: bool = False,
    now: datetime,
) -> Candidate:
    """What a responder is for a case in a district, at a place, that needs skills."""
    here = where(responder, now)
    metres = None if here is None or place is None else distance_m(here, place)
    standing: Standing = "busy" if responder.load >= responder.most_cases else "free"
    zone = responder.zone
    return Candidate(
        staff_id=responder.staff_id,
        name=responder.name,
        standing=standing if responder.available else "away",
        in_zone=zone is not None and area_code.startswith(zone.area_code),
        zone=None if zone is None else zone.name,
        promise_s=round(PROMISE.total_seconds()) if zone is None else zone.promise_s,
        skills=responder.skills,
        lacks=tuple(sorted(set(needed) - set(responder.skills))),
        distance_m=None if metres is None else round(metres),
        minutes=None if metres is None else minutes_for(metres, responder.speed_kmh),
        load=responder.load,
        asked=asked,
        position=here,
        position_at=responder.position_at if here is not None and here is responder.position else None,
    )


_ORDER: Final[dict[Standing, int]] = {"free": 0, "busy": 1, "away": 2}


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Free ones first, then who has the skills, works in the zone, and is there soonest."""
    return sorted(
        candidates,
        key=lambda one: (
            _ORDER[one.standing],
            len(one.lacks),
            math.inf if one.minutes is None else one.minutes,
            not one.in_zone,
            one.load,
            one.name,
            one.staff_id,
        ),
    )


def next_one(candidates: Sequence[Candidate]) -> Candidate | None:
    """Whom to ask next: the first free one who was not asked for this case yet."""
    return next((one for one in candidates if one.standing == "free" and not one.asked), None)
