"""Where the people of a live case are: home, fence, the newest position of what they wear. Degrees WGS-84."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access.errors import Conflict
from cloud.cases import case
from cloud.cases.publish import find
from cloud.cases.summary import iso
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.fences import inside
from cloud.responders.responder import Point, distance_m
from cloud.telemetry.datum import to_wgs84

_SQL: Final = queries.load(__package__ or "cloud.cases", "whereabouts.sql")
_CLOCKS_DIFFER: Final = timedelta(minutes=10)


class HomePoint(msgspec.Struct, frozen=True, kw_only=True):
    """A home's gate, and the short address beside its mark."""

    lat: float
    lon: float
    label: str


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """The safe zone."""

    lat: float
    lon: float
    radius_m: float


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """A position of a worn device; `inside` and `distance_m` (from home) are None where no home is known."""

    device: str
    lat: float
    lon: float
    accuracy_m: float | None
    at: str
    source: str
    inside: bool | None
    distance_m: int | None


class Whereabouts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the map of a case shows of its people."""

    home: HomePoint | None
    fence: Circle | None
    ring: list[Point] | None
    fix: Fix | None


async def whereabouts(conn: Connection, case_id: UUID, *, now: datetime) -> Whereabouts:
    """Raises Conflict (`state`) for a case that is no longer live: then nobody's place is shown any more."""
    row = await find(conn, case_id)
    if row["state"] not in case.LIVE:
        raise Conflict(
            "警情已结束，不再显示位置", "the case has ended: no place is shown", state=row["state"]
        )
    resident = (row["frozen"] or {}).get("resident") or {}
    return await whereabouts_of(conn, resident.get("id"), row["home_id"], now=now, case_id=case_id)


async def whereabouts_of(
    conn: Connection,
    resident_id: UUID | str | None,
    home_id: UUID | None,
    *,
    now: datetime,
    case_id: UUID | None = None,
) -> Whereabouts:
    """Home, safe zone and newest position of an elder (None: of anybody in the home), or of a case."""
    card = await _one(conn, "home_fence", {"home_id": home_id}) if home_id else None
    home, fence, ring = _home(card), _fence(card), _ring(card)
    values: dict[str, Any] = {"case_id": case_id, "home_id": home_id, "resident_id": resident_id}
    values |= {"now": now, "until": now + _CLOCKS_DIFFER}
    fix = _fix(await _one(conn, "last_fix", values), home, fence, ring)
    return Whereabouts(home=home, fence=None if ring else fence, ring=ring, fix=fix)


def _home(card: dict[str, Any] | None) -> HomePoint | None:
    if card is None or card["gate_lat"] is None or card["gate_lon"] is None:
        return None
    label = case.address((card["compound"], card["building"]))
    return HomePoint(lat=card["gate_lat"], lon=card["gate_lon"], label=label)


def _fence(card: dict[str, Any] | None) -> Circle | None:
    if card is None or card["gate_lat"] is None or card["gate_lon"] is None or card["safe_radius_m"] is None:
        return None
    return Circle(lat=card["gate_lat"], lon=card["gate_lon"], radius_m=card["safe_radius_m"])


def _ring(card: dict[str, Any] | None) -> list[Point] | None:
    if card is None or card["safe_ring"] is None:
        return None
    return [Point(lat, lon) for lon, lat in card["safe_ring"]]


def _within(at: Point, metres: float | None, fence: Circle | None, ring: list[Point] | None) -> bool | None:
    """Whether a place is inside the safe zone; a ring goes before the circle. None: there is none."""
    if ring is not None:
        return inside([(corner.lon, corner.lat) for corner in ring], at.lat, at.lon)
    return None if fence is None or metres is None else metres <= fence.radius_m


def _fix(
    found: dict[str, Any] | None, home: HomePoint | None, fence: Circle | None, ring: list[Point] | None
) -> Fix | None:
    if found is None:
        return None
    lat, lon = to_wgs84(found["lat"], found["lon"], found["datum"])
    metres = None if home is None else distance_m(Point(lat, lon), Point(home.lat, home.lon))
    return Fix(
        device=found["device_id"],
        lat=lat,
        lon=lon,
        accuracy_m=found["accuracy_m"],
        at=iso(found["measured_at"]),
        source=found["source"],
        inside=found["source"] == "home" or _within(Point(lat, lon), metres, fence, ring),
        distance_m=None if metres is None else round(metres),
    )


async def _one(conn: Connection, name: str, values: dict[str, Any]) -> dict[str, Any] | None:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[name], values)
        return await cursor.fetchone()
