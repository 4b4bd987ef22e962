"""What administrators look through: areas, organisations, homes, beds, the register, installations."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.access import Identity
from cloud.access.errors import NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.registry import Sex, StateName
from cloud.registry.search import homes_fitting, residents_fitting

_SQL: Final = queries.load(__package__, "lists.sql")


class AreaRow(msgspec.Struct, frozen=True, kw_only=True):
    """An area; `homes` are its own, not those of areas below it."""

    code: str
    name: str
    parent_code: str | None
    revision: int
    homes: int


class OrgRow(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation."""

    id: UUID
    name: str
    revision: int
    homes: int


class HomeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A home as a list shows it."""

    id: UUID
    area_code: str
    org_id: UUID
    org: str
    street: str
    compound: str
    building: str
    unit: str
    room: str
    revision: int
    beds: int
    gateways: int
    residents: list[str]


class HomeDetailRow(msgspec.Struct, frozen=True, kw_only=True):
    """All of a home but its door code."""

    id: UUID
    area_code: str
    org_id: UUID
    org: str
    street: str
    compound: str
    building: str
    unit: str
    room: str
    gate_lat: float | None
    gate_lon: float | None
    access_note: str
    has_door_code: bool
    safe_radius_m: float | None
    safe_ring: list[tuple[float, float]] | None
    access_points: list[str]
    verified_at: datetime | None
    revision: int


class HomeBedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A bed and who lies in it."""

    id: UUID
    label: str
    revision: int
    resident_id: UUID | None
    resident_name: str | None


class RegisterRow(msgspec.Struct, frozen=True, kw_only=True):
    """A resident as the register shows one."""

    id: UUID
    name: str
    sex: Sex
    birth_date: date | None
    area_code: str
    org_id: UUID
    org: str
    revision: int
    state: StateName | None
    label: str | None
    home_id: UUID | None
    street: str | None
    compound: str | None
    building: str | None
    unit: str | None
    room: str | None
    contacts: int
    has_id_number: bool


class InstallationRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where a device was and from when to when."""

    id: UUID
    home_id: UUID
    bed_id: UUID | None
    room: str
    role: str
    since: datetime
    until: datetime | None
    area_code: str
    org_id: UUID
    street: str
    compound: str
    building: str
    unit: str
    door: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list is narrowed to; `area` is a prefix, `text` a part of a name, a telephone or an address."""

    area: str = ""
    org: UUID | None = None
    text: str = ""
    after: UUID | None = None
    limit: int = 100


async def _rows(conn: Connection, row: Any, name: str, values: dict[str, Any]) -> list[Any]:
    async with conn.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(_SQL[name], values)
        return await cursor.fetchall()


def _seen(identity: Identity, narrowed: Filter) -> dict[str, Any]:
    return {"area_code": identity.area_code, "org_id": identity.org_id} | msgspec.structs.asdict(narrowed)


async def areas(conn: Connection, identity: Identity, *, text: str, after: str, limit: int) -> list[AreaRow]:
    """Areas that the reader may see, by code."""
    values = {"area_code": identity.area_code, "text": text, "after": after, "limit": limit}
    return await _rows(conn, AreaRow, "list_areas", values)


async def orgs(conn: Connection, identity: Identity, narrowed: Filter) -> list[OrgRow]:
    """Organisations that the reader may see, in the order they came."""
    return await _rows(conn, OrgRow, "list_orgs", _seen(identity, narrowed))


async def homes(conn: Connection, identity: Identity, narrowed: Filter, *, at: datetime) -> list[HomeRow]:
    """Homes that the reader may see, in the order they came."""
    values = _seen(identity, narrowed) | {
        "at": at,
        "ids": await homes_fitting(conn, identity, narrowed.text, at),
    }
    return await _rows(conn, HomeRow, "list_homes", values)


async def home(conn: Connection, home_id: UUID) -> HomeDetailRow:
    """One home; raises NotFound."""
    found: list[HomeDetailRow] = await _rows(conn, HomeDetailRow, "find_home_detail", {"id": home_id})
    if not found:
        raise NotFound("没有这个住户", "there is no such home", id=str(home_id))
    return found[0]


async def beds(conn: Connection, home_id: UUID, *, at: datetime) -> list[HomeBedRow]:
    """Beds of a home at a moment."""
    return await _rows(conn, HomeBedRow, "list_beds", {"home_id": home_id, "at": at})


async def register(
    conn: Connection,
    identity: Identity,
    narrowed: Filter,
    *,
    at: datetime,
    state: str | None,
    without_bed: bool,
) -> list[RegisterRow]:
    """Residents that the reader may see, in the order they came."""
    values = _seen(identity, narrowed) | {"at": at, "state": state, "without_bed": without_bed}
    values["ids"] = await residents_fitting(conn, narrowed.text, at)
    return await _rows(conn, RegisterRow, "list_register", values)


async def installations(conn: Connection, identity: Identity, device_id: str) -> list[InstallationRow]:
    """Where a device was, newest first, as far as the reader may see."""
    found: list[InstallationRow] = await _rows(
        conn, InstallationRow, "list_installations", {"device_id": device_id}
    )
    return [row for row in found if identity.sees(row.area_code, row.org_id)]
