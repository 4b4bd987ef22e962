"""What operators observe of an elder, the elder's own limits, and the score of what is known."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

import msgspec
from fastapi import APIRouter, Header, Query
from pydantic import ValidationError

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput, NotFound
from cloud.alarms import observations
from cloud.alarms.news2 import PARAMETERS, Score, label
from cloud.alarms.observations import Observed
from cloud.alarms.person import Person, read_limits
from cloud.alarms.rule_versions import CURRENT
from cloud.api import observation_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.registry_routes import check_area
from cloud.database.pool import Connection
from cloud.registry import changes, people

router = APIRouter(prefix="/residents/{resident_id}", tags=["residents"])

_OLDEST: Final = timedelta(days=1)
_NOTICE: Final = "Information, not a medical alarm device. © Royal College of Physicians 2017, NEWS2."
_NOTICE_ZH: Final = "仅为信息，不是医疗报警设备。NEWS2 © 英国皇家内科医师学会 2017。"
Key = Annotated[str | None, Header(max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


async def _check_visible(conn: Connection, identity: Identity, resident_id: UUID, now: datetime) -> None:
    row = await people.find_resident(conn, at=now, resident_id=resident_id)
    if not identity.sees(row.area_code, row.org_id):
        raise NotFound("没有这位老人", "there is no such resident", id=str(resident_id))


@router.post(
    "/observations",
    operation_id="enter_observation",
    status_code=201,
    response_model=shapes.ObservationEntered,
)
async def enter_observation(
    resident_id: UUID,
    body: shapes.NewObservation,
    identity: Caller,
    services: With,
    idempotency_key: Key = None,
) -> shapes.ObservationEntered:
    """Enter what was heard or read; it is judged within a second. The same Idempotency-Key enters it once."""
    now = services.clock.now()
    at = body.at or now
    if not now - _OLDEST <= at <= now:
        raise InvalidInput("at 须在过去 24 小时内", "`at` must lie within the last 24 hours")
    async with services.pool.connection() as conn, conn.transaction():
        await _check_visible(conn, identity, resident_id, now)
        entered = await observations.enter(
            conn, resident_id, _observed(body), at=at, by=identity.actor, key=idempotency_key, now=now
        )
        score, person = await observations.news2_now(conn, resident_id, now=now)
        await audit(conn, services, identity, "observation_entered", resident_id, id=str(entered))
    return shapes.ObservationEntered(id=entered, news2=_news2(score, person))


@router.get("/observations", operation_id="list_observations", response_model=shapes.ObservationPage)
async def list_observations(
    resident_id: UUID,
    identity: Caller,
    services: With,
    before: Annotated[UUID | None, Query(description="an entry's id")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="entries, each of one or several things")] = 50,
) -> shapes.ObservationPage:
    """What was entered about an elder, newest first."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await _check_visible(conn, identity, resident_id, now)
        found = await observations.page(conn, resident_id, before=before, limit=limit)
        await audit(conn, services, identity, "health_viewed", resident_id, kind="observations")
    items = [shapes.ObservationShown.model_validate(row, from_attributes=True) for row in found]
    more = len({item.id for item in items}) == limit
    return shapes.ObservationPage(items=items, next=items[-1].id if more else None)


