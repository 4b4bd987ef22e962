"""What every action on a case needs: the locked row, who may act, the stage's limit, timeline and feed."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cloud.access.errors import Conflict
from cloud.cases import case, timeline
from cloud.cases.case import Actor, ImpossibleMove, Move, State
from cloud.cases.intake import lock as lock_row
from cloud.cases.publish import find, no_such_case, publish
from cloud.cases.summary import CaseSummary, iso, summary_of
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases")
STATES_ZH: Final[dict[str, str]] = {
    "open": "待接警",
    "claimed": "处理中",
    "contacting": "回拨中",
    "dispatched": "已派单",
    "on_scene": "已到场",
    "resolved": "已处置",
    "followed_up": "已回访",
    "closed": "已结案",
    "handed_over": "交接中",
    "merged": "已合并",
}


async def lock(conn: Connection, case_id: UUID) -> dict[str, Any]:
    """The case's row, held until the transaction ends; raises NotFound."""
    row = await lock_row(conn, case_id)
    if row is None:
        raise no_such_case()
    return row


async def lock_both(conn: Connection, first: UUID, second: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two rows, locked in the order of their ids, so that two who lock the same two never wait for each
    other.
    """
    rows = {case_id: await lock(conn, case_id) for case_id in sorted({first, second})}
    return rows[first], rows[second]


async def lock_owned(conn: Connection, case_id: UUID, actor: Actor, move: Move) -> dict[str, Any]:
    """The locked row of a case that the actor owns and that can make the move; raises Conflict otherwise."""
    row = await lock(conn, case_id)
    check(row, move)
    if row["owner_id"] != actor.id:
        raise refused(row, move)
    return row


def check(row: dict[str, Any], move: Move) -> State:
    """The state after a move; raises Conflict where the table has no such move."""
    try:
        return case.step(State(row["state"]), move)
    except ImpossibleMove:
        raise refused(row, move) from None


async def call_until(conn: Connection, actor: Actor) -> datetime | None:
    """Until when the actor's seat talks."""
    if actor.seat_id is None:
        return None
    row = await (await conn.execute(_SQL["call_until"], {"seat_id": actor.seat_id})).fetchone()
    return None if row is None else row[0]


async def refuse_if_talking(conn: Connection, row: dict[str, Any], now: datetime) -> None:
    """Raise Conflict where the owner is on the telephone: nobody who is talking loses the case."""
    found = await (await conn.execute(_SQL["seat_talks"], {"id": row["id"]})).fetchone()
    if found is None or not case.is_talking(found[0], now):
        return
    name = row["owner_name"] or ""
    raise Conflict(
        f"{name} 正在通话，通话中的警情不能被接管",
        f"{name} is on the telephone: nobody who is talking loses the case",
        state=row["state"],
        owner_name=name,
        talking_until=iso(found[0]),
    )


async def renew(
    conn: Connection,
    row: dict[str, Any],
    actor: Actor,
    now: datetime,
    talks_until: datetime | None = None,
) -> None:
    """The owner works on it, perhaps from another seat: the stage's limit moves on."""
    talks_until = talks_until or await call_until(conn, actor)
    due = case.stage_due(now, talks_until, row["stage_limit_at"])
    values = {"id": row["id"], "seat_id": actor.seat_id, "stage_due_at": due}
    await conn.execute(_SQL["renew_case"], values)


async def enter(
    conn: Connection,
    row: dict[str, Any],
    state: State,
    *,
    now: datetime,
    promised_at: datetime | None = None,
    talks_until: datetime | None = None,
) -> None:
    """A held case's next stage, with the limit of that stage."""
    limit = case.stage_limit(state, now, promised_at)
    values = {"id": row["id"], "state": state.value, "stage_limit_at": limit}
    values["stage_due_at"] = case.stage_due(now, talks_until, limit)
    await conn.execute(_SQL["set_stage"], values)


async def resume(conn: Connection, case_id: UUID, *, now: datetime) -> None:
    """A case that was just taken stands where the help that was sent to it stands."""
    running = await (await conn.execute(_SQL["running_dispatch"], {"id": case_id})).fetchone()
    if running is None:
        return
    row = await lock(conn, case_id)
    arrived, promised_at = running
    state = check(row, Move.ARRIVE if arrived else Move.DISPATCH)
    await enter(conn, row, state, now=now, promised_at=promised_at)


async def say(
    conn: Connection, case_id: UUID, kind: str, actor: Actor, *, now: datetime, **data: Any
) -> None:
    """A line of the timeline by a person or a program; what is None is left out."""
    words = {name: value for name, value in data.items() if value is not None}
    if actor.seat_id is not None:
        words["seat_id"] = str(actor.seat_id)
    await timeline.add(conn, case_id, kind, actor=actor.name, data=words, now=now)


async def done(conn: Connection, case_id: UUID, now: datetime, *others: UUID) -> CaseSummary:
    """Tell the feed (of this case and others that changed) and return what the case now is."""
    await publish(conn, [case_id, *others], now=now)
    return summary_of(await find(conn, case_id))


def awaits_another(row: dict[str, Any]) -> Conflict:
    """Why a case that was handed over by name is not anybody else's yet."""
    name = row["handed_to_name"]
    return Conflict(
        f"警情已移交给 {name}，30 秒内由其接受",
        f"the case was handed over to {name}, who has 30 s to take it",
        state=row["state"],
        owner_name=name,
    )


def refused(row: dict[str, Any], move: Move) -> Conflict:
    """Why a move is not possible: somebody else has the case, or it is not in a state for that."""
    state = row["state"]
    members: dict[str, Any] = {"state": state}
    if state in case.HELD:
        name = row["owner_name"] or ""
        return Conflict(f"警情由 {name} 处理", f"{name} has the case", owner_name=name, **members)
    if row["merged_into"] is not None:
        members["existing_id"] = str(row["merged_into"])
    return Conflict(
        f"警情{STATES_ZH[state]}，不能执行此操作",
        f"the case is {state}; it cannot {move.value.replace('_', ' ')}",
        **members,
    )
