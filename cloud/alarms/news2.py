"""NEWS2 of a person at home (Royal College of Physicians, 2017), with its age, method and gaps. Pure.

Missing is never normal and never zero: what is not known has no points, and a score of fewer than seven
parameters says so ("4 of 7, not a NEWS2"). Since no parameter has negative points, the sum of the known ones
is a lower bound of the whole. A wrist estimate never fills a parameter. This is information, not a medical
alarm device.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import msgspec

from cloud.alarms.readings import Sample, counts, usable
from cloud.alarms.rule_versions import News2Table, RuleSet, Steps

PARAMETERS: Final = (
    "resp_rate", "spo2", "oxygen", "systolic", "heart_rate", "consciousness", "body_temperature",
)  # fmt: skip
_WHOLE: Final = Decimal(1)
_TENTH: Final = Decimal("0.1")


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter. `confirmed` is the points that two readings (or one and a symptom) agree on."""

    parameter: str
    value: float | str
    points: int
    confirmed: int
    at: datetime
    age_s: int
    method: str
    device: str | None


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is shown and never counted."""

    parameter: str
    value: float
    at: datetime
    age_s: int
    method: str
    device: str | None


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a person's NEWS2 at a moment. `total` is a lower bound while `complete` is False."""

    at: datetime
    scale: int
    parameters: tuple[Scored, ...]
    missing: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    total: int
    confirmed_total: int
    rule_version: str

    @property
    def known(self) -> int:
        """How many of the seven parameters have points."""
        return len(self.parameters)

    @property
    def complete(self) -> bool:
        """True when it is a NEWS2."""
        return not self.missing

    def highest(self, *, confirmed: bool) -> int:
        """The most points of one parameter, 0 when nothing is known."""
        return max((p.confirmed if confirmed else p.points for p in self.parameters), default=0)


def points(
    parameter: str, value: float | str, table: News2Table, *, scale: int = 1, on_oxygen: bool | None = None
) -> int | None:
    """Points of one value; None where it has none: an unknown word, or SpO2 of 93 and more on scale 2 while
    it is not known whether the person has oxygen.
    """
    match parameter:
        case "consciousness":
            return table.consciousness.get(str(value))
        case "oxygen":
            return table.on_oxygen if value else 0
        case _ if isinstance(value, str):
            return None
        case "spo2" if scale == 2:
            return _scale_2(value, table, on_oxygen)
        case "spo2":
            return _look_up(value, table.spo2_scale_1, _WHOLE)
        case "body_temperature":
            return _look_up(value, table.body_temperature, _TENTH)
        case _:
            steps: Steps = getattr(table, parameter)
            return _look_up(value, steps, _WHOLE)


def score(samples: Iterable[Sample], *, now: datetime, scale: int, rules: RuleSet) -> Score:
    """The score of what is known at `now`, whatever order the samples come in."""
    fresh = _fresh(usable(samples, now=now, rules=rules), now, rules)
    symptom = has_symptom(fresh, now=now, rules=rules)
    oxygen = next((sample for sample in fresh if sample.kind == "oxygen" and counts(sample, rules)), None)
    on_oxygen = None if oxygen is None else bool(oxygen.value)
    found: list[Scored] = []
    estimates: list[Estimate] = []
    for parameter in PARAMETERS:
        of_kind = [sample for sample in fresh if sample.kind == parameter]
        measured = [sample for sample in of_kind if counts(sample, rules)]
        scored = _scored(measured, rules, scale, on_oxygen, now, symptom)
        if scored is not None:
            found.append(scored)
        guessed = next((sample for sample in of_kind if not counts(sample, rules)), None)
        if guessed is not None:
            estimates.append(_estimate(guessed, now))
    known = {scored.parameter for scored in found}
    return Score(
        at=now,
        scale=scale,
        parameters=tuple(found),
        missing=tuple(parameter for parameter in PARAMETERS if parameter not in known),
        estimates=tuple(estimates),
        total=sum(scored.points for scored in found),
        confirmed_total=sum(scored.confirmed for scored in found),
        rule_version=rules.version,
    )


