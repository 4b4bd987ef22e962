"""What the API takes and gives about a technician's checklist of a home."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from cloud.acceptance.acceptance import Kind, State, Trouble
from cloud.api.schemas import Given, Shown
from cloud.api.telephony_schemas import DialledNumber
from cloud.api.texts import Text, WireId
from cloud.api.times import Instant


class ChecklistHome(Shown):
    """A home that fits a search; `open_by`: who is checking it now."""

    id: UUID
    matched: Literal["gateway", "device", "bed", "address"]
    place: str
    beds: list[str]
    gateways: list[str]
    devices: int
    open_by: str | None
    finished_at: Instant | None


class ChecklistHomes(Shown):
    """The nearest fit first."""

    items: list[ChecklistHome]


class SeenBy(Shown):
    """A sensor of a room, and when it noticed the technician."""

    device: str
    kind: str
    at: Instant | None


class ChecklistStep(Shown):
    """One step, live while the checklist is open, as it was at the end after that; null is not measured.

    `signal_dbm`, `signal_percent`, `link_quality` (0 to 255): each as the device's protocol says it.
    """

    key: str
    kind: Kind
    subject: str = Field(description="a gateway, a device or a room")
    state: State
    trouble: Trouble | None
    family: str
    model: str
    role: str
    room: str
    at: Instant | None
    round_trip_ms: int | None = Field(description="an order to the gateway, and its answer here")
    offset_ms: int | None = Field(description="the gateway's time less ours")
    clock: str | None
    battery_percent: float | None
    link_quality: float | None
    signal_percent: float | None
    signal_dbm: float | None
    event: str | None
    seen_s: float | None = Field(description="seconds from the press to a seat")
    seen_by: list[SeenBy]
    number: str
    phones: list[str]
    said: str = Field(description="why the gateway refused")
    reason: str


class Checklist(Shown):
    """A checklist with its steps; `missing`: what is neither passed nor has a reason."""

    id: UUID
    home_id: UUID
    place: str
    started_by_name: str
    started_at: Instant
    at: Instant = Field(description="when the steps were looked at")
    test_until: Instant | None
    ended_by_name: str | None
    ended_at: Instant | None
    outcome: Literal["finished", "abandoned"] | None
    steps: list[ChecklistStep]
    missing: list[str]


class ChecklistEntry(Shown):
    """A checklist that has ended, in a list; `reasons`: steps that were not passed."""

    id: UUID
    started_at: Instant
    ended_at: Instant
    ended_by_name: str | None
    started_by_name: str
    outcome: Literal["finished", "abandoned"]
    passed: int
    reasons: int


class Checklists(Shown):
    """Newest first."""

    items: list[ChecklistEntry]


class NewTestMode(Given):
    """For so many minutes the home's alarms are tests; 0 ends it."""

    minutes: Annotated[int, Field(ge=0, le=15)]


class NewReason(Given):
    """Why a step is not passed; an empty text takes it back."""

    step: Annotated[
        str,
        StringConstraints(pattern=r"^(gateway|clock|device|alarm|room|hotline|sms|voice):", max_length=200),
    ]
    reason: Annotated[Text, StringConstraints(max_length=300, strip_whitespace=True)]


class NewPhoneProof(Given):
    """The gateway's modem sends a code to this number, or rings it."""

    gateway: WireId
    how: Literal["sms", "call"]
    number: DialledNumber


class GivenCode(Given):
    """The code that came by SMS."""

    gateway: WireId
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]
