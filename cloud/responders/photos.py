"""Photographs that responders take on the spot, kept as rows for half a year."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.responders.picture import MOST_BYTES, has_notes, media_type_of
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.responders", "photos.sql")
KEPT: Final = timedelta(days=180)
MOST: Final = 12


async def add(conn: Connection, dispatch: dict[str, Any], content: bytes, *, now: datetime) -> dict[str, Any]:
    """Keep a photograph of a dispatch; raises InvalidInput for anything else, Conflict after the twelfth."""
    media_type = media_type_of(content)
    if media_type is None or len(content) > MOST_BYTES:
        raise InvalidInput(
            "只接受 5 MB 以内的 JPEG、PNG、WebP 照片", "a JPEG, PNG or WebP of 5 MB at most is wanted"
        )
    if has_notes(content, media_type):
        raise InvalidInput(
            "照片文件里带有拍摄位置等信息，请去除后再上传",
            "the file carries notes such as where it was taken; remove them first",
        )
    counted = await (await conn.execute(_SQL["count_photos"], {"dispatch_id": dispatch["id"]})).fetchone()
    if counted is not None and counted[0] >= MOST:
        raise Conflict(f"每次派单最多 {MOST} 张照片", f"there are {MOST} photographs already")
    row = {
        "id": uuid7(round(now.timestamp() * 1000)),
        "dispatch_id": dispatch["id"],
        "case_id": dispatch["case_id"],
        "now": now,
        "media_type": media_type,
        "size": len(content),
        "sha256": hashlib.sha256(content).digest(),
        "content": content,
    }
    if await (await conn.execute(_SQL["insert_photo"], row)).fetchone() is None:
        raise Conflict("这张照片已上传", "this photograph is here already")
    return {
        "id": row["id"],
        "dispatch_id": dispatch["id"],
        "taken_at": now,
        "media_type": media_type,
        "size": len(content),
        "taken_by": dispatch["name"],
    }


async def of_case(conn: Connection, case_id: UUID) -> list[dict[str, Any]]:
    """What was photographed for a case, without the pictures."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["photos_of_case"], {"case_id": case_id})
        return await cursor.fetchall()


async def count(conn: Connection, dispatch_id: UUID) -> int:
    """How many a responder has sent of a dispatch."""
    row = await (await conn.execute(_SQL["count_photos"], {"dispatch_id": dispatch_id})).fetchone()
    return 0 if row is None else int(row[0])


async def find(conn: Connection, photo_id: UUID) -> tuple[UUID, str, bytes]:
    """A photograph's case, media type and content; raises NotFound."""
    row = await (await conn.execute(_SQL["find_photo"], {"id": photo_id})).fetchone()
    if row is None:
        raise no_such_photo()
    return row[1], row[2], bytes(row[3])


def no_such_photo() -> NotFound:
    """Said also of a photograph that the caller may not see."""
    return NotFound("没有这张照片", "there is no such photograph")


async def trim(conn: Connection, *, now: datetime) -> None:
    """Forget photographs after half a year."""
    await conn.execute(_SQL["trim_photos"], {"before": now - KEPT})
