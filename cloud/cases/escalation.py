"""What happens to a case that nobody takes: policies as values, and when each of their steps is due. Pure.

A round begins when a case starts to wait and ends when somebody takes it. Its steps are due at a delay from
the beginning; the repeated ones come again, cycle after cycle. A case that was taken back is in a hurry.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from cloud.cases.case import WAITING

Target = Literal["all_seats", "supervisor_screen", "supervisors", "duty_manager", "contacts", "responders"]
MessageChannel = Literal["voice", "sms", "wechat", "email"]

# Whom a step tells by a message, and so relies on.
TOLD_BY_MESSAGE: Final[frozenset[str]] = frozenset({"supervisors", "duty_manager", "contacts", "responders"})
# The duty schedule behind a target.
DUTY_ROLE: Final[dict[str, str]] = {
    "supervisors": "supervisor",
    "duty_manager": "duty_manager",
    "responders": "responder",
}
TEMPLATE: Final[dict[str, str]] = {
    "supervisors": "supervisor_page",
    "duty_manager": "supervisor_page",
    "contacts": "emergency_contact",
    "responders": "emergency_responder",
}
# After an outage a family is not called about what is long over: operators see the case itself.
CONTACTS_WORTH_CALLING: Final = timedelta(minutes=10)
_FASTEST: Final = 2
_LEAST_REPEAT_S: Final = 30


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: `delay_s` after the case began to wait, tell `target` over these channels."""

    delay_s: int
    target: Target
    channels: tuple[MessageChannel, ...] = ()
    repeats: bool = False


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a policy; "" and None in its scope mean everybody's."""

    id: UUID
    version: int
    name: str
    priority: int
    area_code: str = ""
    org_id: UUID | None = None
    resident_id: UUID | None = None
    repeat_every_s: int | None = None
    again_factor: float = 0.5
    steps: tuple[Step, ...]


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a round with its time; `step` is its position in the policy, from 1."""

    cycle: int
    step: int
    at: datetime
    target: Target
    channels: tuple[MessageChannel, ...] = ()


def waits(state: str, alarm_class: str, priority: int) -> bool:
    """Whether time that passes brings others in: P1 and P2 that nobody has, tests never."""
    return state in WAITING and alarm_class != "test" and priority <= 2


def begins_anew(
    waiting_since: datetime, priority: int, running_since: datetime | None, running_priority: int | None
) -> bool:
    """Whether a waiting case needs a new round: none runs, it waits again, or it is more urgent now."""
    if running_since is None or running_priority is None:
        return True
    return waiting_since > running_since or priority < running_priority


def first_cycle(policy: Policy, since: datetime, *, returns: int = 0) -> list[Due]:
    """Every step of a round that begins at `since`; a case that was taken back `returns` times is in a
    hurry.
    """
    hurry = policy.again_factor ** min(returns, _FASTEST)
    return [
        _due(position, step, since + timedelta(seconds=step.delay_s * hurry), cycle=1)
        for position, step in enumerate(policy.steps, 1)
    ]


def next_cycle(policy: Policy, cycle: int, now: datetime) -> list[Due]:
    """The repeated steps again, once a cycle is through; none where the policy does not repeat."""
    if policy.repeat_every_s is None:
        return []
    at = now + timedelta(seconds=max(policy.repeat_every_s, _LEAST_REPEAT_S))
    return [
        _due(position, step, at, cycle=cycle + 1)
        for position, step in enumerate(policy.steps, 1)
        if step.repeats
    ]


def _due(position: int, step: Step, at: datetime, *, cycle: int) -> Due:
    return Due(cycle=cycle, step=position, at=at, target=step.target, channels=step.channels)


def choose(
    policies: Iterable[Policy],
    *,
    priority: int,
    area_code: str,
    org_id: UUID | None,
    resident_id: UUID | None,
) -> Policy | None:
    """The policy that fits a case most closely: the resident's, else the longest district's, the
    organisation's own before everybody's.
    """
    fitting = [
        policy
        for policy in policies
        if policy.priority == priority
        and area_code.startswith(policy.area_code)
        and policy.org_id in (None, org_id)
        and policy.resident_id in (None, resident_id)
    ]
    return max(fitting, key=_closeness, default=None)


def _closeness(policy: Policy) -> tuple[bool, int, bool, UUID]:
    return (policy.resident_id is not None, len(policy.area_code), policy.org_id is not None, policy.id)


def mistakes(steps: Sequence[Step]) -> list[tuple[str, str]]:
    """What is wrong with the steps of a policy, in Chinese and English; nothing when it can be used."""
    found = []
    if not steps:
        found.append(("至少需要一个步骤", "at least one step is needed"))
    for n, step in enumerate(steps, 1):
        if step.target in TOLD_BY_MESSAGE and not step.channels:
            found.append((f"第 {n} 步没有通知方式", f"step {n} has no channel"))
        if step.target not in TOLD_BY_MESSAGE and step.channels:
            found.append((f"第 {n} 步显示在屏幕上，不需要通知方式", f"step {n} is for screens: no channel"))
        if step.channels and not {"voice", "sms"} & set(step.channels):
            found.append(
                (f"第 {n} 步须含电话或短信", f"step {n} needs a call or an SMS: others come in addition")
            )
    if not any(step.target in TOLD_BY_MESSAGE and DUTY_ROLE.get(step.target) for step in steps):
        found.append(("须有一步通知值班人员", "one step must reach somebody on duty"))
    return found
