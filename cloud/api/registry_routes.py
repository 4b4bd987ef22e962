"""Creating areas, organisations, homes, beds and residents; who did it is written down."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from cloud.access.access import Identity
from cloud.access.errors import NotAllowed
from cloud.api import registry_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.registry import people, store
from cloud.registry.store import Belongs

router = APIRouter(tags=["registry"])


def check_area(identity: Identity, belongs: Belongs) -> None:
    """Raise NotAllowed where the caller's area or organisation does not cover the row."""
    if not identity.sees(belongs.area_code, belongs.org_id):
        raise NotAllowed("不在您的管辖范围内", "it is outside your area or organisation")


@router.post("/areas", operation_id="create_area", status_code=201, response_model=shapes.AreaCreated)
async def create_area(body: shapes.NewArea, identity: Caller, services: With) -> shapes.AreaCreated:
    """Add an area below the longest known code that it starts with."""
    if identity.org_id is not None or not body.code.startswith(identity.area_code):
        raise NotAllowed("不在您的管辖范围内", "it is outside your area or organisation")
    async with services.pool.connection() as conn, conn.transaction():
        parent = await store.create_area(conn, code=body.code, name=body.name)
        await audit(conn, services, identity, "area_created", body.code)
    return shapes.AreaCreated(code=body.code, name=body.name, parent_code=parent)


@router.post("/orgs", operation_id="create_org", status_code=201, response_model=shapes.Created)
async def create_org(body: shapes.NewOrg, identity: Caller, services: With) -> shapes.Created:
    """Add an organisation."""
    if identity.org_id is not None:
        raise NotAllowed("机构管理员不能建立机构", "an organisation's own admin cannot add organisations")
    async with services.pool.connection() as conn, conn.transaction():
        org_id = await store.create_org(conn, now=services.clock.now(), name=body.name)
        await audit(conn, services, identity, "org_created", org_id)
    return shapes.Created(id=org_id)


@router.post("/homes", operation_id="create_home", status_code=201, response_model=shapes.Created)
async def create_home(body: shapes.NewHome, identity: Caller, services: With) -> shapes.Created:
    """Add a home; its door code is stored sealed."""
    fields = body.model_dump(exclude={"gate"})
    gate = None if body.gate is None else (body.gate.lat, body.gate.lon)
    async with services.pool.connection() as conn, conn.transaction():
        home_id = await store.create_home(conn, services.seal, now=services.clock.now(), gate=gate, **fields)
        check_area(identity, await store.find_home(conn, home_id))
        await audit(conn, services, identity, "home_created", home_id)
    return shapes.Created(id=home_id)


@router.post(
    "/homes/{home_id}/beds", operation_id="create_bed", status_code=201, response_model=shapes.Created
)
async def create_bed(home_id: UUID, body: shapes.NewBed, identity: Caller, services: With) -> shapes.Created:
    """Add a bed to a home."""
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await store.find_home(conn, home_id))
        bed_id = await store.create_bed(conn, now=services.clock.now(), home_id=home_id, label=body.label)
        await audit(conn, services, identity, "bed_created", bed_id, home_id=str(home_id))
    return shapes.Created(id=bed_id)


@router.post("/residents", operation_id="create_resident", status_code=201, response_model=shapes.Created)
async def create_resident(body: shapes.NewResident, identity: Caller, services: With) -> shapes.Created:
    """Add an elder with contacts; 409 where the ID-card number is known (`existing_id`: whose)."""
    contacts = [people.ContactRow(**contact.model_dump()) for contact in body.contacts]
    plain = body.model_dump(exclude={"contacts", "bed_id", "area_code", "org"})
    given = people.NewResident(contacts=contacts, **plain)
    async with services.pool.connection() as conn, conn.transaction():
        bed = None if body.bed_id is None else await store.find_bed(conn, body.bed_id)
        belongs = await people.resident_belongs(conn, bed, body.area_code, body.org)
        check_area(identity, belongs)
        resident_id = await people.create_resident(
            conn, services.seal, now=services.clock.now(), given=given, belongs=belongs, bed=bed
        )
        await audit(conn, services, identity, "resident_created", resident_id)
    return shapes.Created(id=resident_id)


@router.post(
    "/residents/{resident_id}/state",
    operation_id="set_resident_state",
    response_model=shapes.ResidentStateShown,
)
async def set_resident_state(
    resident_id: Annotated[UUID, Path()], body: shapes.NewResidentState, identity: Caller, services: With
) -> shapes.ResidentStateShown:
    """From now on the elder is in this state; with `until` it ends by itself and `active` follows."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await people.lock_resident(conn, resident_id))
        stay = None if body.place is None else body.place.model_dump(exclude_none=True)
        await people.set_state(
            conn, now=now, resident_id=resident_id, state=body.state, until=body.until, place=stay
        )
        await audit(conn, services, identity, "resident_state_set", resident_id, state=body.state)
    return shapes.ResidentStateShown(state=body.state, since=now, until=body.until)
