"""Changes by administrators: each names the revision it saw, so that nobody overwrites another's change."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry import people
from cloud.registry.access_points import bssids
from cloud.registry.fences import Corner, ring_of
from cloud.registry.people import ID_NUMBER, ContactRow
from cloud.registry.registry import Sex, china_date, id_number_fault, normal_id_number
from cloud.registry.sealing import Seal, Sealed
from cloud.registry.sound import sound_of
from cloud.registry.store import DOOR_CODE, BedRow, Belongs, find_home, find_org, require_area

_SQL: Final = queries.load(__package__, "changes.sql")


class ChangedHome(msgspec.Struct, frozen=True, kw_only=True):
    """A home as it is to be; `door_code` None leaves it as it is, an empty one takes it away."""

    area_code: str
    org: str
    street: str
    compound: str
    building: str
    unit: str
    room: str
    gate: tuple[float, float] | None
    access_note: str
    door_code: str | None
    safe_radius_m: float | None
    verified: bool


class ChangedResident(msgspec.Struct, frozen=True, kw_only=True):
    """An elder as they are to be; `id_number` None leaves it as it is."""

    name: str
    sex: Sex
    birth_date: date | None
    phones: Sequence[str]
    id_number: str | None
    profile: dict[str, Any]
    needs: dict[str, Any]
    risks: list[Any]
    limits: dict[str, Any]


class GatewayDetailRow(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway as it is registered."""

    id: str
    kind: str
    home_id: UUID | None
    area_code: str
    org_id: UUID
    network: dict[str, Any]
    retired_at: datetime | None
    revision: int


async def _change(conn: Connection, noun: str, query: str, values: dict[str, Any]) -> int:
    row = await (await conn.execute(_SQL[query], values)).fetchone()
    if row is not None:
        return int(row[0])
    found = await (await conn.execute(_SQL[f"revision_of_{noun}"], {"id": values["id"]})).fetchone()
    if found is None:
        raise NotFound("没有这条记录", "there is no such record", id=str(values["id"]))
    raise await changed_meanwhile(conn, values["id"], int(found[0]))


async def changed_meanwhile(conn: Connection, subject: object, revision: int) -> Conflict:
    """What to raise for a change of an old revision: it names who was first."""
    row = await (await conn.execute(_SQL["last_change"], {"id": str(subject)})).fetchone()
    who = None if row is None else str(row[0])
    return Conflict(
        f"这条记录刚被{who or '别人'}改过，请重新读取后再改",
        f"{who or 'someone else'} has changed this record; read it again, then change it",
        revision=revision,
        changed_by=who,
    )


async def change_area(conn: Connection, code: str, *, revision: int, name: str) -> int:
    """Rename an area: the new revision; raises NotFound or Conflict."""
    return await _change(conn, "area", "change_area", {"id": code, "revision": revision, "name": name})


async def change_org(conn: Connection, org_id: UUID, *, revision: int, name: str) -> int:
    """Rename an organisation: the new revision; raises NotFound or Conflict."""
    return await _change(conn, "org", "change_org", {"id": org_id, "revision": revision, "name": name})


async def change_home(
    conn: Connection, seal: Seal, home_id: UUID, given: ChangedHome, *, revision: int, now: datetime
) -> int:
    """Change a home; its elders and gateways go with it to another area or organisation."""
    await require_area(conn, given.area_code)
    sealed: Sealed | None = seal.seal(given.door_code, DOOR_CODE) if given.door_code else None
    places = {"id": home_id, "area_code": given.area_code, "org_id": await find_org(conn, given.org)}
    plain = ("street", "compound", "building", "unit", "room", "access_note", "safe_radius_m")
    values = places | {name: getattr(given, name) for name in plain} | {"revision": revision}
    values |= {"gate_lat": given.gate[0] if given.gate else None}
    values |= {"gate_lon": given.gate[1] if given.gate else None}
    values |= {"verified_at": now if given.verified else None}
    values |= {"door": "keep" if given.door_code is None else "set" if given.door_code else "drop"}
    values |= {"cipher": sealed.cipher if sealed else None, "hmac": sealed.hmac if sealed else None}
    changed = await _change(conn, "home", "change_home", values)
    await conn.execute(_SQL["move_people_of_home"], places | {"at": now})
    await conn.execute(_SQL["move_gateways_of_home"], places)
    return changed


async def change_bed(conn: Connection, bed_id: UUID, *, revision: int, label: str) -> int:
    """Rename a bed: the new revision; raises NotFound or Conflict."""
    return await _change(conn, "bed", "change_bed", {"id": bed_id, "revision": revision, "label": label})


async def change_resident(
    conn: Connection, seal: Seal, resident_id: UUID, given: ChangedResident, *, revision: int, now: datetime
) -> int:
    """Change an elder; raises InvalidInput for a wrong ID-card number, Conflict for one that is known."""
    cared = {"profile": Jsonb(given.profile), "needs": Jsonb(given.needs)}
    cared |= {"risks": Jsonb(given.risks), "limits": Jsonb(given.limits)}
    changed = await _change(
        conn, "resident", "change_resident", {"id": resident_id, "revision": revision} | cared
    )
    sealed = _sealed(seal, given.id_number, now) if given.id_number else None
    row = {"id": resident_id, "name": given.name, "sex": given.sex, "birth_date": given.birth_date}
    row["sound"] = sound_of(given.name)
    row |= {"cipher": sealed.cipher if sealed else None, "hmac": sealed.hmac if sealed else None}
    if sealed is not None:
        await people.check_id_number_is_free(conn, sealed.hmac, resident_id)
    found = await (await conn.execute(_SQL["change_person"], row)).fetchone()
    assert found is not None  # the resident was changed in this transaction
    phones = [people.normal_phone(phone) for phone in given.phones]
    await conn.execute(_SQL["drop_phones"], {"person_id": found[0], "phones": phones})
    await people.add_phones(conn, found[0], phones)
    return changed


