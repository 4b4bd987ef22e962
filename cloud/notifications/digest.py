"""Storm protection: repeated P3 and P4 to one recipient over one channel go as one message.

P1 and P2 never wait.
"""

from datetime import datetime
from typing import Any, Final

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications import store, templates
from cloud.notifications.channel import NoTemplate
from cloud.notifications.notification import DIGEST_FROM, DIGEST_WINDOW, Notification

_SQL: Final = queries.load(__package__ or "cloud.notifications")
_MOST_CHARACTERS: Final = 240


async def collapse(
    conn: Connection, row: Notification, *, may_join: bool, now: datetime
) -> Notification | datetime:
    """The (locked) row as it is to be sent, joined with what else waits for its recipient, or when to look
    again because the recipient was written to a moment ago. `may_join` is False where no provider has
    words for a digest.
    """
    if row.priority < DIGEST_FROM or row.channel == "webhook":
        return row
    whom: dict[str, Any] = {"recipient_kind": row.recipient_kind, "recipient_id": row.recipient_id}
    whom |= {"channel": row.channel, "id": row.id}
    key = f"{row.recipient_kind}:{row.recipient_id}:{row.channel}"
    await conn.execute(_SQL["lock_recipient"], {"key": key})
    last = await (await conn.execute(_SQL["last_lesser"], whom | {"after": now - DIGEST_WINDOW})).fetchone()
    if last is not None and last[0] is not None:
        until: datetime = last[0] + DIGEST_WINDOW
        return until
    if not may_join:
        return row
    async with conn.cursor(row_factory=store.as_rows(Notification)) as cursor:
        await cursor.execute(_SQL["lesser_waiting"], whom | {"now": now})
        waiting = await cursor.fetchall()
    if not waiting:
        return row
    await conn.execute(
        _SQL["join_digest"], {"id": row.id, "ids": [other.id for other in waiting], "now": now}
    )
    return msgspec.structs.replace(row, template=templates.DIGEST, params=_joined([row, *waiting]))


def _joined(rows: list[Notification]) -> dict[str, Any]:
    """Parameters of a digest; one that is tried again takes in what came meanwhile."""
    count = sum(int(row.params.get("count", 1)) if row.template == templates.DIGEST else 1 for row in rows)
    lines = "；".join(dict.fromkeys(_line(row) for row in rows))
    if len(lines) > _MOST_CHARACTERS:
        lines = lines[: _MOST_CHARACTERS - 1] + "…"
    return {"count": count, "lines": lines}


def _line(row: Notification) -> str:
    if row.template == templates.DIGEST:
        return str(row.params.get("lines", ""))
    try:
        return templates.text(row.template, row.params, row.language).rstrip("。.")
    except NoTemplate:
        return row.template
