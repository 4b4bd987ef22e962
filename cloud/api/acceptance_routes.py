"""A technician's checklist of a home: found, begun, walked step by step, finished, looked at afterwards."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from cloud.acceptance import evidence, store
from cloud.acceptance.acceptance import Step
from cloud.acceptance.steps import steps, unproven
from cloud.access.access import Identity
from cloud.access.acts import Act
from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.api import acceptance_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.services import Services
from cloud.api.texts import Word
from cloud.database.pool import Connection
from cloud.registry.registry import place_text
from cloud.registry.store import find_home

router = APIRouter(tags=["acceptance"])


@router.get("/checklists/homes", operation_id="find_checklist_homes", response_model=shapes.ChecklistHomes)
async def find_checklist_homes(
    identity: Caller,
    services: With,
    text: Annotated[Word, Query(alias="search", min_length=1, description="gateway, device, bed, address")],
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    after: Annotated[int, Query(ge=0, le=10_000, description="how many were shown already")] = 0,
) -> shapes.ChecklistHomes:
    """Homes by the id of a gateway, device or bed, or by address; no names of people."""
    async with services.pool.connection() as conn:
        now = services.clock.now()
        found = await store.find_homes(conn, text, identity, at=now, limit=limit, after=after)
    return shapes.ChecklistHomes(
        items=[
            shapes.ChecklistHome(
                place=place_text(hit.street, hit.compound, hit.building, hit.unit, hit.room),
                **{name: getattr(hit, name) for name in shapes.ChecklistHome.model_fields if name != "place"},
            )
            for hit in found
        ]
    )


@router.post(
    "/homes/{home_id}/checklists",
    operation_id="begin_checklist",
    status_code=201,
    response_model=shapes.Checklist,
)
async def begin_checklist(home_id: UUID, identity: Caller, services: With) -> shapes.Checklist:
    """Begin a checklist; where one is open, go on with it. One that is open for 12 hours is given up."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await _check_home(conn, home_id, identity)
        made, fresh = await store.begin(conn, home_id=home_id, name=identity.name, now=now)
        action: Act = "checklist_begun" if fresh else "checklist_joined"
        await audit(conn, services, identity, action, made, home_id=str(home_id))
        found = await store.find(conn, made, identity)
        gateways = await evidence.gateways_of(conn, found.checklist, now)
        await store.ask_gateways(conn, gateways, issued_by=identity.actor, now=now)
        return await _shown(conn, found, services)


@router.get("/homes/{home_id}/checklists", operation_id="list_checklists", response_model=shapes.Checklists)
async def list_checklists(
    home_id: UUID,
    identity: Caller,
    services: With,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[UUID | None, Query(description="the last one's `id`")] = None,
) -> shapes.Checklists:
    """What was checked in a home, newest first."""
    async with services.pool.connection() as conn:
        await _check_home(conn, home_id, identity)
        found = await store.list_of_home(conn, home_id, limit=limit, before=before)
    entries = []
    for one in found:
        passed = sum(step.state == "passed" for step in one.steps or ())
        about = {
            name: getattr(one, name) for name in shapes.ChecklistEntry.model_fields if hasattr(one, name)
        }
        about |= {"passed": passed, "reasons": len(one.steps or ()) - passed}
        entries.append(shapes.ChecklistEntry(**about))
    return shapes.Checklists(items=entries)


@router.get("/checklists/{checklist_id}", operation_id="get_checklist", response_model=shapes.Checklist)
async def get_checklist(checklist_id: UUID, identity: Caller, services: With) -> shapes.Checklist:
    """The steps: as they are now, or as they were at the end; a look at an ended one is written down."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find(conn, checklist_id, identity)
        if found.checklist.ended_at is not None:
            await audit(conn, services, identity, "checklist_viewed", checklist_id)
        return await _shown(conn, found, services)


@router.post("/checklists/{checklist_id}/ping", operation_id="ping_gateways", response_model=shapes.Checklist)
async def ping_gateways(checklist_id: UUID, identity: Caller, services: With) -> shapes.Checklist:
    """Ask the home's gateways to answer at once: round trip and clock."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_open(conn, checklist_id, identity)
        gateways = await evidence.gateways_of(conn, found.checklist, now)
        await store.ask_gateways(conn, gateways, issued_by=identity.actor, now=now)
        return await _shown(conn, found, services)


@router.post(
    "/checklists/{checklist_id}/test-mode", operation_id="set_test_mode", response_model=shapes.Checklist
)
async def set_test_mode(
    checklist_id: UUID, body: shapes.NewTestMode, identity: Caller, services: With
) -> shapes.Checklist:
    """Alarms of every device of the home are tests for a while; it ends by itself."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_open(conn, checklist_id, identity)
        await _test_mode(conn, found, body.minutes, identity, services)
        await audit(conn, services, identity, "test_mode_set", checklist_id, minutes=body.minutes)
        return await _shown(conn, await store.find(conn, checklist_id, identity), services)


@router.post(
    "/checklists/{checklist_id}/reasons", operation_id="give_reason", response_model=shapes.Checklist
)
async def give_reason(
    checklist_id: UUID, body: shapes.NewReason, identity: Caller, services: With
) -> shapes.Checklist:
    """Write down why a step is not passed."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_open(conn, checklist_id, identity)
        if body.step not in {step.key for step in await _steps(conn, found, services)}:
            raise NotFound("没有这一项", "there is no such step", step=body.step)
        await store.give_reason(conn, checklist_id, body.step, body.reason)
        await audit(
            conn, services, identity, "checklist_reason", checklist_id, step=body.step, reason=body.reason
        )
        return await _shown(conn, await store.find(conn, checklist_id, identity), services)


