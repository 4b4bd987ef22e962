"""When an alarm is raised: tables from kind and phase to actions. Pure: no I/O, no clock, no randomness.

Nothing here refuses a life-safety event: a wrong clock, an unknown device, a bad field become its reasons.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms.alarm import Action, AlarmDraft, Context, End, Explain, Suspect
from cloud.alarms.profiles import adapt
from cloud.alarms.rule_versions import CURRENT, RuleSet
from cloud.alarms.words import said
from firmware_specs.kinds import EVENTS, AlarmClass, EventKind
from firmware_specs.messages import Event

RULE_VERSION: Final = CURRENT.version
SUSPICION: Final = timedelta(seconds=20)
ANSWER_ON_ITS_WAY_S: Final = 5.0
LONGEST_ASKED_S: Final = 60.0
FIRE_WINDOW: Final = timedelta(minutes=10)
LATE_AFTER: Final = timedelta(minutes=10)
LONGEST_UPTIME: Final = timedelta(days=3650)
TEST_PRIORITY: Final = 4

# What a problem of an event says about its gateway: a technical alarm of its own, beside the event's.
_COMPANIONS: Final = {
    "unknown_device": "unknown_device",
    "device_not_installed": "unknown_device",
    "device_of_another_home": "unknown_device",
    "clock_implausible": "clock_wrong",
}
_FIRE_SIGNS: Final = frozenset({"smoke", "co"})
_UNKNOWN: Final = EVENTS["unknown_alarm_bit"]
# Kinds with a first, uncertain phase, and what they are called when nobody confirms or cancels it.
_SUSPICIONS: Final = {"fall": "fall_suspected", "inactivity": "inactivity"}
SUSPECTED: Final = frozenset(_SUSPICIONS)


def judge(event: Event, context: Context, rules: RuleSet = CURRENT) -> list[Action]:
    """What is to be done about one phase of an activation, in order; empty when nothing is new."""
    return adapt(_PHASES[event.phase](event, context), context, rules)


def fire_suspected(alarms: Iterable[tuple[str, datetime]]) -> bool:
    """True when an SOS and a smoke or CO alarm of one home began within ten minutes of each other."""
    known = list(alarms)
    pressed = [at for kind, at in known if kind == "sos"]
    burning = [at for kind, at in known if kind in _FIRE_SIGNS]
    return any(abs(one - other) <= FIRE_WINDOW for one in pressed for other in burning)


def gateway_alarm(
    kind: str,
    *,
    gateway_id: str,
    area_code: str,
    org_id: UUID | None,
    at: datetime,
    reasons: tuple[str, ...] = (),
    inputs: dict[str, Any] | None = None,
    device_id: str | None = None,
) -> AlarmDraft:
    """A technical alarm about a gateway itself, such as its silence or a message that cannot be read."""
    return AlarmDraft(
        subject_kind="gateway",
        subject_id=gateway_id,
        alarm_class="technical",
        kind=kind,
        priority=EVENTS[kind].priority,
        gateway_id=gateway_id,
        device_id=device_id,
        area_code=area_code,
        org_id=org_id,
        occurred_at=at,
        received_at=at,
        reasons=reasons or (kind,),
        inputs=inputs or {},
        rule_version=RULE_VERSION,
    )


def bare_alarm(
    kind: str,
    *,
    gateway_id: str,
    home_id: UUID | None,
    area_code: str,
    org_id: UUID | None,
    event_id: UUID,
    at: datetime,
) -> AlarmDraft:
    """A life-safety alarm of which nothing is certain but its kind and its gateway: better than none."""
    return AlarmDraft(
        subject_kind="gateway" if home_id is None else "home",
        subject_id=gateway_id if home_id is None else str(home_id),
        alarm_class="care",
        kind=kind,
        priority=EVENTS[kind].priority,
        event_id=event_id,
        gateway_id=gateway_id,
        home_id=home_id,
        area_code=area_code,
        org_id=org_id,
        occurred_at=at,
        received_at=at,
        reasons=(f"{kind}_raised", "not_understood"),
        rule_version=RULE_VERSION,
    )


def _begins(event: Event, context: Context) -> list[Action]:
    known = context.alarm
    if known is not None and (known.kind == event.kind or known.kind not in _SUSPICIONS.values()):
        return []
    actions: list[Action] = [_draft(event, context), *_companions(event, context)]
    if context.ended_by is not None:
        actions.append(End(phase="cancelled" if context.ended_by == "cancelled" else "cleared"))
    return actions


def _may_begin(event: Event, context: Context) -> list[Action]:
    suspicion = _SUSPICIONS.get(event.kind)
    if suspicion is None:
        return _begins(event, context)
    if context.alarm is not None or context.begun or context.ended:
        return []
    draft = _draft(event, context)
    test = draft.alarm_class == "test"
    draft = msgspec.structs.replace(
        draft,
        kind=suspicion,
        priority=TEST_PRIORITY if test else EVENTS[suspicion].priority,
        reasons=("neither_raised_nor_cancelled", *draft.reasons[1:]),
    )
    return [
        Suspect(draft=draft, due_at=context.received_at + waits(event.kind, event.evidence)),
        *_companions(event, context),
    ]


def waits(kind: str, evidence: dict[str, Any]) -> timedelta:
    """How long a suspicion waits: for a fall of which the gateway is unsure as long as it says that it still
    asks the wearer itself, at most a minute.
    """
    asks_s = evidence.get("asks_s")
    if (
        "unsure" not in said(kind, evidence)
        or isinstance(asks_s, bool)
        or not isinstance(asks_s, int | float)
    ):
        return SUSPICION
    asks_s = min(asks_s, LONGEST_ASKED_S) if asks_s > 0 else 0.0
    return max(SUSPICION, timedelta(seconds=asks_s + ANSWER_ON_ITS_WAY_S))


def _goes_on(event: Event, context: Context) -> list[Action]:
    """An update of an activation that never began here: its beginning was lost, so it begins now. One of a
    suspicion only explains it.
    """
    if context.suspected and event.kind in _SUSPICIONS:
        return [] if context.ended else [Explain(reasons=_reasons(event, EVENTS[event.kind], context)[1:])]
    return [] if context.alarm is not None or context.begun or context.ended else _begins(event, context)


def _is_over(event: Event, context: Context) -> list[Action]:
    return [End(phase="cancelled" if event.phase == "cancelled" else "cleared")]


_PHASES: Final[dict[str, Callable[[Event, Context], list[Action]]]] = {
    "suspected": _may_begin,
    "raised": _begins,
    "updated": _goes_on,
    "cleared": _is_over,
    "restored": _is_over,
    "cancelled": _is_over,
}


def _class_of(event: Event, kind: EventKind, context: Context) -> tuple[AlarmClass, int]:
    if kind.alarm_class == "test" or (event.test and context.test_window):
        return "test", TEST_PRIORITY
    return kind.alarm_class, kind.priority


def _reasons(event: Event, kind: EventKind, context: Context) -> tuple[str, ...]:
    reasons = [f"{kind.name}_{event.phase}"]
    if event.test and kind.alarm_class != "test":
        reasons.append("in_test_window" if context.test_window else "test_outside_window")
    if context.late:
        reasons.append("late")
    if context.resident_state not in (None, "active"):
        reasons.append(f"resident_{context.resident_state}")
    return (*reasons, *said(event.kind, event.evidence), *context.problems)


def _draft(event: Event, context: Context) -> AlarmDraft:
    kind = EVENTS.get(event.kind, _UNKNOWN)
    alarm_class, priority = _class_of(event, kind, context)
    about_home = context.home_id is not None and (
        alarm_class != "technical" or context.device_key is not None
    )
    inputs: dict[str, Any] = {"phase": event.phase, "at": event.at, "clock": event.clock.source}
    if kind is _UNKNOWN:
        inputs["kind"] = event.kind
    if event.evidence:
        inputs["evidence"] = event.evidence
    if event.local:
        inputs["local"] = event.local
    return AlarmDraft(
        subject_kind="home" if about_home else "gateway",
        subject_id=str(context.home_id) if about_home else context.gateway_id,
        alarm_class=alarm_class,
        kind=kind.name,
        priority=priority,
        phase=event.phase,
        event_id=context.event_id,
        gateway_id=context.gateway_id,
        device_key=context.device_key,
        device_id=event.device,
        home_id=context.home_id,
        resident_id=context.resident_id,
        room=context.room,
        area_code=context.area_code,
        org_id=context.org_id,
        occurred_at=context.occurred_at,
        device_at=context.device_at,
        received_at=context.received_at,
        late=context.late,
        position=msgspec.to_builtins(event.position) if event.position is not None else None,
        reasons=_reasons(event, kind, context),
        inputs=inputs,
        rule_version=RULE_VERSION,
    )


def _address(event: Event) -> dict[str, Any]:
    """Where the device called from, as far as its gateway saw it."""
    return {key: value for key, value in event.evidence.items() if key == "source_address"}


def _companions(event: Event, context: Context) -> list[Action]:
    """Technical alarms about the gateway, one for each thing that is wrong with where or when the event
    comes from.
    """
    wrong = {
        _COMPANIONS[problem]: problem for problem in reversed(context.problems) if problem in _COMPANIONS
    }
    return [
        gateway_alarm(
            kind,
            gateway_id=context.gateway_id,
            area_code=context.area_code,
            org_id=context.org_id,
            at=context.received_at,
            reasons=(problem,),
            inputs={"event_id": str(context.event_id), "at": event.at, "evidence": _address(event)},
            device_id=event.device,
        )
        for kind, problem in wrong.items()
    ]
