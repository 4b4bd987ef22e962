"""Curves of what devices said of an elder, or at a bed: each look is written down."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import StringConstraints

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput, NotFound
from cloud.api import trend_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.times import GivenInstant, iso_ms
from cloud.database.pool import Connection
from cloud.registry import people, store
from cloud.telemetry import curves, trends
from cloud.telemetry.trends import unit_of

router = APIRouter(tags=["residents"])

_SPAN_AT_MOST: Final = timedelta(days=40)
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Kinds = Annotated[list[Kind], Query(alias="kind", min_length=1, max_length=8)]
OneKind = Annotated[Kind, Query()]
Area = Annotated[str, Query(max_length=32, description="the beginning of an area's code")]
Start = Annotated[GivenInstant | None, Query(alias="from", description="without it 30 minutes before `to`")]
End = Annotated[GivenInstant | None, Query(alias="to", description="without it now")]
Points = Annotated[int, Query(ge=10, le=2000, description="buckets of a curve")]


@router.get(
    "/residents/{resident_id}/trends", operation_id="get_resident_trends", response_model=shapes.Trends
)
async def get_resident_trends(
    resident_id: UUID,
    identity: Caller,
    services: With,
    kind: Kinds,
    start: Start = None,
    end: End = None,
    points: Points = 300,
) -> shapes.Trends:
    """Curves of one or several kinds over one window, by device, each with its gaps and their reasons."""
    now = services.clock.now()
    window = _window(start, end, now)
    async with services.pool.connection() as conn, conn.transaction():
        row = await people.find_resident(conn, at=now, resident_id=resident_id)
        if not identity.sees(row.area_code, row.org_id):
            raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))
        found = await _trends(conn, "resident", resident_id, kind, window, points)
        await audit(conn, services, identity, "health_viewed", resident_id, kind="trends", kinds=kind)
    return found


@router.get("/beds/{bed_id}/trends", operation_id="get_bed_trends", response_model=shapes.Trends)
async def get_bed_trends(
    bed_id: UUID,
    identity: Caller,
    services: With,
    kind: Kinds,
    start: Start = None,
    end: End = None,
    points: Points = 300,
) -> shapes.Trends:
    """The same of the devices at a bed, whoever lay in it."""
    window = _window(start, end, services.clock.now())
    async with services.pool.connection() as conn, conn.transaction():
        await visible_bed(conn, identity, bed_id)
        found = await _trends(conn, "bed", bed_id, kind, window, points)
        await audit(conn, services, identity, "health_viewed", bed_id, kind="trends", kinds=kind)
    return found


@router.get("/map/values", operation_id="get_map_values", response_model=shapes.BedValues)
async def get_map_values(identity: Caller, services: With, kind: OneKind, area: Area = "") -> Response:
    """The newest value of one kind at every bed of the caller's area, or of a part of it."""
    within = max(area, identity.area_code, key=len)
    if not (within.startswith(area) and within.startswith(identity.area_code)):
        raise NotFound("没有这个区域", "there is no such area", id=area)
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        items = await trends.last_of_beds(conn, kind=kind, area_code=within, org_id=identity.org_id, now=now)
        await audit(conn, services, identity, "health_viewed", within or "*", kind="map", kinds=[kind])
    found = [msgspec.structs.asdict(item) | {"at": iso_ms(item.at)} for item in items]
    return answer({"kind": kind, "unit": unit_of(kind), "beds": found})


async def visible_bed(conn: Connection, identity: Identity, bed_id: UUID) -> store.BedRow:
    """A bed that the caller may see; raises NotFound."""
    bed = await store.find_bed(conn, bed_id)
    if not identity.sees(bed.belongs.area_code, bed.belongs.org_id):
        raise NotFound("没有这张床位", "there is no such bed", id=str(bed_id))
    return bed


def _window(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    until = end or now
    since = start or until - timedelta(minutes=30)
    if not since < until <= since + _SPAN_AT_MOST:
        raise InvalidInput("from 须早于 to，且最多 40 天", "`from` must lie before `to`, by 40 days at most")
    return since, until


async def _trends(
    conn: Connection,
    subject: Literal["resident", "bed"],
    subject_id: UUID,
    kinds: list[str],
    window: tuple[datetime, datetime],
    points: int,
) -> shapes.Trends:
    since, until = window
    found = await curves.curves(conn, subject, subject_id, kinds, start=since, end=until, points=points)
    return shapes.Trends(
        subject=subject,
        subject_id=subject_id,
        since=since,
        until=until,
        bucket_s=max((until - since).total_seconds() / points, 1),
        curves=[
            shapes.Curve.model_validate(
                {name: getattr(curve, name) for name in curve.__struct_fields__}
                | {"unit": unit_of(curve.kind)},
                from_attributes=True,
            )
            for curve in found.curves
        ],
        bed=[shapes.BedSpan.model_validate(span, from_attributes=True) for span in found.bed],
    )
