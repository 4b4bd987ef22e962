"""What the API gives about finding residents, and about the history of a bed."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import CaseSummary, Given, Shown
from cloud.api.texts import Text
from cloud.api.times import Instant
from cloud.registry.registry import Sex, StateName


class ResidentHit(Shown):
    """A resident that fits, by what, and the open case where there is one."""

    id: UUID
    matched: Literal["name", "pinyin", "phone", "contact", "address", "device", "bed"]
    name: str
    sex: Sex
    age: int | None
    area: str
    place: str
    bed_id: UUID | None
    bed_label: str
    state: StateName | None
    open_case_id: UUID | None


class ResidentHits(Shown):
    """Best first; go on with `after` = how many were shown."""

    items: list[ResidentHit]


class CasesOf(Shown):
    """Newest first; go on with `before` = the last one's number."""

    items: list[CaseSummary]


class BedStay(Shown):
    """Somebody who lived in the bed; `until` null: still does."""

    resident_id: UUID
    name: str
    sex: Sex
    age: int | None
    since: Instant | None
    until: Instant | None


class BedInstallation(Shown):
    """A device at the bed; `until` null: still there."""

    device: str
    family: str
    model: str
    room: str
    role: str
    since: Instant | None
    until: Instant | None


class BedState(Shown):
    """A state of somebody who lived in the bed; `place`: where they stayed meanwhile."""

    resident_id: UUID
    name: str
    state: StateName
    since: Instant | None
    until: Instant | None
    place: str | None


class BedDetail(Shown):
    """A bed with its history, newest first."""

    id: UUID
    label: str
    home_id: UUID
    area: str
    place: str
    stays: list[BedStay]
    installations: list[BedInstallation]
    states: list[BedState]


class CaseByHand(Given):
    """Why a case is opened without an alarm, such as a call to a telephone that is not connected."""

    note: Text = Field(min_length=1)
