"""Values of a made-up person, as the rules see them."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cloud.alarms.news2 import PARAMETERS
from cloud.alarms.person import Person, person_of
from cloud.alarms.readings import Method, Sample
from tests.cloud.town import NOW

ANN = UUID(int=11)
METHODS: dict[str, Method] = {
    "resp_rate": "contactless",
    "spo2": "oximeter",
    "oxygen": "operator",
    "systolic": "cuff",
    "heart_rate": "cuff",
    "consciousness": "operator",
    "body_temperature": "thermometer",
}
Set = tuple[float, float, str, float, float, str, float]
"""RR, SpO2, air or O2, SBP, pulse, ACVPU, temperature: as the vectors write it."""


def sample(
    kind: str, value: float | str, *, at: datetime = NOW, method: Method | None = None, **more: Any
) -> Sample:
    """One value, by the method that counts unless another is named."""
    used: Method = method or METHODS.get(kind, "operator")
    given: dict[str, Any] = {"text": value} if isinstance(value, str) else {"value": value}
    given |= {"kind": kind, "at": at, "known_at": at, "method": used, "device": used}
    return Sample(**given | more)


def samples_of(values: Set, *, at: datetime = NOW, leave_out: Iterable[str] = ()) -> list[Sample]:
    """A set of the seven parameters at one moment."""
    named: dict[str, float | str] = dict(
        zip(PARAMETERS, (*values[:2], float(values[2] == "O2"), *values[3:]), strict=True)
    )
    return [sample(kind, value, at=at) for kind, value in named.items() if kind not in set(leave_out)]


def twice(values: Set, *, at: datetime = NOW, leave_out: Iterable[str] = ()) -> list[Sample]:
    """The same set measured two minutes before and now."""
    before = at - timedelta(minutes=2)
    left_out = list(leave_out)
    return [
        *samples_of(values, at=before, leave_out=left_out),
        *samples_of(values, at=at, leave_out=left_out),
    ]


def ann(**limits: Any) -> Person:
    """Somebody with limits of their own."""
    return person_of(ANN, limits=limits)
