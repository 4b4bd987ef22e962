"""Escalation policies, duty schedules and holidays for supervisors, and the holes in the chain."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Path, Response

from cloud.api import escalation_schemas as shapes
from cloud.api.auditing import audit
from cloud.api.callers import Caller, With
from cloud.api.case_routes import answer
from cloud.api.pages import Paged, cut
from cloud.cases import gaps, policies, schedule
from cloud.cases.escalation import Policy, Step
from cloud.cases.schedule import Schedule, Shift
from cloud.registry.store import require_whole

router = APIRouter(tags=["escalation"])
Year = Annotated[int, Path(ge=2000, le=2199)]


@router.get("/escalation/policies", operation_id="list_policies", response_model=shapes.PolicyList)
async def list_policies(identity: Caller, services: With, page: Paged) -> Response:
    """Policies that concern the caller's area: its own, those above it and everybody's."""
    async with services.pool.connection() as conn:
        found = await policies.policies(conn)
    items = [one for one in found if policies.concerns(identity, one.area_code, one.org_id)]
    return answer({"items": cut(items, page, lambda one: one.id)})


@router.put("/escalation/policies/{policy_id}", operation_id="set_policy", response_model=shapes.Policy)
async def set_policy(policy_id: UUID, body: shapes.PolicyGiven, identity: Caller, services: With) -> Response:
    """A new policy (version 0) or the next version of one; 409 (`version`) where somebody was quicker."""
    steps = tuple(msgspec.convert(step.model_dump(), Step) for step in body.steps)
    plain = body.model_dump(exclude={"steps", "retired"})
    given = Policy(id=policy_id, steps=steps, **plain)
    async with services.pool.connection() as conn, conn.transaction():
        now = services.clock.now()
        made = await policies.write_policy(conn, given, identity, retired=body.retired, now=now)
        await audit(conn, services, identity, "policy_set", policy_id, version=made.version)
    return answer(made)


@router.get("/duty/schedules", operation_id="list_schedules", response_model=shapes.ScheduleList)
async def list_schedules(identity: Caller, services: With, page: Paged) -> Response:
    """Schedules that concern the caller's area, with who is on duty now."""
    now = services.clock.now()
    async with services.pool.connection() as conn:
        found = await policies.schedules(conn)
        calendar = await policies.calendar(conn, now)
    mine = [one for one in found if policies.concerns(identity, one.area_code, one.org_id)]
    items = [
        _schedule(one, schedule.on_duty(one.shifts, calendar, now))
        for one in cut(mine, page, lambda one: one.id)
    ]
    return answer({"items": items})


@router.put("/duty/schedules/{schedule_id}", operation_id="set_schedule", response_model=shapes.Schedule)
async def set_schedule(
    schedule_id: UUID, body: shapes.ScheduleGiven, identity: Caller, services: With
) -> Response:
    """A new schedule (version 0) or the next version of one; 409 (`version`) where somebody was quicker."""
    plain = body.model_dump(exclude={"shifts", "retired"})
    given = Schedule(id=schedule_id, shifts=tuple(_shift(one) for one in body.shifts), **plain)
    async with services.pool.connection() as conn, conn.transaction():
        now = services.clock.now()
        made = await policies.write_schedule(conn, given, identity, retired=body.retired, now=now)
        await audit(conn, services, identity, "schedule_set", schedule_id, version=made.version)
        calendar = await policies.calendar(conn, now)
    return answer(_schedule(made, schedule.on_duty(made.shifts, calendar, now)))


@router.get("/duty/staff", operation_id="list_duty_staff", response_model=shapes.DutyStaff)
async def list_duty_staff(identity: Caller, services: With, page: Paged) -> Response:
    """Who can be put on duty in the caller's area."""
    async with services.pool.connection() as conn:
        found = await policies.duty_staff(conn, identity.area_code, identity.org_id)
    return answer({"items": cut(found, page, lambda one: one.id)})


@router.get("/duty/holidays/{year}", operation_id="list_holidays", response_model=shapes.HolidayList)
async def list_holidays(year: Year, identity: Caller, services: With) -> Response:
    """Days of a year that are not what their weekday says."""
    async with services.pool.connection() as conn:
        found = await policies.holidays(conn, year)
    return answer({"items": [{"day": day, "name": name, "off": off} for day, name, off in found]})


@router.put("/duty/holidays/{year}", operation_id="set_holidays", response_model=shapes.HolidayList)
async def set_holidays(year: Year, body: shapes.HolidaysGiven, identity: Caller, services: With) -> Response:
    """Replace a year's days, for everybody."""
    days = [(one.day, one.name, one.off) for one in body.items]
    async with services.pool.connection() as conn, conn.transaction():
        await require_whole(conn, identity)
        await policies.write_holidays(conn, year, days)
        await audit(conn, services, identity, "holidays_set", year, count=len(days))
        found = await policies.holidays(conn, year)
    return answer({"items": [{"day": day, "name": name, "off": off} for day, name, off in found]})


@router.get("/escalation/gaps", operation_id="list_gaps", response_model=shapes.GapList)
async def list_gaps(identity: Caller, services: With, page: Paged) -> Response:
    """Holes in the chain now (looked for each minute), and hours of the next 30 days that nobody covers."""
    async with services.pool.connection() as conn:
        items = await gaps.shown(conn, identity)
        forecast = await gaps.forecast(conn, identity, now=services.clock.now())
    return answer({"items": cut(items, page, lambda gap: gap.key), "forecast": forecast})


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _shift(given: shapes.ShiftShape) -> Shift:
    plain = given.model_dump(exclude={"starts", "ends", "weekdays", "staff"})
    return Shift(
        weekdays=tuple(sorted(set(given.weekdays))),
        starts_minute=_minute(given.starts),
        ends_minute=_minute(given.ends),
        staff=tuple(given.staff),
        **plain,
    )


def _schedule(one: Schedule, on_duty: list[UUID]) -> dict[str, Any]:
    plain = ("id", "version", "name", "role", "area_code", "org_id")
    return {name: getattr(one, name) for name in plain} | {
        "shifts": [_shift_shown(shift) for shift in one.shifts],
        "on_duty": on_duty,
    }


def _shift_shown(shift: Shift) -> dict[str, Any]:
    plain = ("weekdays", "day_kind", "first_day", "last_day", "staff")
    return {name: getattr(shift, name) for name in plain} | {
        "starts": f"{shift.starts_minute // 60:02}:{shift.starts_minute % 60:02}",
        "ends": f"{shift.ends_minute // 60:02}:{shift.ends_minute % 60:02}",
    }
