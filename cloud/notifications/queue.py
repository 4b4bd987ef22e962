"""Queue a notification inside the caller's transaction: it exists when the change that causes it does."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.notification import Channel, Language, Recipient, worth_sending_until
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.notifications")
CHANNEL: Final = "carebed_notifications"  # NOTIFY: something is due


async def queue(
    conn: Connection,
    *,
    now: datetime,
    step_key: str,
    template: str,
    recipient: Recipient,
    channel: Channel,
    priority: int,
    case_id: UUID | None = None,
    resident_id: UUID | None = None,
    params: Mapping[str, Any] | None = None,
    language: Language = "zh",
    not_before: datetime | None = None,
    area_code: str | None = None,
    org_id: UUID | None = None,
) -> UUID | None:
    """Queue one message; its id, or None where (case, step, recipient, channel) was queued before.

    `params` are JSON values; resident, area and organisation are the case's where they are not given. Without
    a case the step key alone must tell one occasion from the next. A P1 never rests on WeChat, e-mail or
    nothing: queue its call or SMS first, else an SMS goes with it. Raises ValueError for a recipient or
    channel that cannot be.
    """
    _check(recipient, channel, priority)
    due = now if not_before is None else max(now, not_before)
    row: dict[str, Any] = {"now": now, "next_at": due, "priority": priority, "language": language}
    row |= {"case_id": case_id, "resident_id": resident_id, "area_code": area_code, "org_id": org_id}
    row |= {"step_key": step_key, "template": template, "params": Jsonb(dict(params or {}))}
    row |= {"recipient_kind": recipient.kind, "recipient_id": recipient.id}
    queued = await _insert(conn, row, channel)
    if queued is not None and priority == 1 and channel in ("wechat", "email"):
        cursor = await conn.execute(_SQL["rests_on_something"], row)
        if await cursor.fetchone() is None:
            await _insert(conn, row, "sms")
    return queued


async def withdraw(
    conn: Connection, case_id: UUID, *, reason: str, now: datetime, step_prefix: str = ""
) -> list[UUID]:
    """Calls and messages that a case has not sent yet, such as after a claim, are not needed any more: those
    of some steps, or of P1 and P2. What is being sent cannot be called back: its answer counts, but it is
    never sent again.
    """
    values = {"case_id": case_id, "reason": reason, "now": now, "prefix": step_prefix}
    cursor = await conn.execute(_SQL["withdraw"], values)
    return [row[0] for row in await cursor.fetchall()]


async def _insert(conn: Connection, row: dict[str, Any], channel: Channel) -> UUID | None:
    values = row | {"id": uuid7(round(row["now"].timestamp() * 1000)), "channel": channel}
    values["expires_at"] = worth_sending_until(channel, row["priority"], row["next_at"])
    found = await (await conn.execute(_SQL["queue"], values)).fetchone()
    if found is None:
        return None
    await conn.execute(_SQL["notify"])
    return UUID(str(found[0]))


def _check(recipient: Recipient, channel: Channel, priority: int) -> None:
    if priority not in (1, 2, 3, 4):
        raise ValueError(f"priority {priority} is not 1 to 4")
    if (recipient.kind == "endpoint") != (channel == "webhook"):
        raise ValueError(f"a {recipient.kind} is not reached over {channel}")
    if recipient.kind != "endpoint":
        UUID(recipient.id)
