"""Messages of a broker as an asynchronous stream, acknowledged only when the reader says so.

What is unacknowledged stays at the broker, bounded by its window, and comes again after a crash; after a lost
connection the reader's late acknowledgements are void. While too much waits here, nothing is read.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from cloud import metrics
from cloud.broker import Address

logger = logging.getLogger(__name__)

_RECONNECT_S: Final = (1.0, 2.0, 5.0)
_CONNECT_LIMIT_S: Final = 15.0
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


class Connection(asyncio.Protocol):
    """A protocol whose end can be awaited."""

    async def ended(self) -> str:
        """Why the connection ended, once it has; says goodbye when the waiting is cancelled."""
        raise NotImplementedError


class Source:
    """`async with ... as source: async for arrival in source: ...`; reconnects by itself."""

    def __init__(
        self, address: Address, name: str, *, now: Callable[[], datetime], limit_bytes: int = 16 << 20
    ) -> None:
        """Keep the arguments; `limit_bytes` of waiting messages stop the reading from the broker."""
        self.address = address
        self.name = name
        self.now = now
        self.limit_bytes = limit_bytes
        self.reconnects = 0
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._link: Link | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._lost = False

    def _connection(self) -> Connection:
        """A new connection that is to be made."""
        raise NotImplementedError

    @property
    def listening(self) -> bool:
        """True while the broker has granted everything on the present connection."""
        return self._subscribed.is_set()

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
        await self._subscribed.wait()

    async def __aenter__(self) -> Self:
        """Begin to connect; does not wait for the broker."""
        self._keeping = asyncio.create_task(self._keep(), name=f"source-{self.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the broker keeps what was not acknowledged."""
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

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

    def granted(self) -> None:
        """The broker has granted everything."""
        if self._lost:
            self._lost = False
            self.reconnects += 1
            metrics.RECONNECTS.inc()
            logger.info("broker is back", extra={"action": "broker_back", "client_id": self.name})
        self._subscribed.set()

    async def _keep(self) -> None:
        """Endless: connect, stay connected, connect again."""
        failures = 0
        while True:
            try:
                await self._stay()
                failures = 0
            except (OSError, TimeoutError) as error:
                self._say_lost(str(error) or type(error).__name__)
                failures += 1
            await asyncio.sleep(_RECONNECT_S[min(failures, len(_RECONNECT_S) - 1)])

    async def _stay(self) -> None:
        """One connection until it ends; raises OSError when there is none."""
        address = self.address
        async with asyncio.timeout(_CONNECT_LIMIT_S):
            transport, connection = await asyncio.get_running_loop().create_connection(
                self._connection, address.host, address.port, ssl=address.context()
            )
        try:
            self._say_lost(await connection.ended())
        finally:
            self._subscribed.clear()
            with contextlib.suppress(OSError, RuntimeError):
                transport.close()

    def _say_lost(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            extra = {"action": "broker_lost", "client_id": self.name, "reason": reason}
            logger.warning("broker is lost", extra=extra)
