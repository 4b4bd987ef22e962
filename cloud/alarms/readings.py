"""One value of a person, by whom or what it was measured, and which of them may be used. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

import msgspec

from cloud.alarms.rule_versions import RuleSet
from firmware_specs.kinds import READINGS

Method = Literal[
    "operator", "order", "monitor", "cuff", "oximeter", "thermometer", "contactless", "glucometer", "scales",
    "wrist", "unknown",
]  # fmt: skip
VITALS: Final = frozenset(
    {
        "heart_rate", "resp_rate", "spo2", "body_temperature", "systolic", "diastolic", "glucose", "weight",
    }
)  # fmt: skip
WEAR: Final = frozenset({"worn", "charging"})
_WORDS: Final[tuple[tuple[str, Method], ...]] = (
    ("cuff", "cuff"),
    ("blood_pressure", "cuff"),
    ("oximeter", "oximeter"),
    ("thermometer", "thermometer"),
    ("glucometer", "glucometer"),
    ("scale", "scales"),
    ("mattress", "contactless"),
    ("bed_mat", "contactless"),
    ("emfit", "contactless"),
    ("sca11h", "contactless"),
    ("radar", "contactless"),
    ("monitor", "monitor"),
    ("watch", "wrist"),
    ("wrist", "wrist"),
    ("band", "wrist"),
)


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """A reading or an observation. `known_at` is from when on it may be used: a reading at once, an
    observation when it was entered. `text` is the word of consciousness or a symptom.
    """

    kind: str
    at: datetime
    known_at: datetime
    value: float = 0.0
    text: str = ""
    method: Method = "unknown"
    device: str | None = None
    quality: int | None = None


def method_of(role: str, family: str, model: str, device: str) -> Method:
    """How a device measures: by the role of its installation, else its family, model or id."""
    for described in (role, family, model, device):
        words = described.lower().replace("-", "_").replace(" ", "_")
        for word, method in _WORDS:
            if word in words:
                return method
    return "unknown"


def usable(samples: Iterable[Sample], *, now: datetime, rules: RuleSet) -> list[Sample]:
    """What may be judged at `now`, newest first: nothing from later, impossible, of poor quality, or from a
    device that nobody wore or that was charging.
    """
    known = [sample for sample in samples if sample.known_at <= now and sample.at <= now]
    wear = [sample for sample in known if sample.kind in WEAR]
    kept = [
        sample
        for sample in known
        if sample.kind not in WEAR
        and _possible(sample)
        and (sample.quality is None or sample.quality >= rules.least_quality)
        and not (sample.kind in VITALS and _idle(sample, wear))
    ]
    return sorted(kept, key=_order, reverse=True)


def counts(sample: Sample, rules: RuleSet) -> bool:
    """True where the method measures this kind, rather than estimates it."""
    return sample.method in rules.counting.get(sample.kind, ())


def _possible(sample: Sample) -> bool:
    kind = READINGS.get(sample.kind)
    return kind is None or kind.low <= sample.value <= kind.high


def _order(sample: Sample) -> tuple[datetime, datetime, str, str, float, str]:
    """A total order, so that the order of arrival decides nothing."""
    return (sample.at, sample.known_at, sample.method, sample.device or "", sample.value, sample.text)


def _idle(sample: Sample, wear: list[Sample]) -> bool:
    before = [w for w in wear if w.device == sample.device and w.at <= sample.at]
    for kind, idle in (("worn", 0.0), ("charging", 1.0)):
        said = [w for w in before if w.kind == kind]
        if said and max(said, key=_order).value == idle:
            return True
    return False
