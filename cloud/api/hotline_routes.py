"""A technician's test of a watch's telephone: numbers written by order, proven by a call from its SIM."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from cloud.access.access import Identity
from cloud.access.errors import NotFound
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.schemas import Given, Shown
from cloud.api.services import Services
from cloud.api.telephony_schemas import DialledNumber
from cloud.api.texts import WireId
from cloud.api.times import Instant
from cloud.database.pool import Connection
from cloud.registry import equipment
from cloud.telephony import hotline

router = APIRouter(tags=["equipment"])


class NewHotline(Given):
    """Whom the watch calls, and the number of the SIM in it."""

    phones: Annotated[list[DialledNumber], Field(min_length=1, max_length=3)]
    sim_number: DialledNumber


class Hotline(Shown):
    """The last numbers that were ordered to be written into the watch, and whether a call has proven them."""

    order_id: UUID
    phones: list[str]
    sim_number: str
    ordered_at: Instant
    written: bool | None = Field(description="null: the gateway has not answered yet")
    error: str | None
    proven: bool = Field(description="a call from the SIM came in since")
    call_id: UUID | None
    proven_at: Instant | None


@router.post(
    "/devices/{device_id}/hotline", operation_id="write_hotline", status_code=201, response_model=Hotline
)
async def write_hotline(device_id: WireId, body: NewHotline, identity: Caller, services: With) -> Hotline:
    """Write the hotline into a watch; then let it call once: the call from its SIM proves it."""
    async with services.pool.connection() as conn, conn.transaction():
        row = await _device(conn, device_id, identity, services)
        await hotline.write(
            conn,
            device_id=device_id,
            home_id=row.home_id,
            phones=[_plain(phone) for phone in body.phones],
            sim_number=_plain(body.sim_number),
            issued_by=identity.actor,
            now=services.clock.now(),
        )
        await audit(conn, services, identity, "hotline_written", device_id)
        return await _shown(conn, device_id)


@router.get("/devices/{device_id}/hotline", operation_id="get_hotline", response_model=Hotline)
async def get_hotline(device_id: WireId, identity: Caller, services: With) -> Hotline:
    """Whether the watch has the numbers, and whether its call came in; the look is written down."""
    async with services.pool.connection() as conn, conn.transaction():
        await _device(conn, device_id, identity, services)
        shown = await _shown(conn, device_id)
        await audit(conn, services, identity, "hotline_viewed", device_id, proven=shown.proven)
        return shown


async def _device(
    conn: Connection, device_id: str, identity: Identity, services: Services
) -> equipment.DeviceRow:
    now = services.clock.now()
    rows = await equipment.list_devices(
        conn, at=now, identity=identity, home_id=None, gateway_id=None, limit=1, device_id=device_id
    )
    if not rows:
        raise NotFound(f"没有设备 {device_id}", f"there is no device {device_id}")
    return rows[0]


async def _shown(conn: Connection, device_id: str) -> Hotline:
    found = await hotline.find(conn, device_id)
    if found is None:
        raise NotFound(f"{device_id} 还没有写过热线号码", f"no hotline was written into {device_id} yet")
    return Hotline(
        order_id=found.order_id,
        phones=found.phones,
        sim_number=found.sim_number,
        ordered_at=found.ordered_at,
        written=found.written,
        error=found.error,
        proven=found.call_id is not None,
        call_id=found.call_id,
        proven_at=found.proven_at,
    )


def _plain(number: str) -> str:
    return number.replace(" ", "").replace("-", "")
