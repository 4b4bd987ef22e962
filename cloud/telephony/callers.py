"""Who may be calling: the persons who have a number, as far as the reader may know them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.telephony")


class CallerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A person who has the number, with one resident they are (`is_self`) or are a contact of."""

    person_id: UUID
    person_name: str
    resident_id: UUID | None
    is_self: bool | None
    relation: str | None
    has_key: bool | None
    resident_name: str | None
    sex: str | None
    birth_date: date | None
    state: str | None
    home_id: UUID | None
    street: str | None
    compound: str | None
    building: str | None
    unit: str | None
    room: str | None
    area_code: str | None
    org_id: UUID | None


async def find_callers(
    conn: Connection, numbers: Sequence[str], reader: Identity, *, at: datetime, limit: int
) -> list[CallerRow]:
    """Who has one of the numbers, as far as the reader may know."""
    values = {"numbers": list(numbers), "area_code": reader.area_code, "org_id": reader.org_id}
    async with conn.cursor(row_factory=class_row(CallerRow)) as cursor:
        await cursor.execute(_SQL["find_callers"], values | {"at": at, "limit": limit})
        return await cursor.fetchall()
