"""The outbox in PostgreSQL: rows change state here; the caller owns the transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from psycopg import AsyncCursor
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from cloud.access.access import Identity
from cloud.access.errors import Conflict, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.notifications.channel import Report
from cloud.notifications.notification import (
    Notification,
    State,
    after_report,
    worth_sending_until,
)

_SQL: Final = queries.load(__package__ or "cloud.notifications")
_Row = TypeVar("_Row", bound=Notification)
_AS_IT_IS: Final = "as it is"
_FINAL: Final = frozenset({State.DELIVERED, State.FAILED, State.DEAD, State.EXPIRED, State.SUPPRESSED})


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One hand-over to a provider."""

    n: int
    provider: str
    started_at: datetime
    ended_at: datetime | None
    result: str
    detail: str
    ref: str | None


class Overdue(Notification, frozen=True, kw_only=True):
    """What an operator must now do by hand."""

    case_number: int | None
    recipient_name: str


def as_rows(kind: type[_Row]) -> Callable[[AsyncCursor[Any]], Callable[[Sequence[Any]], _Row]]:
    """A row factory that knows states."""

    def factory(cursor: AsyncCursor[Any]) -> Callable[[Sequence[Any]], _Row]:
        names = [column.name for column in cursor.description or ()]

        def make(values: Sequence[Any]) -> _Row:
            row = dict(zip(names, values, strict=True))
            return kind(**row | {"state": State(row["state"])})

        return make

    return factory


async def take_due(conn: Connection, *, now: datetime, up_to: int) -> Notification | None:
    """The most urgent row that is due, locked until the transaction ends."""
    return await _one(conn, "take_due", {"now": now, "up_to": up_to})


async def find(conn: Connection, id: UUID) -> Notification:
    """A notification; raises NotFound."""
    found = await _one(conn, "find", {"id": id})
    if found is None:
        raise NotFound("没有这条通知", "there is no such notification")
    return found


async def lock(conn: Connection, id: UUID) -> Notification | None:
    """A notification, locked until the transaction ends."""
    return await _one(conn, "lock", {"id": id})


async def settle(
    conn: Connection,
    row: Notification,
    state: State,
    *,
    reason: str = "",
    outcome: str | None = _AS_IT_IS,
    next_at: datetime | None = None,
    now: datetime,
) -> bool:
    """Give a row a new state unless another worker has gone on with it; False then.

    What nobody needs any more is neither sent again nor given to operators to do by hand.
    """
    if row.withdrawn is not None and state in (State.QUEUED, State.DEAD):
        state, reason, next_at = State.SUPPRESSED, row.withdrawn, None
    outcome = row.outcome if outcome == _AS_IT_IS else outcome
    values = {"id": row.id, "attempts": row.attempts, "among": [row.state], "state": state, "reason": reason}
    values |= {"next_at": next_at, "outcome": outcome}
    values |= {"finished_at": now if state in _FINAL else None}
    cursor = await conn.execute(_SQL["settle"], values)
    if await cursor.fetchone() is None:
        return False
    if state != row.state or outcome != row.outcome:
        await tell(conn, row, state, reason=reason, outcome=outcome, now=now)
    return True


async def tell(
    conn: Connection, row: Notification, state: State, *, reason: str, outcome: str | None, now: datetime
) -> None:
    """News for the timeline of the case, at once to the desk where a P1 has come to nothing."""
    if state is State.QUEUED or state is State.SENDING:
        return
    data: dict[str, Any] = {"id": str(row.id), "step": row.step_key, "template": row.template}
    data |= {"channel": row.channel, "recipient": f"{row.recipient_kind}:{row.recipient_id}"}
    data |= {key: value for key, value in (("reason", reason), ("outcome", outcome)) if value}
    values = {"id": row.id, "case_id": row.case_id, "at": now, "kind": state.value, "data": Jsonb(data)}
    await conn.execute(_SQL["add_news"], values)
    if state is State.DEAD and row.priority == 1:
        await tell_desk(conn, "notification_dead", [row], reason=reason, now=now)


async def tell_desk(
    conn: Connection, what: str, rows: Sequence[Notification], *, reason: str = "", now: datetime
) -> None:
    """One frame for the operators of each area and organisation. Last in the transaction."""
    groups: dict[tuple[str, str], list[Notification]] = {}
    for row in rows:
        groups.setdefault((row.area_code, str(row.org_id or "")), []).append(row)
    for _, group in sorted(groups.items()):
        cases = sorted({str(row.case_id) for row in group if row.case_id is not None})
        data = {"kind": what, "count": len(group), "case_ids": cases[:50], "reason": reason}
        await feed.append(
            conn, now=now, type="desk", data=data, area_code=group[0].area_code, org_id=group[0].org_id
        )


