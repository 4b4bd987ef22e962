"""Cases: the queue, one case, and what people do to it."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query, Response

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput, NotFound
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.desk_schemas import NoteText
from cloud.api.schemas import (
    CallLength,
    CaseDetail,
    CaseList,
    CaseState,
    CaseSummary,
    CloseCase,
    DoorCode,
)
from cloud.api.services import Services
from cloud.cases import detail as details
from cloud.cases import store
from cloud.cases.case import Actor, State
from cloud.cases.summary import CaseSummary as Summary
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.registry.store import find_door_code

router = APIRouter(prefix="/cases", tags=["cases"])

_STATES: Final[dict[str, tuple[State, ...]]] = {
    "live": tuple(state for state in State if state not in (State.CLOSED, State.MERGED)),
    **{state.value: (state,) for state in State},
}
Act = Callable[[Connection, Actor, datetime], Awaitable[Summary]]


def answer(value: Any) -> Response:
    """A struct of the case rooms as JSON; the shapes in schemas.py describe it."""
    return Response(msgspec.json.encode(value), media_type="application/json")


def actor_of(identity: Identity) -> Actor:
    """The caller as the timeline names them."""
    return Actor(id=identity.id, name=identity.name, seat_id=identity.seat_id)


async def do(services: Services, identity: Identity, case_id: UUID, act: Act) -> Response:
    """One action on a case that the caller may see, in one transaction."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        return answer(await act(conn, actor_of(identity), services.clock.now()))


@router.get("", operation_id="list_cases", response_model=CaseList)
async def list_cases(
    identity: Caller,
    services: With,
    state: Annotated[CaseState | Literal["live"], Query()] = "live",
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="a case's `number`")] = None,
    by: Annotated[Literal["number", "closed_at"], Query(description="what newest is measured by")] = "number",
) -> Response:
    """Newest first (`by=closed_at`: of the closed ones the one closed last, without `before`); `live` is all
    but closed and merged ones; `seq` is where the feed goes on from here.
    """
    if by == "closed_at" and (state != "closed" or before is not None):
        raise InvalidInput(
            "by=closed_at 只用于 state=closed，且不与 before 同用",
            "`by=closed_at` is for `state=closed` alone, without `before`",
            field="by",
        )
    async with services.pool.connection() as conn, conn.transaction():
        seq = await feed.position(conn)
        if by == "closed_at":
            items = await store.list_closed(conn, identity, limit=limit)
        else:
            items = await store.list_cases(conn, identity, states=_STATES[state], limit=limit, before=before)
        await audit(conn, services, identity, "cases_listed", "cases", state=state, count=len(items))
    return answer({"items": items, "seq": seq})


@router.get("/{case_id}", operation_id="get_case", response_model=CaseDetail)
async def get_case(case_id: UUID, identity: Caller, services: With) -> Response:
    """All of a case; that it was looked at is written down."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await details.detail(conn, case_id, identity)
        await audit(conn, services, identity, "case_viewed", case_id)
    return answer(found)


@router.post("/{case_id}/claim", operation_id="claim_case", response_model=CaseSummary)
async def claim_case(case_id: UUID, identity: Caller, services: With) -> Response:
    """Take the case; of all who try at once one gets it, the others are told who (409, `owner_name`)."""
    return await do(services, identity, case_id, lambda c, a, now: store.claim(c, case_id, a, now=now))


@router.post("/{case_id}/release", operation_id="release_case", response_model=CaseSummary)
async def release_case(case_id: UUID, identity: Caller, services: With) -> Response:
    """Give the case back to the queue."""
    return await do(services, identity, case_id, lambda c, a, now: store.release(c, case_id, a, now=now))


@router.post("/{case_id}/renew", operation_id="renew_case", response_model=CaseSummary)
async def renew_case(case_id: UUID, identity: Caller, services: With) -> Response:
    """Work goes on: another 90 s."""
    return await do(services, identity, case_id, lambda c, a, now: store.renew(c, case_id, a, now=now))


@router.post("/{case_id}/resolve", operation_id="resolve_case", response_model=CaseSummary)
async def resolve_case(
    case_id: UUID,
    identity: Caller,
    services: With,
    seen_rings: Annotated[int | None, Query(ge=0, description="`rings` as the caller saw it")] = None,
) -> Response:
    """The emergency is over; a new alarm opens a new case from here on. With `seen_rings`: 409 where the case
    has rung since, so that nobody ends what they have not seen.
    """
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: store.resolve(c, case_id, a, seen_rings=seen_rings, now=now),
    )


@router.post("/{case_id}/close", operation_id="close_case", response_model=CaseSummary)
async def close_case(case_id: UUID, body: CloseCase, identity: Caller, services: With) -> Response:
    """What it was, and the end of it."""
    kind, note = body.disposition, body.note
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: store.close(c, case_id, a, disposition=kind, note=note, now=now),
    )


@router.post("/{case_id}/notes", operation_id="note_case", response_model=CaseSummary)
async def note_case(
    case_id: UUID,
    body: NoteText,
    identity: Caller,
    services: With,
    idempotency_key: Annotated[str | None, Header(max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")] = None,
) -> Response:
    """A line for the timeline; the same Idempotency-Key twice is one line."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: store.note(
            c, case_id, a, body.text, called=body.called, outcome=body.outcome, key=idempotency_key, now=now
        ),
    )


@router.post("/{case_id}/call", operation_id="call_case", response_model=CaseSummary)
async def call_case(case_id: UUID, body: CallLength, identity: Caller, services: With) -> Response:
    """A call runs for so long, 0 when it has ended: nobody who is talking loses the case."""
    return await do(
        services, identity, case_id, lambda c, a, now: store.call(c, case_id, a, call_s=body.call_s, now=now)
    )


@router.post("/{case_id}/door-code", operation_id="show_door_code", response_model=DoorCode)
async def show_door_code(case_id: UUID, identity: Caller, services: With) -> DoorCode:
    """The door code of the case's home; who looked is on the timeline and in the audit trail."""
    async with services.pool.connection() as conn, conn.transaction():
        home_id = await store.home_of(conn, case_id, identity)
        code = None if home_id is None else await find_door_code(conn, services.seal, home_id)
        if home_id is None or code is None:
            raise NotFound("没有保存门锁密码", "no door code is kept")
        await audit(conn, services, identity, "door_code_viewed", home_id, case_id=str(case_id))
        now = services.clock.now()
        await store.write_down(conn, case_id, "door_code_viewed", actor_of(identity), now=now)
        await store.publish(conn, [case_id], now=now)
    return DoorCode(door_code=code)
