"""What a transport talks to: somebody who takes bytes and may answer."""

from collections.abc import Callable
from typing import Protocol


class Source(Protocol):
    """One connection, as its receiver knows it; `address` is the other end's, where strangers may call."""

    label: str
    items: int
    address: str


class Receiver(Protocol):
    """Takes the bytes of many connections."""

    def connect(self, label: str, send: Callable[[bytes], None]) -> Source:
        """A new connection; `send` carries bytes back and never blocks."""

    async def take(self, source: Source, data: bytes) -> None:
        """Take bytes; returns when what they said is kept. Never raises for bad bytes."""

    def disconnect(self, source: Source) -> None:
        """The connection is gone."""
