"""An elder, and what the devices say of their health: each look is written down."""

from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput, NotFound
from cloud.api import registry_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.times import GivenInstant
from cloud.database.pool import Connection
from cloud.registry import people
from cloud.registry.people import ID_NUMBER, ResidentRow
from cloud.registry.registry import age_on, china_date, place_text
from cloud.registry.sealing import Seal
from cloud.telemetry import trends

router = APIRouter(prefix="/residents/{resident_id}", tags=["residents"])

_SPAN_AT_MOST: Final = timedelta(days=400)


async def _visible(conn: Connection, identity: Identity, resident_id: UUID, now: datetime) -> ResidentRow:
    row = await people.find_resident(conn, at=now, resident_id=resident_id)
    if not identity.sees(row.area_code, row.org_id):
        raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))
    return row


@router.get("", operation_id="get_resident", response_model=shapes.ResidentDetail)
async def get_resident(resident_id: UUID, identity: Caller, services: With) -> shapes.ResidentDetail:
    """An elder with bed, state, needs, limits and contacts."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        row = await _visible(conn, identity, resident_id, now)
        contacts = await people.list_contacts(conn, resident_id)
        await audit(conn, services, identity, "resident_viewed", resident_id)
    return shapes.ResidentDetail(
        id=row.id,
        person_id=row.person_id,
        name=row.name,
        sex=row.sex,
        birth_date=row.birth_date,
        age=age_on(row.birth_date, china_date(now.timestamp())),
        phones=row.phones,
        id_number_ends=_id_number_ends(row, services.seal),
        area_code=row.area_code,
        org_id=row.org_id,
        revision=row.revision,
        bed=_bed(row),
        state=_state(row),
        profile=row.profile,
        needs=row.needs,
        risks=row.risks,
        limits=row.limits,
        contacts=[
            shapes.ResidentContact.model_validate(contact, from_attributes=True) for contact in contacts
        ],
    )


def _id_number_ends(row: ResidentRow, seal: Seal) -> str | None:
    if row.id_number_cipher is None:
        return None
    return seal.open(bytes(row.id_number_cipher), ID_NUMBER)[-4:]


def _bed(row: ResidentRow) -> shapes.ResidentBed | None:
    if row.bed_id is None or row.home_id is None:
        return None
    place = place_text(row.street, row.compound, row.building, row.unit, row.room)
    return shapes.ResidentBed(
        bed_id=row.bed_id,
        label=row.label or "",
        home_id=row.home_id,
        place=place,
        lat=row.gate_lat,
        lon=row.gate_lon,
    )


def _state(row: ResidentRow) -> shapes.ResidentStateShown | None:
    if row.state is None or row.state_since is None:
        return None
    return shapes.ResidentStateShown(state=row.state, since=row.state_since, until=row.state_until)


@router.get("/trend", operation_id="get_trend", response_model=shapes.Trend)
async def get_trend(
    resident_id: UUID,
    identity: Caller,
    services: With,
    kind: Annotated[str, Query(pattern=r"^[a-z0-9_]{1,64}$")],
    start: Annotated[GivenInstant | None, Query(alias="from")] = None,
    end: Annotated[GivenInstant | None, Query(alias="to")] = None,
    points: Annotated[int, Query(ge=1, le=2000)] = 300,
) -> shapes.Trend:
    """Values of one kind, thinned to `points`; without `to` until now, without `from` of one day."""
    now = services.clock.now()
    until = end or now
    since = start or until - timedelta(days=1)
    if not since < until <= since + _SPAN_AT_MOST:
        raise InvalidInput(
            "from 须早于 to，且最多 400 天", "`from` must lie before `to`, by 400 days at most"
        )
    async with services.pool.connection() as conn, conn.transaction():
        await _visible(conn, identity, resident_id, now)
        found = await trends.trend(
            conn, resident_id=resident_id, kind=kind, start=since, end=until, points=points
        )
        await audit(conn, services, identity, "health_viewed", resident_id, kind=kind)
    items = [shapes.TrendPoint.model_validate(point, from_attributes=True) for point in found]
    return shapes.Trend(kind=kind, unit=trends.unit_of(kind), items=items)


@router.get("/last", operation_id="get_last_readings", response_model=shapes.LastReadings)
async def get_last_readings(resident_id: UUID, identity: Caller, services: With) -> shapes.LastReadings:
    """The newest value of each kind and device, each with its time."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await _visible(conn, identity, resident_id, now)
        found = await trends.last_values(conn, resident_id=resident_id, now=now)
        await audit(conn, services, identity, "health_viewed", resident_id, kind="last")
    items = [
        shapes.LastReading(
            kind=last.kind,
            unit=trends.unit_of(last.kind),
            value=last.value,
            quality=last.quality,
            at=last.at,
            device=last.device,
        )
        for last in found
    ]
    return shapes.LastReadings(items=items)
