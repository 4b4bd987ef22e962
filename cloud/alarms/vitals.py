"""When a person's values become alarms: the score, the personal bands, fast changes. Pure.

P1  NEWS2 >= 7 of a complete set, each parameter confirmed by two readings (or one and a symptom)
P2  the known parameters confirm 5 or more, or one of them 3; an urgent limit of a clinician, confirmed
P3  outside the personal band once; a fast change, seen twice; what would be P1 or P2 and is not confirmed,
    a wrist estimate among it: that never becomes more
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from cloud.alarms import news2
from cloud.alarms.news2 import Score
from cloud.alarms.person import Person, band_of
from cloud.alarms.readings import VITALS, Sample, counts, usable
from cloud.alarms.rule_versions import Band, Rate, RuleSet

_KINDS: Final = {1: "news2_high", 2: "news2_medium"}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that holds; `key` names it while it lasts, `known` is how much of the score was known."""

    key: str
    kind: str
    priority: int
    reasons: tuple[str, ...]
    inputs: dict[str, Any]
    device: str | None = None
    known: int = 0


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What holds at a moment, and the keys of what certainly holds no more; the rest is not known."""

    score: Score
    findings: tuple[Finding, ...]
    over: frozenset[str]


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """A condition that was raised, and whether it is over."""

    key: str
    priority: int
    raised_at: datetime
    known: int = 0
    over: bool = False


def assess(samples: Iterable[Sample], person: Person, *, now: datetime, rules: RuleSet) -> Assessment:
    """Judge what is known at `now`; the order of the samples decides nothing. Never raises."""
    known = usable(samples, now=now, rules=rules)
    known += _orders(known, person, now, rules)
    score = news2.score(known, now=now, scale=person.limits.spo2_scale, rules=rules)
    symptom = news2.has_symptom(known, now=now, rules=rules)
    findings = list(_of_score(score, rules))
    over = set(_score_over(score, rules))
    for kind in sorted(VITALS):
        of_kind = [s for s in known if s.kind == kind and now - s.at <= rules.max_age[kind]]
        band, rate = band_of(kind, person.limits, rules), rules.rates.get(kind)
        if of_kind and band is not None:
            findings += _outside(of_kind, band, now, rules, symptom=symptom)
            over |= _inside(of_kind, band)
        if rate is not None:
            series = [s for s in known if s.kind == kind and now - s.at <= rate.within]
            found = _changed(series, rate, now, rules)
            findings += [] if found is None else [found]
            over |= {f"rate:{kind}"} if found is None and len(series) > 1 else set()
    return Assessment(score=score, findings=tuple(findings), over=frozenset(over))


def news(
    assessment: Assessment, active: Mapping[str, Active], *, now: datetime, rules: RuleSet
) -> tuple[list[Finding], list[str]]:
    """What is to be raised now, and which of the active conditions are over."""
    raised = [f for f in assessment.findings if _is_news(f, active.get(f.key), now, rules)]
    holding = {finding.key for finding in assessment.findings}
    over = [
        key
        for key in sorted(assessment.over - holding)
        if key in active and not active[key].over and active[key].known <= assessment.score.known
    ]
    return raised, over


def step(
    active: Mapping[str, Active], raised: Iterable[Finding], over: Iterable[str], *, now: datetime
) -> dict[str, Active]:
    """The conditions after what `news` told."""
    after = dict(active)
    after |= {key: msgspec.structs.replace(active[key], over=True) for key in over}
    after |= {f.key: Active(key=f.key, priority=f.priority, raised_at=now, known=f.known) for f in raised}
    return after


def _is_news(finding: Finding, before: Active | None, now: datetime, rules: RuleSet) -> bool:
    if before is None or finding.priority < before.priority:
        return True
    pause = rules.rest if before.over else rules.again_after
    return now - before.raised_at >= pause.get(finding.priority, timedelta(0))


def _orders(known: Sequence[Sample], person: Person, now: datetime, rules: RuleSet) -> list[Sample]:
    """A clinician's standing order for oxygen counts where no operator has heard otherwise."""
    heard = any(s.kind == "oxygen" and now - s.at <= rules.max_age["oxygen"] for s in known)
    if heard or person.limits.oxygen is None:
        return []
    ordered = float(person.limits.oxygen)
    return [Sample(kind="oxygen", at=now, known_at=now, value=ordered, method="order")]


