"""Which rows are new, which were imported before, which may be somebody who is already there."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.imports.rows import ImportRow
from cloud.registry.people import ID_NUMBER
from cloud.registry.sealing import Seal

_SQL: Final = queries.load(__package__)
FINGERPRINT: Final = "import_row.fingerprint"
Choice = Literal["merge", "new", "skip"]
Why = Literal["id_number", "birth_date", "phone"]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A person in the registry."""

    person_id: UUID
    name: str
    birth_date: date | None
    hmac: bytes | None
    resident_id: UUID | None
    area_code: str
    org_id: UUID | None
    phones: frozenset[str]
    place: str


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """A row that may be a known person, or an earlier row of the same file."""

    row: int
    name: str
    why: Why
    known: Known | None
    earlier_row: int | None
    options: tuple[Choice, ...]


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """Every good row is in one of these."""

    new: list[ImportRow]
    unchanged: list[ImportRow]
    duplicates: list[tuple[ImportRow, Duplicate]]


def fingerprint(seal: Seal, row: ImportRow, area_code: str, org_id: UUID) -> bytes:
    """Equal for rows that say the same for the same place."""
    return seal.lookup(f"{row.digest()}/{area_code}/{org_id}", FINGERPRINT)


def number_hmac(seal: Seal, row: ImportRow) -> bytes | None:
    """What an ID-card number is looked up by."""
    return None if row.id_number is None else seal.lookup(row.id_number, ID_NUMBER)


async def known_rows(conn: Connection, fingerprints: Sequence[bytes]) -> frozenset[bytes]:
    """Fingerprints of rows that were imported before."""
    cursor = await conn.execute(_SQL["known_rows"], {"fingerprints": list(fingerprints)})
    return frozenset(bytes(row[0]) for row in await cursor.fetchall())


async def match(
    conn: Connection,
    seal: Seal,
    rows: Sequence[tuple[ImportRow, bytes]],
    *,
    identity: Identity,
    at: datetime,
) -> Matched:
    """Rows with their fingerprints, compared with the registry and with one another."""
    done = await known_rows(conn, [mark for _, mark in rows])
    hmacs = {row.number: number_hmac(seal, row) for row, _ in rows}
    known = _Known(await _possible(conn, [row for row, _ in rows], hmacs, at=at))
    earlier = _Earlier()
    matched = Matched(new=[], unchanged=[], duplicates=[])
    for row, mark in rows:
        if mark in done:
            matched.unchanged.append(row)
            continue
        hmac = hmacs[row.number]
        found = known.find(row, hmac, identity) or earlier.find(row)
        if found is None:
            matched.new.append(row)
            earlier.add(row)
        else:
            matched.duplicates.append((row, found))
    return matched


async def _possible(
    conn: Connection, rows: Sequence[ImportRow], hmacs: Mapping[int, bytes | None], *, at: datetime
) -> list[Known]:
    values = {"hmacs": [hmac for hmac in hmacs.values() if hmac is not None], "at": at}
    cursor = await conn.execute(
        _SQL["possible_matches"], values | {"names": list({row.name for row in rows})}
    )
    return [
        Known(
            person_id=one[0],
            name=one[1],
            birth_date=one[2],
            hmac=None if one[3] is None else bytes(one[3]),
            resident_id=one[4],
            area_code=one[5],
            org_id=one[6],
            phones=frozenset(one[7]),
            place=one[8],
        )
        for one in await cursor.fetchall()
    ]


class _Known:
    """Persons of the registry by what they are recognised by."""

    def __init__(self, persons: Sequence[Known]) -> None:
        self._by_number = {person.hmac: person for person in persons if person.hmac is not None}
        self._by_name: dict[str, list[Known]] = {}
        for person in persons:
            self._by_name.setdefault(person.name, []).append(person)

    def find(self, row: ImportRow, hmac: bytes | None, identity: Identity) -> Duplicate | None:
        """Who a row may be; of somebody whom the reader may not see only that the number is taken is said."""
        person = self._by_number.get(hmac) if hmac is not None else None
        if person is not None:
            seen = person.resident_id is None or identity.sees(person.area_code, person.org_id)
            same = seen and person.name == row.name
            return _duplicate(
                row, "id_number", person if seen else None, ("merge", "skip") if same else ("skip",)
            )
        for other in self._by_name.get(row.name, ()):
            if other.hmac is not None and hmac is not None:
                continue  # two numbers are two persons
            if other.resident_id is not None and not identity.sees(other.area_code, other.org_id):
                continue
            why = _alike(row, other.birth_date, other.phones)
            if why is not None:
                return _duplicate(row, why, other, ("merge", "new", "skip"))
        return None


def _duplicate(row: ImportRow, why: Why, known: Known | None, options: tuple[Choice, ...]) -> Duplicate:
    return Duplicate(row=row.number, name=row.name, why=why, known=known, earlier_row=None, options=options)


def _alike(row: ImportRow, born: date | None, phones: frozenset[str]) -> Why | None:
    if row.birth_date is not None and row.birth_date == born:
        return "birth_date"
    return "phone" if phones.intersection(row.phones) else None


class _Earlier:
    """Rows of the same file by what they are recognised by."""

    def __init__(self) -> None:
        self._by_number: dict[str, ImportRow] = {}
        self._by_name: dict[str, list[ImportRow]] = {}

    def add(self, row: ImportRow) -> None:
        """A row that becomes a resident."""
        if row.id_number is not None:
            self._by_number[row.id_number] = row
        self._by_name.setdefault(row.name, []).append(row)

    def find(self, row: ImportRow) -> Duplicate | None:
        """The earlier row that this one may repeat."""
        if row.id_number is not None and row.id_number in self._by_number:
            other = self._by_number[row.id_number]
            return self._found(
                row, "id_number", other, ("merge", "skip") if other.name == row.name else ("skip",)
            )
        for other in self._by_name.get(row.name, ()):
            if row.id_number is not None and other.id_number is not None:
                continue
            why = _alike(row, other.birth_date, frozenset(other.phones))
            if why is not None:
                return self._found(row, why, other, ("merge", "new", "skip"))
        return None

    def _found(self, row: ImportRow, why: Why, other: ImportRow, options: tuple[Choice, ...]) -> Duplicate:
        return Duplicate(
            row=row.number, name=row.name, why=why, known=None, earlier_row=other.number, options=options
        )
