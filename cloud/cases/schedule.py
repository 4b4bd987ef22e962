"""Who is on duty when: shifts, days off and worked Sundays, and the hours that nobody covers. Pure.

Shifts are in the deployment's zone (China, UTC+8, no summer time). A shift belongs to the day it begins on.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final, Literal
from uuid import UUID

import msgspec

ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
DutyRole = Literal["supervisor", "duty_manager", "responder"]
DayKind = Literal["any", "workday", "day_off"]


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """`starts_minute` to `ends_minute` of the day (an earlier end is tomorrow's, the same a whole day) on
    ISO weekdays 1 to 7, between two days.
    """

    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    starts_minute: int
    ends_minute: int
    day_kind: DayKind = "any"
    first_day: date | None = None
    last_day: date | None = None
    staff: tuple[UUID, ...]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a schedule."""

    id: UUID
    version: int
    name: str
    role: DutyRole
    area_code: str = ""
    org_id: UUID | None = None
    shifts: tuple[Shift, ...]


class Hole(msgspec.Struct, frozen=True):
    """A span that nobody covers."""

    starts_at: datetime
    ends_at: datetime


def is_off(day: date, calendar: Mapping[date, bool]) -> bool:
    """Whether a day is off: as the calendar says (holidays, Sundays worked instead), else a weekend."""
    return calendar.get(day, day.isoweekday() >= 6)


def _runs(shift: Shift, day: date, calendar: Mapping[date, bool]) -> bool:
    if shift.first_day is not None and day < shift.first_day:
        return False
    if shift.last_day is not None and day > shift.last_day:
        return False
    if shift.day_kind != "any" and (shift.day_kind == "day_off") != is_off(day, calendar):
        return False
    return day.isoweekday() in shift.weekdays


def _span(shift: Shift, day: date) -> tuple[datetime, datetime]:
    midnight = datetime.combine(day, time(), ZONE)
    starts = midnight + timedelta(minutes=shift.starts_minute)
    ends = midnight + timedelta(minutes=shift.ends_minute)
    return starts, ends if ends > starts else ends + timedelta(days=1)


def on_duty(shifts: Sequence[Shift], calendar: Mapping[date, bool], at: datetime) -> list[UUID]:
    """Who is on duty at a moment, in the order of the shifts, each once."""
    today = at.astimezone(ZONE).date()
    found: dict[UUID, None] = {}
    for shift in shifts:
        for day in (today - timedelta(days=1), today):
            starts, ends = _span(shift, day)
            if starts <= at < ends and _runs(shift, day, calendar):
                found |= dict.fromkeys(shift.staff)
    return list(found)


def holes(
    shifts: Sequence[Shift], calendar: Mapping[date, bool], starts_at: datetime, ends_at: datetime
) -> list[Hole]:
    """The spans between two moments that no shift with somebody in it covers, in order."""
    first = starts_at.astimezone(ZONE).date() - timedelta(days=1)
    days = (ends_at.astimezone(ZONE).date() - first).days
    spans = sorted(
        _span(shift, day)
        for shift in shifts
        if shift.staff
        for day in (first + timedelta(days=n) for n in range(days + 1))
        if _runs(shift, day, calendar)
    )
    found, covered = [], starts_at
    for starts, ends in spans:
        if starts >= ends_at:
            break
        if starts > covered:
            found.append(Hole(covered.astimezone(UTC), starts.astimezone(UTC)))
        covered = max(covered, ends)
    if covered < ends_at:
        found.append(Hole(covered.astimezone(UTC), ends_at.astimezone(UTC)))
    return found


def choose(
    schedules: Sequence[Schedule], *, role: str, area_code: str, org_id: UUID | None
) -> Schedule | None:
    """The schedule of a role that fits most closely: the longest district's, an organisation's own before
    everybody's.
    """
    fitting = [
        schedule
        for schedule in schedules
        if schedule.role == role
        and area_code.startswith(schedule.area_code)
        and schedule.org_id in (None, org_id)
    ]
    return max(fitting, key=lambda s: (len(s.area_code), s.org_id is not None, s.id), default=None)
