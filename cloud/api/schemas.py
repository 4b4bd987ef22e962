"""What the API takes and gives about sessions, cases and the feed; the console is generated from it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from cloud.api.texts import Text
from cloud.api.times import Instant
from cloud.registry.registry import Sex

CaseState = Literal[
    "open",
    "claimed",
    "contacting",
    "dispatched",
    "on_scene",
    "resolved",
    "followed_up",
    "closed",
    "handed_over",
    "merged",
]
CaseClass = Literal["care", "technical", "test"]
SubjectKind = Literal["home", "gateway", "area", "system"]
Priority = Annotated[int, Field(ge=1, le=4)]
Disposition = Literal[
    "real_emergency", "help_given", "false_alarm", "test", "technical", "service_order", "other"
]
DispatchState = Literal[
    "offered", "accepted", "arrived", "done", "refused", "no_answer", "undone", "recalled"
]


class Given(BaseModel):
    """A request's body: a field that is not described is an error."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Shown(BaseModel):
    """A response: every field is always there, null where the description says so."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Problem(BaseModel):
    """What went wrong (RFC 9457), in both languages."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="`carebed:` and a fixed word, such as `carebed:conflict`")
    title: str
    title_zh: str
    status: int
    detail: str
    detail_zh: str
    owner_name: str | None = Field(None, description="409: who has the case")
    state: str | None = Field(None, description="409: the state the case is in")
    existing_id: str | None = Field(None, description="409: what is there already")
    retry_after_s: int | None = Field(None, description="429: when to try again")
    errors: list[dict[str, str]] | None = Field(None, description="422: `field`, `message` of each mistake")


class ResidentBrief(Shown):
    """The elder a case is about."""

    id: UUID
    name: str
    sex: Sex
    age: int | None


class Place(Shown):
    """Where help must go; degrees are WGS-84."""

    area: str
    compound: str
    building: str
    unit: str
    room: str
    text: str
    incident_room: str | None
    lat: float | None
    lon: float | None
    temporary: bool = Field(description="where somebody stays who is away from home")


class Owner(Shown):
    """Who holds a case."""

    id: UUID
    name: str
    seat_id: UUID | None


class HandedTo(Shown):
    """Who was named and has 30 s to take it."""

    id: UUID
    name: str


class CaseSummary(Shown):
    """A case as the queue shows it."""

    id: UUID
    number: int
    subject_kind: SubjectKind
    subject_id: str
    class_: CaseClass = Field(alias="class")
    state: CaseState
    priority: Priority
    kinds: list[str]
    rings: int
    fire_suspected: bool
    late: bool
    alarm_count: int
    repeats: int
    resident: ResidentBrief | None
    place: Place | None
    owner: Owner | None
    opened_at: Instant
    occurred_at: Instant
    claimed_at: Instant | None
    stage_due_at: Instant | None
    resolved_at: Instant | None
    closed_at: Instant | None
    disposition: Disposition | None
    follows_id: UUID | None
    event_ids: list[UUID]
    version: int
    group_id: UUID | None = Field(description="the line that stands for this case; it is not in the queue")
    children: int = Field(description="cases that stand behind this line")
    high_risk: int = Field(description="high-risk elders behind this line, who are to be called")
    shelved_until: Instant | None = Field(description="set aside until then")
    overdue: bool = Field(description="the stage is over its limit and the owner was warned")
    escalation_level: int = Field(description="the last step taken while nobody has it, 0 for none")
    handed_from: str | None = Field(description="who gave it back, or lost it, last")
    handed_to: HandedTo | None
    merged_into: UUID | None
    service_order: bool
    followed_up_at: Instant | None


class CaseAlarm(Shown):
    """One alarm of a case, with each hop's time."""

    id: UUID
    event_id: UUID | None
    kind: str
    class_: CaseClass = Field(alias="class")
    priority: Priority
    phase: str
    device: str | None
    room: str
    occurred_at: Instant
    received_at: Instant
    stored_at: Instant
    late: bool
    reasons: list[str]
    inputs: dict[str, Any] = Field(description="what the rule saw: each value with its age and method")
    rule_version: str
    repeats: int
    last_at: Instant
    cleared_at: Instant | None


class CaseEntry(Shown):
    """One line of a case's timeline."""

    n: int
    at: Instant
    kind: str
    actor: str
    data: dict[str, Any]


class CaseContact(Shown):
    """Whom to call, in order."""

    name: str
    relation: str
    phone: str
    has_key: bool
    distance_note: str
    distance_m: int | None = Field(description="from the home, 0 in it; known only of who has a bed, too")


class CaseAccess(Shown):
    """How to get in; the door code itself is asked for separately, and that is written down."""

    note: str
    has_door_code: bool


class CaseGateway(Shown):
    """The home's gateway; `online` null is unknown."""

    id: str
    online: bool | None
    last_seen_at: Instant | None


class Dispatch(Shown):
    """A responder who was asked to go. `promised_at` is the zone's promise; `outcome` is what they found."""

    id: UUID
    case_id: UUID
    staff_id: UUID
    name: str
    state: DispatchState
    offered_at: Instant
    offered_by: str
    answer_due_at: Instant
    promised_at: Instant
    answered_at: Instant | None
    eta_at: Instant | None
    arrived_at: Instant | None
    ended_at: Instant | None
    reason: str
    outcome: str


class CaseAdvice(Shown):
    """What must be done, or left undone, before anything else, such as to call 119 first."""

    code: str
    zh: str
    en: str


class CaseHop(Shown):
    """A stop on the road of the case's first alarm: when it was there, null where that is not known."""

    name: Literal[
        "device", "gateway", "received", "stored", "shown", "claimed", "called", "dispatched", "arrived",
        "resolved", "closed"
    ]  # fmt: skip
    at: Instant | None


class CaseDetail(CaseSummary):
    """All of a case; `chain_valid` tells whether the timeline's hash chain holds."""

    alarms: list[CaseAlarm]
    timeline: list[CaseEntry]
    contacts: list[CaseContact]
    risks: list[Any]
    needs: dict[str, Any]
    profile: dict[str, Any]
    access: CaseAccess
    gateway: CaseGateway | None
    chain_valid: bool
    hops: list[CaseHop] = Field(description="the road of the first alarm, in order, each stop with its time")
    advice: list[CaseAdvice]
    dispatches: list[Dispatch]


class CaseList(Shown):
    """Cases, and the feed position they were read at."""

    items: list[CaseSummary]
    seq: int


class CloseCase(Given):
    """How a case ended."""

    disposition: Disposition
    note: Text | None = None


class CallLength(Given):
    """A call is running and will hold the case for so long."""

    call_s: Annotated[int, Field(ge=0, le=3600)]


class DoorCode(Shown):
    """Shown once it is written down who looked."""

    door_code: str
