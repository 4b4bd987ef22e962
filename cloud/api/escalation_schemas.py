"""What the API takes and gives about escalation policies, duty schedules, holidays and holes in the chain."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from cloud.access.access import Role
from cloud.api.schemas import Given, Shown
from cloud.api.texts import Name, Word
from cloud.api.times import Instant

Target = Literal["all_seats", "supervisor_screen", "supervisors", "duty_manager", "contacts", "responders"]
StepChannel = Literal["voice", "sms", "wechat", "email"]
DutyRole = Literal["supervisor", "duty_manager", "responder"]
DayKind = Literal["any", "workday", "day_off"]
AreaPrefix = Annotated[str, Field(pattern=r"^[0-9]{0,12}$", description="a district; empty is everywhere")]
Version = Annotated[int, Field(ge=0, le=2**31 - 2, description="the version that was edited; 0 is new")]
Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["20:00"])]
Weekday = Annotated[int, Field(ge=1, le=7)]


class StepShape(Given):
    """`delay_s` after the case began to wait; screens take no channel, people need voice or sms."""

    delay_s: Annotated[int, Field(ge=0, le=86_400)]
    target: Target
    channels: Annotated[list[StepChannel], Field(default_factory=list, max_length=4)]
    repeats: bool = False


class PolicyGiven(Given):
    """A policy as it shall be; its scope is a resident, or a district and an organisation, or everybody."""

    version: Version
    name: Name
    priority: Literal[1, 2]
    area_code: AreaPrefix = ""
    org_id: UUID | None = None
    resident_id: UUID | None = None
    repeat_every_s: Annotated[int, Field(ge=30, le=86_400)] | None = None
    again_factor: Annotated[float, Field(gt=0, le=1)] = 0.5
    steps: Annotated[list[StepShape], Field(min_length=1, max_length=20)]
    retired: bool = False


class Step(Shown):
    """One step."""

    delay_s: int
    target: Target
    channels: list[StepChannel]
    repeats: bool


class Policy(Shown):
    """The newest version of a policy."""

    id: UUID
    version: int
    name: str
    priority: Literal[1, 2]
    area_code: str
    org_id: UUID | None
    resident_id: UUID | None
    repeat_every_s: int | None
    again_factor: float
    steps: list[Step]


class PolicyList(Shown):
    """Those in use."""

    items: list[Policy]


class ShiftShape(Given):
    """Hours of the deployment's zone; an earlier end is tomorrow's, the same a whole day. ISO weekdays."""

    weekdays: Annotated[list[Weekday], Field(default_factory=lambda: [*range(1, 8)], max_length=7)]
    starts: Clock
    ends: Clock
    day_kind: DayKind = "any"
    first_day: date | None = None
    last_day: date | None = None
    staff: Annotated[list[UUID], Field(max_length=50)]


class ScheduleGiven(Given):
    """A schedule as it shall be."""

    version: Version
    name: Name
    role: DutyRole
    area_code: AreaPrefix = ""
    org_id: UUID | None = None
    shifts: Annotated[list[ShiftShape], Field(max_length=100)]
    retired: bool = False


class Shift(Shown):
    """One shift."""

    weekdays: list[int]
    starts: str
    ends: str
    day_kind: DayKind
    first_day: date | None
    last_day: date | None
    staff: list[UUID]


class Schedule(Shown):
    """The newest version of a schedule, and who is on duty now."""

    id: UUID
    version: int
    name: str
    role: DutyRole
    area_code: str
    org_id: UUID | None
    shifts: list[Shift]
    on_duty: list[UUID]


class ScheduleList(Shown):
    """Those in use."""

    items: list[Schedule]


class DutyPerson(Shown):
    """Somebody who can be put on duty."""

    id: UUID
    name: str
    role: Role
    area_code: str


class DutyStaff(Shown):
    """By name."""

    items: list[DutyPerson]


class Holiday(Given):
    """A day that is not what its weekday says: off, or worked instead."""

    day: date
    name: Word = ""
    off: bool


class HolidaysGiven(Given):
    """A year's days."""

    items: Annotated[list[Holiday], Field(max_length=366)]


class HolidayList(Shown):
    """In order."""

    items: list[Holiday]


class Gap(Shown):
    """A hole in the chain: somebody that a step relies on is not there or cannot be reached."""

    key: str
    kind: Literal[
        "no_seat",
        "nobody_scheduled",
        "nobody_on_duty",
        "unreachable",
        "partly_unreachable",
        "no_contact",
        "no_policy",
    ]
    area_code: str
    org_id: UUID | None
    since: Instant
    data: dict[str, Any] = Field(description="`target`; `people` with reasons; `count` and `residents`")


class DutyHole(Shown):
    """Hours to come without anybody on duty."""

    schedule_id: UUID | None
    name: str
    role: DutyRole
    area_code: str
    org_id: UUID | None
    starts_at: Instant
    ends_at: Instant


class GapList(Shown):
    """Holes now, and those of the next 30 days, soonest first."""

    items: list[Gap]
    forecast: list[DutyHole]