@router.post(
    "/checklists/{checklist_id}/phone-proof", operation_id="prove_modem", response_model=shapes.Checklist
)
async def prove_modem(
    checklist_id: UUID, body: shapes.NewPhoneProof, identity: Caller, services: With
) -> shapes.Checklist:
    """Let the gateway's own modem send a code to the technician's telephone, or ring it."""
    now = services.clock.now()
    number = body.number.replace(" ", "").replace("-", "")
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_open(conn, checklist_id, identity)
        await _with_modem(conn, found, body.gateway, services)
        await store.use_modem(conn, body.gateway, body.how, number, issued_by=identity.actor, now=now)
        await audit(conn, services, identity, "modem_tried", body.gateway, how=body.how)
        return await _shown(conn, found, services)


@router.post(
    "/checklists/{checklist_id}/phone-code", operation_id="give_code", response_model=shapes.Checklist
)
async def give_code(
    checklist_id: UUID, body: shapes.GivenCode, identity: Caller, services: With
) -> shapes.Checklist:
    """Give back the code that came by SMS: the modem's messages arrive."""
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_open(conn, checklist_id, identity)
        await _with_modem(conn, found, body.gateway, services)
        await store.take_code(conn, found.checklist, body.gateway, body.code)
        await audit(conn, services, identity, "modem_proven", body.gateway)
        return await _shown(conn, await store.find(conn, checklist_id, identity), services)


@router.post(
    "/checklists/{checklist_id}/finish", operation_id="finish_checklist", response_model=shapes.Checklist
)
async def finish_checklist(checklist_id: UUID, identity: Caller, services: With) -> shapes.Checklist:
    """Keep the steps as they are; 409 with `missing` while one is neither passed nor has a reason."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        found = await store.find_open(conn, checklist_id, identity)
        present = await _steps(conn, found, services)
        missing = unproven(present)
        if missing:
            raise Conflict(
                f"还有 {len(missing)} 项没有通过，也没有写原因",
                f"{len(missing)} steps are neither passed nor have a reason",
                missing=missing,
            )
        await _test_mode(conn, found, 0, identity, services)
        await store.finish(conn, checklist_id, present, name=identity.name, now=now)
        reasons = {step.key: step.reason for step in present if step.state != "passed"}
        await audit(conn, services, identity, "checklist_finished", checklist_id, reasons=reasons)
        return await _shown(conn, await store.find(conn, checklist_id, identity), services)


async def _check_home(conn: Connection, home_id: UUID, identity: Identity) -> None:
    belongs = await find_home(conn, home_id)
    if not identity.sees(belongs.area_code, belongs.org_id):
        raise NotFound("没有这个住户", "there is no such home", id=str(home_id))


async def _with_modem(conn: Connection, found: store.Found, gateway_id: str, services: Services) -> None:
    """Raise InvalidInput for a gateway that does not serve this home, or has no modem."""
    gateways = await evidence.gateways_of(conn, found.checklist, services.clock.now())
    if not any(gateway.id == gateway_id and gateway.modem for gateway in gateways):
        raise InvalidInput("该网关没有调制解调器", "this gateway has no modem", field="gateway")


async def _test_mode(
    conn: Connection, found: store.Found, minutes: int, identity: Identity, services: Services
) -> None:
    now = services.clock.now()
    await store.set_test_mode(
        conn,
        found.checklist,
        await evidence.gateways_of(conn, found.checklist, now),
        [device.id for device in await evidence.devices_of(conn, found.checklist, now)],
        minutes=minutes,
        issued_by=identity.actor,
        now=now,
    )


async def _steps(conn: Connection, found: store.Found, services: Services) -> list[Step]:
    """As they were at the end, or as they are now."""
    checklist, now = found.checklist, services.clock.now()
    if checklist.steps is not None:
        return checklist.steps
    gateways = await evidence.gateways_of(conn, checklist, now)
    devices = await evidence.devices_of(conn, checklist, now)
    return steps(gateways, devices, checklist.reasons, now)


async def _shown(conn: Connection, found: store.Found, services: Services) -> shapes.Checklist:
    checklist, now = found.checklist, services.clock.now()
    present = await _steps(conn, found, services)
    running = checklist.test_until is not None and checklist.test_until > now
    return shapes.Checklist(
        id=checklist.id,
        home_id=checklist.home_id,
        place=place_text(*found.place),
        started_by_name=checklist.started_by_name,
        started_at=checklist.started_at,
        at=now if checklist.ended_at is None else checklist.ended_at,
        test_until=checklist.test_until if running else None,
        ended_by_name=checklist.ended_by_name,
        ended_at=checklist.ended_at,
        outcome=checklist.outcome,
        steps=[shapes.ChecklistStep.model_validate(step, from_attributes=True) for step in present],
        missing=[] if checklist.ended_at is not None else unproven(present),
    )
