"""Rows into the registry by COPY, and merged rows one by one; the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb
from psycopg.types.range import TimestamptzRange

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.imports.matching import Duplicate
from cloud.imports.rows import ImportRow
from cloud.registry import people
from cloud.registry.people import ID_NUMBER, ContactRow
from cloud.registry.sealing import Seal
from cloud.registry.store import DOOR_CODE, find_bed, new_id

_SQL: Final = queries.load(__package__)
_MANY: Final = 500
_REFERRED: Final = frozenset({"home", "bed", "person", "resident"})


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """A good row, where it belongs and what it is known again by."""

    row: ImportRow
    area_code: str
    org_id: UUID
    fingerprint: bytes

    @property
    def address(self) -> tuple[str, ...]:
        """What makes two homes one."""
        return (self.area_code, str(self.org_id), *self.row.address)

    @property
    def has_address(self) -> bool:
        """False where a row names no street, compound, building, unit or room."""
        return any(self.row.address)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """What an import has done."""

    created: int
    merged: int
    unchanged: int
    skipped: int
    left_out: int
    homes: int


class Writer:
    """Collects rows of each table and copies them in the order that references need."""

    def __init__(self, conn: Connection, seal: Seal, *, now: datetime, actor: str) -> None:
        self._conn, self._seal, self._now, self._actor = conn, seal, now, actor
        self._tables: dict[str, list[tuple[Any, ...]]] = {}
        self._homes: dict[tuple[str, ...], UUID] = {}
        self._free: dict[UUID, list[tuple[UUID, str]]] = {}
        self._contacts: dict[tuple[str, str], UUID] = {}
        self._stays: list[tuple[UUID, UUID]] = []
        self._made: dict[int, tuple[UUID, UUID]] = {}
        self._marked: set[bytes] = set()
        self.created = self.merged = self.homes = 0

    async def add(self, new: Sequence[Placed]) -> None:
        """These rows become residents."""
        await self._read_homes(new)
        await self._read_contacts(one.row for one in new)
        for one in new:
            self._resident(one)
        await self._copy("home", "person", "phone", "resident", "state", "contact", "bed")
        await self._copy_stays()
        self.created = len(new)

    async def _read_homes(self, new: Sequence[Placed]) -> None:
        areas = list({one.area_code for one in new})
        cursor = await self._conn.execute(_SQL["homes_of_areas"], {"areas": areas})
        for home_id, area, org, *address in await cursor.fetchall():
            self._homes.setdefault((area, str(org), *address), home_id)
        wanted = {self._homes[one.address] for one in new if one.address in self._homes}
        cursor = await self._conn.execute(_SQL["free_beds"], {"homes": list(wanted), "at": self._now})
        for bed_id, home_id, label in await cursor.fetchall():
            self._free.setdefault(home_id, []).append((bed_id, label))

    async def _read_contacts(self, rows: Iterable[ImportRow]) -> None:
        phones = {contact.phone for row in rows for contact in row.contacts}
        cursor = await self._conn.execute(_SQL["persons_of_phones"], {"phones": list(phones)})
        self._contacts |= {(phone, name): person for phone, name, person in await cursor.fetchall()}

    def _put(self, table: str, *values: Any) -> None:
        self._tables.setdefault(table, []).append(values)

    def _resident(self, one: Placed) -> None:
        row = one.row
        person_id, resident_id = new_id(self._now), new_id(self._now)
        self._person(person_id, row, into=None)
        for phone in row.phones:
            self._put("phone", person_id, phone)
        care = (Jsonb(row.profile), Jsonb(row.needs), Jsonb(row.risks))
        self._put("resident", resident_id, person_id, one.area_code, one.org_id, *care, self._now)
        self._put("state", resident_id, "active", TimestamptzRange(self._now, None))
        self._mark(one, resident_id)
        linked: set[UUID] = set()
        for contact in row.contacts:
            known = self._contact(contact)
            if known not in linked:
                linked.add(known)
                self._put("contact", resident_id, known, len(linked), contact.relation, contact.has_key)
        if one.has_address:
            self._stays.append((self._bed(one, self._home(one)), resident_id))
        self._made[row.number] = (person_id, resident_id)

    def _mark(self, one: Placed, resident_id: UUID) -> None:
        """Known again; a row that stands twice in the file once."""
        if one.fingerprint not in self._marked:
            self._marked.add(one.fingerprint)
            self._put("import_row", one.fingerprint, resident_id, self._now, self._actor)

    def _person(self, person_id: UUID, row: ImportRow, *, into: UUID | None) -> None:
        sealed = self._seal.seal(row.id_number, ID_NUMBER) if row.id_number else None
        number = (None, None) if sealed is None else (sealed.cipher, sealed.hmac)
        self._put("person", person_id, row.name, row.sex, row.birth_date, *number, into, self._now)

    def _contact(self, contact: ContactRow) -> UUID:
        key = (contact.phone, contact.name)
        if key not in self._contacts:
            self._contacts[key] = new_id(self._now)
            self._put(
                "person", self._contacts[key], contact.name, "unknown", None, None, None, None, self._now
            )
            self._put("phone", self._contacts[key], contact.phone)
        return self._contacts[key]

    def _home(self, one: Placed) -> UUID:
        if one.address not in self._homes:
            row, home_id = one.row, new_id(self._now)
            self._homes[one.address] = home_id
            sealed = self._seal.seal(row.door_code, DOOR_CODE) if row.door_code else None
            door = (None, None) if sealed is None else (sealed.cipher, sealed.hmac)
            place = (one.area_code, one.org_id, *row.address, row.access_note)
            self._put("home", home_id, *place, *door, self._now)
            self.homes += 1
        return self._homes[one.address]

    def _bed(self, one: Placed, home_id: UUID) -> UUID:
        """A free bed of that label (any where the row names none), else a new one."""
        free = self._free.get(home_id, [])
        for place, (bed_id, label) in enumerate(free):
            if one.row.bed in {"", label}:
                del free[place]
                return bed_id
        bed_id = new_id(self._now)
        self._put("bed", bed_id, home_id, one.row.bed)
        return bed_id

    async def _copy(self, *tables: str) -> None:
        async with self._conn.cursor() as cursor:
            for table in tables:
                lines = self._tables.pop(table, [])
                if not lines:
                    continue
                async with cursor.copy(_SQL[f"copy_{table}"]) as copy:
                    for line in lines:
                        await copy.write_row(line)
                if len(lines) >= _MANY and table in _REFERRED:
                    # Checks of references were planned when the table was small.
                    await cursor.execute(_SQL[f"analyze_{table}"])

    async def _copy_stays(self) -> None:
        cursor = await self._conn.execute(_SQL["bed_keys"], {"ids": [bed for bed, _ in self._stays]})
        keys = {bed_id: key for bed_id, key in await cursor.fetchall()}
        for bed_id, resident_id in self._stays:
            self._put("stay", keys[bed_id], resident_id, TimestamptzRange(self._now, None))
        self._stays = []
        await self._copy("stay")

    async def merge(self, one: Placed, other: Duplicate) -> None:
        """The row is kept as a person merged into the known one, whose gaps it fills; nothing is deleted."""
        person_id, resident_id = self._into(other)
        row = one.row
        if resident_id is None:
            resident_id = await self._becomes_resident(one, person_id)
        sealed = self._seal.seal(row.id_number, ID_NUMBER) if row.id_number else None
        number = {"cipher": None if sealed is None else sealed.cipher}
        number |= {"hmac": None if sealed is None else sealed.hmac}
        filled = {"id": person_id, "birth_date": row.birth_date, "sex": row.sex} | number
        await self._conn.execute(_SQL["fill_person"], filled)
        care = {"profile": Jsonb(row.profile), "needs": Jsonb(row.needs), "risks": Jsonb(row.risks)}
        await self._conn.execute(_SQL["fill_resident"], care | {"id": resident_id})
        for phone in row.phones:
            await self._conn.execute(_SQL["add_phone"], {"person_id": person_id, "phone": phone})
        for contact in row.contacts:
            known = await people.contact_person(self._conn, contact, now=self._now)
            link = {"resident_id": resident_id, "person_id": known, "relation": contact.relation}
            await self._conn.execute(_SQL["add_contact"], link | {"has_key": contact.has_key})
        await self._bed_if_none(one, resident_id)
        self._person(new_id(self._now), row, into=person_id)
        self._mark(one, resident_id)
        self.merged += 1

    def _into(self, other: Duplicate) -> tuple[UUID, UUID | None]:
        if other.known is not None:
            return other.known.person_id, other.known.resident_id
        assert other.earlier_row is not None, "a duplicate is of a person or of an earlier row"
        return self._made[other.earlier_row]

    async def _becomes_resident(self, one: Placed, person_id: UUID) -> UUID:
        resident_id = new_id(self._now)
        empty = (Jsonb({}), Jsonb({}), Jsonb([]))
        self._put("resident", resident_id, person_id, one.area_code, one.org_id, *empty, self._now)
        self._put("state", resident_id, "active", TimestamptzRange(self._now, None))
        await self._copy("resident", "state")
        return resident_id

    async def _bed_if_none(self, one: Placed, resident_id: UUID) -> None:
        if not one.has_address:
            return
        values = {"id": resident_id, "at": self._now}
        row = await (await self._conn.execute(_SQL["has_bed"], values)).fetchone()
        if row is not None and row[0]:
            return
        await self._read_homes([one])
        bed_id = self._bed(one, self._home(one))
        await self._copy("home", "bed")
        bed = await find_bed(self._conn, bed_id)
        await people.move_in(self._conn, now=self._now, resident_id=resident_id, bed=bed)

    async def remember_merged(self) -> None:
        """Persons of merged rows and the marks of all rows."""
        await self._copy("person", "import_row")


def counts(writer: Writer, *, unchanged: int, skipped: int, bad: int) -> Counts:
    """What was done."""
    return Counts(
        created=writer.created,
        merged=writer.merged,
        unchanged=unchanged,
        skipped=skipped,
        left_out=bad,
        homes=writer.homes,
    )
