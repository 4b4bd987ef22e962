"""What the API takes and gives about administration: lists, and records as they are and are to be."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from cloud.api.registry_schemas import NewContact, Point
from cloud.api.schemas import Given, Shown
from cloud.api.texts import AreaCode, JsonList, JsonObject, Name, Phone, Text, Word
from cloud.api.times import Instant
from cloud.registry.registry import Sex, StateName
from firmware_specs.homes import MAX_ACCESS_POINTS

Revision = Annotated[int, Field(ge=1, le=2**31 - 1, description="the one that was read; 409 where it is old")]


class Revised(Shown):
    """The record's new revision."""

    revision: int


class Area(Shown):
    """An area; `homes` are its own, not those of areas below it."""

    code: str
    name: str
    parent_code: str | None
    revision: int
    homes: int


class AreaList(Shown):
    """By code."""

    items: list[Area]


class Org(Shown):
    """An organisation that runs beds."""

    id: UUID
    name: str
    revision: int
    homes: int


class OrgList(Shown):
    """In the order they came."""

    items: list[Org]


class ChangedName(Given):
    """A new name of an area or organisation."""

    revision: Revision
    name: Name


class HomeListed(Shown):
    """A home with what is in it."""

    id: UUID
    area_code: str
    org_id: UUID
    org: str
    place: str
    beds: int
    gateways: int
    residents: list[str]
    revision: int


class HomeList(Shown):
    """In the order they came."""

    items: list[HomeListed]


class HomeBed(Shown):
    """A bed and who lies in it."""

    id: UUID
    label: str
    revision: int
    resident_id: UUID | None
    resident_name: str | None


class HomeDetail(Shown):
    """All of a home; its door code is never shown here, only whether there is one."""

    id: UUID
    area_code: str
    org_id: UUID
    org: str
    street: str
    compound: str
    building: str
    unit: str
    room: str
    gate: Point | None
    access_note: str
    has_door_code: bool
    safe_radius_m: float | None
    safe_ring: list[Point] | None = Field(description="goes before the circle")
    access_points: list[str] = Field(description="BSSIDs of its Wi-Fi: who hears one is at home")
    verified_at: Instant | None
    revision: int
    beds: list[HomeBed]


class ChangedHome(Given):
    """A home as it is to be. `door_code`: null leaves it, an empty one takes it away. `verified`: on site."""

    revision: Revision
    area_code: AreaCode
    org: Name
    street: Word = ""
    compound: Word = ""
    building: Word = ""
    unit: Word = ""
    room: Word = ""
    gate: Point | None = None
    access_note: Text = ""
    door_code: Annotated[Word, Field(max_length=100)] | None = None
    safe_radius_m: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    verified: bool = False


class SafeZone(Given):
    """How far from home its people may go: a circle round the gate, or a ring, which goes before it."""

    revision: Revision
    radius_m: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] | None = None
    ring: Annotated[list[Point], Field(min_length=3, max_length=201)] | None = None


class AccessPoints(Given):
    """MAC addresses of the home's own Wi-Fi, in any usual form; none: no Wi-Fi says who is at home."""

    revision: Revision
    access_points: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_ACCESS_POINTS)]


class ChangedBed(Given):
    """A bed's new label."""

    revision: Revision
    label: Word = ""


class Registered(Shown):
    """A resident as the register shows one."""

    id: UUID
    name: str
    sex: Sex
    birth_date: date | None
    age: int | None
    area_code: str
    org_id: UUID
    org: str
    state: StateName | None
    place: str
    bed: str | None = Field(description="the bed's label; null where there is none")
    home_id: UUID | None
    contacts: int
    has_id_number: bool
    revision: int


class Register(Shown):
    """In the order they came."""

    items: list[Registered]


class ChangedResident(Given):
    """An elder as they are to be. `id_number`: null leaves it as it is."""

    revision: Revision
    name: Name
    sex: Sex = "unknown"
    birth_date: date | None = None
    phones: Annotated[list[Phone], Field(max_length=10, default_factory=list)]
    id_number: Annotated[str, Field(min_length=1, max_length=24)] | None = None
    profile: JsonObject = Field(default_factory=dict)
    needs: JsonObject = Field(default_factory=dict)
    risks: JsonList = Field(default_factory=list)
    limits: JsonObject = Field(default_factory=dict)


class ChangedContacts(Given):
    """Whom to call, in this order."""

    revision: Revision
    contacts: Annotated[list[NewContact], Field(max_length=20)]


class NewStay(Given):
    """The bed an elder lies in from now on; null is none."""

    revision: Revision
    bed_id: UUID | None


class ChangedDevice(Given):
    """What a device is, and where in its home and what for; null leaves that as it is."""

    revision: Revision
    family: Name
    model: Word = ""
    room: Word | None = None
    role: Word | None = None


class Retired(Given):
    """Why a device is taken out of use."""

    revision: Revision
    reason: Name


class Installed(Shown):
    """Where a device was, and from when to when."""

    id: UUID
    home_id: UUID
    place: str
    bed_id: UUID | None
    room: str
    role: str
    since: Instant
    until: Instant | None


class InstallationList(Shown):
    """Newest first, 100 at most."""

    items: list[Installed]


class GatewayDetail(Shown):
    """A gateway as it is registered."""

    id: str
    kind: Literal["home", "protocol"]
    home_id: UUID | None
    area_code: str
    org_id: UUID
    network: JsonObject
    retired_at: Instant | None
    revision: int


class ChangedGateway(Given):
    """Where a gateway stands and what carries it; a retired one may no longer connect."""

    revision: Revision
    home_id: UUID | None = None
    network: JsonObject = Field(default_factory=dict)
    retired: bool = False
    reason: Word = Field("", description="why it is taken out of use or brought back")
