"""Wall screens: a token that hangs on a wall for years, may show the wall alone, and can be taken back."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row

from cloud.access.access import WALL_ROLE, Identity, hash_secret, new_secret
from cloud.access.errors import NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__, "screens.sql")
COOKIE_LIFE: Final = timedelta(days=400)
"""The longest a browser keeps a cookie (RFC 6265bis); each opening begins it anew."""

_SEEN_EVERY: Final = timedelta(minutes=1)


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """A screen; `last_seen_at` to the minute."""

    id: UUID
    name: str
    area_code: str
    org_id: UUID | None
    created_at: datetime
    last_seen_at: datetime | None
    revoked_at: datetime | None


async def add(
    conn: Connection, name: str, maker: Identity, *, area_code: str, org_id: UUID | None, now: datetime
) -> tuple[UUID, str]:
    """A new screen: its id and its token, which is shown once."""
    secret, screen_id = new_secret(), uuid7(round(now.timestamp() * 1000))
    row: dict[str, Any] = {"id": screen_id, "name": name, "token_hash": hash_secret(secret)}
    row |= {"area_code": area_code, "org_id": org_id, "now": now, "created_by": maker.actor}
    await conn.execute(_SQL["add"], row)
    return screen_id, secret


async def listed(conn: Connection, reader: Identity, *, limit: int = 500) -> list[Screen]:
    """Screens that the reader may see, newest first."""
    async with conn.cursor(row_factory=class_row(Screen)) as cursor:
        values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit}
        await cursor.execute(_SQL["list"], values)
        return await cursor.fetchall()


async def revoke(conn: Connection, screen_id: UUID, editor: Identity, *, now: datetime) -> None:
    """The screen shows nothing any more; raises NotFound."""
    values = {"id": screen_id, "now": now, "area_code": editor.area_code, "org_id": editor.org_id}
    if await (await conn.execute(_SQL["revoke"], values)).fetchone() is None:
        raise NotFound("没有这块大屏", "there is no such screen", id=str(screen_id))


async def shown(conn: Connection, credential: bytes, *, now: datetime) -> Identity | None:
    """The screen of a token's hash, noted as seen now; None where it was taken back."""
    values = {"token_hash": credential, "now": now, "before": now - _SEEN_EVERY}
    row = await (await conn.execute(_SQL["open"], values)).fetchone()
    if row is None:
        return None
    return Identity(
        id=row[0], name=row[1], role=WALL_ROLE, area_code=row[2], org_id=row[3], credential=credential
    )
