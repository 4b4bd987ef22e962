"""What administrators look through and change: areas, organisations, homes, beds. 409 for an old revision."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Query

from cloud.access.access import Identity
from cloud.access.errors import NotAllowed, NotFound
from cloud.api import admin_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.registry_routes import check_area
from cloud.api.registry_schemas import Point
from cloud.api.texts import AreaCode, Word
from cloud.database.pool import Connection
from cloud.registry import changes, lists, store
from cloud.registry.lists import Filter
from cloud.registry.registry import StateName, age_on, china_date, place_text
from cloud.registry.store import Belongs

router = APIRouter(tags=["administration"])

Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[UUID | None, Query(description="the last one's `id`")]
Wanted = Annotated[Word, Query(description="a part of the name")]
Found = Annotated[Word, Query(description="name, pinyin or its initials, telephone, address ...")]
InArea = Annotated[str, Query(pattern=r"^[0-9]{0,12}$", description="an area's code; those below it too")]


@router.get("/areas", operation_id="list_areas", response_model=shapes.AreaList)
async def list_areas(
    identity: Caller,
    services: With,
    text: Wanted = "",
    after: Annotated[str, Query(pattern=r"^[0-9]{0,12}$", description="the last one's `code`")] = "",
    limit: Limit = 200,
) -> shapes.AreaList:
    """Areas that you may see, by code."""
    async with services.pool.connection() as conn:
        found = await lists.areas(conn, identity, text=text, after=after, limit=limit)
    return shapes.AreaList(items=[shapes.Area.model_validate(row, from_attributes=True) for row in found])


@router.put("/areas/{code}", operation_id="change_area", response_model=shapes.Revised)
async def change_area(
    code: Annotated[AreaCode, Path()], body: shapes.ChangedName, identity: Caller, services: With
) -> shapes.Revised:
    """Rename an area."""
    if identity.org_id is not None or not code.startswith(identity.area_code):
        raise NotFound(f"没有区划 {code}", f"there is no area {code}")
    async with services.pool.connection() as conn, conn.transaction():
        revision = await changes.change_area(conn, code, revision=body.revision, name=body.name)
        await audit(conn, services, identity, "area_changed", code)
    return shapes.Revised(revision=revision)


@router.get("/orgs", operation_id="list_orgs", response_model=shapes.OrgList)
async def list_orgs(
    identity: Caller, services: With, text: Wanted = "", after: After = None, limit: Limit = 200
) -> shapes.OrgList:
    """Organisations that you may see."""
    async with services.pool.connection() as conn:
        found = await lists.orgs(conn, identity, Filter(text=text, after=after, limit=limit))
    return shapes.OrgList(items=[shapes.Org.model_validate(row, from_attributes=True) for row in found])


@router.put("/orgs/{org_id}", operation_id="change_org", response_model=shapes.Revised)
async def change_org(
    org_id: UUID, body: shapes.ChangedName, identity: Caller, services: With
) -> shapes.Revised:
    """Rename an organisation."""
    if identity.org_id not in {None, org_id}:
        raise NotFound("没有这个机构", "there is no such organisation")
    async with services.pool.connection() as conn, conn.transaction():
        if identity.org_id is None:  # a district's admin: an organisation may work in others, too
            await store.require_whole(conn, identity)
        revision = await changes.change_org(conn, org_id, revision=body.revision, name=body.name)
        await audit(conn, services, identity, "org_changed", org_id)
    return shapes.Revised(revision=revision)


@router.get("/homes", operation_id="list_homes", response_model=shapes.HomeList)
async def list_homes(
    identity: Caller,
    services: With,
    area: InArea = "",
    org: UUID | None = None,
    text: Found = "",
    after: After = None,
    limit: Limit = 100,
) -> shapes.HomeList:
    """Homes that you may see; `text` finds their address and their people. That they were listed is kept."""
    narrowed = Filter(area=area, org=org, text=text, after=after, limit=limit)
    async with services.pool.connection() as conn, conn.transaction():
        found = await lists.homes(conn, identity, narrowed, at=services.clock.now())
        await audit(conn, services, identity, "homes_listed", "homes", search=text, count=len(found))
    return shapes.HomeList(items=[_listed(row) for row in found])


def _listed(row: lists.HomeRow) -> shapes.HomeListed:
    return shapes.HomeListed(
        id=row.id,
        area_code=row.area_code,
        org_id=row.org_id,
        org=row.org,
        place=place_text(row.street, row.compound, row.building, row.unit, row.room),
        beds=row.beds,
        gateways=row.gateways,
        residents=row.residents,
        revision=row.revision,
    )


@router.get("/homes/{home_id}", operation_id="get_home", response_model=shapes.HomeDetail)
async def get_home(home_id: UUID, identity: Caller, services: With) -> shapes.HomeDetail:
    """A home with its beds; that somebody looked is kept."""
    async with services.pool.connection() as conn, conn.transaction():
        row = await lists.home(conn, home_id)
        if not identity.sees(row.area_code, row.org_id):
            raise NotFound("没有这个住户", "there is no such home", id=str(home_id))
        beds = await lists.beds(conn, home_id, at=services.clock.now())
        await audit(conn, services, identity, "home_viewed", home_id)
    gate = None
    if row.gate_lat is not None and row.gate_lon is not None:
        gate = Point(lat=row.gate_lat, lon=row.gate_lon)
    fields = msgspec.structs.asdict(row)
    del fields["gate_lat"], fields["gate_lon"], fields["safe_ring"]
    ring = None if row.safe_ring is None else [Point(lat=lat, lon=lon) for lon, lat in row.safe_ring]
    shown = [shapes.HomeBed.model_validate(bed, from_attributes=True) for bed in beds]
    return shapes.HomeDetail(gate=gate, safe_ring=ring, beds=shown, **fields)


@router.put("/homes/{home_id}", operation_id="change_home", response_model=shapes.Revised)
async def change_home(
    home_id: UUID, body: shapes.ChangedHome, identity: Caller, services: With
) -> shapes.Revised:
    """Change a home; its elders and gateways go with it to another area or organisation."""
    gate = None if body.gate is None else (body.gate.lat, body.gate.lon)
    given = changes.ChangedHome(gate=gate, **body.model_dump(exclude={"gate", "revision"}))
    async with services.pool.connection() as conn, conn.transaction():
        await _check_home(conn, identity, home_id)
        revision = await changes.change_home(
            conn, services.seal, home_id, given, revision=body.revision, now=services.clock.now()
        )
        await _check_home(conn, identity, home_id)
        await audit(conn, services, identity, "home_changed", home_id, door_code=body.door_code is not None)
    return shapes.Revised(revision=revision)


@router.put("/homes/{home_id}/safe-zone", operation_id="set_safe_zone", response_model=shapes.Revised)
async def set_safe_zone(
    home_id: UUID, body: shapes.SafeZone, identity: Caller, services: With
) -> shapes.Revised:
    """How far from home its people may go; 422 for a ring that encloses no area once."""
    ring = None if body.ring is None else [(corner.lon, corner.lat) for corner in body.ring]
    async with services.pool.connection() as conn, conn.transaction():
        await _check_home(conn, identity, home_id)
        revision = await changes.set_safe_zone(
            conn, home_id, revision=body.revision, radius_m=body.radius_m, ring=ring
        )
        await audit(conn, services, identity, "safe_zone_changed", home_id, corners=len(ring or ()))
    return shapes.Revised(revision=revision)


@router.put("/homes/{home_id}/access-points", operation_id="set_access_points", response_model=shapes.Revised)
async def set_access_points(
    home_id: UUID, body: shapes.AccessPoints, identity: Caller, services: With
) -> shapes.Revised:
    """By which Wi-Fi its people are known to be at home; 422 for an address that is none, or made up."""
    async with services.pool.connection() as conn, conn.transaction():
        await _check_home(conn, identity, home_id)
        revision = await changes.set_access_points(conn, home_id, body.access_points, revision=body.revision)
        await audit(conn, services, identity, "access_points_changed", home_id, count=len(body.access_points))
    return shapes.Revised(revision=revision)


async def _check_home(conn: Connection, identity: Identity, home_id: UUID) -> None:
    check_area(identity, await store.find_home(conn, home_id))


@router.put("/beds/{bed_id}", operation_id="change_bed", response_model=shapes.Revised)
async def change_bed(
    bed_id: UUID, body: shapes.ChangedBed, identity: Caller, services: With
) -> shapes.Revised:
    """Rename a bed."""
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, (await store.find_bed(conn, bed_id)).belongs)
        revision = await changes.change_bed(conn, bed_id, revision=body.revision, label=body.label)
        await audit(conn, services, identity, "bed_changed", bed_id)
    return shapes.Revised(revision=revision)


@router.get("/register", operation_id="list_register", response_model=shapes.Register)
async def list_register(
    identity: Caller,
    services: With,
    area: InArea = "",
    org: UUID | None = None,
    state: StateName | None = None,
    without_bed: bool = False,
    text: Found = "",
    after: After = None,
    limit: Limit = 100,
) -> shapes.Register:
    """The register of residents that you may see, in the order they came. That it was read is kept."""
    now = services.clock.now()
    narrowed = Filter(area=area, org=org, text=text, after=after, limit=limit)
    async with services.pool.connection() as conn, conn.transaction():
        found = await lists.register(conn, identity, narrowed, at=now, state=state, without_bed=without_bed)
        await audit(conn, services, identity, "register_listed", "residents", search=text, count=len(found))
    today = china_date(now.timestamp())
    return shapes.Register(items=[_registered(row, today) for row in found])


def _registered(row: lists.RegisterRow, today: date) -> shapes.Registered:
    return shapes.Registered(
        id=row.id,
        name=row.name,
        sex=row.sex,
        birth_date=row.birth_date,
        age=age_on(row.birth_date, today),
        area_code=row.area_code,
        org_id=row.org_id,
        org=row.org,
        state=row.state,
        place=place_text(row.street, row.compound, row.building, row.unit, row.room),
        bed=row.label,
        home_id=row.home_id,
        contacts=row.contacts,
        has_id_number=row.has_id_number,
        revision=row.revision,
    )


def covered(identity: Identity, belongs: Belongs) -> None:
    """Raise NotAllowed where what is given is wider than the caller's own area or organisation."""
    if not identity.sees(belongs.area_code, belongs.org_id):
        raise NotAllowed("超出您的管辖范围", "it is wider than your own area or organisation")
