"""Persons and residents in PostgreSQL: a person is stored once, a resident's states are dated."""

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
from cloud.registry.registry import (
    Sex,
    StateName,
    born_on,
    china_date,
    id_number_fault,
    normal_id_number,
    sex_of,
)
from cloud.registry.sealing import Seal
from cloud.registry.sound import sound_of
from cloud.registry.store import BedRow, Belongs, find_org, new_id, require_area

_SQL: Final = queries.load(__package__)
ID_NUMBER: Final = "person.id_number"
ENDLESS: Final = frozenset({"active", "moved", "deceased"})


class ContactRow(msgspec.Struct, frozen=True, kw_only=True):
    """Someone to call."""

    name: str
    relation: str = ""
    phone: str = ""
    has_key: bool = False
    distance_note: str = ""


class NewResident(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an elder when they come."""

    name: str
    sex: Sex = "unknown"
    birth_date: date | None = None
    phones: Sequence[str] = ()
    id_number: str | None = None
    profile: dict[str, Any] = {}
    needs: dict[str, Any] = {}
    risks: list[Any] = []
    limits: dict[str, Any] = {}
    contacts: Sequence[ContactRow] = ()


class ResidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A resident with the bed and the state of a moment."""

    id: UUID
    person_id: UUID
    name: str
    sex: Sex
    birth_date: date | None
    id_number_cipher: bytes | None
    area_code: str
    org_id: UUID
    profile: dict[str, Any]
    needs: dict[str, Any]
    risks: list[Any]
    limits: dict[str, Any]
    bed_id: UUID | None
    label: str | None
    home_id: UUID | None
    street: str | None
    compound: str | None
    building: str | None
    unit: str | None
    room: str | None
    gate_lat: float | None
    gate_lon: float | None
    state: StateName | None
    state_since: datetime | None
    state_until: datetime | None
    phones: list[str]
    revision: int


def normal_phone(phone: str) -> str:
    """A number without spaces and hyphens."""
    return phone.replace(" ", "").replace("-", "")


async def resident_belongs(
    conn: Connection, bed: BedRow | None, area_code: str | None, org: str | None
) -> Belongs:
    """Whose a new resident is: the bed's home's, else what is named; raises InvalidInput."""
    if bed is not None:
        return bed.belongs
    if area_code is None or org is None:
        raise InvalidInput("请给出床位，或区划代码与机构", "name a bed, or an area and an organisation")
    await require_area(conn, area_code)
    return Belongs(area_code, await find_org(conn, org))


async def create_resident(
    conn: Connection, seal: Seal, *, now: datetime, given: NewResident, belongs: Belongs, bed: BedRow | None
) -> UUID:
    """Add a resident, active from now on; raises InvalidInput or Conflict for the ID-card number."""
    person_id = await _person(conn, seal, now=now, given=given)
    resident_id = new_id(now)
    row = {"id": resident_id, "person_id": person_id, "now": now}
    row |= {"area_code": belongs.area_code, "org_id": belongs.org_id}
    row |= {"profile": Jsonb(given.profile), "needs": Jsonb(given.needs)}
    row |= {"risks": Jsonb(given.risks), "limits": Jsonb(given.limits)}
    await conn.execute(_SQL["insert_resident"], row)
    await conn.execute(
        _SQL["insert_state"],
        {"id": resident_id, "state": "active", "from": now, "until": None, "place": None},
    )
    if bed is not None:
        await move_in(conn, now=now, resident_id=resident_id, bed=bed)
    for position, contact in enumerate(given.contacts, 1):
        await _add_contact(conn, now=now, resident_id=resident_id, position=position, contact=contact)
    return resident_id


async def _person(conn: Connection, seal: Seal, *, now: datetime, given: NewResident) -> UUID:
    sealed = None
    sex, birth_date = given.sex, given.birth_date
    if given.id_number:
        number = normal_id_number(given.id_number)
        fault = id_number_fault(number, china_date(now.timestamp()))
        if fault is not None:
            raise InvalidInput(*fault, field="id_number")
        known = await _known_person(conn, seal, number=number, name=given.name)
        if known is not None:
            await add_phones(conn, known, given.phones)
            return known
        sealed = seal.seal(number, ID_NUMBER)
        birth_date = birth_date or born_on(number)
        sex = sex_of(number) if sex == "unknown" else sex
    person_id = new_id(now)
    row = {"id": person_id, "name": given.name, "sex": sex, "birth_date": birth_date, "now": now}
    row["sound"] = sound_of(given.name)
    row |= {
        "id_number_cipher": sealed.cipher if sealed else None,
        "id_number_hmac": sealed.hmac if sealed else None,
    }
    await conn.execute(_SQL["insert_person"], row)
    await add_phones(conn, person_id, given.phones)
    return person_id


async def _known_person(conn: Connection, seal: Seal, *, number: str, name: str) -> UUID | None:
    query = {"hmac": seal.lookup(number, ID_NUMBER)}
    row = await (await conn.execute(_SQL["find_person_by_id_number"], query)).fetchone()
    if row is None:
        return None
    if row[2] is not None:
        raise Conflict(
            "该身份证号的老人已登记，请使用已有档案",
            "a resident with this ID-card number is registered; use that record",
            existing_id=str(row[2]),
        )
    if row[1] != name:
        raise Conflict(
            "该身份证号属于另一姓名的人员，请核对姓名，或合并两份档案",
            "this ID-card number belongs to a person of another name; compare the names, or merge them",
            existing_id=str(row[0]),
        )
    return UUID(str(row[0]))


async def add_phones(conn: Connection, person_id: UUID, phones: Sequence[str]) -> None:
    """Numbers of a person, each once."""
    for phone in phones:
        await conn.execute(_SQL["insert_phone"], {"person_id": person_id, "phone": normal_phone(phone)})


async def _add_contact(
    conn: Connection, *, now: datetime, resident_id: UUID, position: int, contact: ContactRow
) -> None:
    person_id = await contact_person(conn, contact, now=now)
    link = {"resident_id": resident_id, "person_id": person_id, "position": position}
    link |= {"relation": contact.relation, "has_key": contact.has_key, "distance_note": contact.distance_note}
    await conn.execute(_SQL["insert_contact"], link)


async def contact_person(conn: Connection, contact: ContactRow, *, now: datetime) -> UUID:
    """The person of this name and number, a new one where there is none."""
    phone = normal_phone(contact.phone)
    found = await conn.execute(_SQL["find_person_by_phone"], {"phone": phone, "name": contact.name})
    row = await found.fetchone()
    if row is not None:
        return UUID(str(row[0]))
    person_id = new_id(now)
    person = {"id": person_id, "name": contact.name, "sex": "unknown", "birth_date": None, "now": now}
    person |= {"id_number_cipher": None, "id_number_hmac": None, "sound": sound_of(contact.name)}
    await conn.execute(_SQL["insert_person"], person)
    await add_phones(conn, person_id, [phone])
    return person_id


async def check_id_number_is_free(conn: Connection, hmac: bytes, resident_id: UUID) -> None:
    """Raise Conflict where another person than this resident has the ID-card number."""
    row = await (await conn.execute(_SQL["find_person_by_id_number"], {"hmac": hmac})).fetchone()
    if row is not None and row[2] != resident_id:
        raise Conflict(
            "该身份证号属于另一位人员，请核对，或合并两份档案",
            "this ID-card number belongs to another person; compare them, or merge the records",
            existing_id=str(row[2] or row[0]),
            field="id_number",
        )


async def move_in(conn: Connection, *, now: datetime, resident_id: UUID, bed: BedRow) -> None:
    """An elder moves into a bed; raises Conflict where somebody lies in it."""
    row = await (await conn.execute(_SQL["find_stay"], {"bed_key": bed.key, "at": now})).fetchone()
    if row is not None:
        raise Conflict("这张床位已有老人", "this bed has a resident", existing_id=str(row[0]))
    await conn.execute(_SQL["insert_stay"], {"bed_key": bed.key, "resident_id": resident_id, "now": now})


async def lock_resident(conn: Connection, resident_id: UUID) -> Belongs:
    """Whose a resident is, locked until the transaction ends; raises NotFound."""
    row = await (await conn.execute(_SQL["lock_resident"], {"id": resident_id})).fetchone()
    if row is None:
        raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))
    return Belongs(row[0], row[1])


