"""What all providers share: the facts of their configuration."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

import httpx
import msgspec

from cloud.notifications import templates
from cloud.notifications.channel import Incoming, Outgoing, Report, Unreadable
from cloud.notifications.http import new_client
from cloud.notifications.notification import Channel


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says of any provider."""

    name: str
    per_minute: Annotated[int, msgspec.Meta(ge=1)] | None = None
    per_day: Annotated[int, msgspec.Meta(ge=1)] | None = None
    proxy: str | None = None


class Base:
    """Name, quotas and templates of a provider; its own class says the rest."""

    channel: ClassVar[Channel]
    idempotent: ClassVar[bool] = False
    can_ask: bool = False

    def __init__(self, facts: Facts, sends: frozenset[str] | None = None) -> None:
        """`sends` are the templates with an approved code; None for all."""
        self._facts = facts
        self._sends = sends
        self._opened: httpx.AsyncClient | None = None

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self._facts.name

    @property
    def per_minute(self) -> int | None:
        """How many it may be given in a minute."""
        return self._facts.per_minute

    @property
    def per_day(self) -> int | None:
        """How many it may be given in a day."""
        return self._facts.per_day

    @property
    def templates(self) -> frozenset[str] | None:
        """The templates it can send; None for all."""
        return self._sends

    def check(self, message: Outgoing) -> None:
        """Raise NoTemplate where we have no words for it."""
        templates.find(message.template)

    def reports(self, request: Incoming) -> Sequence[Report]:
        """A provider that never reports."""
        raise Unreadable("this provider sends no reports")

    def receipt_answer(self) -> bytes:
        """What the provider wants to hear when its report is kept."""
        return b'{"ok":true}'

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            self._opened = new_client(self._facts.proxy)
        return self._opened

    async def close(self) -> None:
        """Let connections go."""
        if self._opened is not None:
            await self._opened.aclose()
            self._opened = None
