"""What the devices measured around a case: copied when it closes, since partitions are dropped.

From 30 min before it began to 60 min after it was closed, seven days at most; of the devices that were
installed for its resident or for the whole home, never of somebody else's bed.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "readings.sql")
BEFORE: Final = timedelta(minutes=30)
AFTER: Final = timedelta(minutes=60)
AT_MOST: Final = timedelta(days=7)
_LOOK_BACK: Final = timedelta(days=2)
_BATCH: Final = 200


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One kept value."""

    device: str
    kind: str
    at: datetime
    value: float
    quality: int | None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The readings of a case; `complete` once the hour after its closing is over."""

    starts_at: datetime
    ends_at: datetime
    complete: bool
    readings: list[Reading]


async def keep(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """A case is closed: copy what is there, the rest follows in an hour. False for one without a home or
    that is not about a person.
    """
    given = {"case_id": case_id, "now": now, "before": BEFORE, "after": AFTER, "most": AT_MOST}
    if await (await conn.execute(_SQL["note_closing"], given)).fetchone() is None:
        return False
    await copy(conn, case_id, now=now)
    return True


async def keep_late(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """The same for a case that was closed a while ago."""
    row = await (await conn.execute(_SQL["closed_at"], {"case_id": case_id})).fetchone()
    closed_at: datetime | None = None if row is None else row[0]
    return closed_at is not None and await keep(conn, case_id, now=min(closed_at, now))


async def without(conn: Connection, *, now: datetime) -> list[UUID]:
    """Cases that were closed within two days and keep no readings yet."""
    rows = await conn.execute(_SQL["closed_without"], {"since": now - _LOOK_BACK, "limit": _BATCH})
    return [case_id for (case_id,) in await rows.fetchall()]


async def due(conn: Connection, *, now: datetime) -> list[UUID]:
    """Cases whose hour after the closing is over."""
    rows = await conn.execute(_SQL["due_copies"], {"now": now, "limit": _BATCH})
    return [case_id for (case_id,) in await rows.fetchall()]


async def copy(conn: Connection, case_id: UUID, *, now: datetime) -> int:
    """Copy what has been measured so far and is not copied yet; how many readings."""
    given = {"case_id": case_id, "now": now}
    await conn.execute(_SQL["lock_copy"], given)
    copied = (await conn.execute(_SQL["copy_readings"], given)).rowcount
    await conn.execute(_SQL["set_copied"], given)
    return copied


async def kept(conn: Connection, case_id: UUID) -> Kept | None:
    """What a case keeps; None before it is closed."""
    window = await (await conn.execute(_SQL["copy_window"], {"case_id": case_id})).fetchone()
    if window is None:
        return None
    rows = await (await conn.execute(_SQL["read_copy"], {"case_id": case_id})).fetchall()
    readings = [
        Reading(device=device, kind=kind, at=at, value=value, quality=quality)
        for device, kind, at, value, quality in rows
    ]
    return Kept(starts_at=window[0], ends_at=window[1], complete=window[2], readings=readings)
