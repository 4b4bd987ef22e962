"""What a notification is, how long it is worth sending, and how it is tried again. Pure.

queued -> sending -> sent -> delivered | failed       (the provider has it; a receipt says how it went)
queued -> dead          nobody could be found to send it: no address, no provider, refused, tried too often
queued -> expired       a call or message to a person that is too old: operators get it as a list
queued -> suppressed    opted out, sent within a digest, or the resident has died
sending -> suppressed   it did not arrive, and nobody needs it any more
sending -> sending      the outcome is unknown: it is looked up, or sent again where that is the lesser evil
"""

import zlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

Channel = Literal["voice", "sms", "wechat", "email", "webhook"]
RecipientKind = Literal["person", "staff", "endpoint"]
Language = Literal["zh", "en"]
Outcome = Literal["accepted", "refused", "answered", "no_answer", "busy", "unreachable"]

TO_SYSTEMS: Final[frozenset[str]] = frozenset({"email", "webhook"})

# Older than this, a call or message is not sent any more but given to the operators as a list.
_WORTH_SENDING: Final = {
    1: timedelta(minutes=10),
    2: timedelta(minutes=20),
    3: timedelta(hours=1),
    4: timedelta(hours=2),
}
_SYSTEMS_WAIT: Final = timedelta(hours=24)

RESEND_UNKNOWN_UP_TO: Final = 2  # a doubled message of P1 and P2 is the lesser evil, of P3 and P4 it is not
DIGEST_FROM: Final = 3
DIGEST_WINDOW: Final = timedelta(minutes=15)
LEASE: Final = timedelta(seconds=60)
UNKNOWN_WAIT: Final = timedelta(seconds=10)  # until a provider that took it would know it
VOICE_RESULT_WITHIN: Final = timedelta(minutes=3)
_ASK_FIRST: Final = timedelta(seconds=20)
_ASK_FOR: Final = timedelta(hours=24)


class State(StrEnum):
    """Where a notification is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    DEAD = "dead"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


class Recipient(msgspec.Struct, frozen=True):
    """A person or a member of staff by id, or an endpoint by its configured name."""

    kind: RecipientKind
    id: str

    @classmethod
    def person(cls, id: UUID) -> "Recipient":
        """A contact, a neighbour, an elder."""
        return cls("person", str(id))

    @classmethod
    def staff(cls, id: UUID) -> "Recipient":
        """An operator, a supervisor, a responder."""
        return cls("staff", str(id))

    @classmethod
    def endpoint(cls, name: str) -> "Recipient":
        """A webhook of the configuration."""
        return cls("endpoint", name)


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the outbox."""

    id: UUID
    case_id: UUID | None
    resident_id: UUID | None
    area_code: str
    org_id: UUID | None
    step_key: str
    template: str
    params: dict[str, Any]
    language: Language
    priority: int
    channel: Channel
    recipient_kind: RecipientKind
    recipient_id: str
    state: State
    reason: str
    outcome: Outcome | None
    attempts: int
    provider: str | None
    next_at: datetime | None
    expires_at: datetime
    digest_id: UUID | None
    queued_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    handled_at: datetime | None
    handled_by: str | None
    withdrawn: str | None = None  # why nobody needs it any more, while it is being sent

    @property
    def recipient(self) -> Recipient:
        """Whom it is for."""
        return Recipient(self.recipient_kind, self.recipient_id)


def worth_sending_until(channel: str, priority: int, at: datetime) -> datetime:
    """When a notification that is due at `at` is too old to be sent."""
    return at + (_SYSTEMS_WAIT if channel in TO_SYSTEMS else _WORTH_SENDING[priority])


def end_of_the_old(channel: str) -> State:
    """Calls and messages become a list for the operators; what goes to systems is a dead letter."""
    return State.DEAD if channel in TO_SYSTEMS else State.EXPIRED


def most_attempts(priority: int) -> int:
    """How often the hand-over is tried; a P1 is tried until it expires."""
    return 1000 if priority == 1 else 8


def back_off(id: UUID, priority: int, attempts: int) -> timedelta:
    """How long to wait after so many attempts: doubling, with a spread that depends on the id alone."""
    first, most = (2.0, 30.0) if priority == 1 else (15.0, 900.0)
    delay = min(most, first * 2.0 ** min(attempts - 1, 20))
    spread = zlib.crc32(id.bytes + bytes([attempts % 256])) / 2**32
    return timedelta(seconds=delay * (0.8 + 0.4 * spread))


def ask_at(channel: str, sent_at: datetime, now: datetime) -> datetime | None:
    """When to ask a provider (again) how it went: each time as long as it has taken so far, for a day.

    A call is over after three minutes: that is the last time.
    """
    gone = now - sent_at
    if gone >= (VOICE_RESULT_WITHIN if channel == "voice" else _ASK_FOR):
        return None
    at = now + min(max(gone, _ASK_FIRST), timedelta(hours=1))
    return min(at, sent_at + VOICE_RESULT_WITHIN) if channel == "voice" else at


# What a report may change: a late or doubled one never takes back what is known.
_RANK: Final = {
    "queued": 0,
    "sending": 1,
    "dead": 1,
    "expired": 1,
    "suppressed": 1,  # nobody wanted it sent again, and it had arrived all the same
    "sent": 2,
    "failed": 3,
    "delivered": 4,
}
_OUTCOME_RANK: Final = {
    None: 0,
    "unreachable": 1,
    "busy": 1,
    "no_answer": 1,
    "answered": 2,
    "refused": 3,
    "accepted": 4,
}


def after_report(
    state: str, outcome: str | None, status: str, reported: str | None
) -> tuple[str, str | None]:
    """State and outcome once a report `status` (sent, delivered, failed) with an outcome has come."""
    if _RANK[status] < _RANK[state]:
        return state, outcome
    if _RANK[status] > _RANK[state]:
        return status, reported
    return state, (reported if _OUTCOME_RANK[reported] > _OUTCOME_RANK[outcome] else outcome)


def masked(address: str) -> str:
    """An address as lists show it: enough to recognise, not enough to use."""
    if "@" in address:
        name, _, host = address.partition("@")
        return f"{name[:1]}***@{host}"
    if len(address) <= 4:
        return "****"
    return f"{address[:3]}****{address[-4:]}" if len(address) >= 9 else f"****{address[-2:]}"
