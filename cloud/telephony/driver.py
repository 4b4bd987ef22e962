"""What every telephone system must be able to do for us; its events come back as `CallEvent`s.

A driver never touches the database: routes store the call first, then ask the driver, then store how it went.
SIP fits in here as another driver: `dial` becomes an INVITE to the extension and a REFER to the number, its
dialog states (180, 200, 486, 408/487, BYE) become the events ringing, connected, busy, no_answer, ended, with
the Call-ID as `call`; `say_state` becomes a presence PUBLISH, `hang_up` a BYE or CANCEL. Nothing else
of the room changes for it.
"""

from typing import Protocol
from uuid import UUID

import msgspec

from cloud.telephony.telephony import PhoneState


class CallFailed(Exception):
    """The telephone system did not take the command; the text says why, without any number."""


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """Ring `extension`, then `number`; `call` comes back with the events as `our_call`."""

    call: UUID
    extension: str
    number: str


class Telephone(Protocol):
    """One telephone system."""

    async def dial(self, order: Dial) -> None:
        """Begin a call; returns when the system has taken the order. Raises CallFailed."""

    async def hang_up(self, call: UUID, provider_call: str) -> None:
        """End a call; its events tell when it has ended. Raises CallFailed."""

    async def say_state(self, extension: str, state: PhoneState) -> None:
        """Tell the system whether an extension takes calls. Raises CallFailed."""


class Simulated:
    """No telephone at all: what is asked for is taken, and events are posted by whoever plays the far end."""

    async def dial(self, order: Dial) -> None:
        """Taken; the player posts ringing, connected and so on with `our_call`."""

    async def hang_up(self, call: UUID, provider_call: str) -> None:
        """Taken; whoever plays the far end says that it has ended."""

    async def say_state(self, extension: str, state: PhoneState) -> None:
        """Nobody needs to know."""
