"""What must happen before a time, else it is an alarm: back in bed at night, the door shut again. Pure.

A reading begins an expectation or fulfils it; the clock raises what is overdue. A bed that was empty before
(the elder sits up late) begins nothing: only leaving it does.
"""

from datetime import datetime, timedelta, timezone
from typing import Final, Literal
from uuid import UUID

import msgspec

from cloud.alarms.person import Person
from cloud.alarms.rule_versions import RuleSet

Rule = Literal["not_returned_to_bed", "door_left_open"]
STATES: Final[dict[str, Rule]] = {"in_bed": "not_returned_to_bed", "door_open": "door_left_open"}


class Expect(msgspec.Struct, frozen=True, kw_only=True):
    """Something is awaited until `due_at`."""

    rule: Rule
    began_at: datetime
    due_at: datetime


class Fulfilled(msgspec.Struct, frozen=True, kw_only=True):
    """What was awaited has happened."""

    rule: Rule
    at: datetime


def expect(
    kind: str, value: float, before: float | None, *, at: datetime, person: Person | None, rules: RuleSet
) -> Expect | Fulfilled | None:
    """What a state reading begins or ends; `before` is the same device's last value, None when unknown."""
    match STATES.get(kind), value >= 0.5:
        case "not_returned_to_bed", True:
            return Fulfilled(rule="not_returned_to_bed", at=at)
        case "door_left_open", False:
            return Fulfilled(rule="door_left_open", at=at)
        case "not_returned_to_bed", False:
            return _left_bed(before, at, person, rules)
        case "door_left_open", True:
            return _door_opened(at, person, rules)
        case _:
            return None


def still_matters(rule: str, person: Person | None, rules: RuleSet) -> bool:
    """False for a person in hospital or away who is not back in bed; a door concerns the home."""
    return rule != "not_returned_to_bed" or person is None or not person.silent(rules)


def is_night(at: datetime, rules: RuleSet) -> bool:
    """Night in the deployment's zone, such as 22-06."""
    start, end = rules.night
    hour = at.astimezone(timezone(timedelta(minutes=rules.zone_minutes))).hour
    return hour >= start or hour < end if start > end else start <= hour < end


def expectation_key(rule: str, resident_id: UUID | None, device_key: int) -> str:
    """Whom an expectation is about: any sensor of a bed tells that its resident is back, a door is itself."""
    if rule == "not_returned_to_bed" and resident_id is not None:
        return f"{rule}:{resident_id}"
    return f"{rule}:{device_key}"


def _left_bed(before: float | None, at: datetime, person: Person | None, rules: RuleSet) -> Expect | None:
    if before is None or before < 0.5 or person is None or person.silent(rules) or not is_night(at, rules):
        return None
    due_at = at + (person.limits.bed_return or rules.bed_return)
    if not is_night(due_at, rules):
        return None  # by then it is time to get up
    return Expect(rule="not_returned_to_bed", began_at=at, due_at=due_at)


def _door_opened(at: datetime, person: Person | None, rules: RuleSet) -> Expect:
    own = None if person is None else person.limits.door_open
    usual = rules.door_open_at_night if is_night(at, rules) else rules.door_open
    return Expect(rule="door_left_open", began_at=at, due_at=at + (own or usual))
