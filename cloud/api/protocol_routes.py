"""Protocols: what is to be done about each kind of alarm, and how far a case is with it."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Response

from cloud.api import protocol_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer, do
from cloud.api.pages import Paged, cut
from cloud.api.schemas import CaseSummary
from cloud.cases import following
from cloud.cases.summary import iso
from cloud.protocols import store
from cloud.protocols.protocol import KINDS, Phrase, Protocol, Step
from cloud.registry.store import require_whole

router = APIRouter(tags=["protocols"])
Key = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,64}$", description="such as `fall`")]


@router.get("/protocols", operation_id="list_protocols", response_model=shapes.ProtocolList)
async def list_protocols(identity: Caller, services: With, page: Paged) -> Response:
    """The newest version of each protocol, gravest first."""
    async with services.pool.connection() as conn:
        found = await store.newest(conn)
    return answer({"items": [_protocol(one) for one in cut(found, page, lambda one: one.key)]})


@router.get("/protocols/{key}", operation_id="list_protocol_versions", response_model=shapes.ProtocolList)
async def list_protocol_versions(key: Key, identity: Caller, services: With, page: Paged) -> Response:
    """Every version of a protocol, newest first."""
    async with services.pool.connection() as conn:
        found = await store.versions(conn, key)
    return answer({"items": [_protocol(one) for one in cut(found, page, lambda one: one.version)]})


@router.put("/protocols/{key}", operation_id="set_protocol", response_model=shapes.Protocol)
async def set_protocol(key: Key, body: shapes.ProtocolGiven, identity: Caller, services: With) -> Response:
    """The next version, for cases that are opened from now on; 409 (`version`) where somebody was quicker."""
    async with services.pool.connection() as conn, conn.transaction():
        await require_whole(conn, identity)
        made = await store.write(
            conn,
            key,
            edited=body.version,
            name_zh=body.name_zh,
            name_en=body.name_en,
            steps=tuple(msgspec.convert(step.model_dump(), Step) for step in body.steps),
            phrases=tuple(msgspec.convert(phrase.model_dump(), Phrase) for phrase in body.phrases),
            by=identity.name,
            now=services.clock.now(),
        )
        await audit(conn, services, identity, "protocol_set", key, version=made.version)
    return answer(_protocol(made))


@router.get("/cases/{case_id}/protocol", operation_id="get_case_protocol", response_model=shapes.CaseProtocol)
async def get_case_protocol(case_id: UUID, identity: Caller, services: With) -> Response:
    """The steps of a case, ticked by what its timeline says."""
    async with services.pool.connection() as conn:
        return answer(await following.shown(conn, case_id, identity))


@router.post("/cases/{case_id}/protocol/ticks", operation_id="tick_step", response_model=CaseSummary)
async def tick_step(case_id: UUID, body: shapes.StepTick, identity: Caller, services: With) -> Response:
    """The owner ticks a step; once more changes nothing. 409 where the case follows another protocol by
    now.
    """
    return await do(
        services,
        identity,
        case_id,
        lambda c, a, now: following.tick(
            c, case_id, a, key=body.key, version=body.version, number=body.step, needed=body.needed, now=now
        ),
    )


def _protocol(one: Protocol) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(one)
    return shown | {"kinds": KINDS.get(one.key, ()), "changed_at": iso(one.changed_at)}
