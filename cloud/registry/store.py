"""Areas, organisations, homes and beds in PostgreSQL."""

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotAllowed, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.sealing import Seal
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__)
DOOR_CODE: Final = "home.door_code"


class Belongs(NamedTuple):
    """Whose a row is."""

    area_code: str
    org_id: UUID | None


class BedRow(NamedTuple):
    """A bed with its home."""

    key: int
    home_id: UUID
    belongs: Belongs


def new_id(now: datetime) -> UUID:
    """A UUIDv7 of this moment."""
    return uuid7(round(now.timestamp() * 1000))


async def create_area(conn: Connection, *, code: str, name: str) -> str | None:
    """Add an area and return its parent's code; raises Conflict when the code is taken."""
    row = await (await conn.execute(_SQL["insert_area"], {"code": code, "name": name})).fetchone()
    if row is None:
        raise Conflict(f"区划代码 {code} 已存在", f"the area {code} exists already", existing_id=code)
    return None if row[0] is None else str(row[0])


async def create_org(conn: Connection, *, now: datetime, name: str) -> UUID:
    """Add an organisation; raises Conflict when the name is taken."""
    row = await (
        await conn.execute(_SQL["insert_org"], {"id": new_id(now), "name": name, "now": now})
    ).fetchone()
    if row is None:
        existing = await find_org(conn, name)
        raise Conflict(
            f"机构“{name}”已存在", f"the organisation {name} exists already", existing_id=str(existing)
        )
    return UUID(str(row[0]))


async def find_org(conn: Connection, org: str) -> UUID:
    """An organisation by its name or id; raises InvalidInput."""
    row = await (await conn.execute(_SQL["find_org"], {"org": org})).fetchone()
    if row is None:
        raise InvalidInput(f"没有机构“{org}”，请先建立", f"there is no organisation {org}; create it first")
    return UUID(str(row[0]))


async def require_area(conn: Connection, code: str) -> None:
    """Raise InvalidInput when the area is unknown."""
    if await (await conn.execute(_SQL["find_area"], {"code": code})).fetchone() is None:
        raise InvalidInput(f"没有区划代码 {code}，请先建立", f"there is no area {code}; create it first")


async def require_whole(conn: Connection, identity: Identity) -> None:
    """Raise NotAllowed where homes lie outside the caller's area: what holds for everybody is not theirs."""
    values = {"area_code": identity.area_code, "org_id": identity.org_id}
    if await (await conn.execute(_SQL["home_beyond"], values)).fetchone() is not None:
        raise NotAllowed(
            "这项设置对所有地区生效，超出您的管辖范围",
            "this holds for everybody, beyond your area or organisation",
        )


async def create_home(
    conn: Connection,
    seal: Seal,
    *,
    now: datetime,
    area_code: str,
    org: str,
    street: str = "",
    compound: str = "",
    building: str = "",
    unit: str = "",
    room: str = "",
    gate: tuple[float, float] | None = None,
    access_note: str = "",
    door_code: str | None = None,
    safe_radius_m: float | None = None,
) -> UUID:
    """Add a home; the door code is stored sealed. `gate` is latitude and longitude in WGS-84."""
    await require_area(conn, area_code)
    sealed = seal.seal(door_code, DOOR_CODE) if door_code else None
    home_id = new_id(now)
    row = {
        "id": home_id,
        "area_code": area_code,
        "org_id": await find_org(conn, org),
        "street": street,
        "compound": compound,
        "building": building,
        "unit": unit,
        "room": room,
        "gate_lat": gate[0] if gate else None,
        "gate_lon": gate[1] if gate else None,
        "access_note": access_note,
        "door_code_cipher": sealed.cipher if sealed else None,
        "door_code_hmac": sealed.hmac if sealed else None,
        "safe_radius_m": safe_radius_m,
        "now": now,
    }
    await conn.execute(_SQL["insert_home"], row)
    return home_id


async def find_home(conn: Connection, home_id: UUID) -> Belongs:
    """Whose a home is; raises NotFound."""
    row = await (await conn.execute(_SQL["find_home"], {"id": home_id})).fetchone()
    if row is None:
        raise NotFound("没有这个住户", "there is no such home", id=str(home_id))
    return Belongs(row[0], row[1])


async def find_door_code(conn: Connection, seal: Seal, home_id: UUID) -> str | None:
    """The door code of a home, None where none is kept; the caller writes down who looked."""
    row = await (await conn.execute(_SQL["find_door_code"], {"id": home_id})).fetchone()
    return None if row is None or row[0] is None else seal.open(bytes(row[0]), DOOR_CODE)


async def create_bed(conn: Connection, *, now: datetime, home_id: UUID, label: str = "") -> UUID:
    """Add a bed to a home that exists."""
    bed_id = new_id(now)
    await conn.execute(_SQL["insert_bed"], {"id": bed_id, "home_id": home_id, "label": label})
    return bed_id


async def find_bed(conn: Connection, bed_id: UUID) -> BedRow:
    """A bed; raises NotFound."""
    row = await (await conn.execute(_SQL["find_bed"], {"id": bed_id})).fetchone()
    if row is None:
        raise NotFound("没有这张床位", "there is no such bed", id=str(bed_id))
    return BedRow(row[0], row[1], Belongs(row[2], row[3]))