def _sealed(seal: Seal, text: str, now: datetime) -> Sealed:
    number = normal_id_number(text)
    fault = id_number_fault(number, china_date(now.timestamp()))
    if fault is not None:
        raise InvalidInput(*fault, field="id_number")
    return seal.seal(number, ID_NUMBER)


async def set_contacts(
    conn: Connection, resident_id: UUID, contacts: Sequence[ContactRow], *, revision: int, now: datetime
) -> int:
    """Whom to call for an elder, in this order; who is not named is no longer called."""
    changed = await _change(conn, "resident", "revise_resident", {"id": resident_id, "revision": revision})
    persons = [await people.contact_person(conn, contact, now=now) for contact in contacts]
    if len(set(persons)) != len(persons):
        raise InvalidInput("同一联系人列了两次", "a contact is listed twice", field="contacts")
    await conn.execute(_SQL["drop_contacts"], {"id": resident_id, "people": persons})
    for position, (person_id, contact) in enumerate(zip(persons, contacts, strict=True), 1):
        link = {"id": resident_id, "person_id": person_id, "position": position}
        link |= {"relation": contact.relation, "has_key": contact.has_key}
        await conn.execute(_SQL["set_contact"], link | {"distance_note": contact.distance_note})
    return changed


async def move_resident(
    conn: Connection, resident_id: UUID, bed: BedRow | None, *, revision: int, now: datetime
) -> int:
    """From now on the elder lies in this bed, or in none; raises Conflict where somebody else does."""
    changed = await _change(conn, "resident", "revise_resident", {"id": resident_id, "revision": revision})
    await conn.execute(_SQL["drop_stay_at"], {"id": resident_id, "at": now})
    await conn.execute(_SQL["end_stay"], {"id": resident_id, "at": now})
    if bed is not None:
        await people.move_in(conn, now=now, resident_id=resident_id, bed=bed)
        place = {"id": resident_id, "area_code": bed.belongs.area_code, "org_id": bed.belongs.org_id}
        await conn.execute(_SQL["place_resident"], place)
    return changed


async def set_safe_zone(
    conn: Connection,
    home_id: UUID,
    *,
    revision: int,
    radius_m: float | None,
    ring: Sequence[Corner] | None,
) -> int:
    """How far from home its people may go; a ring goes before the circle. Raises InvalidInput, Conflict."""
    values = {"id": home_id, "revision": revision, "radius_m": radius_m}
    return await _change(
        conn, "home", "set_safe_zone", values | {"ring": None if ring is None else Jsonb(ring_of(ring))}
    )


async def set_access_points(
    conn: Connection, home_id: UUID, access_points: Sequence[str], *, revision: int
) -> int:
    """By which Wi-Fi its people are known to be at home; raises InvalidInput, NotFound or Conflict."""
    values = {"id": home_id, "revision": revision, "access_points": bssids(access_points)}
    return await _change(conn, "home", "set_access_points", values)


async def change_device(
    conn: Connection,
    device_id: str,
    *,
    revision: int,
    family: str,
    model: str,
    room: str | None,
    role: str | None,
    now: datetime,
) -> int:
    """What a device is, and where in its home (None: as it is); raises NotFound or Conflict."""
    values = {"id": device_id, "revision": revision, "family": family, "model": model}
    changed = await _change(conn, "device", "change_device", values)
    placed = {"id": device_id, "room": room, "role": role, "now": now}
    await conn.execute(_SQL["correct_installation"], placed)
    return changed


async def retire_device(conn: Connection, device_id: str, *, revision: int, now: datetime) -> int:
    """Out of use from now on, installed nowhere; installing it again brings it back. Raises Conflict."""
    values = {"id": device_id, "revision": revision, "now": now}
    changed = await _change(conn, "device", "retire_device", values)
    await conn.execute(_SQL["end_installations"], values)
    return changed


async def find_gateway_detail(conn: Connection, gateway_id: str) -> GatewayDetailRow:
    """A gateway as it is registered; raises NotFound."""
    async with conn.cursor(row_factory=class_row(GatewayDetailRow)) as cursor:
        await cursor.execute(_SQL["find_gateway_detail"], {"id": gateway_id})
        row = await cursor.fetchone()
    if row is None:
        raise NotFound(f"没有网关 {gateway_id}", f"there is no gateway {gateway_id}")
    return row


async def change_gateway(
    conn: Connection,
    present: GatewayDetailRow,
    *,
    revision: int,
    home_id: UUID | None,
    network: dict[str, Any],
    retired: bool,
    now: datetime,
) -> int:
    """Where a gateway stands; a retired one may no longer connect. Only a home gateway moves."""
    if (home_id is None) != (present.kind == "protocol"):
        raise InvalidInput(
            "家庭网关须有住户，协议网关没有", "a home gateway needs a home, a protocol gateway has none"
        )
    belongs = Belongs(present.area_code, present.org_id)
    if home_id is not None:
        belongs = await find_home(conn, home_id)
    values = {"id": present.id, "revision": revision, "home_id": home_id, "retired": retired, "now": now}
    values |= {"area_code": belongs.area_code, "org_id": belongs.org_id, "network": Jsonb(network)}
    return await _change(conn, "gateway", "change_gateway", values)