@router.get("/news2", operation_id="get_news2", response_model=shapes.News2)
async def get_news2(resident_id: UUID, identity: Caller, services: With) -> shapes.News2:
    """The score of what is known now, each value with its age and method; a partial one says so."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await _check_visible(conn, identity, resident_id, now)
        score, person = await observations.news2_now(conn, resident_id, now=now)
        await audit(conn, services, identity, "health_viewed", resident_id, kind="news2")
    return _news2(score, person)


@router.put("/limits", operation_id="set_resident_limits", response_model=shapes.ResidentLimitsShown)
async def set_resident_limits(
    resident_id: UUID,
    body: shapes.ResidentLimits,
    identity: Caller,
    services: With,
    revision: Annotated[int | None, Query(ge=1, description="the one that was read; 409: it is old")] = None,
) -> shapes.ResidentLimitsShown:
    """Replace an elder's own limits, such as a clinician's order; what was before is in the audit trail."""
    limits: dict[str, Any] = body.model_dump(exclude_none=True, exclude_defaults=True)
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        check_area(identity, await people.lock_resident(conn, resident_id))
        before = await people.find_resident(conn, at=now, resident_id=resident_id)
        if revision not in (None, before.revision):
            raise await changes.changed_meanwhile(conn, resident_id, before.revision)
        revised = await observations.set_limits(conn, resident_id, limits)
        await audit(conn, services, identity, "limits_set", resident_id, before=before.limits, after=limits)
    return _limits(limits, revised)


@router.get("/limits", operation_id="get_resident_limits", response_model=shapes.ResidentLimitsShown)
async def get_resident_limits(
    resident_id: UUID, identity: Caller, services: With
) -> shapes.ResidentLimitsShown:
    """An elder's own limits as they are kept, and the product's bands that hold for what they leave out."""
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await _check_visible(conn, identity, resident_id, now)
        row = await people.find_resident(conn, at=now, resident_id=resident_id)
        await audit(conn, services, identity, "health_viewed", resident_id, kind="limits")
    return _limits(row.limits, row.revision)


def _limits(kept: dict[str, Any], revision: int) -> shapes.ResidentLimitsShown:
    """What the rules take of what is kept, which may be older than what this route would take."""
    found = read_limits(kept)
    taken: dict[str, Any] = {"bands": {}}
    bands = msgspec.to_builtins(found.bands)
    for name, value in [*kept.items(), *((f"bands.{kind}", band) for kind, band in bands.items())]:
        field, _, kind = name.partition(".")
        with suppress(ValidationError):
            one = shapes.ResidentLimits.model_validate({field: {kind: value} if kind else value})
            if kind:
                taken["bands"][kind] = value
            elif field != "bands":
                taken |= one.model_dump(include={field})
    return shapes.ResidentLimitsShown(
        limits=shapes.ResidentLimits.model_validate(taken),
        not_understood=list(found.problems),
        product={kind: msgspec.to_builtins(band) for kind, band in CURRENT.bands.items()},
        revision=revision,
    )


def _observed(body: shapes.NewObservation) -> list[Observed]:
    found = [
        Observed(kind=reading.kind, value=reading.value, method=reading.method) for reading in body.readings
    ]
    found += [Observed(kind="symptom", text=symptom) for symptom in body.symptoms]
    if body.consciousness is not None:
        found.append(Observed(kind="consciousness", text=body.consciousness))
    if body.oxygen is not None:
        found.append(Observed(kind="oxygen", value=float(body.oxygen)))
    return found


def _news2(score: Score, person: Person) -> shapes.News2:
    zh, en = label(score)
    return shapes.News2(
        at=score.at,
        news2=score.total if score.complete else None,
        sum_of_known=score.total,
        confirmed_sum=score.confirmed_total,
        known=score.known,
        of=len(PARAMETERS),
        label=en,
        label_zh=zh,
        scale=cast("Literal[1, 2]", score.scale),
        ordered_by=person.limits.ordered_by,
        parameters=[_parameter(msgspec.structs.asdict(scored)) for scored in score.parameters],
        missing=cast("list[shapes.Parameter]", list(score.missing)),
        estimates=[
            shapes.News2Estimate.model_validate(estimate, from_attributes=True)
            for estimate in score.estimates
        ],
        limits_not_understood=list(person.limits.problems),
        rule_version=score.rule_version,
        notice=_NOTICE,
        notice_zh=_NOTICE_ZH,
    )


def _parameter(scored: dict[str, Any]) -> shapes.News2Parameter:
    confirmed = scored.pop("confirmed")
    return shapes.News2Parameter.model_validate(scored | {"confirmed_points": confirmed})
