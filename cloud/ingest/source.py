"""Messages of a broker as an asynchronous stream, acknowledged only when the reader says so.

What is unacknowledged stays at the broker, bounded by its window, and comes again after a crash; after a lost
connection the reader's late acknowledgements are void. While too much waits here, nothing is read.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from cloud.broker import Address
from cloud.mqtt.kept import Kept

_OVERHEAD_BYTES: Final = 300  # what a waiting message weighs beside its payload


@dataclass(frozen=True, slots=True)
class Subscription:
    """An MQTT topic filter; `again_after_s`: once more, for a broker that loads late what it retains."""

    topic: str
    qos: int = 1
    again_after_s: float | None = None


class Link(Protocol):
    """One connection to the broker, as its source sees it."""

    def ack(self, key: Hashable) -> None:
        """Tell the broker that a message is kept; void when the connection is gone."""

    def pause(self) -> None:
        """Read nothing more for now."""

    def go_on(self) -> None:
        """Read again: there is room."""


class Arrival(NamedTuple):
    """One message. `received_at` is the program's clock; call `ack` once what it says is committed."""

    topic: str
    payload: bytes
    retained: bool
    received_at: datetime
    key: Hashable  # what its connection knows it by; None for a message that is not acknowledged
    link: Link

    def ack(self) -> None:
        """Tell the broker that this message is kept; void when the connection that brought it is gone."""
        if self.key is not None:
            self.link.ack(self.key)


class Source(Kept):
    """`async with ... as source: async for arrival in source: ...`; reconnects by itself."""

    def __init__(
        self, address: Address, name: str, *, now: Callable[[], datetime], limit_bytes: int = 16 << 20
    ) -> None:
        """Keep the arguments; `limit_bytes` of waiting messages stop the reading from the broker."""
        super().__init__(address, name)
        self.now = now
        self.limit_bytes = limit_bytes
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._link: Link | None = None

    @property
    def listening(self) -> bool:
        """True while the broker has granted everything on the present connection."""
        return self._ready.is_set()

    @property
    def waiting(self) -> int:
        """How many messages have arrived and were not taken yet."""
        return len(self._waiting)

    @property
    def oldest_at(self) -> datetime | None:
        """When what waits longest arrived."""
        return self._waiting[0].received_at if self._waiting else None

    async def wait_listening(self) -> None:
        """Return when the broker has granted everything."""
        await self._ready.wait()

    async def __aiter__(self) -> AsyncIterator[Arrival]:
        """Messages in the order of their arrival, endless."""
        while True:
            for arrival in await self.take(1):
                yield arrival

    async def take(self, limit: int, *, linger_s: float = 0.0) -> list[Arrival]:
        """At least one message, at most `limit`; after the first waits up to `linger_s` while more come."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            await self._linger(limit, linger_s)
            taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
            self._bytes -= sum(len(arrival.payload) + _OVERHEAD_BYTES for arrival in taken)
            if self._link is not None and self._bytes <= self.limit_bytes:
                self._link.go_on()
            if taken:  # a new connection may have emptied the queue meanwhile
                return taken

    async def _linger(self, limit: int, linger_s: float) -> None:
        before, until = -1, asyncio.get_running_loop().time() + linger_s
        while before < len(self._waiting) < limit and asyncio.get_running_loop().time() < until:
            before = len(self._waiting)
            await asyncio.sleep(linger_s / 5)

    # Below: called by the connection.

    def connected(self, link: Link) -> None:
        """A new connection: the broker sends again what waited here from the former."""
        self._link = link
        self._waiting.clear()
        self._bytes = 0

    def arrived(self, found: Sequence[Arrival]) -> None:
        """Messages have arrived."""
        self._waiting.extend(found)
        self._bytes += sum(len(arrival.payload) + _OVERHEAD_BYTES for arrival in found)
        if self._link is not None and self._bytes > self.limit_bytes:
            self._link.pause()
        self._arrived.set()
