"""What the API takes and gives about homes, residents, gateways, devices, readings and the system itself."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import Given, Sex, Shown
from cloud.api.texts import AreaCode, JsonList, JsonObject, Name, Phone, Secret, Text, WireId, Word
from cloud.api.times import GivenInstant, Instant

ResidentState = Literal["active", "hospital", "away", "suspended", "moved", "deceased"]


class Limits(Shown):
    """Seconds until an unclaimed case of a priority is overdue, and until a claimed one is."""

    p1_claim_s: int
    p2_claim_s: int
    p3_claim_s: int
    claimed_s: int


class Basemap(Shown):
    """What the map is drawn from; `schematic` is the built-in one."""

    kind: Literal["schematic", "geojson", "xyz", "pmtiles"]
    crs: Literal["WGS84", "GCJ02", "BD09"]
    url: str | None
    subdomains: str | None
    max_zoom: int | None
    attribution: str
    approval_no: str | None


class UiConfig(Shown):
    """What the console needs before anyone has signed in."""

    time_zone: str
    night: tuple[int, int]
    limits: Limits
    basemap: Basemap
    version: str


class Health(Shown):
    """`ok` only where all parts are; `ingest_lag_s` is since the ingestor's last sign of life, null for never.

    `listening`: the ingestor lives and the broker has granted it everything.
    """

    ok: bool
    database: bool
    broker: bool | None
    listening: bool
    ingest_lag_s: float | None
    at: Instant


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


class NewResidentState(Given):
    """What is true of an elder from now on; hospital and away end by themselves at `until`."""

    state: ResidentState
    until: GivenInstant | None = None


class ResidentStateShown(Shown):
    """The state and its dates."""

    state: ResidentState
    since: Instant
    until: Instant | None


class NewGateway(Given):
    """A gateway of one home, or a protocol gateway of many (needs area and organisation instead)."""

    id: WireId
    kind: Literal["home", "protocol"] = "home"
    home_id: UUID | None = None
    area_code: AreaCode | None = None
    org: Name | None = None


class GatewayCreated(Shown):
    """The secret is shown this once and kept only as verifiers."""

    id: str
    secret: str


class NewDevice(Given):
    """A device, and where it is installed from now on if a home is named."""

    id: WireId
    family: Name
    model: Word = ""
    home_id: UUID | None = None
    bed_id: UUID | None = None
    room: Word = ""
    role: Word = ""


class DeviceCreated(Shown):
    """The device, and its installation where a home was named."""

    id: str
    installation_id: UUID | None


class NewInstallation(Given):
    """From `from` (default: now) the device belongs here; a running installation ends at that moment."""

    home_id: UUID
    bed_id: UUID | None = None
    room: Word = ""
    role: Word = ""
    from_: GivenInstant | None = Field(None, alias="from")


class NewTestWindow(Given):
    """For so many minutes `test` messages of the device do not ring."""

    minutes: Annotated[int, Field(ge=1, le=240)]


class TestWindow(Shown):
    """An open test window."""

    id: UUID
    device: str
    opens_at: Instant
    ends_at: Instant


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
    bed: ResidentBed | None
    state: ResidentStateShown | None
    profile: dict[str, Any]
    needs: dict[str, Any]
    risks: list[Any]
    limits: dict[str, Any]
    contacts: list[ResidentContact]


class TrendPoint(Shown):
    """A value, or the mean of one interval; `quality` 0-100."""

    at: Instant
    value: float
    quality: int | None


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


class Device(Shown):
    """A device, where it is installed now and what it last said of itself."""

    id: str
    family: str
    model: str
    registered: bool
    home_id: UUID | None
    bed_id: UUID | None
    room: str
    role: str
    installed_from: Instant | None
    online: bool | None
    worn: bool | None
    charging: bool | None
    battery_percent: float | None
    link_quality: float | None
    last_seen_at: Instant | None


class DeviceList(Shown):
    """Devices."""

    items: list[Device]


class Gateway(Shown):
    """A gateway; `online` null is unknown."""

    id: str
    kind: Literal["home", "protocol"]
    home_id: UUID | None
    place: str
    online: bool | None
    online_changed_at: Instant | None
    last_seen_at: Instant | None
    agent_version: str | None
    metered: bool | None


class GatewayList(Shown):
    """Gateways."""

    items: list[Gateway]


class Quarantined(Shown):
    """A message that could not be read: where it came from, why, and its first bytes."""

    id: int
    received_at: Instant
    topic: str
    gateway_id: str | None
    reason: str
    times: int
    last_at: Instant
    size: int
    sha256: str
    head: str


class QuarantineList(Shown):
    """Newest first."""

    items: list[Quarantined]
