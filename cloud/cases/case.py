"""What a case may become, and when: the state machine as a table, the limits, the joining rules. Pure.

Everything that decides about a case is here; everything that reads or writes one is in the stores.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

import msgspec


class State(StrEnum):
    """Where a case stands. `open` waits for somebody, `handed_over` for somebody named; see HELD and LIVE."""

    OPEN = "open"
    CLAIMED = "claimed"
    CONTACTING = "contacting"  # the home is called back
    DISPATCHED = "dispatched"  # a responder was asked or is on the way
    ON_SCENE = "on_scene"
    RESOLVED = "resolved"
    FOLLOWED_UP = "followed_up"
    CLOSED = "closed"
    HANDED_OVER = "handed_over"
    MERGED = "merged"


class Move(StrEnum):
    """What can happen to a case."""

    JOIN = "join"  # another alarm
    CLAIM = "claim"
    RENEW = "renew"  # any sign that the owner works on it
    CONTACT = "contact"
    DISPATCH = "dispatch"
    RECALL = "recall"  # the last responder is not coming
    ARRIVE = "arrive"
    RELEASE = "release"  # given back to the queue by the owner
    RETURN = "return"  # taken back: the seat died, the stage limit passed, the named one did not come
    HAND_OVER = "hand_over"  # to somebody named, who has still to take it
    TAKE_OVER = "take_over"  # by a supervisor
    MERGE = "merge"  # its alarms go to another case
    RESOLVE = "resolve"
    REOPEN = "reopen"  # what became a service order is an alarm again
    FOLLOW_UP = "follow_up"
    CLOSE = "close"
    SETTLE = "settle"  # a technical fault that went away before anybody came


HELD: Final = frozenset({State.CLAIMED, State.CONTACTING, State.DISPATCHED, State.ON_SCENE})
WAITING: Final = frozenset({State.OPEN, State.HANDED_OVER})
LIVE: Final = HELD | WAITING


def _held(state: State) -> dict[Move, State]:
    """What can happen to a case that somebody has, whatever the stage."""
    return {
        Move.JOIN: state,
        Move.RENEW: state,
        Move.TAKE_OVER: state,
        Move.RELEASE: State.OPEN,
        Move.RETURN: State.OPEN,
        Move.HAND_OVER: State.HANDED_OVER,
        Move.MERGE: State.MERGED,
        Move.RESOLVE: State.RESOLVED,
        Move.DISPATCH: State.DISPATCHED,
        Move.ARRIVE: State.ON_SCENE,
    }


TRANSITIONS: Final[dict[State, dict[Move, State]]] = {
    State.OPEN: {
        Move.JOIN: State.OPEN,
        Move.CLAIM: State.CLAIMED,
        Move.MERGE: State.MERGED,
        Move.SETTLE: State.CLOSED,
    },
    State.CLAIMED: _held(State.CLAIMED) | {Move.CONTACT: State.CONTACTING},
    State.CONTACTING: _held(State.CONTACTING) | {Move.CONTACT: State.CONTACTING},
    State.DISPATCHED: _held(State.DISPATCHED) | {Move.RECALL: State.CLAIMED},
    State.ON_SCENE: _held(State.ON_SCENE) | {Move.DISPATCH: State.ON_SCENE},
    State.HANDED_OVER: {
        Move.JOIN: State.HANDED_OVER,
        Move.CLAIM: State.CLAIMED,
        Move.TAKE_OVER: State.CLAIMED,
        Move.RETURN: State.OPEN,
        Move.MERGE: State.MERGED,
    },
    State.RESOLVED: {
        Move.REOPEN: State.CLAIMED,
        Move.FOLLOW_UP: State.FOLLOWED_UP,
        Move.CLOSE: State.CLOSED,
    },
    State.FOLLOWED_UP: {Move.CLOSE: State.CLOSED},
    State.CLOSED: {},
    State.MERGED: {},
}

Disposition = Literal[
    "real_emergency", "help_given", "false_alarm", "test", "technical", "service_order", "other"
]
CallOutcome = Literal["answered_ok", "needs_help", "no_answer", "busy", "wrong_number"]

# What a call-back says of the elder, as an alarm of its own: kind and priority.
CALL_ALARMS: Final[dict[str, tuple[str, int]]] = {
    "no_answer": ("no_answer", 1),
    "needs_help": ("needs_help", 2),
}

CLAIMED_LIMIT: Final = timedelta(seconds=90)
ON_SCENE_LIMIT: Final = timedelta(minutes=30)
ETA_GRACE: Final = timedelta(minutes=5)
HANDED_OVER_LIMIT: Final = timedelta(seconds=30)
SUPERVISOR_WARNED_AFTER: Final = timedelta(seconds=15)
WARNED_LIMIT: Final = timedelta(seconds=30)
SEAT_DEAD_AFTER: Final = timedelta(seconds=20)
_SAME_MOMENT: Final = timedelta(seconds=5)  # between what a worker and a route call now
CALL_LIMIT: Final = timedelta(hours=1)
SUSPECTED_UNCLAIMED_LIMIT: Final = timedelta(seconds=120)
REPEAT_WINDOW: Final = timedelta(seconds=60)
FOLLOWS_WITHIN: Final = timedelta(hours=24)
EVENT_IDS_SHOWN: Final = 20
STRANGERS_HEARD: Final = 3


class ImpossibleMove(ValueError):
    """The table has no such pair of state and move."""

    def __init__(self, state: State, move: Move) -> None:
        super().__init__(f"a case that is {state.value} cannot {move.value}")
        self.state = state
        self.move = move


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: a member of staff at a seat, or a program's token (no seat: held by the stage limit
    alone).
    """

    id: UUID
    name: str
    seat_id: UUID | None = None


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps a claim alive: the seat's last sign of life, a running call, the stage's limit."""

    state: State = State.CLAIMED
    seat_last_seen_at: datetime | None = None
    seat_closed: bool = False
    call_until: datetime | None = None
    stage_due_at: datetime | None = None
    stage_limit_at: datetime | None = None
    warned_at: datetime | None = None
    supervisor_warned_at: datetime | None = None


def step(state: State, move: Move) -> State:
    """The state after a move; raises ImpossibleMove for a pair that the table does not have."""
    try:
        return TRANSITIONS[state][move]
    except KeyError:
        raise ImpossibleMove(state, move) from None


def stage_limit(state: State, now: datetime, promised_at: datetime | None = None) -> datetime:
    """How long a stage that begins now may last. `promised_at`: the ETA and 5 min, or the zone's promise."""
    if state is State.ON_SCENE:
        return now + ON_SCENE_LIMIT
    if state is State.HANDED_OVER:
        return now + HANDED_OVER_LIMIT
    if state is State.DISPATCHED and promised_at is not None:
        return promised_at
    return now + CLAIMED_LIMIT


