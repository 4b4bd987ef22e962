"""Reading the audit trail: who looked at or changed what. That it was read, the boundary writes down."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.access", "audit.sql")
_PAUSE: Final = timedelta(minutes=6)
"""Looks that follow one another within this are one line."""
_SCAN: Final = 40
"""So many rows are folded for each line asked for."""
LOOK_AGAIN: Final = timedelta(minutes=4)
"""The same look of the same person is written down again after this, so that the line goes on."""
# What screens read again by themselves while they are open.
REPEATED: Final = (
    "case_viewed", "cases_listed", "resident_viewed", "health_viewed", "whereabouts_viewed",
    "responders_listed", "dispatch_viewed", "dispatches_listed", "calls_listed", "call_list_viewed",
    "overdue_listed", "shift_notes_read", "photos_viewed", "family_viewed", "feed_opened", "feed_read",
)  # fmt: skip


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One act, or `times` looks of one person at one thing from `first_at` (row `first_id`) to `at`, with the
    words of the last. `subject_name`, `case_number` and `resident_name` say what a bare id is.
    """

    id: int
    at: datetime
    first_at: datetime
    times: int
    first_id: int
    actor: str
    actor_name: str
    actor_role: str
    action: str
    subject: str
    subject_name: str
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
    fold: bool = False

    @property
    def scanned(self) -> int:
        """Rows read for a page."""
        return self.limit * _SCAN if self.fold else self.limit


async def read(conn: Connection, reader: Identity, wanted: Wanted) -> tuple[list[AuditRow], int | None]:
    """Newest first, of the reader's area and organisation; and before which row to go on, None at the end."""
    values = msgspec.structs.asdict(wanted) | {"area_code": reader.area_code, "org_id": reader.org_id}
    values |= {"folded": list(REPEATED) if wanted.fold else [], "pause": _PAUSE, "scanned": wanted.scanned}
    found = await (await conn.execute(_SQL["list_audit"], values)).fetchall()
    rows = [AuditRow(**dict(zip(AuditRow.__struct_fields__, row, strict=True))) for row in found]
    more = sum(row.times for row in rows) == wanted.scanned
    return rows, min(row.first_id for row in rows) if more else None
