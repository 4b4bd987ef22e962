"""What every provider of a channel can do, and the three ways in which a hand-over ends badly.

ChannelError
├── Refused          the provider said no; `permanent` when it would say no again
├── NotSent          it certainly has not got it; try again
├── OutcomeUnknown   it may have got it: ask it, or weigh a second message against none
└── NoTemplate       nothing approved, or no words, for this template

ReceiptError
├── Forged           a report without the right token or signature
└── Unreadable       a report that makes no sense
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import msgspec

from cloud.notifications.notification import Channel, Language, Outcome

MAX_DETAIL: Final = 200


class ChannelError(Exception):
    """A hand-over that did not end well; `reason` is a fixed word, `detail` the provider's own, as it can be
    kept.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = printable(detail)[:MAX_DETAIL]
        super().__init__(f"{reason}: {self.detail}" if self.detail else reason)


class Refused(ChannelError):
    """The provider answered and did not take it."""

    def __init__(self, reason: str, detail: str = "", *, permanent: bool) -> None:
        super().__init__(reason, detail)
        self.permanent = permanent


class NotSent(ChannelError):
    """Nothing reached the provider."""


class OutcomeUnknown(ChannelError):
    """The request may have been taken: the answer did not come, or cannot be read."""


class NoTemplate(ChannelError):
    """The provider has no approved template, or we have no words, for a key."""


class ReceiptError(Exception):
    """A report that is not taken."""


class Forged(ReceiptError):
    """Not from the provider."""


class Unreadable(ReceiptError):
    """Garbage from the provider."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message, ready for a provider. `id` is the same at each attempt: the idempotency key.

    `at` is when it was queued, `ref` what an earlier attempt was answered.
    """

    id: UUID
    address: str
    template: str
    params: dict[str, Any]
    language: Language
    priority: int
    at: datetime
    case_id: UUID | None = None
    ref: str | None = None


def printable(text: str) -> str:
    """A provider's words without what no column holds: U+0000, lone surrogates, control characters."""
    return "".join(char for char in text if char.isprintable())


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The provider has it; `ref` is its own number, `final` when its yes is all that will ever be heard."""

    ref: str | None = None
    final: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a message went: by our id or by the provider's reference."""

    status: Literal["sent", "delivered", "failed"]
    id: UUID | None = None
    ref: str | None = None
    outcome: Outcome | None = None
    detail: str = ""


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a provider to our receipts address."""

    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime


class Provider(Protocol):
    """One configured provider of one channel. All but `send` and `query` is pure."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""

    @property
    def channel(self) -> Channel:
        """What it sends."""

    @property
    def idempotent(self) -> bool:
        """True where a second message with the same id is not sent again."""

    @property
    def can_ask(self) -> bool:
        """True where `query` can tell how a message went."""

    @property
    def per_minute(self) -> int | None:
        """How many it may be given in a minute; None for any number."""

    @property
    def per_day(self) -> int | None:
        """How many it may be given in a day of China; None for any number."""

    @property
    def templates(self) -> frozenset[str] | None:
        """The templates it can send; None for all."""

    def check(self, message: Outgoing) -> None:
        """Raise NoTemplate where it cannot be rendered."""

    async def send(self, message: Outgoing, now: datetime) -> Sent:
        """Hand it over; raises ChannelError."""

    async def query(self, message: Outgoing, now: datetime) -> Report | None:
        """What became of a message, None where it never arrived; raises OutcomeUnknown, or where there is
        no way to ask.
        """

    def reports(self, request: Incoming) -> Sequence[Report]:
        """What a request to the receipts address says; raises ReceiptError."""

    def receipt_answer(self) -> bytes:
        """What the provider wants to hear when its report is kept."""

    async def close(self) -> None:
        """Let connections go."""
