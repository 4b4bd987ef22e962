"""What stands behind a line, and what was set aside for a while."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field

from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.schemas import CaseSummary, Given, Shown
from cloud.api.texts import Text
from cloud.api.times import Instant
from cloud.cases import grouping, shelving, store
from cloud.cases.case import Actor

router = APIRouter(tags=["cases"])
Key = Annotated[str | None, Header(max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


class Callee(Shown):
    """A high-risk elder behind a line, who is to be called."""

    resident_id: UUID
    case_id: UUID
    name: str
    phones: list[str]


class CaseChildren(Shown):
    """The cases behind a line, and whom to call."""

    items: list[CaseSummary]
    call_list: list[Callee]


class Shelve(Given):
    """For how long, and why."""

    minutes: Annotated[int, Field(ge=1, le=480, examples=[120])]
    reason: Annotated[Text, Field(min_length=1, max_length=500, examples=["运营商割接，8 点恢复"])]


class ShelvedCase(Shown):
    """A case that is set aside, by whom, why and until when."""

    case: CaseSummary
    by: str
    reason: str
    at: Instant
    until: Instant


class ShelvedList(Shown):
    """Next to return first."""

    items: list[ShelvedCase]


@router.get("/cases/{case_id}/children", operation_id="list_case_children", response_model=CaseChildren)
async def list_case_children(
    case_id: UUID,
    identity: Caller,
    services: With,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
    after: Annotated[UUID | None, Query(description="the last one's `id`")] = None,
) -> Response:
    """The cases that a line stands for, with the call list of its high-risk elders; empty for any other."""
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        now = services.clock.now()
        items = await grouping.children(conn, case_id, limit=limit, after=after)
        callees = await grouping.call_list(conn, case_id, now=now)
        await audit(conn, services, identity, "call_list_viewed", case_id)
    return answer({"items": items, "call_list": callees})


@router.post("/cases/{case_id}/shelve", operation_id="shelve_case", response_model=CaseSummary)
async def shelve_case(
    case_id: UUID, body: Shelve, identity: Caller, services: With, idempotency_key: Key = None
) -> Response:
    """Set a technical case aside for at most eight hours; it returns by itself. Doing it again only moves its
    end. SOS, falls, smoke, gas and CO are refused (409).
    """
    actor = Actor(id=identity.id, name=identity.name, seat_id=identity.seat_id)
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        done = await shelving.shelve(
            conn, case_id, actor, minutes=body.minutes, reason=body.reason, key=idempotency_key,
            now=services.clock.now(),
        )  # fmt: skip
    return answer(done)


@router.delete("/cases/{case_id}/shelve", operation_id="unshelve_case", response_model=CaseSummary)
async def unshelve_case(case_id: UUID, identity: Caller, services: With) -> Response:
    """Bring a case back before its time; it rings."""
    actor = Actor(id=identity.id, name=identity.name, seat_id=identity.seat_id)
    async with services.pool.connection() as conn, conn.transaction():
        await store.summary(conn, case_id, identity)
        done = await shelving.unshelve(conn, case_id, actor, now=services.clock.now())
    return answer(done)


@router.get("/shelved", operation_id="list_shelved", response_model=ShelvedList)
async def list_shelved(
    identity: Caller,
    services: With,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    after: Annotated[UUID | None, Query(description="the last one's `case.id`")] = None,
) -> Response:
    """What is set aside, by whom, why and until when."""
    async with services.pool.connection() as conn, conn.transaction():
        items = await shelving.shelved(conn, identity, limit=limit, after=after)
    return answer({"items": items})