async def apply_report(conn: Connection, row: Notification, report: Report, *, now: datetime) -> bool:
    """What a (locked) row becomes by a report; False where it says nothing new."""
    state, outcome = after_report(row.state, row.outcome, report.status, report.outcome)
    if state == row.state and outcome == row.outcome:
        return False
    keeps = state == row.state or state == State.SENT
    reason = row.reason if state == row.state else report.detail if state == State.FAILED else ""
    return await settle(
        conn,
        row,
        State(state),
        reason=reason,
        outcome=outcome,
        next_at=row.next_at if keeps else None,
        now=now,
    )


async def expire(conn: Connection, *, now: datetime, limit: int = 500) -> int:
    """What is too old becomes the operators' list (calls, messages) or a dead letter; returns how many."""
    async with conn.cursor(row_factory=as_rows(Notification)) as cursor:
        await cursor.execute(_SQL["expire"], {"now": now, "limit": limit})
        rows = await cursor.fetchall()
    for row in rows:
        state = State(row.state)
        values = {"id": row.id, "case_id": row.case_id, "at": now, "kind": state.value}
        data = {"id": str(row.id), "step": row.step_key, "channel": row.channel, "reason": row.reason}
        data |= {"recipient": f"{row.recipient_kind}:{row.recipient_id}", "template": row.template}
        await conn.execute(_SQL["add_news"], values | {"data": Jsonb(data)})
    overdue = [row for row in rows if row.state == State.EXPIRED]
    if overdue:
        await tell_desk(conn, "notifications_overdue", overdue, reason="too_old", now=now)
    return len(rows)


async def list_notifications(
    conn: Connection,
    reader: Identity,
    *,
    states: Sequence[str] | None = None,
    case_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> list[Notification]:
    """What the reader may see, newest first."""
    values: dict[str, Any] = {"states": list(states) if states else None, "case_id": case_id}
    values["before"] = before
    values |= {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit}
    async with conn.cursor(row_factory=as_rows(Notification)) as cursor:
        await cursor.execute(_SQL["list"], values)
        return await cursor.fetchall()


async def overdue(
    conn: Connection, reader: Identity, *, after: UUID | None = None, limit: int = 200
) -> list[Overdue]:
    """Calls and messages that nobody sent in time and nobody has made by hand, most urgent first.

    `after` is the last one of the page before.
    """
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "limit": limit, "after": after}
    async with conn.cursor(row_factory=as_rows(Overdue)) as cursor:
        await cursor.execute(_SQL["overdue"], values)
        return await cursor.fetchall()


async def attempts_of(conn: Connection, id: UUID) -> list[Attempt]:
    """The attempts of a notification, in order."""
    async with conn.cursor(row_factory=class_row(Attempt)) as cursor:
        await cursor.execute(_SQL["attempts_of"], {"id": id})
        return await cursor.fetchall()


async def seen_by(conn: Connection, id: UUID, reader: Identity) -> Notification:
    """A notification that the reader may see; raises NotFound for any other."""
    row = await find(conn, id)
    if not reader.sees(row.area_code, row.org_id):
        raise NotFound("没有这条通知", "there is no such notification")
    return row


async def handle(conn: Connection, id: UUID, *, by: str, now: datetime) -> None:
    """Somebody did by hand what it was for; twice is once. Raises Conflict where it went by itself."""
    cursor = await conn.execute(_SQL["handle"], {"id": id, "by": by, "now": now})
    if await cursor.fetchone() is not None:
        return
    row = await find(conn, id)
    if row.handled_at is None:
        raise _not_stuck(row)


async def retry(conn: Connection, id: UUID, *, now: datetime) -> None:
    """Send a dead, failed or overdue one after all; raises Conflict for any other."""
    row = await find(conn, id)
    values = {"id": id, "now": now, "expires_at": worth_sending_until(row.channel, row.priority, now)}
    if await (await conn.execute(_SQL["retry"], values)).fetchone() is None:
        raise _not_stuck(row)
    await conn.execute(_SQL["notify"])


def _not_stuck(row: Notification) -> Conflict:
    return Conflict(
        f"该通知的状态是 {row.state}，无需人工处理",
        f"the notification is {row.state}: nothing is to be done by hand",
        state=str(row.state),
    )


async def _one(conn: Connection, name: str, values: dict[str, Any]) -> Notification | None:
    async with conn.cursor(row_factory=as_rows(Notification)) as cursor:
        await cursor.execute(_SQL[name], values)
        return await cursor.fetchone()
