"""What the API takes and gives about observations, limits and NEWS2."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from cloud.api.schemas import Given, Shown
from cloud.api.texts import Name, Word
from cloud.api.times import GivenInstant, Instant
from firmware_specs.kinds import READINGS

VitalKind = Literal[
    "heart_rate", "resp_rate", "spo2", "body_temperature", "systolic", "diastolic", "glucose", "weight"
]
MethodName = Literal[
    "operator", "order", "monitor", "cuff", "oximeter", "thermometer", "contactless", "glucometer", "scales",
    "wrist", "unknown",
]  # fmt: skip
GivenMethod = Literal[
    "operator", "monitor", "cuff", "oximeter", "thermometer", "glucometer", "scales", "wrist"
]
Parameter = Literal[
    "resp_rate", "spo2", "oxygen", "systolic", "heart_rate", "consciousness", "body_temperature"
]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Minutes = Annotated[float, Field(gt=0, le=24 * 60, allow_inf_nan=False)]


class GivenReading(Given):
    """A value that somebody read from an instrument or counted."""

    kind: VitalKind
    value: Finite
    method: GivenMethod = "operator"

    @model_validator(mode="after")
    def _possible(self) -> "GivenReading":
        known = READINGS[self.kind]
        if not known.low <= self.value <= known.high:
            raise ValueError(f"{self.kind} is between {known.low:g} and {known.high:g} {known.unit}")
        return self


class NewObservation(Given):
    """What an operator heard or was told; at least one thing. `at` is at most a day ago, without it now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "consciousness": "A",
                    "oxygen": False,
                    "readings": [{"kind": "resp_rate", "value": 22}],
                    "symptoms": ["breathless"],
                }
            ]
        }
    )

    at: GivenInstant | None = None
    consciousness: Literal["A", "C", "V", "P", "U"] | None = Field(
        None, description="alert, new confusion, responds to voice, to pain, unresponsive"
    )
    oxygen: bool | None = Field(None, description="true: breathes oxygen now; false: air")
    readings: Annotated[list[GivenReading], Field(max_length=20, default_factory=list)]
    symptoms: Annotated[list[Name], Field(max_length=20, default_factory=list)]

    @model_validator(mode="after")
    def _something(self) -> "NewObservation":
        if self.consciousness is None and self.oxygen is None and not (self.readings or self.symptoms):
            raise ValueError("nothing was observed: give consciousness, oxygen, readings or symptoms")
        kinds = [reading.kind for reading in self.readings]
        if len(set(kinds)) != len(kinds) or len(set(self.symptoms)) != len(self.symptoms):
            raise ValueError("each kind of reading and each symptom once")
        return self


class News2Parameter(Shown):
    """One parameter with the points of its newest value; `confirmed_points` by two readings or a symptom."""

    parameter: Parameter
    value: float | str
    points: int
    confirmed_points: int
    at: Instant
    age_s: int
    method: MethodName
    device: str | None


class News2Estimate(Shown):
    """A wrist estimate, or a value of a device that nobody described: shown, never counted."""

    parameter: Parameter
    value: float
    at: Instant
    age_s: int
    method: MethodName
    device: str | None


class News2(Shown):
    """What is known of the score. `news2` is null unless all seven parameters are known."""

    at: Instant
    news2: int | None
    sum_of_known: int
    confirmed_sum: int
    known: int
    of: int
    label: str
    label_zh: str
    scale: Literal[1, 2]
    ordered_by: str
    parameters: list[News2Parameter]
    missing: list[Parameter]
    estimates: list[News2Estimate]
    limits_not_understood: list[str]
    rule_version: str
    notice: str
    notice_zh: str


class ObservationEntered(Shown):
    """The id of what was entered, and the score with it. An alarm, if it makes one, follows on the feed."""

    id: UUID
    news2: News2


class ObservationShown(Shown):
    """One thing that was entered."""

    id: UUID
    kind: str
    value: float
    text: str
    method: MethodName
    measured_at: Instant
    entered_at: Instant
    entered_by: str


class ObservationPage(Shown):
    """Newest first; go on with `before` = `next`, null at the end."""

    items: list[ObservationShown]
    next: UUID | None


class GivenBand(Given):
    """Outside is worth attention; beyond an urgent limit, once confirmed, it is urgent."""

    low: Finite | None = None
    high: Finite | None = None
    urgent_low: Finite | None = None
    urgent_high: Finite | None = None

    @model_validator(mode="after")
    def _rising(self) -> "GivenBand":
        given = (self.urgent_low, self.low, self.high, self.urgent_high)
        edges = [edge for edge in given if edge is not None]
        if not edges or sorted(edges) != edges:
            raise ValueError("give at least one limit, with urgent_low <= low <= high <= urgent_high")
        return self


class News2Order(Given):
    """A clinician's order: the SpO2 scale, and whether the person breathes oxygen all the time."""

    spo2_scale: Literal[1, 2] = 1
    oxygen: bool | None = None
    ordered_by: Name


class ResidentLimits(Given):
    """A person's own limits; what is left out is the product's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "news2": {"spo2_scale": 2, "ordered_by": "李医生"},
                    "bands": {"heart_rate": {"low": 50, "high": 105}},
                    "bed_return_min": 20,
                    "fence": "urgent",
                }
            ]
        }
    )

    news2: News2Order | None = None
    bands: dict[VitalKind, GivenBand] = Field(default_factory=dict)
    bed_return_min: Minutes | None = None
    door_open_min: Minutes | None = None
    inactivity_h: Annotated[float, Field(gt=0, le=7 * 24, allow_inf_nan=False)] | None = None
    fence: Literal["urgent", "attention", "off"] | None = None
    high_risk: bool | None = None
    note: Word = ""


class ResidentLimitsShown(Shown):
    """The limits as they are kept; `not_understood` names what the rules leave out."""

    limits: ResidentLimits
    not_understood: list[str]
    product: dict[str, GivenBand] = Field(description="what holds for everybody: the bands of each value")
    revision: int
