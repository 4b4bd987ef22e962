"""Messages of any MQTT 3.1.1 broker as an asynchronous stream, acknowledged only when the reader says so.

What is unacknowledged stays at the broker, bounded by its window, and comes again after a crash; after a lost
connection the reader's late acknowledgements are void. While too much waits here, nothing is read.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Final, NamedTuple, Self

from cloud.broker import Address
from cloud.ingest import mqtt_packets as packets
from cloud.ingest.mqtt_packets import Control, ProtocolError, Publish, Splitter
from cloud.mqtt import KEEP_ALIVE_S

logger = logging.getLogger(__name__)

_PING_S: Final = KEEP_ALIVE_S / 2
_RECONNECT_S: Final = (1.0, 2.0, 5.0)
_CONNECT_LIMIT_S: Final = 15.0
_OVERHEAD_BYTES: Final = 300  # what a waiting message weighs beside its payload


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter; `again_after_s` subscribes once more, for a broker that loads what it retains late."""

    topic: str
    qos: int = 1
    again_after_s: float | None = None


class Arrival(NamedTuple):
    """One message. `received_at` is the program's clock; call `ack` once what it says is committed."""

    topic: str
    payload: bytes
    retained: bool
    received_at: datetime
    mid: int
    link: "_Link"

    def ack(self) -> None:
        """Tell the broker that this message is kept; void when the connection that brought it is gone."""
        if self.mid:
            self.link.ack(self.mid)


class MqttSource:
    """`async with MqttSource(...) as source: async for arrival in source: ...`; reconnects by itself."""

    def __init__(
        self,
        address: Address,
        client_id: str,
        subscriptions: Sequence[Subscription],
        *,
        now: Callable[[], datetime],
        limit_bytes: int = 16 << 20,
    ) -> None:
        """Keep the arguments; `limit_bytes` of waiting messages stop the reading from the broker."""
        self.address = address
        self.client_id = client_id
        self.subscriptions = subscriptions
        self.now = now
        self.limit_bytes = limit_bytes
        self.reconnects = 0
        self._waiting: deque[Arrival] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._link: _Link | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._lost = False

    @property
    def listening(self) -> bool:
        """True while the broker has granted every subscription of the present connection."""
        return self._subscribed.is_set()

    @property
    def waiting(self) -> int:
        """How many messages have arrived and were not taken yet."""
        return len(self._waiting)

    async def wait_listening(self) -> None:
        """Return when the broker has granted every subscription."""
        await self._subscribed.wait()

    async def __aenter__(self) -> Self:
        """Begin to connect; does not wait for the broker."""
        self._keeping = asyncio.create_task(self._keep(), name=f"mqtt-{self.client_id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the broker keeps the session and what was not acknowledged."""
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

    def connected(self, link: "_Link") -> None:
        """A new connection: the broker sends again what waited here from the former."""
        self._link = link
        self._waiting.clear()
        self._bytes = 0

    def arrived(self, found: list[Arrival]) -> None:
        """Messages have arrived."""
        self._waiting.extend(found)
        self._bytes += sum(len(arrival.payload) + _OVERHEAD_BYTES for arrival in found)
        if self._link is not None and self._bytes > self.limit_bytes:
            self._link.pause()
        self._arrived.set()

    def granted(self, link: "_Link") -> None:
        """Every subscription is granted."""
        if self._lost:
            self._lost = False
            self.reconnects += 1
            logger.info("broker is back", extra={"action": "broker_back", "client_id": self.client_id})
        if not self._subscribed.is_set():
            for entry in self.subscriptions:
                if entry.again_after_s is not None:
                    asyncio.get_running_loop().call_later(entry.again_after_s, link.subscribe, [entry])
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
        tls = ssl.create_default_context() if address.tls else None
        async with asyncio.timeout(_CONNECT_LIMIT_S):
            transport, link = await asyncio.get_running_loop().create_connection(
                lambda: _Link(self), address.host, address.port, ssl=tls
            )
        try:
            self._say_lost(await link.ended())
        finally:
            self._subscribed.clear()
            with contextlib.suppress(OSError, RuntimeError):
                transport.close()

    def _say_lost(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            extra = {"action": "broker_lost", "client_id": self.client_id, "reason": reason}
            logger.warning("broker is lost", extra=extra)


class _Link(asyncio.Protocol):
    """One connection: greets, subscribes, keeps alive, hands on what arrives, acknowledges in one write."""

    def __init__(self, source: MqttSource) -> None:
        self._source = source
        self._splitter = Splitter()
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[str] = self._loop.create_future()
        self._held: set[int] = set()  # packet ids that were handed on and not acknowledged yet
        self._acks: list[int] = []
        self._heard_at = self._loop.time()
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._source.connected(self)
        address = self._source.address
        transport.write(
            packets.connect(self._source.client_id, address.user, address.secret, keep_alive_s=KEEP_ALIVE_S)
        )
        self._loop.call_later(_PING_S, self._ping)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish("connection closed" if error is None else str(error))

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            found = self._splitter.receive(data)
        except (ProtocolError, IndexError) as error:
            self._finish(f"not MQTT: {error}")
            return
        now = self._source.now()
        arrivals = []
        for packet in found:
            if isinstance(packet, Publish):
                if packet.mid:
                    if packet.mid in self._held:
                        continue  # sent again while we still work on it
                    self._held.add(packet.mid)
                topic = packet.topic.decode(errors="replace")
                arrivals.append(Arrival(topic, packet.payload, packet.retained, now, packet.mid, self))
            else:
                self._control(packet)
        if arrivals:
            self._source.arrived(arrivals)

    async def ended(self) -> str:
        """Why the connection ended, once it has; says goodbye when the waiting is cancelled."""
        try:
            return await self._end
        except asyncio.CancelledError:
            self._flush()
            self._write(packets.DISCONNECT)
            raise

    def ack(self, mid: int) -> None:
        """Acknowledge with the next write; void when the connection is gone."""
        self._held.discard(mid)
        if not self._acks:
            self._loop.call_soon(self._flush)
        self._acks.append(mid)

    def subscribe(self, entries: Sequence[Subscription]) -> None:
        """Ask for these topics."""
        self._write(packets.subscribe(1, [(entry.topic, entry.qos) for entry in entries]))

    def pause(self) -> None:
        """Read nothing more for now: the broker's window, then its queue, holds what comes."""
        if not self._paused and not self._end.done() and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self._paused and not self._end.done() and self._transport is not None:
            self._paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    def _control(self, packet: Control) -> None:
        if packet.kind == packets.CONNACK:
            refused = packets.refusal(packet.body)
            if refused is None:
                self.subscribe(self._source.subscriptions)
            else:
                self._finish(f"refused: {refused}")
        elif packet.kind == packets.SUBACK:
            if any(code & 0x80 for code in packet.body[2:]):
                self._finish("subscription refused")
            else:
                self._source.granted(self)

    def _ping(self) -> None:
        if self._end.done():
            return
        if not self._paused and self._loop.time() - self._heard_at > 2 * KEEP_ALIVE_S:
            self._finish("silent")
            return
        self._write(packets.PINGREQ)
        self._loop.call_later(_PING_S, self._ping)

    def _flush(self) -> None:
        acks, self._acks = self._acks, []
        self._write(packets.pubacks(acks))

    def _write(self, data: bytes) -> None:
        if data and not self._end.done() and self._transport is not None:
            self._transport.write(data)

    def _finish(self, reason: str) -> None:
        if not self._end.done():
            self._end.set_result(reason)
            if self._transport is not None:
                self._transport.abort()
