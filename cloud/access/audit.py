"""Reading the audit trail: who looked at or changed what. That it was read, the boundary writes down."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.access", "audit.sql")


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `case_number` and `resident_name` say what a bare id is."""

    id: int
    at: datetime
    actor: str
    actor_name: str
    actor_role: str
    action: str
    subject: str
    case_id: UUID | None
    case_number: int | None
    resident_name: str
    detail: dict[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts: of a span; by an id, a name or a user name; about an id, a case's number, an elder."""

    start: datetime
    end: datetime
    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    before: int | None = None
    limit: int = 100


async def read(conn: Connection, reader: Identity, wanted: Wanted) -> list[AuditRow]:
    """Newest first, of the reader's area and organisation."""
    values = msgspec.structs.asdict(wanted) | {"area_code": reader.area_code, "org_id": reader.org_id}
    rows = await (await conn.execute(_SQL["list_audit"], values)).fetchall()
    return [AuditRow(**dict(zip(AuditRow.__struct_fields__, row, strict=True))) for row in rows]
