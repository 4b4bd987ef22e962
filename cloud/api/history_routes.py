"""Finding residents, what became of them, and of a bed; and a case that somebody opens by hand."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Response

from cloud.access.errors import NotFound
from cloud.alarms.alarm import AlarmDraft
from cloud.api import history_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import actor_of, answer
from cloud.api.schemas import CaseSummary
from cloud.api.texts import Word
from cloud.api.trend_routes import visible_bed
from cloud.cases import history
from cloud.cases import store as cases
from cloud.cases.intake import take_alarm
from cloud.registry import beds, people, search
from cloud.registry.registry import age_on, china_date, place_text
from firmware_specs.kinds import EVENTS

router = APIRouter(tags=["residents"])

Limit = Annotated[int, Query(ge=1, le=100)]
Before = Annotated[int | None, Query(ge=1, le=2**62, description="a case's `number`")]
_CALL = EVENTS["phone_call"]
_RULE = "by-hand-1"


@router.get("/residents", operation_id="search_residents", response_model=shapes.ResidentHits)
async def search_residents(
    identity: Caller,
    services: With,
    text: Annotated[Word, Query(alias="search", min_length=1, description="name, pinyin, phone ...")],
    limit: Limit = 20,
    after: Annotated[int, Query(ge=0, le=10_000, description="how many were shown already")] = 0,
) -> shapes.ResidentHits:
    """By name, pinyin, four digits of a telephone, address, device or bed; who searched is written down."""
    now = services.clock.now()
    today = china_date(now.timestamp())
    async with services.pool.connection() as conn, conn.transaction():
        found = await search.find_residents(conn, text, identity, at=now, limit=limit, after=after)
        await audit(
            conn, services, identity, "residents_searched", "residents", search=text, count=len(found)
        )
    return shapes.ResidentHits(
        items=[
            shapes.ResidentHit(
                id=hit.id,
                matched=hit.matched,
                name=hit.name,
                sex=hit.sex,
                age=age_on(hit.birth_date, today),
                area=hit.area,
                place=place_text(hit.street, hit.compound, hit.building, hit.unit, hit.room),
                bed_id=hit.bed_id,
                bed_label=hit.label or "",
                state=hit.state,
                open_case_id=hit.case_id,
            )
            for hit in found
        ]
    )


@router.get(
    "/residents/{resident_id}/cases", operation_id="list_resident_cases", response_model=shapes.CasesOf
)
async def list_resident_cases(
    resident_id: UUID, identity: Caller, services: With, limit: Limit = 20, before: Before = None
) -> Response:
    """The cases of an elder, newest first."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        row = await people.find_resident(conn, at=now, resident_id=resident_id)
        if not identity.sees(row.area_code, row.org_id):
            raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))
        items = await history.cases_of(conn, "resident", resident_id, identity, limit=limit, before=before)
        await audit(conn, services, identity, "cases_listed", resident_id, count=len(items))
    return answer({"items": items})


@router.get("/beds/{bed_id}", operation_id="get_bed", response_model=shapes.BedDetail)
async def get_bed(bed_id: UUID, identity: Caller, services: With) -> shapes.BedDetail:
    """Who lived in a bed, what was installed at it, and when they were away."""
    now = services.clock.now()
    today = china_date(now.timestamp())
    async with services.pool.connection() as conn, conn.transaction():
        await visible_bed(conn, identity, bed_id)
        found = await beds.history_of(conn, bed_id, at=now)
        await audit(conn, services, identity, "bed_viewed", bed_id)
    card = found.card
    return shapes.BedDetail(
        id=card.id,
        label=card.label,
        home_id=card.home_id,
        area=card.area,
        place=place_text(card.street, card.compound, card.building, card.unit, card.room),
        stays=[
            shapes.BedStay.model_validate(
                msgspec.structs.asdict(stay) | {"age": age_on(stay.birth_date, today)}, extra="ignore"
            )
            for stay in found.stays
        ],
        installations=[
            shapes.BedInstallation.model_validate(one, from_attributes=True) for one in found.installations
        ],
        states=[shapes.BedState.model_validate(state, from_attributes=True) for state in found.states],
    )


@router.get("/beds/{bed_id}/cases", operation_id="list_bed_cases", response_model=shapes.CasesOf)
async def list_bed_cases(
    bed_id: UUID, identity: Caller, services: With, limit: Limit = 20, before: Before = None
) -> Response:
    """The cases of those who lived in a bed, opened while they did, newest first."""
    async with services.pool.connection() as conn, conn.transaction():
        await visible_bed(conn, identity, bed_id)
        items = await history.cases_of(conn, "bed", bed_id, identity, limit=limit, before=before)
        await audit(conn, services, identity, "cases_listed", bed_id, count=len(items))
    return answer({"items": items})


@router.post(
    "/residents/{resident_id}/case",
    operation_id="open_case_by_hand",
    status_code=201,
    response_model=CaseSummary,
)
async def open_case_by_hand(
    resident_id: UUID, body: shapes.CaseByHand, identity: Caller, services: With
) -> Response:
    """A case without an alarm, claimed by who opens it; where one is open already, the note goes there."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        row = await people.find_resident(conn, at=now, resident_id=resident_id)
        if not identity.sees(row.area_code, row.org_id):
            raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))
        draft = AlarmDraft(
            subject_kind="system" if row.home_id is None else "home",
            subject_id=f"resident-{resident_id}" if row.home_id is None else str(row.home_id),
            alarm_class=_CALL.alarm_class,
            kind=_CALL.name,
            priority=_CALL.priority,
            home_id=row.home_id,
            resident_id=resident_id,
            area_code=row.area_code,
            org_id=row.org_id,
            occurred_at=now,
            received_at=now,
            reasons=("by_hand",),
            rule_version=_RULE,
        )
        taken = await take_alarm(conn, draft, now)
        actor = actor_of(identity)
        await cases.write_down(conn, taken.case_id, "note", actor, data={"text": body.note}, now=now)
        await audit(conn, services, identity, "case_opened_by_hand", resident_id, case_id=str(taken.case_id))
        if taken.opened:
            await cases.claim(conn, taken.case_id, actor, now=now)
        else:
            await cases.publish(conn, [taken.case_id], now=now)
        found = await cases.summary(conn, taken.case_id, identity)
    return Response(msgspec.json.encode(found), 201, media_type="application/json")
