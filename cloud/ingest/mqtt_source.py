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
from cloud.ingest.source import Arrival, Source, Subscription
from cloud.mqtt import packets
from cloud.mqtt.kept import KEEP_ALIVE_S, Connection
from cloud.mqtt.link import MqttLink
from cloud.mqtt.packets import Control, Publish

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


class _Link(MqttLink):
    """One connection: subscribes, hands on what arrives, acknowledges in one write."""

    def __init__(self, source: MqttSource) -> None:
        if source.group is None:
            super().__init__(source.address, source.name)
        else:
            member = packets.Member(_MEMBER_EXPIRY_S, _MEMBER_WINDOW)
            super().__init__(source.address, source.name, member=member, keep_alive_s=_MEMBER_KEEP_ALIVE_S)
        self._source = source
        self._held: set[Hashable] = set()  # packet ids that were handed on and not acknowledged yet
        self._acks: list[int] = []
        self._granted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._source.connected(self)

    def accepted(self) -> None:
        """The broker has accepted us: say what we want."""
        self.subscribe(self._source.subscriptions)

    def received(self, found: list[Publish | Control]) -> None:
        """Hand on what arrived."""
        now, arrivals = self._source.now(), []
        for packet in found:
            if isinstance(packet, Publish):
                if packet.mid:
                    if packet.mid in self._held:
                        continue  # sent again while we still work on it
                    self._held.add(packet.mid)
                topic = packet.topic.decode(errors="replace")
                arrivals.append(
                    Arrival(topic, packet.payload, packet.retained, now, packet.mid or None, self)
                )
            elif packet.kind == packets.SUBACK:
                self._subscribed(packet.body)
        if arrivals:
            self._source.arrived(arrivals)

    def farewell(self) -> bytes:
        """A member that owes nothing ends its session: the others get its share from now on."""
        self._flush()
        leaves = self._source.group is not None and not self._held
        return packets.LEAVE if leaves else packets.DISCONNECT

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
        self.write(packets.subscribe(1, topics, version=self._version))

    def _subscribed(self, suback: bytes) -> None:
        refused = packets.subscription_refusal(suback, version=self._version)
        if refused is not None:
            self.finish(f"subscription refused: {refused}")
            return
        if not self._granted:
            self._granted = True
            for entry in self._source.subscriptions:
                if entry.again_after_s is not None and self._source.group is None:
                    self._loop.call_later(entry.again_after_s, self.subscribe, [entry])
        self._source.granted()

    def _flush(self) -> None:
        acks, self._acks = self._acks, []
        self.write(packets.pubacks(acks))


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
