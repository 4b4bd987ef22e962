"""Messages of any MQTT 3.1.1 broker as an asynchronous stream, acknowledged only when the reader says so.

paho runs in a thread of its own. What is unacknowledged stays at the broker, bounded by its window, and comes
again after a crash; after a lost connection the reader's late acknowledgements are void.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud.broker import Address
from cloud.mqtt import KEEP_ALIVE_S, new_client

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A topic filter; `again_after_s` subscribes once more, for a broker that loads what it retains late."""

    topic: str
    qos: int = 1
    again_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message. `received_at` is the program's clock; call `ack` once what it says is committed."""

    topic: str
    payload: bytes
    retained: bool
    received_at: datetime
    qos: int
    mid: int
    connection: int
    source: "MqttSource"

    def ack(self) -> None:
        """Tell the broker that this message is kept; void when the connection that brought it is gone."""
        self.source.ack(self)


class MqttSource:
    """`async with MqttSource(...) as source: async for arrival in source: ...`; reconnects by itself."""

    def __init__(
        self,
        address: Address,
        client_id: str,
        subscriptions: Sequence[Subscription],
        *,
        now: Callable[[], datetime],
        limit_bytes: int = 64 << 20,
    ) -> None:
        """Keep the arguments; `limit_bytes` of waiting payload stop the reading from the broker."""
        self._address = address
        self._client_id = client_id
        self._subscriptions = subscriptions
        self._now = now
        self._limit_bytes = limit_bytes
        self._client = new_client(address, client_id, durable=True, manual_ack=True)
        self._waiting: deque[Arrival] = deque()
        self._held: set[int] = set()  # packet ids that were handed on and not acknowledged yet
        self._bytes = 0
        self._connection = 0
        self._room = threading.Condition()
        self._arrived = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._closing = False
        self._lost = False

    @property
    def listening(self) -> bool:
        """True while the broker has granted every subscription of the present connection."""
        return self._subscribed.is_set()

    async def wait_listening(self) -> None:
        """Return when the broker has granted every subscription."""
        await self._subscribed.wait()

    async def __aenter__(self) -> Self:
        """Begin to connect; does not wait for the broker."""
        self._loop = asyncio.get_running_loop()
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_message = self._on_message
        self._client.connect_async(self._address.host, self._address.port, KEEP_ALIVE_S)
        self._client.loop_start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; the broker keeps the session and what was not acknowledged."""
        with self._room:
            self._closing = True
            self._room.notify_all()
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def __aiter__(self) -> AsyncIterator[Arrival]:
        """Messages in the order of their arrival, endless."""
        while True:
            for arrival in await self.take(1):
                yield arrival

    async def take(self, limit: int, *, linger_s: float = 0.0) -> list[Arrival]:
        """At least one message, at most `limit`; after the first waits up to `linger_s` for more."""
        while True:
            while not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
            if linger_s and len(self._waiting) < limit:
                await asyncio.sleep(linger_s)
            with self._room:
                taken = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
                self._bytes -= sum(len(arrival.payload) for arrival in taken)
                self._room.notify_all()
            if taken:  # a new connection may have emptied the queue meanwhile
                return taken

    def ack(self, arrival: Arrival) -> None:
        """See Arrival.ack."""
        with self._room:
            if arrival.connection != self._connection or arrival.qos == 0:
                return
            self._held.discard(arrival.mid)
            self._client.ack(arrival.mid, arrival.qos)  # under the lock: never on a later connection

    # Below: called in paho's thread.

    def _on_connect(
        self, client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, code: ReasonCode, __: Properties | None
    ) -> None:
        if code.is_failure:
            self._say_lost(f"refused: {code}")
            return
        with self._room:
            self._connection += 1
            self._waiting.clear()
            self._held.clear()
            self._bytes = 0
        client.subscribe([(entry.topic, entry.qos) for entry in self._subscriptions])

    def _on_subscribe(
        self, client: mqtt.Client, _: Any, mid: int, codes: list[ReasonCode], __: Properties | None
    ) -> None:
        refused = [str(code) for code in codes if code.is_failure]
        if refused:
            self._say_lost(f"subscription refused: {refused}")
            return
        if self._lost:
            self._lost = False
            logger.info("broker is back", extra={"action": "broker_back", "client_id": self._client_id})
        self._loop.call_soon_threadsafe(self._listen)

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _: Any,
        flags: mqtt.DisconnectFlags,
        code: ReasonCode,
        __: Properties | None,
    ) -> None:
        with self._room:
            self._connection += 1  # what is held now can no longer be acknowledged
            self._room.notify_all()
        if not self._closing:
            self._say_lost(str(code))

    def _on_connect_fail(self, client: mqtt.Client, _: Any) -> None:
        self._say_lost("no connection")

    def _on_message(self, client: mqtt.Client, _: Any, message: mqtt.MQTTMessage) -> None:
        with self._room:
            if message.qos and message.mid in self._held:
                return  # sent again while we still work on it
            while self._bytes > self._limit_bytes and not self._closing:
                self._room.wait(1.0)
            if message.qos:
                self._held.add(message.mid)
            self._bytes += len(message.payload)
            arrival = Arrival(
                message.topic,
                bytes(message.payload),
                message.retain,
                self._now(),
                message.qos,
                message.mid,
                self._connection,
                self,
            )
            first = not self._waiting
            self._waiting.append(arrival)
        if first:
            self._loop.call_soon_threadsafe(self._arrived.set)

    def _say_lost(self, reason: str) -> None:
        if not self._closing:
            self._loop.call_soon_threadsafe(self._subscribed.clear)
        if not self._lost:
            self._lost = True
            extra = {"action": "broker_lost", "client_id": self._client_id, "reason": reason}
            logger.warning("broker is lost", extra=extra)

    # Below: called in the event loop.

    def _listen(self) -> None:
        if not self._subscribed.is_set():
            for entry in self._subscriptions:
                if entry.again_after_s is not None:
                    self._loop.call_later(entry.again_after_s, self._subscribe_again, entry, self._connection)
        self._subscribed.set()

    def _subscribe_again(self, entry: Subscription, connection: int) -> None:
        if connection == self._connection and not self._closing:
            self._client.subscribe(entry.topic, entry.qos)
