"""What the API takes and gives about the stages of a case, hand-over, dispatches and responders."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import CaseSummary, Dispatch, Disposition, Given, Priority, Shown
from cloud.api.texts import AreaCode, Name, Text, Word
from cloud.api.times import Instant

Outcome = Literal["answered_ok", "needs_help", "no_answer", "busy", "wrong_number"]
Note = Annotated[Text | None, Field(max_length=2000)]
Skill = Annotated[Word, Field(min_length=1, max_length=40)]


class NoteText(Given):
    """A line for the timeline."""

    text: Annotated[Text, Field(min_length=1)]
    called: Literal["resident", "contact"] | None = Field(
        None, description="the line is about a call to them"
    )
    outcome: Literal["connected", "no_answer"] | None = Field(None, description="what the call came to")


class OnlyNote(Given):
    """Words for the timeline, if there are any."""

    note: Note = None


class CallBack(Given):
    """What a call to the home came to."""

    outcome: Outcome
    note: Note = None


class HandOver(Given):
    """To whom: a seat's or a user's id; null is the queue."""

    to: UUID | None = None
    note: Note = None


class TakeOver(Given):
    """Why a supervisor takes it."""

    reason: Note = None


class Merge(Given):
    """The case that goes on."""

    into: UUID
    note: Note = None


class SeatShown(Shown):
    """Somebody at the desk; `cases` is how many they hold."""

    seat_id: UUID
    staff_id: UUID
    name: str
    role: Literal["operator", "supervisor"]
    since: Instant
    last_seen_at: Instant
    sound: bool
    talking: bool
    cases: int


class SeatList(Shown):
    """By name."""

    items: list[SeatShown]


class Candidate(Shown):
    """A responder for one case; `minutes` is null where no place is known, `lacks` are missing skills."""

    staff_id: UUID
    name: str
    standing: Literal["free", "busy", "away"]
    in_zone: bool
    zone: str | None
    promise_s: int
    skills: list[str]
    lacks: list[str]
    distance_m: int | None
    minutes: int | None
    load: int
    asked: bool = Field(description="this case was offered to them already")
    lat: float | None = Field(description="degrees WGS-84; null where no place is known")
    lon: float | None
    position_at: Instant | None = Field(description="of the fix; null where it is the middle of the zone")


class CandidateList(Shown):
    """Free ones first, then who is there soonest."""

    items: list[Candidate]


class HomePoint(Shown):
    """A home's gate, degrees WGS-84, and the short address beside its mark."""

    lat: float
    lon: float
    label: str


class Circle(Shown):
    """The safe zone."""

    lat: float
    lon: float
    radius_m: float


class Corner(Shown):
    """A corner of a safe zone that is no circle."""

    lat: float
    lon: float


class Fix(Shown):
    """A position of a worn device, WGS-84; null: accuracy unknown, no fence, no home."""

    device: str
    lat: float
    lon: float
    accuracy_m: float | None
    at: Instant
    source: Literal["gnss", "wifi", "cell", "home", "unknown"]
    inside: bool | None = Field(description="of the fence")
    distance_m: int | None = Field(description="from home")


class Whereabouts(Shown):
    """What the map of a case shows of its people; null is unknown."""

    home: HomePoint | None
    fence: Circle | None
    ring: list[Corner] | None = Field(description="the safe zone where it is no circle")
    fix: Fix | None


class NewDispatch(Given):
    """Whom to send (null: the first free one), and whether the next one is asked when they cannot."""

    staff_id: UUID | None = None
    chain: bool = True


class Dispatched(Shown):
    """The case, and the dispatch that can be undone for 5 s."""

    case: CaseSummary
    dispatch: Dispatch


class Accept(Given):
    """In how many minutes they will be there."""

    eta_minutes: Annotated[int, Field(ge=0, le=600)] | None = None


class Eta(Given):
    """In how many minutes they will be there."""

    eta_minutes: Annotated[int, Field(ge=0, le=600)]


class Reason(Given):
    """Why."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class Finish(Given):
    """What they found; `needs_help`: more help is needed than they can give."""

    outcome: Disposition | Literal["needs_help"]
    note: Note = None


class DispatchDetail(Dispatch):
    """A dispatch with what the responder needs; people and place are null once it has ended."""

    case_number: int
    case_state: str
    priority: Priority
    kinds: list[str]
    fire_suspected: bool
    resident_name: str | None
    place: str | None
    incident_room: str | None
    lat: float | None
    lon: float | None
    photos: int = Field(description="how many were taken on the spot")


class DispatchList(Shown):
    """Newest first; go on with `before` the last id. `seq` is where the live feed goes on from here."""

    items: list[DispatchDetail]
    seq: int


class WayIn(Shown):
    """How to get in; who looked is written down."""

    access_note: str
    door_code: str | None


class Point(Given):
    """Degrees WGS-84."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class Availability(Given):
    """Whether one can be asked."""

    available: bool


class ResponderGiven(Given):
    """What is known of a member of staff who goes out."""

    zone_id: UUID | None = None
    skills: Annotated[list[Skill], Field(default_factory=list, max_length=20)]
    speed_kmh: Annotated[float, Field(gt=0, le=120)] = 15.0
    most_cases: Annotated[int, Field(ge=1, le=10)] = 1


class ZoneGiven(Given):
    """A part of a district, the place responders set off from, and the promise: there within so long."""

    name: Name
    area_code: AreaCode
    org_id: UUID | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    promise_s: Annotated[int, Field(ge=60, le=86_400)] = 1800
    revision: Annotated[int, Field(ge=1)] | None = Field(None, description="the one that was read")


class Zone(Shown):
    """A zone; `promise_s`: somebody is there within so many seconds."""

    id: UUID
    name: str
    area_code: str
    org_id: UUID | None
    lat: float | None
    lon: float | None
    promise_s: int
    revision: int


class ZoneList(Shown):
    """By district."""

    items: list[Zone]


class ResponderShown(Shown):
    """A responder now; `load` counts running dispatches."""

    staff_id: UUID
    name: str
    zone: Zone | None
    skills: list[str]
    speed_kmh: float
    most_cases: int
    available: bool
    lat: float | None
    lon: float | None
    position_at: Instant | None
    load: int


class ResponderList(Shown):
    """By name."""

    items: list[ResponderShown]
