"""What the API takes and gives about telephones and calls."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from cloud.api.schemas import CaseState, Given, Priority, Shown
from cloud.api.texts import AreaCode, Name, Text, WireId
from cloud.api.times import GivenInstant, Instant
from cloud.registry.registry import Sex, StateName
from cloud.telephony.telephony import CallEventName, ChosenState, Direction, DriverName

Extension = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z*#._-]{1,32}$")]
ProviderWord = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,120}$")]
DialledNumber = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 -]{1,23}$")]
SaidNumber = Annotated[str, StringConstraints(pattern=r"^[ -~]{0,64}$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,400}$")]
DialCode = Annotated[str, StringConstraints(pattern=r"^0[0-9]{2,3}$")]
CallStateName = Literal["dialling", "ringing", "connected", "ended", "no_answer", "busy", "failed", "lost"]
PhoneStateName = Literal["ready", "busy", "wrap_up", "not_ready", "logged_out"]


class NewProvider(Given):
    """A telephone system; `dial_code` (0546) belongs to the numbers that it sends without one."""

    id: WireId
    driver: DriverName
    command_url: HttpUrl | None = Field(None, description="cti_webhook: where our commands go")
    dial_code: DialCode | None = None
    area_code: AreaCode | None = Field(None, description="whose calls these are; default: yours")
    org: Name | None = None


class ProviderCreated(Shown):
    """The secret of both directions' signatures, shown this once."""

    id: str
    secret: str


class PhoneProvider(Shown):
    """A telephone system."""

    id: str
    driver: DriverName
    command_url: str | None
    dial_code: str
    area_code: str
    created_at: Instant


class PhoneProviderList(Shown):
    """By id; go on with `after` = the last one's id."""

    items: list[PhoneProvider]


class RegisterExtension(Given):
    """Which telephone stands at this seat; `provider` may be left out where there is only one."""

    extension: Extension
    provider: WireId | None = None
    state: ChosenState = "ready"


class ChangePhoneState(Given):
    """Whether this seat takes calls."""

    state: ChosenState


class SeatPhone(Shown):
    """The telephone of a seat; `busy` is set by calls alone."""

    seat_id: UUID
    staff_name: str
    provider: str
    extension: str
    state: PhoneStateName
    state_at: Instant


class PhoneChoices(Shown):
    """Ids of telephone systems, and the seat's own telephone; null where it has none."""

    providers: list[str]
    phone: SeatPhone | None


class SeatPhoneList(Shown):
    """Living seats that have a telephone; go on with `after` = the last one's seat_id."""

    items: list[SeatPhone]


class CallCase(Shown):
    """A case that runs for somebody who may be calling."""

    id: UUID
    number: int
    state: CaseState
    priority: Priority
    kinds: list[str]
    owner_name: str | None
    opened_at: Instant


class CallResident(Shown):
    """An elder: the caller themselves, or one the caller is a contact of."""

    id: UUID
    name: str
    sex: Sex
    age: int | None
    is_caller: bool
    relation: str
    has_key: bool
    state: StateName | None
    home_id: UUID | None
    place: str
    cases: list[CallCase]


class PhoneCaller(Shown):
    """A person who has the number."""

    id: UUID
    name: str
    residents: list[CallResident]


class PhoneCall(Shown):
    """A call; `other_number` is the other side's, empty when withheld or erased."""

    id: UUID
    number: int
    provider: str
    direction: Direction
    state: CallStateName
    other_number: str
    other_name: str
    seat_id: UUID | None
    actor_name: str | None
    case_id: UUID | None
    begun_at: Instant
    connected_at: Instant | None
    ended_at: Instant | None


class ScreenPop(PhoneCall):
    """A call and who may be calling; nobody for a number that is not known."""

    callers: list[PhoneCaller]
    more_callers: bool


class PhoneCallList(Shown):
    """Newest first; go on with `before` = the last one's `number`."""

    items: list[PhoneCall]


class CallFrame(Shown):
    """A call rings at this seat, or has changed; without a seat it rings where nobody has signed in."""

    seq: int
    prev: int
    type: Literal["call"]
    data: ScreenPop


class DialFromCase(Given):
    """The number to ring, in any spelling."""

    number: DialledNumber


class CaseOfCall(Given):
    """An existing case, or whom the call is about: an elder, a home, or (none given) nobody known yet."""

    case_id: UUID | None = None
    resident_id: UUID | None = None
    home_id: UUID | None = None
    note: Text | None = None


class CaseOfCallOpened(Shown):
    """The case that the call belongs to now; `opened` when it is a new one."""

    case_id: UUID
    opened: bool


class CallEvent(Given):
    """What a telephone system says of a call: `id` names the event, `call` the call in its own words."""

    id: ProviderWord
    call: ProviderWord
    event: CallEventName
    direction: Direction
    number: SaidNumber = Field("", description="the other side's, as it was signalled; empty when withheld")
    extension: Extension | None = Field(None, description="where it rings or was answered")
    our_call: UUID | None = Field(None, description="the `call` of our dial command")
    at: GivenInstant | None = None


class CallEventTaken(Shown):
    """Stored; `moved` is false for what was known or came too late."""

    call_id: UUID
    moved: bool
    state: CallStateName
