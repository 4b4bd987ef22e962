"""Gateways, devices, installations and test windows in PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.search import homes_fitting
from cloud.registry.store import Belongs, find_bed, find_home, find_org, new_id, require_area

_SQL: Final = queries.load(__package__)


class GatewayRow(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway as a list shows it."""

    id: str
    kind: Literal["home", "protocol"]
    home_id: UUID | None
    street: str | None
    compound: str | None
    building: str | None
    unit: str | None
    room: str | None
    online: bool | None
    online_changed_at: datetime | None
    last_seen_at: datetime | None
    agent_version: str | None
    metered: bool | None


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device with its installation of a moment and what it last said of itself."""

    id: str
    family: str
    model: str
    registered: bool
    home_id: UUID | None
    bed_id: UUID | None
    room: str
    role: str
    installed_from: datetime | None
    state: dict[str, Any]
    last_seen_at: datetime | None
    revision: int
    retired_at: datetime | None
    street: str | None
    compound: str | None
    building: str | None
    unit: str | None
    door: str | None


class QuarantineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be read, with its first 256 bytes."""

    id: int
    received_at: datetime
    topic: str
    gateway_id: str | None
    reason: str
    times: int
    last_at: datetime
    size: int
    sha256: bytes
    head: bytes


async def gateway_belongs(
    conn: Connection, *, kind: str, home_id: UUID | None, area_code: str | None, org: str | None
) -> Belongs:
    """Whose a new gateway is: its home's, or for a protocol gateway what is named; raises InvalidInput."""
    if kind == "home":
        if home_id is None or area_code is not None or org is not None:
            raise InvalidInput("家庭网关需要且只需要住户", "a home gateway needs a home, and nothing else")
        return await find_home(conn, home_id)
    if home_id is not None or area_code is None or org is None:
        raise InvalidInput(
            "协议网关需要区划代码与机构，没有住户",
            "a protocol gateway needs an area and an organisation, no home",
        )
    await require_area(conn, area_code)
    return Belongs(area_code, await find_org(conn, org))


async def create_gateway(
    conn: Connection,
    *,
    now: datetime,
    gateway_id: str,
    kind: str,
    home_id: UUID | None,
    belongs: Belongs,
    verifiers: tuple[str, str],
) -> None:
    """Add a gateway with the verifiers of its secret (bcrypt, PBKDF2); raises Conflict if the id is taken."""
    row = {"id": gateway_id, "kind": kind, "home_id": home_id, "now": now}
    row |= {"area_code": belongs.area_code, "org_id": belongs.org_id}
    row |= {"bcrypt": verifiers[0], "pbkdf2": verifiers[1]}
    if await (await conn.execute(_SQL["insert_gateway"], row)).fetchone() is None:
        raise Conflict(
            f"网关 {gateway_id} 已存在；如需新密钥请更换密钥",
            f"the gateway {gateway_id} exists; renew its secret if you need one",
            existing_id=gateway_id,
        )
    await conn.execute(_SQL["notify_gateways"])


async def find_gateway(conn: Connection, gateway_id: str) -> Belongs:
    """Whose a gateway is; raises NotFound."""
    row = await (await conn.execute(_SQL["find_gateway"], {"id": gateway_id})).fetchone()
    if row is None:
        raise NotFound(f"没有网关 {gateway_id}", f"there is no gateway {gateway_id}")
    return Belongs(row[0], row[1])


async def renew_gateway_secret(conn: Connection, *, gateway_id: str, verifiers: tuple[str, str]) -> None:
    """The old secret stops to work when the broker's keeper has reloaded; raises NotFound."""
    row = {"id": gateway_id, "bcrypt": verifiers[0], "pbkdf2": verifiers[1]}
    if (await conn.execute(_SQL["set_gateway_secret"], row)).rowcount == 0:
        raise NotFound(f"没有网关 {gateway_id}", f"there is no gateway {gateway_id}")
    await conn.execute(_SQL["notify_gateways"])


async def tell_broker(conn: Connection) -> None:
    """The broker's keeper reads the credentials again."""
    await conn.execute(_SQL["notify_gateways"])


async def list_logins(conn: Connection) -> list[tuple[str, str, str]]:
    """Id, bcrypt and PBKDF2 of every gateway that may connect."""
    cursor = await conn.execute(_SQL["list_logins"])
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def list_gateways(
    conn: Connection,
    *,
    at: datetime,
    identity: Identity,
    limit: int,
    text: str = "",
    after: str = "",
    retired: bool = False,
) -> list[GatewayRow]:
    """The gateways that the caller may see, by id: those in use, or those that are not any more.

    `text` is a part of an id, or whatever a home is found by.
    """
    seen: dict[str, Any] = {"area_code": identity.area_code, "org_id": identity.org_id, "limit": limit}
    seen |= {"homes": await homes_fitting(conn, identity, text, at), "text": text}
    async with conn.cursor(row_factory=class_row(GatewayRow)) as cursor:
        await cursor.execute(_SQL["list_gateways"], seen | {"after": after, "retired": retired})
        return await cursor.fetchall()


