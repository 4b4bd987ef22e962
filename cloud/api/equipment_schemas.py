"""What the API takes and gives about gateways, devices, unreadable messages and the system itself."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import Given, Shown
from cloud.api.texts import AreaCode, Name, WireId, Word
from cloud.api.times import GivenInstant, Instant


class Limits(Shown):
    """Seconds until an unclaimed case of a priority is overdue, and until a claimed one is."""

    p1_claim_s: int
    p2_claim_s: int
    p3_claim_s: int
    claimed_s: int


class Basemap(Shown):
    """What the map is drawn on; `schematic` is the built-in one, which needs no address.

    `url`: a folder of GeoJSON layers, a template of tiles, or a PMTiles file. The approval number is shown.
    """

    kind: Literal["schematic", "geojson", "xyz", "pmtiles"]
    crs: Literal["WGS84", "GCJ02", "BD09"]
    url: str | None
    overlay_url: str | None = Field(description="a second layer of tiles, such as labels")
    subdomains: str | None
    max_zoom: int | None
    attribution: str = Field(description="whose map it is; empty where the console names it itself")
    approval_no: str | None


class UiConfig(Shown):
    """What the console needs before anyone has signed in."""

    time_zone: str
    night: tuple[int, int]
    limits: Limits
    basemap: Basemap
    desk_phone: str = Field(description="where the desk is called")
    version: str


class CanaryHealth(Shown):
    """The minutely press over the whole road, from a gateway to a client of the feed.

    `red`: later than 5 s, or missing; `off`: not run here; `unknown`: not pressed yet.
    """

    state: Literal["ok", "red", "off", "unknown"]
    last_ms: int | None = Field(description="of the last press, null where it was not seen")
    last_at: Instant | None
    since: Instant | None = Field(description="since when it is red")
    reason: str


class Health(Shown):
    """`ok` only where all parts are; `ingest_lag_s` since the ingestor's last sign of life, null for never.

    `listening`: the ingestor lives and the broker has granted it everything.
    """

    ok: bool
    database: bool
    broker: bool | None
    listening: bool
    ingest_lag_s: float | None
    canary: CanaryHealth
    at: Instant


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


class Device(Shown):
    """A device, where it is installed now and what it last said of itself."""

    id: str
    family: str
    model: str
    registered: bool
    home_id: UUID | None
    bed_id: UUID | None
    place: str = Field(description="the home's address")
    room: str
    role: str
    installed_from: Instant | None
    online: bool | None
    worn: bool | None
    charging: bool | None
    battery_percent: float | None
    link_quality: float | None
    last_seen_at: Instant | None
    revision: int
    retired_at: Instant | None = Field(description="out of use since")


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