async def set_state(
    conn: Connection,
    *,
    now: datetime,
    resident_id: UUID,
    state: str,
    until: datetime | None,
    place: dict[str, Any] | None = None,
) -> None:
    """From now on the (locked) resident is in this state; one with an end is followed by `active`.

    `place` is where they stay meanwhile: `text`, and `lat`, `lon` in WGS-84 where known.
    """
    if until is not None and (state in ENDLESS or until <= now):
        raise InvalidInput(
            "结束时间须在将来，且只用于住院、外出、暂停",
            "`until` must lie ahead, for hospital, away or suspended",
        )
    await conn.execute(_SQL["drop_states_from"], {"id": resident_id, "at": now})
    await conn.execute(_SQL["end_state"], {"id": resident_id, "at": now})
    row = {"id": resident_id, "state": state, "from": now, "until": until}
    await conn.execute(_SQL["insert_state"], row | {"place": None if place is None else Jsonb(place)})
    if until is not None:
        await conn.execute(
            _SQL["insert_state"],
            {"id": resident_id, "state": "active", "from": until, "until": None, "place": None},
        )


async def find_resident(conn: Connection, *, at: datetime, resident_id: UUID) -> ResidentRow:
    """A resident; raises NotFound."""
    async with conn.cursor(row_factory=class_row(ResidentRow)) as cursor:
        await cursor.execute(_SQL["find_resident"], {"id": resident_id, "at": at})
        row = await cursor.fetchone()
    if row is None:
        raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))
    return row


async def list_contacts(conn: Connection, resident_id: UUID) -> list[ContactRow]:
    """Whom to call, in order."""
    async with conn.cursor(row_factory=class_row(ContactRow)) as cursor:
        await cursor.execute(_SQL["list_contacts"], {"id": resident_id})
        return await cursor.fetchall()