def stage_due(
    now: datetime, call_until: datetime | None = None, limit_at: datetime | None = None
) -> datetime:
    """When a stage that was renewed now is overdue: after another 90 s, at the stage's own limit if that is
    later, and not before a running call ends.
    """
    return max(now + CLAIMED_LIMIT, call_until or now, limit_at or now)


def seat_died(owner: Owner, now: datetime) -> bool:
    """True when the owner's seat is gone for 20 s (or signed off) and nobody there is talking."""
    if is_talking(owner.call_until, now):
        return False
    if owner.seat_closed:
        return True
    return owner.seat_last_seen_at is not None and now - owner.seat_last_seen_at > SEAT_DEAD_AFTER


def is_talking(call_until: datetime | None, now: datetime) -> bool:
    """Whether a call of the owner's runs."""
    return call_until is not None and call_until > now


def call_ended_early(owner: Owner, now: datetime) -> datetime | None:
    """When a stage is overdue that waits for a call which has ended, or gave way to a shorter one; None where
    it does not.
    """
    if owner.seat_last_seen_at is None or owner.stage_due_at is None:
        return None
    due = stage_due(now, owner.call_until, owner.stage_limit_at)
    return due if owner.stage_due_at > due + _SAME_MOMENT else None


def stage_verdict(owner: Owner, now: datetime) -> Literal["fine", "warn", "supervisor", "return"]:
    """What an overdue stage leads to: a warning to the owner, 15 s later one to the supervisors, 30 s after
    the first back to the queue. Who was named and did not come loses it at once; who talks never does.
    """
    if owner.stage_due_at is None or now < owner.stage_due_at or is_talking(owner.call_until, now):
        return "fine"
    if owner.state is State.HANDED_OVER:
        return "return"
    if owner.warned_at is None:
        return "warn"
    if now - owner.warned_at >= WARNED_LIMIT:
        return "return"
    late = now - owner.warned_at >= SUPERVISOR_WARNED_AFTER
    return "supervisor" if late and owner.supervisor_warned_at is None else "fine"


def joined_priority(priority: int, other: int) -> int:
    """The more urgent of two priorities (1 is life)."""
    return min(priority, other)


def joined_kinds(kinds: Sequence[str], kind: str) -> list[str]:
    """The kinds of a case with one more, each once, in the order they came."""
    return [*kinds] if kind in kinds else [*kinds, kind]


def joined_event_ids(ids: Sequence[UUID], event_id: UUID | None) -> list[UUID]:
    """The latest twenty event ids, oldest first."""
    if event_id is None or event_id in ids:
        return [*ids]
    return [*ids, event_id][-EVENT_IDS_SHOWN:]


def is_repeat(last_at: datetime, occurred_at: datetime, *, state: State, alarm_class: str) -> bool:
    """True for the same device and kind within 60 s before anybody claimed; of technical faults also after
    that.
    """
    return (state in WAITING or alarm_class == "technical") and abs(occurred_at - last_at) <= REPEAT_WINDOW


def is_flood(known: int) -> bool:
    """Whether strangers behind one address were heard often enough to be counted from now on."""
    return known >= STRANGERS_HEARD


def is_loud(alarm_class: str, repeats: int) -> bool:
    """Whether a repeat rings and is told: always, but of technical faults only the 2nd, 4th, 8th ... (a
    garbage storm).
    """
    return alarm_class != "technical" or repeats & (repeats - 1) == 0


def incident_point(position: dict[str, Any] | None) -> dict[str, float] | None:
    """A live WGS-84 fix exact enough to send somebody there: satellite, or within 100 m; else None."""
    if position is None or position.get("datum", "wgs84") != "wgs84":
        return None
    accuracy = position.get("accuracy_m")
    if position.get("source") != "gnss" and (accuracy is None or accuracy > 100):
        return None
    return {"lat": position["lat"], "lon": position["lon"]}


_WORN: Final = tuple(f"{kind}-" for kind in ("watch", "wrist", "pendant", "trv", "gt06", "jt808"))


def is_worn(device_id: str | None) -> bool:
    """True for a device that goes where its wearer goes; its id begins with what it is."""
    return device_id is not None and device_id.startswith(_WORN)


def address(parts: Iterable[str]) -> str:
    """One line of an address, its empty parts left out."""
    return " ".join(part for part in parts if part)
