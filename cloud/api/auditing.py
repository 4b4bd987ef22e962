"""Who looked at or changed what, written in the transaction of the look or the change."""

from typing import Unpack

from cloud.access import store as access
from cloud.access.access import Identity
from cloud.access.acts import Act, Detail
from cloud.api.services import Services
from cloud.database.pool import Connection


async def audit(
    conn: Connection,
    services: Services,
    identity: Identity,
    action: Act,
    subject: object,
    /,
    **detail: Unpack[Detail],
) -> None:
    """One row of the audit trail, dated by the program's clock."""
    now = services.clock.now()
    await access.write_audit(
        conn, now=now, actor=identity.actor, action=action, subject=str(subject), detail=detail
    )
