"""The stages of a case: calling back, handing over, merging, sending somebody, orders, following up."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from cloud.api import desk_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import actor_of, answer, do
from cloud.api.pages import Paged, cut
from cloud.api.schemas import CaseSummary
from cloud.cases import dispatching, handing, merging, stages, store
from cloud.cases.detail import dispatch_shown
from cloud.cases.publish import find
from cloud.cases.summary import iso_or_none
from cloud.cases.whereabouts import whereabouts
from cloud.responders import store as responders
from cloud.responders.responder import Candidate

router = APIRouter(tags=["cases"])


@router.get("/seats", operation_id="list_seats", response_model=shapes.SeatList)
async def list_seats(identity: Caller, services: With, page: Paged) -> Response:
    """Who is at the desk now: to whom a case can be handed over."""
    async with services.pool.connection() as conn:
        items = await handing.living_seats(conn, identity, now=services.clock.now())
    return answer({"items": cut(items, page, lambda seat: seat.seat_id)})


@router.post("/cases/{case_id}/contact", operation_id="contact_case", response_model=CaseSummary)
async def contact_case(case_id: UUID, identity: Caller, services: With) -> Response:
    """The owner calls the home: the stage `contacting`."""
    return await do(services, identity, case_id, lambda c, a, now: stages.contact(c, case_id, a, now=now))


@router.post("/cases/{case_id}/call-back", operation_id="call_back_case", response_model=CaseSummary)
async def call_back_case(case_id: UUID, body: shapes.CallBack, identity: Caller, services: With) -> Response:
    """What the call came to. Nobody answering is an emergency (P1, kind `no_answer`), also after the end."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: stages.call_back(c, case_id, a, body.outcome, note=body.note, now=now),
    )


@router.post("/cases/{case_id}/hand-over", operation_id="hand_over_case", response_model=CaseSummary)
async def hand_over_case(case_id: UUID, body: shapes.HandOver, identity: Caller, services: With) -> Response:
    """Give it to somebody at a seat, who has 30 s to claim it, or (no `to`) to the queue."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: handing.hand_over(c, case_id, a, body.to, note=body.note, now=now),
    )


@router.post("/cases/{case_id}/supervisors", operation_id="tell_supervisors", response_model=CaseSummary)
async def tell_supervisors(
    case_id: UUID, body: shapes.OnlyNote, identity: Caller, services: With
) -> Response:
    """Ask the supervisors to look at a live case: on its timeline, and a frame `escalation` (`by_hand`)."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: handing.tell_supervisors(c, case_id, a, note=body.note, now=now),
    )


@router.post("/cases/{case_id}/take-over", operation_id="take_over_case", response_model=CaseSummary)
async def take_over_case(case_id: UUID, body: shapes.TakeOver, identity: Caller, services: With) -> Response:
    """A supervisor takes it from its owner, in its present stage; 409 (`talking_until`) during a call."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: handing.take_over(c, case_id, a, reason=body.reason, now=now),
    )


@router.post("/cases/{case_id}/merge", operation_id="merge_case", response_model=CaseSummary)
async def merge_case(case_id: UUID, body: shapes.Merge, identity: Caller, services: With) -> Response:
    """Its alarms go to the caller's own case `into`, which is the answer; both timelines tell it."""
    async with services.pool.connection() as conn, conn.transaction():
        for one in (case_id, body.into):
            await store.summary(conn, one, identity)
        now = services.clock.now()
        return answer(
            await merging.merge(conn, case_id, body.into, actor_of(identity), note=body.note, now=now)
        )


@router.post("/cases/{case_id}/service-order", operation_id="make_order", response_model=CaseSummary)
async def make_order(case_id: UUID, body: shapes.OnlyNote, identity: Caller, services: With) -> Response:
    """It is no emergency but something to be done: resolved as a service order."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: stages.make_order(c, case_id, a, note=body.note, now=now),
    )


@router.delete("/cases/{case_id}/service-order", operation_id="unmake_order", response_model=CaseSummary)
async def unmake_order(case_id: UUID, identity: Caller, services: With) -> Response:
    """It is an alarm after all, claimed by the caller; 409 (`existing_id`) where a newer case is live."""
    return await do(
        services, identity, case_id, lambda c, a, now: stages.unmake_order(c, case_id, a, now=now)
    )


@router.post("/cases/{case_id}/follow-up", operation_id="follow_up_case", response_model=CaseSummary)
async def follow_up_case(case_id: UUID, body: shapes.OnlyNote, identity: Caller, services: With) -> Response:
    """Somebody asked afterwards how it went."""
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: stages.follow_up(c, case_id, a, note=body.note, now=now),
    )


@router.get(
    "/cases/{case_id}/responders", operation_id="list_candidates", response_model=shapes.CandidateList
)
async def list_candidates(
    case_id: UUID,
    identity: Caller,
    services: With,
    page: Paged,
    skill: Annotated[list[str] | None, Query(max_length=10, description="skills that are needed")] = None,
) -> Response:
    """Who can be sent: free ones first, then who is there soonest. That their places were seen is kept."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        row = await find(conn, case_id)
        found = await dispatching.candidates(conn, row, needed=skill or (), now=services.clock.now())
        items = [_shown(one) for one in cut(found, page, lambda one: one.staff_id)]
        await audit(conn, services, identity, "responders_listed", case_id, count=len(items))
    return answer({"items": items})


def _shown(one: Candidate) -> dict[str, Any]:
    fields = {name: getattr(one, name) for name in shapes.Candidate.model_fields if hasattr(one, name)}
    place = one.position
    return fields | {
        "lat": None if place is None else place.lat,
        "lon": None if place is None else place.lon,
        "position_at": iso_or_none(one.position_at),
    }


@router.get("/cases/{case_id}/whereabouts", operation_id="get_whereabouts", response_model=shapes.Whereabouts)
async def get_whereabouts(case_id: UUID, identity: Caller, services: With) -> Response:
    """Home, fence and the newest position of a live case's people (409 afterwards); each look is kept."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        found = await whereabouts(conn, case_id, now=services.clock.now())
        await audit(conn, services, identity, "whereabouts_viewed", case_id, fix=found.fix is not None)
    return answer(found)


@router.post("/cases/{case_id}/dispatches", operation_id="dispatch_case", response_model=shapes.Dispatched)
async def dispatch_case(
    case_id: UUID, body: shapes.NewDispatch, identity: Caller, services: With
) -> Response:
    """Send somebody. They are called after 5 s; who does not answer within 60 s is followed by the next."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        now = services.clock.now()
        summary, dispatch_id = await dispatching.offer(
            conn, case_id, actor_of(identity), body.staff_id, chain=body.chain, now=now
        )
        made = await responders.find_dispatch(conn, dispatch_id)
        return answer({"case": summary, "dispatch": dispatch_shown(made)})