def has_symptom(fresh: Sequence[Sample], *, now: datetime, rules: RuleSet) -> bool:
    """True where somebody told of a symptom lately, or last heard that the person is not alert."""
    heard = next(
        (sample for sample in fresh if sample.kind == "consciousness" and counts(sample, rules)), None
    )
    told = (sample for sample in fresh if sample.kind == "symptom" and now - sample.at <= rules.symptom_age)
    return (heard is not None and heard.text != "A") or any(told)


def label(score: Score) -> tuple[str, str]:
    """The score in words, Chinese and English; a partial one says that it is none."""
    if score.complete:
        return f"NEWS2 {score.total} 分", f"NEWS2 {score.total}"
    known, of = score.known, len(PARAMETERS)
    zh = f"{of} 项中已知 {known} 项，不是 NEWS2；已知项合计 {score.total} 分"
    return zh, f"{known} of {of}, not a NEWS2; the known ones sum to {score.total}"


def words(score: Score) -> dict[str, Any]:
    """What an alarm keeps of the score: every value with its age, method and points."""
    return {
        "score": score.total,
        "confirmed_score": score.confirmed_total,
        "known": score.known,
        "complete": score.complete,
        "scale": score.scale,
        "missing": list(score.missing),
        "parameters": [msgspec.to_builtins(scored) for scored in score.parameters],
        "estimates": [msgspec.to_builtins(estimate) for estimate in score.estimates],
    }


def _look_up(value: float, steps: Steps, unit: Decimal) -> int:
    rounded = rounded_to(value, unit)
    for highest, given in steps:
        if highest is None or rounded <= Decimal(str(highest)):
            return given
    raise AssertionError("the last step has no end")


def rounded_to(value: float, unit: Decimal) -> Decimal:
    """Half up, as the number is written: 38.05 is 38.1 although the machine's number lies below."""
    return Decimal(repr(float(value))).quantize(unit, rounding=ROUND_HALF_UP)


def _scale_2(value: float, table: News2Table, on_oxygen: bool | None) -> int | None:
    on_air = _look_up(value, table.spo2_scale_2_air, _WHOLE)
    with_oxygen = _look_up(value, table.spo2_scale_2_oxygen, _WHOLE)
    if on_oxygen is None:
        return on_air if on_air == with_oxygen else None
    return with_oxygen if on_oxygen else on_air


def _fresh(samples: Iterable[Sample], now: datetime, rules: RuleSet) -> list[Sample]:
    ages = rules.max_age | {"symptom": rules.symptom_age}
    return [sample for sample in samples if sample.kind in ages and now - sample.at <= ages[sample.kind]]


def _scored(
    measured: Sequence[Sample],
    rules: RuleSet,
    scale: int,
    on_oxygen: bool | None,
    now: datetime,
    symptom: bool,
) -> Scored | None:
    if not measured:
        return None
    newest = measured[0]
    given = _points_of(newest, rules, scale, on_oxygen)
    if given is None:
        return None
    # People tell alertness and oxygen themselves: there is nothing to measure a second time.
    if symptom or newest.kind in ("consciousness", "oxygen"):
        confirmed = given
    else:
        before = next((sample for sample in measured[1:] if newest.at - sample.at >= rules.apart), None)
        earlier = None if before is None else _points_of(before, rules, scale, on_oxygen)
        confirmed = 0 if earlier is None else min(given, earlier)
    return Scored(
        parameter=newest.kind,
        value=_value_of(newest),
        points=given,
        confirmed=confirmed,
        at=newest.at,
        age_s=_age_s(newest, now),
        method=newest.method,
        device=newest.device,
    )


def _points_of(sample: Sample, rules: RuleSet, scale: int, on_oxygen: bool | None) -> int | None:
    return points(sample.kind, _value_of(sample), rules.news2, scale=scale, on_oxygen=on_oxygen)


def _value_of(sample: Sample) -> float | str:
    return sample.text if sample.kind == "consciousness" else sample.value


def _estimate(sample: Sample, now: datetime) -> Estimate:
    return Estimate(
        parameter=sample.kind,
        value=sample.value,
        at=sample.at,
        age_s=_age_s(sample, now),
        method=sample.method,
        device=sample.device,
    )


def _age_s(sample: Sample, now: datetime) -> int:
    return max(0, round((now - sample.at).total_seconds()))
