"""Gateways, devices, installations, test windows, and the messages that could not be read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from cloud.access.errors import InvalidInput, NotFound
from cloud.api import equipment_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.registry_routes import check_area
from cloud.api.registry_schemas import Created
from cloud.api.texts import WireId, Word
from cloud.broker import gateway_verifiers, new_secret
from cloud.registry import equipment, store
from cloud.registry.registry import place_text

router = APIRouter(tags=["equipment"])

Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[WireId | None, Query(description="the last one's `id`")]
Wanted = Annotated[
    Word, Query(description="a part of the id, or what finds a home: address, name, pinyin, telephone")
]
Retired = Annotated[bool, Query(description="those that are out of use instead")]


@router.post(
    "/gateways", operation_id="create_gateway", status_code=201, response_model=shapes.GatewayCreated
)
async def create_gateway(body: shapes.NewGateway, identity: Caller, services: With) -> shapes.GatewayCreated:
    """Add a gateway; its secret is shown this once."""
    secret = new_secret()
    async with services.pool.connection() as conn, conn.transaction():
        belongs = await equipment.gateway_belongs(
            conn, kind=body.kind, home_id=body.home_id, area_code=body.area_code, org=body.org
        )
        check_area(identity, belongs)
        await equipment.create_gateway(
            conn,
            now=services.clock.now(),
            gateway_id=body.id,
            kind=body.kind,
            home_id=body.home_id,
            belongs=belongs,
            verifiers=gateway_verifiers(secret),
        )
        await audit(conn, services, identity, "gateway_created", body.id)
    return shapes.GatewayCreated(id=body.id, secret=secret)


@router.post(
    "/gateways/{gateway_id}/secret", operation_id="renew_gateway_secret", response_model=shapes.GatewayCreated
)
async def renew_gateway_secret(gateway_id: WireId, identity: Caller, services: With) -> shapes.GatewayCreated:
    """A new secret, shown this once; the old one stops to work."""
    secret = new_secret()
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await equipment.find_gateway(conn, gateway_id))
        await equipment.renew_gateway_secret(conn, gateway_id=gateway_id, verifiers=gateway_verifiers(secret))
        await audit(conn, services, identity, "gateway_secret_renewed", gateway_id)
    return shapes.GatewayCreated(id=gateway_id, secret=secret)


@router.get("/gateways", operation_id="list_gateways", response_model=shapes.GatewayList)
async def list_gateways(
    identity: Caller,
    services: With,
    text: Wanted = "",
    limit: Limit = 200,
    after: After = None,
    retired: Retired = False,
) -> shapes.GatewayList:
    """Gateways of your area, by id. What was looked for is kept."""
    async with services.pool.connection() as conn, conn.transaction():
        rows = await equipment.list_gateways(
            conn,
            at=services.clock.now(),
            identity=identity,
            text=text,
            limit=limit,
            after=after or "",
            retired=retired,
        )
        if text:
            await audit(conn, services, identity, "gateways_listed", "gateways", search=text, count=len(rows))
    return shapes.GatewayList(
        items=[
            shapes.Gateway(
                id=row.id,
                kind=row.kind,
                home_id=row.home_id,
                place=place_text(row.street, row.compound, row.building, row.unit, row.room),
                online=row.online,
                online_changed_at=row.online_changed_at,
                last_seen_at=row.last_seen_at,
                agent_version=row.agent_version,
                metered=row.metered,
            )
            for row in rows
        ]
    )


@router.post("/devices", operation_id="create_device", status_code=201, response_model=shapes.DeviceCreated)
async def create_device(body: shapes.NewDevice, identity: Caller, services: With) -> shapes.DeviceCreated:
    """Register a device, and install it from now on where a home is named."""
    now = services.clock.now()
    installation = None
    async with services.pool.connection() as conn, conn.transaction():
        await equipment.register_device(
            conn, now=now, device_id=body.id, family=body.family, model=body.model
        )
        if body.home_id is not None:
            check_area(identity, await store.find_home(conn, body.home_id))
            installation = await equipment.install_device(
                conn,
                now=now,
                device_id=body.id,
                home_id=body.home_id,
                bed_id=body.bed_id,
                room=body.room,
                role=body.role,
            )
        elif body.bed_id is not None:
            raise InvalidInput("给出床位时也须给出住户", "a bed_id needs its home_id")
        await audit(conn, services, identity, "device_created", body.id)
    return shapes.DeviceCreated(id=body.id, installation_id=installation)


@router.post(
    "/devices/{device_id}/installations",
    operation_id="install_device",
    status_code=201,
    response_model=Created,
)
async def install_device(
    device_id: WireId, body: shapes.NewInstallation, identity: Caller, services: With
) -> Created:
    """From `from` on the device belongs to this home; what ran until then ends then."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        present = await equipment.find_device(conn, at=body.from_ or now, device_id=device_id)
        if present is not None:
            check_area(identity, present)
        check_area(identity, await store.find_home(conn, body.home_id))
        installation = await equipment.install_device(
            conn,
            now=now,
            device_id=device_id,
            home_id=body.home_id,
            bed_id=body.bed_id,
            room=body.room,
            role=body.role,
            start=body.from_,
        )
        await audit(conn, services, identity, "device_installed", device_id, home_id=str(body.home_id))
    return Created(id=installation)


