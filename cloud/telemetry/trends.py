"""Readings of a resident: data belongs to whom the device was installed for at the time of the reading."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telemetry import rollups
from firmware_specs.kinds import READINGS

_SQL: Final = queries.load(__package__ or "cloud.telemetry", "trends.sql")


class Point(msgspec.Struct, frozen=True):
    """A value, or the mean of an interval (of a state its last value), worst quality 0-100, extremes."""

    at: datetime
    value: float
    quality: int | None
    low: float
    high: float


class LastValue(msgspec.Struct, frozen=True):
    """The newest value of a kind from a device."""

    kind: str
    value: float
    quality: int | None
    at: datetime
    device: str


class BedValue(msgspec.Struct, frozen=True):
    """The newest value of one kind at a bed; where the home is in degrees of WGS-84, if that is known."""

    bed_id: UUID
    lat: float | None
    lon: float | None
    value: float
    quality: int | None
    at: datetime
    device: str


def unit_of(kind: str) -> str:
    """The SenML unit of a kind, "" for an unknown one."""
    known = READINGS.get(kind)
    return "" if known is None else known.unit


async def trend(
    conn: Connection, *, resident_id: UUID, kind: str, start: datetime, end: datetime, points: int
) -> list[Point]:
    """At most `points` values of [start, end), oldest first."""
    query = {"resident_id": resident_id, "kind": kind, "from": start, "to": end, "points": points}
    query |= {"is_state": unit_of(kind) == "/", "interval_s": (end - start).total_seconds() / points}
    name = "trend"
    if (end - start) / points >= rollups.HOUR:
        name, query["rolled_until"] = "trend_of_hours", await rollups.rolled_until(conn) or start
    cursor = await conn.execute(_SQL[name], query)
    return [Point(*row) for row in await cursor.fetchall()]


async def last_values(conn: Connection, *, resident_id: UUID, now: datetime) -> list[LastValue]:
    """The newest value of each kind and device that is the resident's now."""
    cursor = await conn.execute(_SQL["last_of_resident"], {"resident_id": resident_id, "now": now})
    return [LastValue(*row) for row in await cursor.fetchall()]


async def last_of_beds(
    conn: Connection, *, kind: str, area_code: str, org_id: UUID | None, now: datetime
) -> list[BedValue]:
    """The newest value of a kind at each bed of an area ("" all) and organisation (None all)."""
    given = {"kind": kind, "area_code": area_code, "org_id": org_id, "now": now}
    # Not prepared: a plan for every kind and area alike takes twice as long.
    cursor = await conn.execute(_SQL["last_of_beds"], given, prepare=False, binary=True)
    return [BedValue(*row) for row in await cursor.fetchall()]
