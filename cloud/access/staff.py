"""Users as administrators see them. Nobody is deleted: what somebody did names them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.access import Identity, Role
from cloud.access.errors import Conflict, NotFound
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__, "staff.sql")


class StaffRow(msgspec.Struct, frozen=True, kw_only=True):
    """A user."""

    id: UUID
    username: str
    name: str
    role: Role
    area_code: str
    org_id: UUID | None
    active: bool
    created_at: datetime
    locked_until: datetime | None
    revision: int


class ChangedStaff(msgspec.Struct, frozen=True, kw_only=True):
    """A user as they are to be."""

    name: str
    role: Role
    area_code: str
    org_id: UUID | None
    active: bool


async def visible(
    conn: Connection,
    reader: Identity,
    *,
    text: str,
    sound: str,
    digits: str,
    role: str | None,
    after: UUID | None,
    limit: int,
) -> list[StaffRow]:
    """Users that the reader may see, in the order they came: by part of a name, sound or telephone."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "text": text, "role": role}
    values |= {"sound": sound, "digits": digits}
    async with conn.cursor(row_factory=class_row(StaffRow)) as cursor:
        await cursor.execute(_SQL["list_staff"], values | {"after": after, "limit": limit})
        return await cursor.fetchall()


async def find(conn: Connection, reader: Identity, staff_id: UUID) -> StaffRow:
    """A user; raises NotFound, also for one whom the reader may not see."""
    async with conn.cursor(row_factory=class_row(StaffRow)) as cursor:
        await cursor.execute(_SQL["find_member"], {"id": staff_id})
        row = await cursor.fetchone()
    if row is None or not reader.sees(row.area_code, row.org_id):
        raise NotFound("没有这名员工", "there is no such member of staff", id=str(staff_id))
    return row


async def change(
    conn: Connection, before: StaffRow, given: ChangedStaff, *, revision: int, now: datetime
) -> None:
    """Change a user; one whose rights change is signed out. Raises Conflict for an old revision."""
    staff_id = before.id
    values = msgspec.structs.asdict(given) | {"id": staff_id, "revision": revision}
    if await (await conn.execute(_SQL["change_staff"], values)).fetchone() is None:
        raise Conflict(
            "这条记录刚被别人改过，请重新读取后再改",
            "someone else has changed this record; read it again, then change it",
            revision=before.revision,
        )
    rights = ("role", "area_code", "org_id", "active")
    if any(getattr(before, right) != getattr(given, right) for right in rights):
        cursor = await conn.execute(_SQL["end_sessions"], {"id": staff_id})
        seats = [seat for (seat,) in await cursor.fetchall()]
        await conn.execute(_SQL["close_seats"], {"ids": seats, "gone": not given.active, "now": now})
