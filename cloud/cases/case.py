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
    """Where a case stands. `open` waits for somebody; `claimed` has a living owner."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Move(StrEnum):
    """What can happen to a case."""

    JOIN = "join"  # another alarm
    CLAIM = "claim"
    RENEW = "renew"  # any sign that the owner works on it
    RELEASE = "release"  # given back by the owner
    RETURN = "return"  # taken back: the seat died or the stage limit passed
    RESOLVE = "resolve"
    CLOSE = "close"
    SETTLE = "settle"  # a technical fault that went away before anybody came


TRANSITIONS: Final[dict[State, dict[Move, State]]] = {
    State.OPEN: {
        Move.JOIN: State.OPEN,
        Move.CLAIM: State.CLAIMED,
        Move.SETTLE: State.CLOSED,
    },
    State.CLAIMED: {
        Move.JOIN: State.CLAIMED,
        Move.RENEW: State.CLAIMED,
        Move.RELEASE: State.OPEN,
        Move.RETURN: State.OPEN,
        Move.RESOLVE: State.RESOLVED,
    },
    State.RESOLVED: {Move.CLOSE: State.CLOSED},
    State.CLOSED: {},
}

Disposition = Literal["real_emergency", "help_given", "false_alarm", "test", "technical", "other"]

CLAIMED_LIMIT: Final = timedelta(seconds=90)
WARNED_LIMIT: Final = timedelta(seconds=30)
SEAT_DEAD_AFTER: Final = timedelta(seconds=20)
CALL_LIMIT: Final = timedelta(hours=1)
P1_UNCLAIMED_LIMIT: Final = timedelta(seconds=30)
SUSPECTED_UNCLAIMED_LIMIT: Final = timedelta(seconds=120)
REPEAT_WINDOW: Final = timedelta(seconds=60)
FOLLOWS_WITHIN: Final = timedelta(hours=24)
EVENT_IDS_SHOWN: Final = 20


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

    seat_last_seen_at: datetime | None = None
    seat_closed: bool = False
    call_until: datetime | None = None
    stage_due_at: datetime | None = None
    warned_at: datetime | None = None


def step(state: State, move: Move) -> State:
    """The state after a move; raises ImpossibleMove for a pair that the table does not have."""
    try:
        return TRANSITIONS[state][move]
    except KeyError:
        raise ImpossibleMove(state, move) from None


def stage_due(now: datetime, call_until: datetime | None = None) -> datetime:
    """When a claim that was renewed now must be renewed again; a running call counts as renewal until it
    ends.
    """
    return max(now + CLAIMED_LIMIT, call_until or now)


def seat_died(owner: Owner, now: datetime) -> bool:
    """True when the owner's seat is gone for 20 s (or signed off) and nobody there is talking."""
    if owner.call_until is not None and owner.call_until > now:
        return False
    if owner.seat_closed:
        return True
    return owner.seat_last_seen_at is not None and now - owner.seat_last_seen_at > SEAT_DEAD_AFTER


def stage_verdict(owner: Owner, now: datetime) -> Literal["fine", "warn", "return"]:
    """What an overdue stage leads to: first a warning to the owner, 30 s later back to the queue."""
    if owner.stage_due_at is None or now < owner.stage_due_at:
        return "fine"
    if owner.warned_at is None:
        return "warn"
    return "return" if now - owner.warned_at >= WARNED_LIMIT else "fine"


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
    return (state is State.OPEN or alarm_class == "technical") and abs(occurred_at - last_at) <= REPEAT_WINDOW


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


def address(parts: Iterable[str]) -> str:
    """One line of an address, its empty parts left out."""
    return " ".join(part for part in parts if part)
