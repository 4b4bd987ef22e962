"""Finding a resident by what somebody remembers: a name or its sound, a telephone, a house, a device."""

import re
from datetime import date, datetime
from typing import Any, Final, Literal, LiteralString
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.access import Identity
from cloud.access.roles import MAY
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.registry import Sex, StateName
from cloud.registry.sound import folded, sound_of

_SQL: Final = queries.load(__package__ or "cloud.registry", "search.sql")
_HITS: Final = _SQL["hits"]
_PHONE_AT_LEAST: Final = 4
_WORDS: Final = 6
_NUMBER: Final = re.compile(r"^(?:\+86[ -]*)?([0-9][0-9 -]*)$")
_LETTERS: Final = re.compile(r"^[a-z' ’-]+$")
_DEVICE: Final = re.compile(r"^[a-z0-9-]{4,64}$")
Matched = Literal["name", "pinyin", "phone", "contact", "address", "device", "bed"]


class Asked(msgspec.Struct, frozen=True):
    """What a search text may mean; an empty field is not looked for."""

    text: str = ""
    inside: str = ""
    sound: str = ""
    digits: str = ""
    device: str = ""
    words: list[str] = []
    bed_id: UUID | None = None


class FoundResident(msgspec.Struct, frozen=True, kw_only=True):
    """One resident that fits, and by what."""

    id: UUID
    matched: Matched
    name: str
    sex: Sex
    birth_date: date | None
    area: str
    bed_id: UUID | None
    label: str | None
    street: str | None
    compound: str | None
    building: str | None
    unit: str | None
    room: str | None
    state: StateName | None
    case_id: UUID | None


def understand(text: str) -> Asked:
    """What is to be looked for; never raises. Telephones are looked for by four digits and more."""
    plain = folded(text)
    if not plain:
        return Asked()
    number = _NUMBER.fullmatch(plain)
    digits = re.sub(r"[ -]", "", number.group(1)) if number else ""
    sound = re.sub(r"[' ’-]", "", plain) if _LETTERS.fullmatch(plain) else ""
    try:
        bed_id: UUID | None = UUID(plain)
    except ValueError:
        bed_id = None
    words = plain.split()[:_WORDS]
    return Asked(
        text=plain,
        inside=f"%{_literal(plain)}%",
        sound=sound,
        digits=digits if len(digits) >= _PHONE_AT_LEAST else "",
        device=plain if _DEVICE.fullmatch(plain) and bed_id is None else "",
        words=[] if sound else [f"%{_literal(word)}%" for word in words],
        bed_id=bed_id,
    )


def _literal(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


async def find_residents(
    conn: Connection, text: str, reader: Identity, *, at: datetime, limit: int, after: int = 0
) -> list[FoundResident]:
    """Residents that fit the text, best first, as far as the reader may know of them."""
    asked: dict[str, Any] = msgspec.structs.asdict(understand(text))
    if not asked["text"]:
        return []
    asked |= {"at": at, "limit": limit, "after": after}
    asked |= {"area_code": reader.area_code, "org_id": reader.org_id}
    async with conn.cursor(row_factory=class_row(FoundResident)) as cursor:
        await cursor.execute(_HITS + _SQL["find_residents"], asked)
        return await cursor.fetchall()


async def residents_fitting(conn: Connection, text: str, at: datetime) -> list[UUID] | None:
    """Residents whom a text may mean, for a list to be narrowed to; None where it says nothing."""
    return await _fitting(conn, _SQL["fitting_residents"], text, {"at": at})


async def homes_fitting(conn: Connection, reader: Identity, text: str, at: datetime) -> list[UUID] | None:
    """Homes that a text may mean by address, or by people where the reader may look for people; None: all."""
    people = reader.role in MAY["search_residents"]
    return await _fitting(conn, _SQL["fitting_homes"], text, {"at": at, "people": people})


async def _fitting(
    conn: Connection, query: LiteralString, text: str, values: dict[str, Any]
) -> list[UUID] | None:
    asked: dict[str, Any] = msgspec.structs.asdict(understand(text))
    if not asked["text"]:
        return None
    row = await (await conn.execute(_HITS + query, asked | values)).fetchone()
    return [] if row is None else list(row[0])


async def fill_sounds(conn: Connection) -> int:
    """Read aloud the names that were stored before names had a sound; returns how many."""
    filled = 0
    while rows := await (await conn.execute(_SQL["without_sound"])).fetchall():
        given = {"ids": [row[0] for row in rows], "sounds": [sound_of(row[1]) for row in rows]}
        await conn.execute(_SQL["set_sounds"], given)
        filled += len(rows)
    return filled


async def fill_staff_sounds(conn: Connection) -> None:
    """Read aloud the users' names that are new; before users are looked for by sound."""
    while rows := await (await conn.execute(_SQL["staff_without_sound"])).fetchall():
        names = [row[1] for row in rows]
        given = {
            "ids": [row[0] for row in rows],
            "names": names,
            "sounds": [sound_of(name) for name in names],
        }
        if (await conn.execute(_SQL["set_staff_sounds"], given)).rowcount == 0:
            return
