"""The feed that screens follow: what changed, numbered without a gap, filtered by what the reader may see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection

CHANNEL: Final = "carebed_feed"
_SQL: Final = queries.load(__package__ or "cloud.feed")

# Which frame types a role is entitled to see.
_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "operator": ("case", "desk", "call"),
    "technician": ("case",),
    "supervisor": ("case", "escalation", "desk", "call"),
    "admin": ("case", "escalation", "desk"),
    # A wall hears that something changed, never what (cloud/api/live.py).
    "wall": ("case", "escalation", "desk"),
    # Frames that name their readers: of their own elders, of their own dispatches.
    "family": ("family",),
    "responder": ("dispatch",),
    # The hidden client of cloud/canary.py: its own test cases and nothing else.
    "canary": ("canary",),
}


# Types that are nobody's but their named readers'.
_NAMED: Final = frozenset({"family", "dispatch"})


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One change; `prev` is the last position the reader had, so that it notices a gap. `data` is JSON as
    stored.
    """

    seq: int
    prev: int
    type: str
    data: msgspec.Raw

    def encode(self) -> bytes:
        """The frame as a client gets it."""
        return msgspec.json.encode(self)


def types_of(role: str) -> tuple[str, ...]:
    """The frame types of a role; none for a role that has no feed."""
    return _TYPES.get(role, ())


def is_for(
    frame_type: str,
    area_code: str,
    org_id: UUID | None,
    reader: Identity,
    seat_id: UUID | None = None,
    reader_ids: Sequence[UUID] | None = None,
) -> bool:
    """True where a frame is the reader's to see: one that names them, a seat's own, or of the reader's area;
    desk news of no area are everybody's at a desk.
    """
    if frame_type not in types_of(reader.role):
        return False
    if reader_ids is not None or frame_type in _NAMED:
        return reader.id in (reader_ids or ())
    if seat_id is not None:
        return seat_id == reader.seat_id
    return (frame_type == "desk" and not area_code and org_id is None) or reader.sees(area_code, org_id)


async def append(
    conn: Connection,
    *,
    now: datetime,
    type: str,
    data: Any,
    case_id: UUID | None = None,
    area_code: str = "",
    org_id: UUID | None = None,
    seat_id: UUID | None = None,
) -> int:
    """Write a frame and return its number; one with a seat is for that seat alone. Call it last in the
    transaction: it holds the counter until commit.
    """
    cursor = await conn.execute(
        _SQL["append"],
        {
            "at": now,
            "type": type,
            "case_id": case_id,
            "area_code": area_code,
            "org_id": org_id,
            "seat_id": seat_id,
            "data": msgspec.json.encode(data).decode(),
        },
    )
    row = await cursor.fetchone()
    assert row is not None, "migration 0001 fills feed_counter"
    return int(row[0])


class NewFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame to be written; `data` is encoded as JSON. With `reader_ids` it is for these users alone."""

    type: str
    data: Any
    case_id: UUID | None = None
    area_code: str = ""
    org_id: UUID | None = None
    reader_ids: tuple[UUID, ...] | None = None


async def append_many(conn: Connection, frames: Sequence[NewFrame], *, now: datetime) -> None:
    """Write several frames in their order; the counter is held no longer than for one."""
    if not frames:
        return
    values = {
        "at": now,
        "types": [frame.type for frame in frames],
        "case_ids": [frame.case_id for frame in frames],
        "area_codes": [frame.area_code for frame in frames],
        "org_ids": [frame.org_id for frame in frames],
        "data": [msgspec.json.encode(frame.data).decode() for frame in frames],
        # Arrays of unequal length: each as PostgreSQL writes it.
        "readers": [
            None if frame.reader_ids is None else f"{{{','.join(map(str, frame.reader_ids))}}}"
            for frame in frames
        ],
    }
    await conn.execute(_SQL["append_many"], values)


async def position(conn: Connection) -> int:
    """The last number given; read it before the rows of a snapshot."""
    row = await (await conn.execute(_SQL["position"])).fetchone()
    assert row is not None, "migration 0001 fills feed_counter"
    return int(row[0])


async def oldest(conn: Connection) -> int:
    """The first frame still kept, 0 when there is none: a reader before it must read the cases anew
    (`reset`).
    """
    row = await (await conn.execute(_SQL["oldest"])).fetchone()
    assert row is not None, "an aggregate always answers"
    return int(row[0])


async def read_after(conn: Connection, after: int, reader: Identity, *, limit: int = 500) -> list[Frame]:
    """Frames after `after` that the reader may see, oldest first; the first one's `prev` is `after`, then
    each its
    forerunner.
    """
    cursor = await conn.execute(
        _SQL["read_after"],
        {
            "after": after,
            "types": list(types_of(reader.role)),
            "area_code": reader.area_code,
            "org_id": reader.org_id,
            "seat_id": reader.seat_id,
            "reader_id": reader.id,
            "limit": limit,
        },
    )
    return chain(await cursor.fetchall(), after)


def chain(rows: Sequence[tuple[Any, ...]], after: int) -> list[Frame]:
    """Rows (seq, type, JSON text) as frames, each naming the one before it."""
    frames = []
    for seq, type_, data in rows:
        frames.append(Frame(seq=seq, prev=after, type=type_, data=msgspec.Raw(data.encode())))
        after = seq
    return frames


async def trim(conn: Connection, *, before: datetime) -> int:
    """Forget frames older than `before`; returns how many."""
    return (await conn.execute(_SQL["trim"], {"before": before})).rowcount


class FeedRow(msgspec.Struct, frozen=True):
    """A frame with whose it is, before it is filtered for a reader; `data` is JSON text, `at` when it was
    written.
    """

    seq: int
    type: str
    area_code: str
    org_id: UUID | None
    data: str
    seat_id: UUID | None = None
    reader_ids: Sequence[UUID] | None = None
    at: datetime | None = None


async def read_rows(conn: Connection, after: int, *, limit: int = 500) -> list[FeedRow]:
    """Frames after `after`, oldest first, whoever may see them: the caller filters."""
    cursor = await conn.execute(_SQL["read_rows"], {"after": after, "limit": limit})
    return [FeedRow(*row) for row in await cursor.fetchall()]
