"""What a case's timeline says of how it was answered: its lines folded into one row of facts. Pure.

A wait begins with the line that made the case as urgent as it ever became; it ends with the first claim from
then on, or at once where somebody already had the case.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

SYSTEM: Final = "system"
_LEAST: Final = 4
# Lines after which somebody has the case, and lines after which nobody has.
_TAKEN: Final = frozenset({"claimed", "taken_over", "alarm_again"})
_GIVEN_BACK: Final = frozenset({"returned", "released", "handed_over"})
_CALLED_OFF: Final = frozenset({"recalled", "dispatch_undone", "refused", "no_answer"})


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a timeline, as far as figures need it."""

    at: datetime
    kind: str
    actor: str
    seat_id: str | None = None
    priority: int | None = None
    alarm_id: str | None = None
    device: str | None = None
    reason: str | None = None
    to: str | None = None
    into: str | None = None
    promised_at: datetime | None = None
    disposition: str | None = None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a case is and never stops to be."""

    case_id: UUID
    case_class: str
    area_code: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """How one case was answered. Times are None where the timeline has no such line.

    `settled`: it went away before anybody had it. `merged`: it became part of another before anybody had it.
    `loop_closed`: everybody who was sent arrived or was called off; None where nobody was sent.
    """

    origin: Origin
    opened_at: datetime
    priority: int
    waits_from: datetime
    answered_at: datetime | None = None
    seat: str | None = None
    person: str | None = None
    supervisor_at: datetime | None = None
    shown_at: datetime | None = None
    decided_at: datetime | None = None
    dispatched_at: datetime | None = None
    promised_at: datetime | None = None
    arrived_at: datetime | None = None
    loop_closed: bool | None = None
    over_at: datetime | None = None
    disposition: str | None = None
    returned: int = 0
    settled: bool = False
    merged: bool = False

    @property
    def to_be_acted_on(self) -> bool:
        """Whether a person had to act on it."""
        return not (self.settled or self.merged)

    @property
    def answer_s(self) -> float | None:
        """Seconds from when it waited until somebody had it."""
        return None if self.answered_at is None else (self.answered_at - self.waits_from).total_seconds()


def fold(origin: Origin, lines: Sequence[Line]) -> Facts | None:
    """The facts of a case; None for one whose timeline does not begin with `opened`."""
    if not lines or lines[0].kind != "opened":
        return None
    opened_at = lines[0].at
    priority, waits_from = _urgency(lines)
    taker = _answer(lines, waits_from)
    claim = _first(lines, _TAKEN)
    over = _first(lines, {"resolved", "closed", "service_order"})
    gone = next((line for line in lines if line.kind == "merged" and line.into is not None), None)
    sent = _first(lines, {"dispatched"})
    return Facts(
        origin=origin,
        opened_at=opened_at,
        priority=priority,
        waits_from=waits_from,
        answered_at=None if taker is None else max(taker.at, waits_from),
        seat=None if claim is None else claim.seat_id or claim.actor,
        person=None if claim is None else claim.actor,
        supervisor_at=_supervisor_at(lines, waits_from),
        shown_at=_at(_first(lines, {"shown"})),
        decided_at=_at(claim),
        dispatched_at=_at(sent),
        promised_at=None if sent is None else sent.promised_at,
        arrived_at=_at(_first(lines, {"arrived"})),
        loop_closed=None if sent is None else _loop_closed(lines),
        over_at=_at(over) or _at(gone),
        disposition=next((line.disposition for line in reversed(lines) if line.disposition), None),
        returned=sum(line.kind == "returned" for line in lines),
        settled=claim is None and over is not None and over.actor == SYSTEM,
        merged=claim is None and gone is not None,
    )


def _urgency(lines: Sequence[Line]) -> tuple[int, datetime]:
    """The most urgent priority, and when it was reached."""
    said = [(line.priority, line.at) for line in lines if line.priority is not None]
    return min(said) if said else (_LEAST, lines[0].at)


def _answer(lines: Iterable[Line], waits_from: datetime) -> Line | None:
    """The line by which somebody had the case while it waited; an earlier one where they still had it."""
    holder: Line | None = None
    for line in lines:
        if line.kind in _TAKEN:
            holder = line
            if line.at >= waits_from:
                return line
        elif line.kind in _GIVEN_BACK and line.at < waits_from:
            holder = None
        elif line.at >= waits_from and holder is not None:
            return holder
    return holder


def _supervisor_at(lines: Iterable[Line], waits_from: datetime) -> datetime | None:
    told = (line for line in lines if line.kind == "escalated" and line.to is not None)
    return next((line.at for line in told if line.at >= waits_from and "supervisor" in (line.to or "")), None)


def _loop_closed(lines: Iterable[Line]) -> bool:
    """Every dispatch came to an arrival or was called off."""
    running = 0
    for line in lines:
        if line.kind == "dispatched":
            running += 1
        elif line.kind == "arrived" or line.kind in _CALLED_OFF:
            running = max(0, running - 1)
    return running == 0


def _first(lines: Iterable[Line], kinds: Iterable[str]) -> Line | None:
    return next((line for line in lines if line.kind in kinds), None)


def _at(line: Line | None) -> datetime | None:
    return None if line is None else line.at
