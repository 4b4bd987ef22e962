"""What the API gives about curves: values with their extremes and source, and where there are none, why."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from cloud.api.schemas import Shown
from cloud.api.times import Instant
from cloud.telemetry.silences import Reason


class CurvePoint(Shown):
    """The values of one bucket: mean, least and greatest, worst quality 0-100, from `at` to `last`."""

    at: Instant
    last: Instant
    value: float
    low: float
    high: float
    quality: int | None
    count: int


class CurveGap(Shown):
    """No data, and why: the bed was empty, the watch not worn, nothing was heard of the device ..."""

    since: Instant
    until: Instant
    reason: Reason


class Curve(Shown):
    """One device's values of one kind, oldest first; the first may speak into the window."""

    kind: str
    unit: str
    device: str
    family: str
    points: list[CurvePoint]
    gaps: list[CurveGap]


class BedSpan(Shown):
    """In bed or out of it, as a device said, perhaps since before the window; other times are not known."""

    since: Instant
    until: Instant
    in_bed: bool
    device: str


class Trends(Shown):
    """Curves of several kinds over one window. A kind that no device measured has no curve."""

    subject: Literal["resident", "bed"]
    subject_id: UUID
    since: Instant
    until: Instant
    bucket_s: float = Field(description="width of a bucket")
    curves: list[Curve]
    bed: list[BedSpan]


class BedValue(Shown):
    """The newest value of one kind at a bed, from a device that is installed there now; nobody's name."""

    bed_id: UUID
    lat: float | None = Field(description="of the home's gate, WGS-84")
    lon: float | None
    value: float
    quality: int | None
    at: Instant
    device: str


class BedValues(Shown):
    """What a map of the caller's area shows of one kind."""

    kind: str
    unit: str
    beds: list[BedValue]
