"""Dispatches: what the desk and the responder do with them. A responder sees their own and no other."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Response

from cloud.access.access import Identity
from cloud.access.errors import NotFound
from cloud.api import desk_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import actor_of, answer
from cloud.api.schemas import CaseSummary, Dispatch
from cloud.api.services import Services
from cloud.cases import answers, store
from cloud.cases.case import LIVE, Actor
from cloud.cases.detail import dispatch_shown
from cloud.cases.publish import find, publish
from cloud.cases.summary import CaseSummary as Summary
from cloud.cases.summary import Frozen
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.registry.store import find_door_code
from cloud.responders import photos
from cloud.responders import store as responders
from cloud.responders.responder import MAY_ENTER, RUNNING, DispatchState

router = APIRouter(tags=["dispatches"])
Act = Callable[[Connection, Actor, datetime], Awaitable[Summary]]
_RESPONDER: Final = "responder"


async def visible(conn: Connection, identity: Identity, dispatch_id: UUID) -> dict[str, Any]:
    """The dispatch, where it is the responder's own, or the caller may see its case."""
    found = await responders.find_dispatch(conn, dispatch_id)
    if identity.role == _RESPONDER:
        if found["staff_id"] != identity.id:
            raise responders.no_such_dispatch()
    else:
        await store.summary(conn, found["case_id"], identity)
    return found


async def _act(services: Services, identity: Identity, dispatch_id: UUID, act: Act) -> Response:
    """One deed in one transaction; the responder gets the dispatch, so does the desk."""
    async with services.pool.connection() as conn, conn.transaction():
        await visible(conn, identity, dispatch_id)
        await act(conn, actor_of(identity), services.clock.now())
        return answer(dispatch_shown(await responders.find_dispatch(conn, dispatch_id)))


async def _detail(conn: Connection, found: dict[str, Any]) -> dict[str, Any]:
    row = await find(conn, found["case_id"])
    late = found["state"] == DispatchState.NO_ANSWER and row["state"] in LIVE  # and still welcome
    running = late or found["state"] in RUNNING
    place = row["place"] or {}
    frozen = msgspec.convert(row["frozen"], Frozen)
    resident = frozen.resident if running else None
    shown: dict[str, Any] = msgspec.to_builtins(dispatch_shown(found))
    return shown | {
        "photos": await photos.count(conn, found["id"]),
        "case_number": row["number"],
        "case_state": row["state"],
        "priority": row["priority"],
        "kinds": row["kinds"],
        "fire_suspected": row["fire_suspected"],
        "resident_name": None if resident is None else resident.name,
        "place": place.get("text") if running else None,
        "incident_room": place.get("incident_room") if running else None,
        "lat": place.get("lat") if running else None,
        "lon": place.get("lon") if running else None,
    }


@router.get("/dispatches", operation_id="list_own_dispatches", response_model=shapes.DispatchList)
async def list_own_dispatches(
    identity: Caller,
    services: With,
    running: Annotated[
        bool, Query(description="only those that have not ended, or that one may still accept")
    ] = True,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[UUID | None, Query(description="a dispatch's id")] = None,
) -> Response:
    """The responder's own, newest first; `seq` is where the live feed goes on from here."""
    async with services.pool.connection() as conn, conn.transaction():
        seq = await feed.position(conn)
        rows = await responders.of_staff(conn, identity.id, running=running, limit=limit, before=before)
        items = [await _detail(conn, row) for row in rows]
        await audit(conn, services, identity, "dispatches_listed", "dispatches", count=len(items))
    return answer({"items": items, "seq": seq})


