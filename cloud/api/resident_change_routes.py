"""Changes of elders and equipment by administrators; 409 for an old revision."""

from uuid import UUID

from fastapi import APIRouter

from cloud.access.acts import Detail
from cloud.access.errors import NotFound
from cloud.api import admin_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.registry_routes import check_area
from cloud.api.texts import WireId
from cloud.registry import changes, equipment, lists, people, store
from cloud.registry.registry import place_text
from cloud.supervision import retirement

router = APIRouter(tags=["administration"])


@router.put("/residents/{resident_id}", operation_id="change_resident", response_model=shapes.Revised)
async def change_resident(
    resident_id: UUID, body: shapes.ChangedResident, identity: Caller, services: With
) -> shapes.Revised:
    """Change an elder; the audit trail names what was changed, not the values."""
    now = services.clock.now()
    given = changes.ChangedResident(**body.model_dump(exclude={"revision"}))
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await people.lock_resident(conn, resident_id))
        before = await people.find_resident(conn, at=now, resident_id=resident_id)
        revision = await changes.change_resident(
            conn, services.seal, resident_id, given, revision=body.revision, now=now
        )
        names = ("name", "sex", "birth_date", "phones", "profile", "needs", "risks", "limits")
        changed = [name for name in names if getattr(before, name) != getattr(given, name)]
        changed += ["id_number"] if body.id_number is not None else []
        await audit(conn, services, identity, "resident_changed", resident_id, fields=changed)
    return shapes.Revised(revision=revision)


@router.put("/residents/{resident_id}/contacts", operation_id="set_contacts", response_model=shapes.Revised)
async def set_contacts(
    resident_id: UUID, body: shapes.ChangedContacts, identity: Caller, services: With
) -> shapes.Revised:
    """Whom to call for an elder, in this order; who is not named is no longer called."""
    contacts = [people.ContactRow(**contact.model_dump()) for contact in body.contacts]
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await people.lock_resident(conn, resident_id))
        revision = await changes.set_contacts(
            conn, resident_id, contacts, revision=body.revision, now=services.clock.now()
        )
        await audit(conn, services, identity, "contacts_changed", resident_id, count=len(contacts))
    return shapes.Revised(revision=revision)


@router.put("/residents/{resident_id}/bed", operation_id="move_resident", response_model=shapes.Revised)
async def move_resident(
    resident_id: UUID, body: shapes.NewStay, identity: Caller, services: With
) -> shapes.Revised:
    """From now on the elder lies in this bed, or in none; 409 where somebody else does."""
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await people.lock_resident(conn, resident_id))
        bed = None if body.bed_id is None else await store.find_bed(conn, body.bed_id)
        if bed is not None:
            check_area(identity, bed.belongs)
        revision = await changes.move_resident(
            conn, resident_id, bed, revision=body.revision, now=services.clock.now()
        )
        bed_id = None if body.bed_id is None else str(body.bed_id)
        await audit(conn, services, identity, "resident_moved", resident_id, bed_id=bed_id)
    return shapes.Revised(revision=revision)


@router.put("/devices/{device_id}", operation_id="change_device", response_model=shapes.Revised)
async def change_device(
    device_id: WireId, body: shapes.ChangedDevice, identity: Caller, services: With
) -> shapes.Revised:
    """What a device is."""
    async with services.pool.connection() as conn, conn.transaction():
        present = await equipment.find_device(conn, at=services.clock.now(), device_id=device_id)
        if present is not None:
            check_area(identity, present)
        given = body.model_dump()
        revision = await changes.change_device(conn, device_id, now=services.clock.now(), **given)
        await audit(conn, services, identity, "device_changed", device_id)
    return shapes.Revised(revision=revision)


@router.post("/devices/{device_id}/retirement", operation_id="retire_device", response_model=shapes.Revised)
async def retire_device(
    device_id: WireId, body: shapes.Retired, identity: Caller, services: With
) -> shapes.Revised:
    """Out of use from now on: its installation and its technical alarms end, what it told stays."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        present = await equipment.find_device(conn, at=now, device_id=device_id)
        if present is not None:
            check_area(identity, present)
        revision = await retirement.retire_device(conn, device_id, revision=body.revision, now=now)
        await audit(conn, services, identity, "device_retired", device_id, reason=body.reason)
    return shapes.Revised(revision=revision)


@router.get(
    "/devices/{device_id}/installations",
    operation_id="list_installations",
    response_model=shapes.InstallationList,
)
async def list_installations(device_id: WireId, identity: Caller, services: With) -> shapes.InstallationList:
    """Where a device was, newest first."""
    async with services.pool.connection() as conn:
        await equipment.find_device(conn, at=services.clock.now(), device_id=device_id)
        found = await lists.installations(conn, identity, device_id)
    items = [
        shapes.Installed(
            id=row.id,
            home_id=row.home_id,
            place=place_text(row.street, row.compound, row.building, row.unit, row.door),
            bed_id=row.bed_id,
            room=row.room,
            role=row.role,
            since=row.since,
            until=row.until,
        )
        for row in found
    ]
    return shapes.InstallationList(items=items)


@router.get("/gateways/{gateway_id}", operation_id="get_gateway", response_model=shapes.GatewayDetail)
async def get_gateway(gateway_id: WireId, identity: Caller, services: With) -> shapes.GatewayDetail:
    """A gateway as it is registered."""
    async with services.pool.connection() as conn:
        row = await changes.find_gateway_detail(conn, gateway_id)
    if not identity.sees(row.area_code, row.org_id):
        raise NotFound(f"没有网关 {gateway_id}", f"there is no gateway {gateway_id}")
    return shapes.GatewayDetail.model_validate(row, from_attributes=True)


@router.put("/gateways/{gateway_id}", operation_id="change_gateway", response_model=shapes.Revised)
async def change_gateway(
    gateway_id: WireId, body: shapes.ChangedGateway, identity: Caller, services: With
) -> shapes.Revised:
    """Where a gateway stands; a retired one may no longer connect, and can be brought back."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        present = await changes.find_gateway_detail(conn, gateway_id)
        check_area(identity, store.Belongs(present.area_code, present.org_id))
        if body.home_id is not None:
            check_area(identity, await store.find_home(conn, body.home_id))
        revision = await changes.change_gateway(
            conn,
            present,
            revision=body.revision,
            home_id=body.home_id,
            network=body.network,
            retired=body.retired,
            now=now,
        )
        if body.retired != (present.retired_at is not None):
            await equipment.tell_broker(conn)
            if body.retired:
                await retirement.end_gateway(conn, gateway_id, now=now)
        detail: Detail = {"retired": body.retired}
        if body.reason:
            detail["reason"] = body.reason
        await audit(conn, services, identity, "gateway_changed", gateway_id, **detail)
    return shapes.Revised(revision=revision)