async def register_device(
    conn: Connection, *, now: datetime, device_id: str, family: str, model: str = ""
) -> int:
    """The key of a new device, or of one that was heard unregistered; raises Conflict if registered."""
    row = {"id": device_id, "family": family, "model": model, "now": now}
    found = await (await conn.execute(_SQL["register_device"], row)).fetchone()
    if found is None:
        raise Conflict(
            f"设备 {device_id} 已登记；改变安装请用“安装”",
            f"the device {device_id} is registered; install it elsewhere instead",
            existing_id=device_id,
        )
    return int(found[0])


async def find_device(conn: Connection, *, at: datetime, device_id: str) -> Belongs | None:
    """Whose a device is at a moment, None when it is installed nowhere; raises NotFound."""
    row = await (await conn.execute(_SQL["find_device"], {"id": device_id, "at": at})).fetchone()
    if row is None:
        raise NotFound(f"没有设备 {device_id}", f"there is no device {device_id}")
    return None if row[1] is None else Belongs(row[1], row[2])


async def _lock_device(conn: Connection, device_id: str) -> int:
    row = await (await conn.execute(_SQL["lock_device"], {"id": device_id})).fetchone()
    if row is None:
        raise NotFound(f"没有设备 {device_id}", f"there is no device {device_id}")
    return int(row[0])


async def install_device(
    conn: Connection,
    *,
    now: datetime,
    device_id: str,
    home_id: UUID,
    bed_id: UUID | None = None,
    room: str = "",
    role: str = "",
    start: datetime | None = None,
) -> UUID:
    """From `start` on the device belongs to this home; what ran until then ends.

    Raises Conflict when an installation begins later, NotFound, InvalidInput for a bed of another home.
    """
    at = start or now
    device_key = await _lock_device(conn, device_id)
    await find_home(conn, home_id)
    bed = None if bed_id is None else await find_bed(conn, bed_id)
    if bed is not None and bed.home_id != home_id:
        raise InvalidInput("床位不在这个住户", "the bed is not in this home", field="bed_id")
    moment = {"device_key": device_key, "at": at}
    later = await (await conn.execute(_SQL["find_later_installation"], moment)).fetchone()
    if later is not None:
        raise Conflict(
            f"该设备在 {later[0]:%Y-%m-%d %H:%M} UTC 已有安装，起始时间须在其后",
            f"the device is installed from {later[0]:%Y-%m-%d %H:%M} UTC on; `from` must not lie before that",
        )
    await conn.execute(_SQL["drop_installation_at"], moment)
    await conn.execute(_SQL["end_installation"], moment)
    await conn.execute(_SQL["back_in_use"], moment)
    installation_id = new_id(now)
    row = {"id": installation_id, "device_key": device_key, "home_id": home_id, "now": now, "from": at}
    row |= {"bed_key": None if bed is None else bed.key, "room": room, "role": role}
    await conn.execute(_SQL["insert_installation"], row)
    return installation_id


async def open_test_window(
    conn: Connection, *, now: datetime, device_id: str, minutes: int, opened_by: str
) -> tuple[UUID, datetime]:
    """For so many minutes the device's test messages do not ring: the window's id and end."""
    device_key = await _lock_device(conn, device_id)
    window_id, ends_at = new_id(now), now + timedelta(minutes=minutes)
    row = {
        "id": window_id,
        "device_key": device_key,
        "opens_at": now,
        "ends_at": ends_at,
        "opened_by": opened_by,
    }
    await conn.execute(_SQL["insert_test_window"], row)
    return window_id, ends_at


async def list_devices(
    conn: Connection,
    *,
    at: datetime,
    identity: Identity,
    home_id: UUID | None,
    gateway_id: str | None,
    limit: int,
    text: str = "",
    after: str = "",
    device_id: str | None = None,
    retired: bool = False,
) -> list[DeviceRow]:
    """Devices that the caller may see, of one home or gateway where named, by id: in use, or not any more.

    `text` is a part of an id, or whatever a home is found by.
    """
    query: dict[str, Any] = {"at": at, "home_id": home_id, "gateway_id": gateway_id, "limit": limit}
    query |= {"area_code": identity.area_code, "org_id": identity.org_id, "after": after}
    query |= {"device_id": device_id, "retired": retired}
    query |= {"homes": await homes_fitting(conn, identity, text, at), "text": text}
    async with conn.cursor(row_factory=class_row(DeviceRow)) as cursor:
        await cursor.execute(_SQL["list_devices"], query)
        return await cursor.fetchall()


async def list_quarantine(
    conn: Connection, *, identity: Identity, limit: int, before: int | None = None
) -> list[QuarantineRow]:
    """The newest unreadable messages of gateways that the caller may see."""
    query = {"area_code": identity.area_code, "org_id": identity.org_id, "limit": limit, "before": before}
    async with conn.cursor(row_factory=class_row(QuarantineRow)) as cursor:
        await cursor.execute(_SQL["list_quarantine"], query)
        return await cursor.fetchall()


async def ingest_life(conn: Connection) -> tuple[datetime, bool] | None:
    """The ingestor's last sign of life and whether it then listened to the broker; None before the first."""
    row = await (await conn.execute(_SQL["find_ingest_life"])).fetchone()
    return None if row is None else (row[0], row[1])
