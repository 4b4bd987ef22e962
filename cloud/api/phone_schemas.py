"""What the family's and the responder's phones take and get."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import Given, Shown
from cloud.api.texts import Name, Text
from cloud.api.times import GivenInstant, Instant
from cloud.registry.registry import Sex, StateName


class FamilyBinding(Given):
    """An account of the role `family` sees an elder whose contact it is, with the elder's consent."""

    username: Name
    resident_id: UUID
    contact: Name = Field(description="the contact's name as it is registered")
    consent: Annotated[Text, Field(min_length=1, max_length=500, description="in what form it was given")]
    consented_at: GivenInstant | None = None
    since: GivenInstant | None = None
    until: GivenInstant | None = None
    location: bool = Field(False, description="the elder agreed that the account sees where they are, too")


class FamilyAccess(Shown):
    """Who sees whom; `until` null: until it is ended."""

    id: UUID
    username: str
    account_name: str
    resident_id: UUID
    resident_name: str
    contact_name: str
    relation: str
    since: Instant
    until: Instant | None
    ended: bool
    consent: str
    consented_at: Instant
    recorded_by: str
    location: bool


class FamilyAccessList(Shown):
    """In the order in which they were made."""

    items: list[FamilyAccess]


class FamilyBound(Shown):
    """The binding's id."""

    id: UUID


class FamilyElder(Shown):
    """An elder that the account sees; `in_hand`: an emergency goes on."""

    id: UUID
    name: str
    sex: Sex
    relation: str = Field(description="what the account is to the elder, such as 女儿")
    state: StateName
    in_hand: bool
    location: bool = Field(description="they agreed that the account sees where they are")


class FamilyElderList(Shown):
    """`seq` is where the live feed goes on from here."""

    items: list[FamilyElder]
    seq: int


class FamilyStep(Shown):
    """`spoken`: a call to the elder, `outcome` what it came to; `over`: `outcome` is what it was."""

    step: Literal["raised", "taken", "spoken", "asked", "coming", "arrived", "settled", "over"]
    at: Instant
    who: str
    eta_at: Instant | None
    outcome: str


class FamilyCase(Shown):
    """An emergency. One that was false has neither kinds nor steps."""

    id: UUID
    stage: Literal["waiting", "in_hand", "settled", "over"]
    kinds: list[str]
    room: str
    who: str = Field(description="who has it in hand")
    outcome: str
    occurred_at: Instant
    over_at: Instant | None
    steps: list[FamilyStep]


class FamilyState(Shown):
    """Where the elder is; at home where `active`."""

    state: StateName
    since: Instant | None
    until: Instant | None


class FamilyFact(Shown):
    """Something of now; `value` null: `why` says why. `since` is for how long it has been so."""

    what: Literal["bed", "activity", "heart_rate", "watch"]
    value: float | None
    at: Instant | None
    since: Instant | None
    why: Literal["no_device", "no_data", "not_worn", "charging", "out_of_bed", "too_old"] | None
    low: float | None
    high: float | None


class FamilyNight(Shown):
    """The last night that is over, 22:00 to 06:00; numbers null: `why` says why."""

    since: Instant
    until: Instant
    in_bed_min: int | None
    times_out: int | None
    why: Literal["no_device", "no_data", "gaps"] | None


class FamilyContact(Shown):
    """Who is called, in this order. Telephones are nobody else's."""

    name: str
    relation: str
    has_key: bool


class FamilyDevice(Shown):
    """The `n`th device; `working` null: nothing was heard of it yet."""

    n: int
    what: str
    room: str
    working: bool | None
    battery_low: bool
    last_seen_at: Instant | None


class FamilyLook(Shown):
    """Who looked at what, `times` within an hour, the last time `at`."""

    role: str
    who: str
    what: Literal["health", "record", "case", "address", "door_code", "photo", "family", "place"]
    at: Instant
    times: int


class FamilyPage(Shown):
    """Everything of one elder's page, as it was `at`. After a death there is the elder's name and no more."""

    at: Instant
    elder: FamilyElder
    age: int | None
    phones: list[str] = Field(description="the elder's own")
    state: FamilyState
    cases: list[FamilyCase]
    now: list[FamilyFact]
    night: FamilyNight | None
    contacts: list[FamilyContact]
    devices: list[FamilyDevice]
    looks: list[FamilyLook]


class Photo(Shown):
    """A photograph from the spot; the picture is at /photos/{id}."""

    id: UUID
    dispatch_id: UUID
    taken_at: Instant
    media_type: Literal["image/jpeg", "image/png", "image/webp"]
    size: int
    taken_by: str


class PhotoList(Shown):
    """Oldest first."""

    items: list[Photo]
