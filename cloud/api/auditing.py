"""Who looked at or changed what, written in the transaction of the look or the change."""

from cloud.access import store as access
from cloud.access.access import Identity
from cloud.api.services import Services
from cloud.database.pool import Connection


async def audit(
    conn: Connection, services: Services, identity: Identity, action: str, subject: object, **detail: object
) -> None:
    """One row of the audit trail, dated by the program's clock."""
    now = services.clock.now()
    await access.write_audit(
        conn, now=now, actor=identity.actor, action=action, subject=str(subject), detail=detail
    )
