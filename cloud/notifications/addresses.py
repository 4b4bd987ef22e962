"""Where somebody is reached: what was written for a channel, else a phone; and who is left in peace."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.notification import Channel, Recipient

_SQL: Final = queries.load(__package__ or "cloud.notifications")
_PHONES: Final = ("voice", "sms")


class Address(msgspec.Struct, frozen=True):
    """An address, or the reason why there is none: unknown_recipient, inactive, opted_out, no_address."""

    address: str = ""
    reason: str = ""


async def find_address(conn: Connection, recipient: Recipient, channel: Channel) -> Address:
    """Where a recipient is reached over a channel; an endpoint's address is its name."""
    if recipient.kind == "endpoint":
        return Address(recipient.id)
    others = list(_PHONES) if channel in _PHONES else []
    query = "address_of_person" if recipient.kind == "person" else "address_of_staff"
    values = {"id": UUID(recipient.id), "channel": channel, "others": others}
    row = await (await conn.execute(_SQL[query], values)).fetchone()
    if row is None:
        return Address(reason="unknown_recipient")
    own, opted_out, other, phone, active = row
    if not active:
        return Address(reason="inactive")
    if opted_out:
        return Address(reason="opted_out")
    found = own or ((other or phone) if others else None)
    return Address(found) if found else Address(reason="no_address")


async def set_address(
    conn: Connection,
    recipient: Recipient,
    channel: Channel,
    address: str,
    *,
    opted_out: bool = False,
    now: datetime,
) -> None:
    """Write down where a person or a member of staff is reached, or that they do not want it."""
    values = {"kind": recipient.kind, "id": UUID(recipient.id), "channel": channel, "address": address}
    await conn.execute(_SQL["set_address"], values | {"opted_out": opted_out, "now": now})


async def is_mourned(
    conn: Connection, recipient: Recipient, resident_id: UUID | None, *, now: datetime
) -> bool:
    """True for the family of an elder who has died: no automatic message reaches them any more."""
    if recipient.kind != "person":
        return False
    values = {"person_id": UUID(recipient.id), "resident_id": resident_id, "now": now}
    row = await (await conn.execute(_SQL["mourned"], values)).fetchone()
    return row is not None and bool(row[0])


async def belongs(conn: Connection, recipient: Recipient) -> list[tuple[str, UUID | None]] | None:
    """Areas and organisations of a person or a member of staff; None where there is no such one."""
    query = "belongs_of_person" if recipient.kind == "person" else "belongs_of_staff"
    rows = await (await conn.execute(_SQL[query], {"id": UUID(recipient.id)})).fetchall()
    if rows:
        return [(row[0], row[1]) for row in rows]
    if recipient.kind == "person":
        found = await conn.execute(_SQL["person_exists"], {"id": UUID(recipient.id)})
        return [] if await found.fetchone() is not None else None
    return None
