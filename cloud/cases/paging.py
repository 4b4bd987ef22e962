"""Whom a step of an escalation tells, and the telling: calls and messages in the outbox, holes by name."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.cases import policies
from cloud.cases.escalation import DUTY_ROLE, TEMPLATE, MessageChannel
from cloud.cases.words import params_of
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.notification import Recipient
from cloud.notifications.queue import queue
from cloud.notifications.reach import reachable

_SQL: Final = queries.load(__package__ or "cloud.cases", "escalation.sql")
MOST_CONTACTS: Final = 5

# There is nobody, or no address, at the far end: a message would tell no one.
_HOPELESS: Final = frozenset({"unknown_recipient", "inactive", "opted_out", "no_address", "deceased"})


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How many people can be reached, how many messages were queued, and every hole that was found."""

    reached: int = 0
    queued: int = 0
    holes: tuple[str, ...] = ()


async def recipients(conn: Connection, row: dict[str, Any], target: str, *, now: datetime) -> list[Recipient]:
    """The people behind a target for a case: the elder's contacts, or who is on duty."""
    if target == "contacts":
        values = {"resident_id": row["resident_id"], "home_id": row["home_id"], "at": now}
        cursor = await conn.execute(_SQL["contacts_to_call"], values | {"limit": MOST_CONTACTS})
        return [Recipient.person(person) for (person,) in await cursor.fetchall()]
    role = DUTY_ROLE[target]
    staff = await policies.on_duty(conn, role, area_code=row["area_code"], org_id=row["org_id"], now=now)
    return [Recipient.staff(person) for person in staff]


async def page(
    conn: Connection,
    row: dict[str, Any],
    people: Sequence[Recipient],
    *,
    target: str,
    channels: Sequence[MessageChannel],
    step_key: str,
    now: datetime,
) -> Told:
    """Queue a step's messages to people; one that looks unreachable but has an address is tried anyway."""
    reached, queued, holes = 0, 0, set()
    if not people:
        holes.add("nobody")
    for person in people:
        reasons = await _holes(conn, row["resident_id"], person, channels, TEMPLATE[target], now=now)
        reached += any(not found for found in reasons.values())
        for channel, found in reasons.items():
            holes |= {f"{channel}:{reason}" for reason in found}
            if _HOPELESS & set(found):
                continue
            made = await queue(
                conn,
                now=now,
                step_key=step_key,
                template=TEMPLATE[target],
                recipient=person,
                channel=channel,
                priority=row["priority"],
                case_id=row["id"],
                params=params_of(row, now),
            )
            queued += made is not None
    return Told(reached=reached, queued=queued, holes=tuple(sorted(holes)))


async def _holes(
    conn: Connection,
    resident_id: UUID | None,
    person: Recipient,
    channels: Sequence[MessageChannel],
    template: str,
    *,
    now: datetime,
) -> dict[MessageChannel, tuple[str, ...]]:
    """Per channel, in the order of the step, why it would not work."""
    return {
        channel: (
            await reachable(
                conn, person, channel, now=now, priority=1, template=template, resident_id=resident_id
            )
        ).reasons
        for channel in channels
    }
