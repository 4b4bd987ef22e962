"""A source that any MQTT broker can be: alone on a kept session (3.1.1), or as a member of a group (5).

Members of a group share every topic (`$share`), each under a client id of its own. MQTT 5 is asked for there
because it says when a broker cannot share, instead of granting and delivering nothing, and because it lets a
session end soon after its member: until then the broker keeps what the member had for its return.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Final

from cloud.broker import Address
from cloud.ingest import mqtt_packets as packets
from cloud.ingest.mqtt_packets import Control, ProtocolError, Publish, Splitter
from cloud.ingest.source import Arrival, Connection, Source, Subscription
from cloud.mqtt import KEEP_ALIVE_S

_MEMBER_KEEP_ALIVE_S: Final = 10  # a member that hangs is found out soon, and the others get its share
_MEMBER_EXPIRY_S: Final = 10  # a supervisor starts it again sooner; then its session goes on
_MEMBER_WINDOW: Final = 8000


class MqttSource(Source):
    """`async with MqttSource(...) as source: async for arrival in source: ...`; reconnects by itself."""

    def __init__(
        self,
        address: Address,
        client_id: str,
        subscriptions: Sequence[Subscription],
        *,
        now: Callable[[], datetime],
        group: str | None = None,
        limit_bytes: int = 16 << 20,
    ) -> None:
        """Keep the arguments; with `group`, members of that name share what the subscriptions bring."""
        super().__init__(address, client_id, now=now, limit_bytes=limit_bytes)
        self.group = group
        self.subscriptions = subscriptions

    def _connection(self) -> Connection:
        return _Link(self)


class _Link(Connection):
    """One connection: greets, subscribes, keeps alive, hands on what arrives, acknowledges in one write."""

    def __init__(self, source: MqttSource) -> None:
        self._source = source
        self._version = 4 if source.group is None else 5
        self._keep_alive_s = KEEP_ALIVE_S if source.group is None else _MEMBER_KEEP_ALIVE_S
        self._splitter = Splitter(self._version)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[str] = self._loop.create_future()
        self._held: set[Hashable] = set()  # packet ids that were handed on and not acknowledged yet
        self._acks: list[int] = []
        self._heard_at = self._loop.time()
        self._paused = self._granted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._source.connected(self)
        address = self._source.address
        member = None if self._source.group is None else packets.Member(_MEMBER_EXPIRY_S, _MEMBER_WINDOW)
        transport.write(
            packets.connect(
                self._source.name,
                address.user,
                address.secret,
                keep_alive_s=self._keep_alive_s,
                member=member,
            )
        )
        self._loop.call_later(self._keep_alive_s / 2, self._ping)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish("connection closed" if error is None else str(error))

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            self._receive(data)
        except (ProtocolError, IndexError) as error:
            self._finish(f"not MQTT: {error}")

    def _receive(self, data: bytes) -> None:
        now, arrivals = self._source.now(), []
        for packet in self._splitter.receive(data):
            if isinstance(packet, Publish):
                if packet.mid:
                    if packet.mid in self._held:
                        continue  # sent again while we still work on it
                    self._held.add(packet.mid)
                topic = packet.topic.decode(errors="replace")
                arrivals.append(
                    Arrival(topic, packet.payload, packet.retained, now, packet.mid or None, self)
                )
            else:
                self._control(packet)
        if arrivals:
            self._source.arrived(arrivals)

    async def ended(self) -> str:
        """Why the connection ended, once it has; says goodbye when the waiting is cancelled."""
        try:
            return await asyncio.shield(self._end)
        except asyncio.CancelledError:
            self._flush()
            # A member that owes nothing ends its session: the others get its share from now on.
            leaves = self._source.group is not None and not self._held
            self._write(packets.LEAVE if leaves else packets.DISCONNECT)
            raise

    def ack(self, key: Hashable) -> None:
        """Acknowledge with the next write; void when the connection is gone."""
        assert isinstance(key, int)
        self._held.discard(key)
        if not self._acks:
            self._loop.call_soon(self._flush)
        self._acks.append(key)

    def subscribe(self, entries: Sequence[Subscription]) -> None:
        """Ask for these topics, as a member for a share of each."""
        group = self._source.group
        prefix = "" if group is None else f"$share/{group}/"
        topics = [(prefix + entry.topic, entry.qos) for entry in entries]
        self._write(packets.subscribe(1, topics, version=self._version))

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
        match packet.kind:
            case packets.CONNACK:
                refused = packets.refusal(packet.body)
                if refused is None:
                    self.subscribe(self._source.subscriptions)
                else:
                    self._finish(f"refused: {refused}")
            case packets.SUBACK:
                refused = packets.subscription_refusal(packet.body, version=self._version)
                if refused is None:
                    self._listening()
                else:
                    self._finish(f"subscription refused: {refused}")
            case packets.GOODBYE:
                self._finish(f"the broker ended it: {packets.goodbye(packet.body)}")

    def _listening(self) -> None:
        if not self._granted:
            self._granted = True
            for entry in self._source.subscriptions:
                if entry.again_after_s is not None and self._source.group is None:
                    self._loop.call_later(entry.again_after_s, self.subscribe, [entry])
        self._source.granted()

    def _ping(self) -> None:
        if self._end.done():
            return
        if not self._paused and self._loop.time() - self._heard_at > 2 * self._keep_alive_s:
            self._finish("silent")
            return
        self._write(packets.PINGREQ)
        self._loop.call_later(self._keep_alive_s / 2, self._ping)

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


async def end_session(address: Address, client_id: str) -> None:
    """Let the broker forget what it keeps for a reader that is no more; raises OSError, TimeoutError.

    What it kept was not acknowledged: the gateways send it again.
    """
    async with asyncio.timeout(5.0):
        reader, writer = await asyncio.open_connection(address.host, address.port, ssl=address.context())
        try:
            greeting = packets.connect(
                client_id, address.user, address.secret, keep_alive_s=KEEP_ALIVE_S, clean=True
            )
            writer.write(greeting)
            await reader.readexactly(4)
            writer.write(packets.DISCONNECT)
            await writer.drain()
        finally:
            writer.close()