@router.post(
    "/devices/{device_id}/test-window",
    operation_id="open_test_window",
    status_code=201,
    response_model=shapes.TestWindow,
)
async def open_test_window(
    device_id: WireId, body: shapes.NewTestWindow, identity: Caller, services: With
) -> shapes.TestWindow:
    """For so many minutes the device's test messages do not ring; it ends by itself."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        belongs = await equipment.find_device(conn, at=now, device_id=device_id)
        if belongs is None or not identity.sees(belongs.area_code, belongs.org_id):
            raise NotFound(f"没有已安装的设备 {device_id}", f"there is no installed device {device_id}")
        window_id, ends_at = await equipment.open_test_window(
            conn, now=now, device_id=device_id, minutes=body.minutes, opened_by=identity.actor
        )
        await audit(conn, services, identity, "test_window_opened", device_id, minutes=body.minutes)
    return shapes.TestWindow(id=window_id, device=device_id, opens_at=now, ends_at=ends_at)


@router.get("/devices", operation_id="list_devices", response_model=shapes.DeviceList)
async def list_devices(
    identity: Caller,
    services: With,
    gateway: Annotated[WireId | None, Query()] = None,
    home: Annotated[UUID | None, Query()] = None,
    text: Wanted = "",
    limit: Limit = 200,
    after: After = None,
    retired: Retired = False,
) -> shapes.DeviceList:
    """Devices of a home, of a gateway, or of your area, by id. What was looked for is kept."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        rows = await equipment.list_devices(
            conn,
            at=now,
            identity=identity,
            home_id=home,
            gateway_id=gateway,
            text=text,
            limit=limit,
            after=after or "",
            retired=retired,
        )
        if text:
            await audit(conn, services, identity, "devices_listed", "devices", search=text, count=len(rows))
    return shapes.DeviceList(items=[_device(row) for row in rows])


@router.get("/devices/{device_id}", operation_id="get_device", response_model=shapes.Device)
async def get_device(device_id: WireId, identity: Caller, services: With) -> shapes.Device:
    """One device, where it is installed and what it last said of itself."""
    now = services.clock.now()
    async with services.pool.connection() as conn:
        rows = await equipment.list_devices(
            conn, at=now, identity=identity, home_id=None, gateway_id=None, limit=1, device_id=device_id
        )
    if not rows:
        raise NotFound(f"没有设备 {device_id}", f"there is no device {device_id}")
    return _device(rows[0])


def _device(row: equipment.DeviceRow) -> shapes.Device:
    said = row.state
    return shapes.Device(
        id=row.id,
        family=row.family,
        model=row.model,
        registered=row.registered,
        home_id=row.home_id,
        bed_id=row.bed_id,
        place=""
        if row.home_id is None
        else place_text(row.street, row.compound, row.building, row.unit, row.door),
        room=row.room,
        role=row.role,
        installed_from=row.installed_from,
        online=said.get("online"),
        worn=said.get("worn"),
        charging=said.get("charging"),
        battery_percent=said.get("battery_percent"),
        link_quality=said.get("link_quality"),
        last_seen_at=row.last_seen_at,
        revision=row.revision,
        retired_at=row.retired_at,
    )


@router.get("/quarantine", operation_id="list_quarantine", response_model=shapes.QuarantineList)
async def list_quarantine(
    identity: Caller,
    services: With,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="the last one's `id`")] = None,
) -> shapes.QuarantineList:
    """The newest messages that could not be read."""
    async with services.pool.connection() as conn, conn.transaction():
        rows = await equipment.list_quarantine(conn, identity=identity, limit=limit, before=before)
        await audit(conn, services, identity, "quarantine_viewed", "quarantine", count=len(rows))
    return shapes.QuarantineList(
        items=[
            shapes.Quarantined(
                id=row.id,
                received_at=row.received_at,
                topic=row.topic,
                gateway_id=row.gateway_id,
                reason=row.reason,
                times=row.times,
                last_at=row.last_at,
                size=row.size,
                sha256=row.sha256.hex(),
                head=row.head.decode("utf-8", "replace"),
            )
            for row in rows
        ]
    )