def _of_score(score: Score, rules: RuleSet) -> Iterator[Finding]:
    """The score's own alarm as far as it is confirmed; beyond that a P3 that asks for a second reading."""
    certain = _level(score, score.confirmed_total, score.highest(confirmed=True), rules)
    seen = _level(score, score.total, score.highest(confirmed=False), rules)
    said = [f"news2_{score.total}"]
    if not score.complete:
        said = [f"sum_of_known_{score.total}", f"{score.known}_of_{len(news2.PARAMETERS)}_not_a_news2"]
    if score.scale == 2:
        said.append("spo2_scale_2")
    threes = [f"{p.parameter}_3" for p in score.parameters if p.points >= rules.news2.single]
    if certain <= 2:
        yield _score_finding(_KINDS[certain], _KINDS[certain], certain, (*said, *threes), score)
    if seen < certain:
        reasons = ("unconfirmed", *said, *threes)
        yield _score_finding("news2_unconfirmed", "vital_out_of_band", 3, reasons, score)


def _level(score: Score, total: int, single: int, rules: RuleSet) -> int:
    """1, 2, or 4 for nothing: only a complete set is a matter of life."""
    table = rules.news2
    if score.complete and total >= table.high:
        return 1
    return 2 if total >= table.medium or single >= table.single else 4


def _score_finding(key: str, kind: str, priority: int, reasons: tuple[str, ...], score: Score) -> Finding:
    return Finding(
        key=key,
        kind=kind,
        priority=priority,
        reasons=reasons,
        inputs={"news2": news2.words(score)},
        known=score.known,
    )


def _score_over(score: Score, rules: RuleSet) -> Iterator[str]:
    """Over only where at least as much is known as when it was raised, see `news`."""
    if score.total < rules.news2.high:
        yield "news2_high"
    if score.total < rules.news2.medium and score.highest(confirmed=False) < rules.news2.single:
        yield "news2_medium"
        yield "news2_unconfirmed"


def _outside(
    samples: Sequence[Sample], band: Band, now: datetime, rules: RuleSet, *, symptom: bool
) -> Iterator[Finding]:
    newest = samples[0]
    side = _side(newest.value, band.low, band.high)
    if not side:
        return
    measured = counts(newest, rules)
    edges = (band.urgent_low, band.urgent_high)
    before = next((s for s in samples[1:] if counts(s, rules) and newest.at - s.at >= rules.apart), None)
    twice = measured and before is not None and _side(before.value, band.low, band.high) == side
    urgent = measured and _side(newest.value, *edges) == side
    agreed = symptom or (before is not None and _side(before.value, *edges) == side)
    reasons = [f"{newest.kind}_{side}", "confirmed" if twice else "once"]
    if not measured:
        reasons.append("estimate")
    if urgent:
        reasons.append("urgent_limit" if agreed else "urgent_limit_unconfirmed")
    used = [newest] if before is None else [newest, before]
    yield Finding(
        key=f"band:{newest.kind}:{side}",
        kind="vital_out_of_band",
        priority=2 if urgent and agreed else 3,
        reasons=tuple(reasons),
        inputs={"band": msgspec.to_builtins(band), "values": [value_words(s, now) for s in used]},
        device=newest.device,
    )


def _inside(samples: Sequence[Sample], band: Band) -> set[str]:
    """A side is left when the newest two values are not on it."""
    sides = {_side(sample.value, band.low, band.high) for sample in samples[:2]}
    if len(samples) < 2:
        return set()
    return {f"band:{samples[0].kind}:{side}" for side in ("low", "high") if side not in sides}


def _side(value: float, low: float | None, high: float | None) -> str:
    if low is not None and value < low:
        return "low"
    return "high" if high is not None and value > high else ""


def _changed(series: Sequence[Sample], rate: Rate, now: datetime, rules: RuleSet) -> Finding | None:
    """The newest two values differ from the oldest of the same method by more than is usual."""
    if not series:
        return None
    alike = [s for s in series if (s.method, s.device) == (series[0].method, series[0].device)]
    newest, oldest = alike[0], alike[-1]
    before = next((s for s in alike[1:-1] if newest.at - s.at >= rules.apart), None)
    if before is None:
        return None
    for word, sign, limit in (("rising", 1, rate.rise), ("falling", -1, rate.fall)):
        changes = [sign * (sample.value - oldest.value) for sample in (newest, before)]
        if limit is not None and min(changes) >= limit:
            reasons = (f"{newest.kind}_{word}_fast", "confirmed")
            return Finding(
                key=f"rate:{newest.kind}",
                kind="vital_out_of_band",
                priority=3,
                reasons=reasons if counts(newest, rules) else (*reasons, "estimate"),
                inputs={
                    "within_s": round(rate.within.total_seconds()),
                    "limit": limit,
                    "values": [value_words(sample, now) for sample in (newest, before, oldest)],
                },
                device=newest.device,
            )
    return None


def value_words(sample: Sample, now: datetime) -> dict[str, Any]:
    """A value as an alarm keeps it: with its age and its method."""
    return {
        "kind": sample.kind,
        "value": sample.value,
        "age_s": max(0, round((now - sample.at).total_seconds())),
        "method": sample.method,
        "device": sample.device,
    }
