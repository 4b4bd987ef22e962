"""How a person's needs and state change what an event means. Pure.

Hospital and away silence inactivity and not-returned, and nothing else: SOS, falls, smoke, gas and CO ring
whoever is where. Mains lost is technical, but where somebody lives by oxygen or a ventilator it is care, at
once, and so never grouped or shelved.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms.advice import advice_for
from cloud.alarms.alarm import Action, AlarmDraft, Context, Suspect
from cloud.alarms.person import Person
from cloud.alarms.rule_versions import RuleSet

SILENCED: Final = frozenset({"inactivity", "not_returned_to_bed"})
BY_PROFILE: Final = SILENCED | {"fence_exit", "mains_lost"}
"""Kinds whose judgement needs the people of the home."""


def adapt(actions: Sequence[Action], context: Context, rules: RuleSet) -> list[Action]:
    """The actions as they are for these people; what is silenced is left out."""
    adapted: list[Action] = []
    for action in actions:
        match action:
            case AlarmDraft():
                draft = _draft(action, context, rules)
                adapted += [] if draft is None else [draft]
            case Suspect():
                draft = _draft(action.draft, context, rules)
                adapted += [] if draft is None else [msgspec.structs.replace(action, draft=draft)]
            case _:
                adapted.append(action)
    return adapted


def power_dependents(people: Sequence[Person]) -> list[UUID]:
    """Who of a home cannot be without mains."""
    return [person.id for person in people if person.power_dependent and person.state != "deceased"]


def _draft(draft: AlarmDraft, context: Context, rules: RuleSet) -> AlarmDraft | None:
    draft = _stamped(draft, rules)
    if draft.alarm_class == "test":
        return draft
    if draft.kind in SILENCED and _nobody_there(context, rules):
        return None
    match draft.kind:
        case "inactivity":
            return _inactivity(draft, context.person)
        case "fence_exit":
            return _fence(draft, context.person, rules)
        case "mains_lost":
            return _mains(draft, context)
        case _:
            return draft


def _stamped(draft: AlarmDraft, rules: RuleSet) -> AlarmDraft:
    inputs: dict[str, Any] = draft.inputs
    if advice := advice_for([draft.kind]):
        inputs = inputs | {"advice": [item.code for item in advice]}
    return msgspec.structs.replace(draft, rule_version=rules.version, inputs=inputs)


def _nobody_there(context: Context, rules: RuleSet) -> bool:
    """The person is away; where it is not known whose it is, everybody of the home must be."""
    if context.person is not None:
        return context.person.silent(rules)
    if context.resident_state is not None:
        return context.resident_state in rules.silent_states
    return bool(context.people) and all(person.silent(rules) for person in context.people)


def _inactivity(draft: AlarmDraft, person: Person | None) -> AlarmDraft | None:
    """Only beyond the person's own limit, where the event says how long it has been quiet."""
    evidence = draft.inputs.get("evidence")
    quiet_s = evidence.get("quiet_s") if isinstance(evidence, dict) else None
    limit = None if person is None else person.limits.inactivity
    if limit is None or isinstance(quiet_s, bool) or not isinstance(quiet_s, int | float):
        return draft
    if quiet_s < limit / timedelta(seconds=1):
        return None
    inputs = draft.inputs | {"limit_s": round(limit.total_seconds())}
    return msgspec.structs.replace(draft, inputs=inputs, reasons=(*draft.reasons, "own_limit"))


def _fence(draft: AlarmDraft, person: Person | None, rules: RuleSet) -> AlarmDraft | None:
    """Urgent unless the person's profile says otherwise; of one who is known to be away it is only told."""
    if person is None or (person.limits.fence == "urgent" and not person.silent(rules)):
        return draft
    if person.limits.fence == "off":
        return None
    return msgspec.structs.replace(draft, priority=3, reasons=(*draft.reasons, "fence_attention"))


def _mains(draft: AlarmDraft, context: Context) -> AlarmDraft:
    dependents = power_dependents(context.people)
    if not dependents or context.home_id is None:
        return draft
    return msgspec.structs.replace(
        draft,
        subject_kind="home",
        subject_id=str(context.home_id),
        alarm_class="care",
        priority=2,
        resident_id=context.resident_id if context.resident_id in dependents else dependents[0],
        reasons=(*draft.reasons, "depends_on_power"),
        inputs=draft.inputs | {"dependents": [str(dependent) for dependent in dependents]},
    )
