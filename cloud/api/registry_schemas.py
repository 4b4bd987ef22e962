"""What the API takes and gives about homes, residents and their readings."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import Given, Shown
from cloud.api.texts import AreaCode, JsonList, JsonObject, Name, Phone, Secret, Text, Word
from cloud.api.times import GivenInstant, Instant
from cloud.registry.registry import Sex, StateName


class Created(Shown):
    """The id of what was made."""

    id: UUID


class NewArea(Given):
    """A GB/T 2260 code (or a street's longer one); its parent is the longest known code it starts with."""

    code: AreaCode
    name: Name


class AreaCreated(Shown):
    """The area."""

    code: str
    name: str
    parent_code: str | None


class NewOrg(Given):
    """An organisation that runs beds."""

    name: Name


class Point(Given):
    """Degrees WGS-84."""

    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class NewHome(Given):
    """A structured address; `org` is an organisation's name or id."""

    area_code: AreaCode
    org: Name
    street: Word = ""
    compound: Word = ""
    building: Word = ""
    unit: Word = ""
    room: Word = ""
    gate: Point | None = None
    access_note: Text = ""
    door_code: Secret | None = None
    safe_radius_m: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None


class NewBed(Given):
    """A bed of a home."""

    label: Word = ""


class NewContact(Given):
    """A person to call, in the order given."""

    name: Name
    relation: Word = ""
    phone: Phone
    has_key: bool = False
    distance_note: Word = ""


class NewResident(Given):
    """An elder; a known ID-card number makes an existing person a resident instead of a second one."""

    name: Name
    sex: Sex = "unknown"
    birth_date: date | None = None
    phones: Annotated[list[Phone], Field(max_length=10, default_factory=list)]
    id_number: Annotated[str, Field(max_length=24)] | None = None
    bed_id: UUID | None = None
    area_code: AreaCode | None = Field(None, description="only without a bed")
    org: Name | None = Field(None, description="only without a bed")
    profile: JsonObject = Field(default_factory=dict)
    needs: JsonObject = Field(default_factory=dict)
    risks: JsonList = Field(default_factory=list)
    limits: JsonObject = Field(default_factory=dict)
    contacts: Annotated[list[NewContact], Field(max_length=20, default_factory=list)]


class Stay(Given):
    """Where an elder stays meanwhile: alarms of what they wear name this address. Degrees are WGS-84."""

    text: Annotated[Text, Field(min_length=1, max_length=200)]
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    lon: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None


class NewResidentState(Given):
    """What is true of an elder from now on; hospital and away end by themselves at `until`."""

    state: StateName
    until: GivenInstant | None = None
    place: Stay | None = Field(None, description="of hospital and away: the temporary address")


class ResidentStateShown(Shown):
    """The state and its dates."""

    state: StateName
    since: Instant
    until: Instant | None


class ResidentContact(Shown):
    """A person to call."""

    name: str
    relation: str
    phone: str
    has_key: bool
    distance_note: str


class ResidentBed(Shown):
    """Where the elder lives."""

    bed_id: UUID
    label: str
    home_id: UUID
    place: str
    lat: float | None
    lon: float | None


class ResidentDetail(Shown):
    """An elder; the ID-card number is shown only by its last four characters."""

    id: UUID
    person_id: UUID
    name: str
    sex: Sex
    birth_date: date | None
    age: int | None
    phones: list[str]
    id_number_ends: str | None
    area_code: str
    org_id: UUID
    revision: int
    bed: ResidentBed | None
    state: ResidentStateShown | None
    profile: dict[str, Any]
    needs: dict[str, Any]
    risks: list[Any]
    limits: dict[str, Any]
    contacts: list[ResidentContact]


class TrendPoint(Shown):
    """A value, or the mean of one interval with its extremes, so that no peak is lost; `quality` 0-100."""

    at: Instant
    value: float
    quality: int | None
    low: float
    high: float


class Trend(Shown):
    """Values of one kind, oldest first."""

    kind: str
    unit: str
    items: list[TrendPoint]


class LastReading(Shown):
    """The newest value of one kind from one device."""

    kind: str
    unit: str
    value: float
    quality: int | None
    at: Instant
    device: str


class LastReadings(Shown):
    """The newest values of an elder's devices."""

    items: list[LastReading]
