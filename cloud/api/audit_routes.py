"""The audit trail for supervisors and administrators; that it was read is in it too."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query

from cloud.access import audit
from cloud.access.acts import Detail
from cloud.access.errors import InvalidInput
from cloud.api.auditing import audit as write_down
from cloud.api.callers import Caller, With
from cloud.api.schemas import Shown
from cloud.api.times import GivenInstant, Instant, iso_ms

router = APIRouter(tags=["audit"])
Word = Annotated[str | None, Query(pattern=r"^[^\x00-\x1f\x7f]{1,100}$")]


class AuditEntry(Shown):
    """One act: who (`actor` is staff:, token: or a program), what, about whom or what. Folded: `times` looks
    from `first_at` to `at`; `id` and `detail` are the last one's.
    """

    id: int
    at: Instant
    first_at: Instant
    times: int
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


class AuditList(Shown):
    """Newest first; `next_before` asks for the next page, null at the end."""

    items: list[AuditEntry]
    next_before: int | None


@router.get("/audit", operation_id="list_audit", response_model=AuditList)
async def list_audit(
    identity: Caller,
    services: With,
    start: Annotated[GivenInstant, Query(alias="from", examples=["2026-01-01T00:00:00Z"])],
    end: Annotated[GivenInstant, Query(alias="to", examples=["2026-01-02T00:00:00Z"])],
    actor: Word = None,
    action: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,60}$")] = None,
    subject: Word = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="`next_before`")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    fold: Annotated[bool, Query(description="one line for one person's looks at one thing")] = False,
) -> AuditList:
    """Who looked at or changed what, in the caller's area. `actor` is an id, a name or a user name; `subject`
    an id, a case's number or an elder's name. `fold`: looks that screens repeat by themselves, each within
    6 min of the one before, are one line; every row is kept.
    """
    if not start < end:
        raise InvalidInput("from 须早于 to", "`from` must lie before `to`")
    wanted = audit.Wanted(
        start=start, end=end, actor=actor, action=action, subject=subject, before=before, limit=limit,
        fold=fold,
    )  # fmt: skip
    async with services.pool.connection() as conn, conn.transaction():
        rows, next_before = await audit.read(conn, identity, wanted)
        asked: Detail = {"from": iso_ms(start), "to": iso_ms(end), "count": len(rows)}
        named = {"actor": actor, "action": action, "subject": subject}
        given = {name: value for name, value in named.items() if value is not None}
        await write_down(conn, services, identity, "audit_read", "audit", **asked, **given)
    shown = [
        {name: value for name, value in msgspec.structs.asdict(row).items() if name != "first_id"}
        for row in rows
    ]
    return AuditList(items=[AuditEntry(**one) for one in shown], next_before=next_before)
