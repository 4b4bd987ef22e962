"""What a call and a seat's telephone may become: two tables, pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

import msgspec

DriverName = Literal["simulated", "cti_webhook"]
Direction = Literal["incoming", "outgoing"]
CallEventName = Literal["ringing", "connected", "ended", "no_answer", "busy", "failed"]

RING_LIMIT: Final = timedelta(seconds=90)
"""So long a call that rings holds its case."""
TALK_LIMIT: Final = timedelta(hours=1)
"""So long a call that was connected holds its case without another word from the provider."""
LOST_AFTER: Final = timedelta(hours=4)
"""A talk that no provider ended."""
UNANSWERED_LOST_AFTER: Final = timedelta(minutes=5)
NUMBERS_KEPT: Final = timedelta(days=180)


class CallState(StrEnum):
    """Where a call stands."""

    DIALLING = "dialling"  # the provider was asked
    RINGING = "ringing"
    CONNECTED = "connected"
    ENDED = "ended"  # after it was connected
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    FAILED = "failed"
    LOST = "lost"  # nobody said how it ended


LIVE_CALL: Final = frozenset({CallState.DIALLING, CallState.RINGING, CallState.CONNECTED})
_UNANSWERED: Final[dict[CallEventName, CallState]] = {
    "ringing": CallState.RINGING,
    "connected": CallState.CONNECTED,
    "ended": CallState.NO_ANSWER,
    "no_answer": CallState.NO_ANSWER,
    "busy": CallState.BUSY,
    "failed": CallState.FAILED,
}
CALL_TRANSITIONS: Final[dict[CallState, dict[CallEventName, CallState]]] = {
    CallState.DIALLING: _UNANSWERED,
    CallState.RINGING: _UNANSWERED,
    CallState.CONNECTED: {
        "connected": CallState.CONNECTED,
        "ended": CallState.ENDED,
        "failed": CallState.ENDED,
    },
    CallState.ENDED: {},
    CallState.NO_ANSWER: {},
    CallState.BUSY: {},
    CallState.FAILED: {},
    CallState.LOST: _UNANSWERED | {"ended": CallState.ENDED},
}


def after(state: CallState, event: CallEventName) -> CallState | None:
    """The call's state after an event; None for one that came too late and changes nothing."""
    return CALL_TRANSITIONS[state].get(event)


class PhoneState(StrEnum):
    """Whether a seat takes calls."""

    READY = "ready"
    BUSY = "busy"  # on the telephone: set by calls alone
    WRAP_UP = "wrap_up"
    NOT_READY = "not_ready"
    LOGGED_OUT = "logged_out"


ChosenState = Literal["ready", "wrap_up", "not_ready", "logged_out"]


def choose(state: PhoneState, wanted: ChosenState) -> PhoneState | None:
    """The state a person asks for; None while the telephone is busy: first the call ends."""
    return None if state is PhoneState.BUSY else PhoneState(wanted)


def phone_after(call: CallState, connected_before: bool) -> PhoneState | None:
    """What a call makes of the telephone of the seat that has it; None: nothing changes."""
    if call is CallState.CONNECTED:
        return PhoneState.BUSY
    return PhoneState.WRAP_UP if call not in LIVE_CALL and connected_before else None


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """A telephone system; `dial_code` (0546) belongs to numbers that come without one."""

    id: str
    driver: DriverName
    secret_cipher: bytes
    command_url: str | None
    dial_code: str
    area_code: str
    org_id: UUID | None
    created_at: datetime


class SeatPhone(msgspec.Struct, frozen=True, kw_only=True):
    """The telephone of a seat."""

    seat_id: UUID
    staff_name: str
    provider_id: str
    extension: str
    state: PhoneState
    state_at: datetime


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call as stored; `other_number` is a person's, for eyes and never for logs."""

    id: UUID
    number: int
    provider_id: str
    provider_call: str
    direction: Direction
    state: CallState
    other_number: str
    other_name: str
    seat_id: UUID | None
    actor_id: UUID | None
    actor_name: str | None
    case_id: UUID | None
    area_code: str
    org_id: UUID | None
    begun_at: datetime
    connected_at: datetime | None
    ended_at: datetime | None


class CallEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says: `id` names the event, `call` the call in the provider's words.

    `extension` is where it rings or was answered; `our_call` the id we gave with a click-to-call.
    """

    id: str
    call: str
    event: CallEventName
    direction: Direction
    number: str = ""
    extension: str | None = None
    our_call: UUID | None = None
    at: datetime | None = None
