"""What the API gives about the figures of the desk; their fields are those of cloud/kpi/figures.py."""

from typing import Any, Literal

import msgspec
from pydantic import Field, create_model

from cloud.api.schemas import Shown
from cloud.api.times import Instant
from cloud.kpi.figures import Figures


class KpiDevice(Shown):
    """A device that rang often; `share` of all activations, percent."""

    device: str
    activations: int
    share: float


_FIELDS: dict[str, Any] = {
    field.name: (field.type, ...) for field in msgspec.structs.fields(Figures) if field.name != "top_devices"
}
KpiFigures = create_model(
    "KpiFigures",
    __base__=Shown,
    __doc__="Seconds (`_s`), percent, counts; null where there is nothing to count. `_all`: of all cases;"
    " `_acted`: of those that a person had to act on.",
    top_devices=(list[KpiDevice], ...),
    **_FIELDS,
)


class KpiGroup(Shown):
    """The figures of one seat, shift (by its local beginning) or district."""

    key: str
    label: str
    figures: KpiFigures  # type: ignore[valid-type]  # made from the figures' own fields


class KpiPromise(Shown):
    """A promise and what was reached; `kept` null where there was nothing to count."""

    figure: str
    compare: Literal["least", "most"]
    value: float
    unit: Literal["s", "%", "/h"]
    zh: str
    en: str
    others: str = Field(description="what comparable services ask")
    reached: float | None
    kept: bool | None


class KpiReport(Shown):
    """Figures of the cases opened between `start` and `end`, as of `as_of`."""

    start: Instant
    end: Instant
    as_of: Instant
    group: Literal["all", "seat", "shift", "district"]
    total: KpiFigures  # type: ignore[valid-type]  # made from the figures' own fields
    groups: list[KpiGroup]
    promises: list[KpiPromise]
