"""Who is on duty: shifts over midnight, holidays, worked Sundays, and the hours nobody covers."""

import uuid
from datetime import date, datetime, timedelta

from cloud.cases.schedule import ZONE, Hole, Schedule, Shift, choose, holes, is_off, on_duty

DAY, NIGHT, SPARE = (uuid.UUID(int=n) for n in (1, 2, 3))
MONDAY = date(2026, 1, 5)


def at(day: date, hour: float) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZONE) + timedelta(hours=hour)


def shift(starts: int, ends: int, *staff: uuid.UUID, **fields: object) -> Shift:
    return Shift(starts_minute=starts * 60, ends_minute=ends * 60, staff=staff, **fields)  # type: ignore[arg-type]


def test_a_night_shift_goes_on_over_midnight() -> None:
    shifts = (shift(8, 20, DAY), shift(20, 8, NIGHT))
    assert on_duty(shifts, {}, at(MONDAY, 8)) == [DAY]
    assert on_duty(shifts, {}, at(MONDAY, 19.99)) == [DAY]
    assert on_duty(shifts, {}, at(MONDAY, 20)) == [NIGHT]
    assert on_duty(shifts, {}, at(MONDAY, 31.9)) == [NIGHT]
    assert holes(shifts, {}, at(MONDAY, 0), at(MONDAY, 24 * 30)) == []


def test_the_night_before_a_weekend_belongs_to_friday() -> None:
    shifts = (shift(20, 8, NIGHT, weekdays=(1, 2, 3, 4, 5)),)
    saturday = MONDAY + timedelta(days=5)
    assert on_duty(shifts, {}, at(saturday, 7)) == [NIGHT]
    assert on_duty(shifts, {}, at(saturday, 21)) == []


def test_a_holiday_is_off_and_a_worked_sunday_is_not() -> None:
    sunday = MONDAY + timedelta(days=6)
    calendar = {MONDAY: True, sunday: False}
    assert is_off(MONDAY, calendar)
    assert not is_off(sunday, calendar)
    assert is_off(sunday, {})
    shifts = (shift(8, 17, DAY, day_kind="workday"), shift(8, 17, SPARE, day_kind="day_off"))
    assert on_duty(shifts, calendar, at(MONDAY, 9)) == [SPARE]
    assert on_duty(shifts, calendar, at(sunday, 9)) == [DAY]
    assert on_duty(shifts, {}, at(MONDAY, 9)) == [DAY]


def test_the_same_start_and_end_is_a_whole_day() -> None:
    shifts = (shift(0, 0, DAY),)
    assert on_duty(shifts, {}, at(MONDAY, 23.9)) == [DAY]
    assert holes(shifts, {}, at(MONDAY, 0), at(MONDAY, 48)) == []


def test_holes_are_exact_and_a_shift_without_anybody_covers_nothing() -> None:
    holiday = MONDAY + timedelta(days=1)
    shifts = (shift(0, 0, DAY, day_kind="workday"), shift(8, 12))
    weekend = MONDAY + timedelta(days=5)
    assert holes(shifts, {holiday: True}, at(MONDAY, 6), at(MONDAY, 24 * 7)) == [
        Hole(at(holiday, 0), at(holiday, 24)),
        Hole(at(weekend, 0), at(weekend, 48)),
    ]


def test_a_shift_that_has_not_begun_or_is_over_leaves_a_hole() -> None:
    shifts = (shift(0, 0, DAY, first_day=MONDAY + timedelta(days=1), last_day=MONDAY + timedelta(days=2)),)
    assert holes(shifts, {}, at(MONDAY, 0), at(MONDAY, 96)) == [
        Hole(at(MONDAY, 0), at(MONDAY, 24)),
        Hole(at(MONDAY, 72), at(MONDAY, 96)),
    ]


def test_a_districts_own_schedule_goes_before_everybodys() -> None:
    def plan(n: int, area: str, role: str = "supervisor") -> Schedule:
        return Schedule(id=uuid.UUID(int=n), version=1, name="", role=role, area_code=area, shifts=())  # type: ignore[arg-type]

    plans = [plan(1, ""), plan(2, "3705"), plan(3, "370503"), plan(4, "370502", "responder")]
    found = choose(plans, role="supervisor", area_code="370502", org_id=None)
    assert found is plans[1]
    assert choose(plans, role="duty_manager", area_code="370502", org_id=None) is None