@router.get("/dispatches/{dispatch_id}", operation_id="get_dispatch", response_model=shapes.DispatchDetail)
async def get_dispatch(dispatch_id: UUID, identity: Caller, services: With) -> Response:
    """One dispatch with its case in short."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await _detail(conn, await visible(conn, identity, dispatch_id))
        await audit(conn, services, identity, "dispatch_viewed", dispatch_id)
    return answer(found)


@router.post("/dispatches/{dispatch_id}/undo", operation_id="undo_dispatch", response_model=CaseSummary)
async def undo_dispatch(dispatch_id: UUID, identity: Caller, services: With) -> Response:
    """Within 5 s: nobody has been called yet. 409 afterwards."""
    async with services.pool.connection() as conn, conn.transaction():
        await visible(conn, identity, dispatch_id)
        now = services.clock.now()
        return answer(await answers.undo(conn, dispatch_id, actor_of(identity), now=now))


@router.post("/dispatches/{dispatch_id}/recall", operation_id="recall_dispatch", response_model=Dispatch)
async def recall_dispatch(
    dispatch_id: UUID, body: shapes.Reason, identity: Caller, services: With
) -> Response:
    """They are not needed, and are told."""
    return await _act(
        services,
        identity,
        dispatch_id,
        lambda c, a, now: answers.recall(c, dispatch_id, a, reason=body.reason, now=now),
    )


@router.post("/dispatches/{dispatch_id}/accept", operation_id="accept_dispatch", response_model=Dispatch)
async def accept_dispatch(
    dispatch_id: UUID, body: shapes.Accept, identity: Caller, services: With
) -> Response:
    """They go; from now on the way in is theirs to see."""
    return await _act(
        services,
        identity,
        dispatch_id,
        lambda c, a, now: answers.accept(c, dispatch_id, a, eta_minutes=body.eta_minutes, now=now),
    )


@router.post("/dispatches/{dispatch_id}/refuse", operation_id="refuse_dispatch", response_model=Dispatch)
async def refuse_dispatch(
    dispatch_id: UUID, body: shapes.Reason, identity: Caller, services: With
) -> Response:
    """They cannot: the next one is asked."""
    return await _act(
        services,
        identity,
        dispatch_id,
        lambda c, a, now: answers.refuse(c, dispatch_id, a, reason=body.reason, now=now),
    )


@router.post("/dispatches/{dispatch_id}/eta", operation_id="set_dispatch_eta", response_model=Dispatch)
async def set_dispatch_eta(dispatch_id: UUID, body: shapes.Eta, identity: Caller, services: With) -> Response:
    """They will be there at another time."""
    return await _act(
        services,
        identity,
        dispatch_id,
        lambda c, a, now: answers.estimate(c, dispatch_id, a, eta_minutes=body.eta_minutes, now=now),
    )


@router.post("/dispatches/{dispatch_id}/arrive", operation_id="arrive_dispatch", response_model=Dispatch)
async def arrive_dispatch(dispatch_id: UUID, identity: Caller, services: With) -> Response:
    """They are there."""
    return await _act(
        services, identity, dispatch_id, lambda c, a, now: answers.arrive(c, dispatch_id, a, now=now)
    )


@router.post("/dispatches/{dispatch_id}/finish", operation_id="finish_dispatch", response_model=Dispatch)
async def finish_dispatch(
    dispatch_id: UUID, body: shapes.Finish, identity: Caller, services: With
) -> Response:
    """They are done, and say what it was; from now on the way in is closed to them."""
    return await _act(
        services,
        identity,
        dispatch_id,
        lambda c, a, now: answers.finish(c, dispatch_id, a, outcome=body.outcome, note=body.note, now=now),
    )


@router.post("/dispatches/{dispatch_id}/way-in", operation_id="show_way_in", response_model=shapes.WayIn)
async def show_way_in(dispatch_id: UUID, identity: Caller, services: With) -> Response:
    """How to get in, from accepting until it is done; who looked is on the timeline and audited."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await visible(conn, identity, dispatch_id)
        if found["state"] not in MAY_ENTER:
            raise NotFound("接受派单后、完成前才能查看", "shown from accepting until it is done")
        row = await find(conn, found["case_id"])
        code = None
        if row["home_id"] is not None:
            code = await find_door_code(conn, services.seal, row["home_id"])
        await audit(conn, services, identity, "way_in_viewed", dispatch_id)
        now = services.clock.now()
        words = {"dispatch_id": str(dispatch_id)}
        await store.write_down(conn, row["id"], "door_code_viewed", actor_of(identity), data=words, now=now)
        await publish(conn, [row["id"]], now=now)
    access = msgspec.convert(row["frozen"], Frozen).access
    return answer({"access_note": access.note, "door_code": code})
