"""Technical cases that somebody set aside for a while: named, with a reason, at most eight hours.

A shelved case is still there and still takes its alarms; it does not ring. It returns by itself when its time
is over, when another kind of fault joins, or when it becomes more urgent.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput
from cloud.cases import flood, timeline
from cloud.cases.case import HELD, LIVE, Actor, State
from cloud.cases.intake import SYSTEM, lock
from cloud.cases.publish import find, no_such_case, publish
from cloud.cases.summary import CaseSummary, iso, summary_of
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "flood.sql")
_BATCH: Final = 200
_REFUSED: Final = {
    "life_safety": (
        "含生命安全报警（求助、跌倒、烟雾、燃气、一氧化碳等），不能搁置",
        "it holds a life-safety alarm (SOS, fall, smoke, gas, CO ...), which can never be shelved",
    ),
    "not_technical": ("只有技术类警情可以搁置", "only technical cases can be shelved"),
    "urgent": (
        "有人依赖供电设备，断电警情不能搁置",
        "somebody depends on the mains: this case cannot be shelved",
    ),
}


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """A case that is set aside, by whom, why and until when."""

    case: CaseSummary
    by: str
    reason: str
    at: str
    until: str


async def shelve(
    conn: Connection,
    case_id: UUID,
    actor: Actor,
    *,
    minutes: int,
    reason: str,
    key: str | None = None,
    now: datetime,
) -> CaseSummary:
    """Set a case aside; raises Conflict where it cannot be, InvalidInput for the time or a missing reason.

    The same `key` by the same actor is done once.
    """
    row = await _live(conn, case_id)
    mark = None if key is None else f"{actor.id}:{key}"
    if mark is not None and await timeline.has_entry(conn, case_id, "shelved", {"key": mark}):
        return summary_of(row)
    refusal = flood.shelf_refusal(row["class"], row["kinds"], row["priority"])
    if refusal is not None:
        zh, en = _REFUSED[refusal]
        raise Conflict(zh, en, state=row["state"], reason=refusal)
    if State(row["state"]) in HELD and row["owner_id"] != actor.id:
        name = row["owner_name"] or ""
        raise Conflict(f"警情由 {name} 处理", f"{name} has the case", owner_name=name, state=row["state"])
    if State(row["state"]) is not State.OPEN:
        raise Conflict("请先退回队列再搁置", "give the case back to the queue first", state=row["state"])
    try:
        until = flood.shelf_until(now, minutes)
    except ValueError:
        raise InvalidInput("搁置时长须在 1 到 480 分钟之间", "a shelf lasts 1 to 480 minutes") from None
    if not reason.strip():
        raise InvalidInput("请写明搁置原因", "say why it is set aside")
    values = {"id": case_id, "until": until, "by": actor.name, "reason": reason, "now": now}
    await conn.execute(_SQL["shelve"], values)
    words = {"until": iso(until), "reason": reason}
    words |= {"seat_id": str(actor.seat_id)} if actor.seat_id is not None else {}
    words |= {"key": mark} if mark is not None else {}
    await timeline.add(conn, case_id, "shelved", actor=actor.name, data=words, now=now)
    return await _told(conn, case_id, now)


async def unshelve(conn: Connection, case_id: UUID, actor: Actor, *, now: datetime) -> CaseSummary:
    """Bring a case back before its time; nothing happens to one that is not set aside."""
    row = await _live(conn, case_id)
    if row["shelved_until"] is None:
        return summary_of(row)
    await _back(conn, row, actor=actor.name, reason="by_hand", now=now)
    return await _told(conn, case_id, now)


async def shelved(
    conn: Connection, reader: Identity, *, limit: int, after: UUID | None = None
) -> list[Shelved]:
    """What the reader may see of what is set aside, next to return first."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit, "after": after}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["shelved"], values)
        return [
            Shelved(
                case=summary_of(row),
                by=row["shelved_by"] or "",
                reason=row["shelf_reason"],
                at=iso(row["shelved_at"]),
                until=iso(row["shelved_until"]),
            )
            for row in await cursor.fetchall()
        ]


async def due(conn: Connection, *, now: datetime) -> list[UUID]:
    """Cases whose time on the shelf is over."""
    rows = await (await conn.execute(_SQL["due_shelves"], {"now": now, "limit": _BATCH})).fetchall()
    return [row[0] for row in rows]


async def come_back(conn: Connection, case_id: UUID, *, now: datetime) -> bool:
    """A case returns by itself, and rings."""
    row = await lock(conn, case_id)
    if row is None or row["shelved_until"] is None or row["shelved_until"] > now:
        return False
    await _back(conn, row, actor=SYSTEM, reason="time_over", now=now)
    await publish(conn, [case_id], now=now)
    return True


async def _back(conn: Connection, row: dict[str, Any], *, actor: str, reason: str, now: datetime) -> None:
    ring = int(row["state"] == State.OPEN)
    await conn.execute(_SQL["unshelve"], {"id": row["id"], "ring": ring})
    words = {"reason": reason, "by": row["shelved_by"], "rings": row["rings"] + ring}
    await timeline.add(conn, row["id"], "unshelved", actor=actor, data=words, now=now)


async def _live(conn: Connection, case_id: UUID) -> dict[str, Any]:
    row = await lock(conn, case_id)
    if row is None:
        raise no_such_case()
    if State(row["state"]) not in LIVE:
        raise Conflict("警情已结束", "the case is over", state=row["state"])
    return row


async def _told(conn: Connection, case_id: UUID, now: datetime) -> CaseSummary:
    await publish(conn, [case_id], now=now)
    return summary_of(await find(conn, case_id))
