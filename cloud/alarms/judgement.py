"""What new readings and observations of one person make of what is known: turn by turn, oldest first. Pure.

The worker and the replay walk the same way, so that a replay tells what the worker would have done.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

import msgspec

from cloud.alarms.absence import STATES, Expect, Fulfilled, expect
from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.person import Person
from cloud.alarms.readings import VITALS, WEAR, Sample
from cloud.alarms.rule_versions import RuleSet
from cloud.alarms.vitals import Active, Finding, assess, news, step
from firmware_specs.kinds import EVENTS

LATE_AFTER: Final = timedelta(minutes=10)
JUDGED: Final = VITALS | STATES.keys()
"""The kinds whose readings are judged when they arrive."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alarm of a person or a home rings."""

    home_id: UUID
    area_code: str
    org_id: UUID | None = None
    gateway_id: str | None = None


class Trigger(msgspec.Struct, frozen=True, kw_only=True):
    """Something new. `at` is when it may be judged as of: measured, or entered; `kind` "" an observation."""

    at: datetime
    received_at: datetime
    kind: str = ""
    value: float = 0.0
    device: str | None = None
    device_key: int | None = None


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """What a state reading began or ended, by the sensor that told."""

    device_key: int
    what: Expect | Fulfilled


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What one moment brought: drafts with the conditions they tell, what is over, what is awaited."""

    at: datetime
    drafts: tuple[tuple[AlarmDraft, tuple[Finding, ...]], ...] = ()
    over: tuple[str, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    active: Mapping[str, Active] = {}

    @property
    def quiet(self) -> bool:
        """True when there is nothing to write down."""
        return not (self.drafts or self.over or self.awaited)


def turns(
    triggers: Iterable[Trigger],
    samples: Sequence[Sample],
    active: Mapping[str, Active],
    *,
    person: Person,
    place: Place | None,
    rules: RuleSet,
) -> Iterator[Turn]:
    """One turn a moment. A person who is not watched, or lives nowhere, raises nothing."""
    if place is None or person.state in rules.unwatched_states:
        return
    for at, together in groupby(sorted(triggers, key=_moment), key=lambda trigger: trigger.at):
        new = list(together)
        turn = _turn(at, new, samples, active, person, place, rules)
        active = turn.active
        yield turn


def is_live(measured_at: datetime, received_at: datetime) -> bool:
    """False for late telemetry: it is stored, and never raises an alarm."""
    return received_at - measured_at <= LATE_AFTER


def _moment(trigger: Trigger) -> tuple[datetime, datetime, str, float]:
    return (trigger.at, trigger.received_at, trigger.kind, trigger.value)


def _turn(
    at: datetime,
    new: Sequence[Trigger],
    samples: Sequence[Sample],
    active: Mapping[str, Active],
    person: Person,
    place: Place,
    rules: RuleSet,
) -> Turn:
    awaited = tuple(_awaited(new, samples, person, rules))
    if all(trigger.kind in STATES for trigger in new):
        return Turn(at=at, awaited=awaited, active=active)
    assessment = assess(samples, person, now=at, rules=rules)
    raised, over = news(assessment, active, now=at, rules=rules)
    received_at = max(trigger.received_at for trigger in new)
    by_kind = sorted({finding.kind for finding in raised})
    told = [tuple(finding for finding in raised if finding.kind == kind) for kind in by_kind]
    return Turn(
        at=at,
        drafts=tuple((_draft(found, at, received_at, person, place, rules), found) for found in told),
        over=tuple(over),
        awaited=awaited,
        active=step(active, raised, over, now=at),
    )


def _awaited(
    new: Sequence[Trigger], samples: Sequence[Sample], person: Person, rules: RuleSet
) -> Iterator[Awaited]:
    for trigger in new:
        if trigger.kind in STATES and trigger.device_key is not None:
            before = [
                sample
                for sample in samples
                if (sample.kind, sample.device) == (trigger.kind, trigger.device) and sample.at < trigger.at
            ]
            last = max(before, key=lambda sample: sample.at).value if before else None
            what = expect(trigger.kind, trigger.value, last, at=trigger.at, person=person, rules=rules)
            if what is not None:
                yield Awaited(device_key=trigger.device_key, what=what)


def _draft(
    findings: Sequence[Finding],
    at: datetime,
    received_at: datetime,
    person: Person,
    place: Place,
    rules: RuleSet,
) -> AlarmDraft:
    devices = {finding.device for finding in findings}
    state = () if person.state in (None, "active") else (f"resident_{person.state}",)
    inputs = [{"key": f.key, "priority": f.priority, "reasons": f.reasons, **f.inputs} for f in findings]
    return AlarmDraft(
        subject_kind="home",
        subject_id=str(place.home_id),
        alarm_class="care",
        kind=findings[0].kind,
        priority=min(finding.priority for finding in findings),
        gateway_id=place.gateway_id,
        device_id=devices.pop() if len(devices) == 1 else None,
        home_id=place.home_id,
        resident_id=person.id,
        area_code=place.area_code,
        org_id=place.org_id,
        occurred_at=at,
        received_at=received_at,
        reasons=(*(reason for finding in findings for reason in finding.reasons), *state),
        inputs={"findings": inputs, "limits_not_understood": list(person.limits.problems)},
        rule_version=rules.version,
    )


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation whose time is over."""

    rule: str
    device_key: int
    resident_id: UUID | None
    home_id: UUID
    began_at: datetime
    due_at: datetime
    rule_version: str
    device: str
    room: str


def overdue_draft(
    overdue: Overdue, place: Place, *, now: datetime, gateway_away: bool, state: str | None
) -> AlarmDraft:
    """The alarm of what did not happen in time. Where the gateway is away, it may have happened unheard."""
    late = not is_live(overdue.due_at, now)
    said = {"gateway_offline": gateway_away, "late": late, f"resident_{state}": state not in (None, "active")}
    return AlarmDraft(
        subject_kind="home",
        subject_id=str(overdue.home_id),
        alarm_class="care",
        kind=overdue.rule,
        priority=EVENTS[overdue.rule].priority,
        gateway_id=place.gateway_id,
        device_key=overdue.device_key,
        device_id=overdue.device,
        home_id=overdue.home_id,
        resident_id=overdue.resident_id,
        room=overdue.room,
        area_code=place.area_code,
        org_id=place.org_id,
        occurred_at=overdue.due_at,
        received_at=now,
        late=late,
        reasons=(overdue.rule, *(reason for reason, true in said.items() if true)),
        inputs={
            "since": round(overdue.began_at.timestamp() * 1000),
            "limit_s": round((overdue.due_at - overdue.began_at).total_seconds()),
            "device": overdue.device,
        },
        rule_version=overdue.rule_version,
    )


def windows(rules: RuleSet) -> dict[str, timedelta]:
    """How far back each kind of reading is looked at."""
    day = timedelta(days=1)
    found = {kind: rules.max_age[kind] for kind in VITALS}
    for kind, rate in rules.rates.items():
        found[kind] = max(found[kind], rate.within)
    return found | dict.fromkeys(WEAR | {"in_bed"}, day)
