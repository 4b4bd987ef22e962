"""What a family is told: the thread of a case, the night, the devices; words are the page's. Pure.

What the centre judged to be false is one word here: no kinds, no steps.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

Stage = Literal["waiting", "in_hand", "settled", "over"]
StepName = Literal["raised", "taken", "spoken", "asked", "coming", "arrived", "settled", "over"]
Why = Literal["no_device", "no_data", "not_worn", "charging", "out_of_bed", "too_old", "gaps"]

_STAGES: Final[dict[str, Stage]] = {
    "open": "waiting",
    "resolved": "settled",
    "followed_up": "settled",
    "closed": "over",
}
_FALSE: Final = frozenset({"false_alarm", "test"})
CHINA: Final = timedelta(hours=8)
NIGHT: Final = (22, 6)
_SPEAKS_FOR: Final = timedelta(minutes=100)  # a state is told each hour
_KNOWN_AT_LEAST: Final = 0.8
FRESH: Final = timedelta(minutes=30)


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the thread; `who` did it, `eta_at` when they will be there, `outcome` a fixed word."""

    step: StepName
    at: datetime
    who: str = ""
    eta_at: datetime | None = None
    outcome: str = ""


class Thread(msgspec.Struct, frozen=True, kw_only=True):
    """One case as a family follows it; `who` has it in hand."""

    id: UUID
    stage: Stage
    kinds: list[str]
    room: str
    who: str
    outcome: str
    occurred_at: datetime
    over_at: datetime | None
    steps: list[Step]


class Help(msgspec.Struct, frozen=True):
    """A dispatch as far as a family is told of it."""

    name: str
    state: str
    offered_at: datetime
    answered_at: datetime | None
    eta_at: datetime | None
    arrived_at: datetime | None
    ended_at: datetime | None


class Call(msgspec.Struct, frozen=True):
    """A call-back to the elder."""

    at: datetime
    who: str
    outcome: str


def thread(row: dict[str, Any], calls: Sequence[Call], helps: Sequence[Help]) -> Thread:
    """A case as its family sees it."""
    stage = _STAGES.get(row["state"], "in_hand")
    outcome = row["disposition"] or ""
    false = stage == "over" and outcome in _FALSE
    return Thread(
        id=row["id"],
        stage=stage,
        kinds=[] if false else row["kinds"],
        room="" if false else row["room"] or "",
        who="" if stage == "waiting" else row["owner_name"] or "",
        outcome=outcome,
        occurred_at=row["occurred_at"],
        over_at=row["closed_at"],
        steps=[] if false else _steps(row, stage, calls, helps),
    )


def _steps(row: dict[str, Any], stage: Stage, calls: Sequence[Call], helps: Sequence[Help]) -> list[Step]:
    steps = [Step(step="raised", at=row["occurred_at"])]
    who = row["owner_name"] or ""
    if stage != "waiting" and row["claimed_at"] is not None:
        steps.append(Step(step="taken", at=row["claimed_at"], who=who))
    steps += [Step(step="spoken", at=call.at, who=call.who, outcome=call.outcome) for call in calls[-1:]]
    for help in helps:
        steps += _help_steps(help)
    if row["resolved_at"] is not None and stage == "settled":
        steps.append(Step(step="settled", at=row["resolved_at"], who=who))
    if row["closed_at"] is not None:
        steps.append(Step(step="over", at=row["closed_at"], who=who, outcome=row["disposition"] or ""))
    return [steps[0], *sorted(steps[1:], key=lambda step: step.at)]


def _help_steps(help: Help) -> list[Step]:
    """Who was asked, is coming, was there; who could not is not told of."""
    if help.state == "offered":
        return [Step(step="asked", at=help.offered_at, who=help.name)]
    if help.state not in {"accepted", "arrived", "done"}:
        return []
    found = []
    if help.answered_at is not None:
        found.append(Step(step="coming", at=help.answered_at, who=help.name, eta_at=help.eta_at))
    if help.arrived_at is not None:
        found.append(Step(step="arrived", at=help.arrived_at, who=help.name))
    return found


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """The last whole night; minutes and times are None where `why` says why."""

    since: datetime
    until: datetime
    in_bed_min: int | None = None
    times_out: int | None = None
    why: Why | None = None


Told = tuple[datetime, bool]


def night_before(now: datetime) -> tuple[datetime, datetime]:
    """From 22:00 to 06:00 (Asia/Shanghai) of the last night that is over."""
    here = now + CHINA
    ends = here.replace(hour=NIGHT[1], minute=0, second=0, microsecond=0)
    if ends > here:
        ends -= timedelta(days=1)
    begins = (ends - timedelta(days=1)).replace(hour=NIGHT[0])
    return (begins - CHINA).astimezone(UTC), (ends - CHINA).astimezone(UTC)


def night(told: Sequence[Told], since: datetime, until: datetime) -> Night:
    """Time in bed and times out of it; each state holds until the next is told, 100 minutes at most."""
    known = in_bed = timedelta()
    times_out = 0
    for place, (at, lies) in enumerate(told):
        following = told[place + 1][0] if place + 1 < len(told) else until
        begins, ends = max(at, since), min(following, at + _SPEAKS_FOR, until)
        if ends > begins:
            known += ends - begins
            in_bed += (ends - begins) if lies else timedelta()
        if place and told[place - 1][1] and not lies and since <= at < until:
            times_out += 1
    if known < (until - since) * _KNOWN_AT_LEAST:
        why: Why = "gaps" if known else "no_data"
        return Night(since=since, until=until, why=why)
    return Night(since=since, until=until, in_bed_min=round(in_bed.total_seconds() / 60), times_out=times_out)


def state_since(told: Sequence[Told]) -> datetime | None:
    """Since when the last told state holds."""
    found = None
    for at, lies in reversed(told):
        if lies != told[-1][1]:
            break
        found = at
    return found


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """The nth device in words: `working` None is not known yet."""

    n: int
    what: str
    room: str
    working: bool | None
    battery_low: bool
    last_seen_at: datetime | None


_BY_FAMILY: Final = {"watch": "watch", "wrist_accelerometer": "wristband", "mattress": "mattress"}
_BY_KIND: Final = {"in_bed": "mattress", "door_open": "door", "motion": "motion", "presence": "presence"}
_ROLES: Final = frozenset(
    {"sos", "smoke", "gas", "co", "door", "motion", "presence", "water_leak", "mattress"}
)


def what_it_is(family: str, role: str, kinds: Sequence[str]) -> str:
    """A device by its role, its family or what it measures; `sensor` for any other."""
    if role in _ROLES:
        return role
    if family == "button":
        return "sos"
    by_kind = next((_BY_KIND[kind] for kind in _BY_KIND if kind in kinds), "sensor")
    return _BY_FAMILY.get(family, by_kind)
