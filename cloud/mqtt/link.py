"""One connection to an MQTT broker: it greets, keeps alive, finds out when the other side has gone."""

import asyncio

from cloud.broker import Address
from cloud.mqtt import packets
from cloud.mqtt.kept import KEEP_ALIVE_S, Connection
from cloud.mqtt.packets import Control, Member, ProtocolError, Publish, Splitter


class MqttLink(Connection):
    """A protocol of asyncio. `member`: in MQTT 5, as one of a group; `clean`: without a session."""

    def __init__(
        self,
        address: Address,
        name: str,
        *,
        member: Member | None = None,
        clean: bool = False,
        keep_alive_s: int = KEEP_ALIVE_S,
    ) -> None:
        """Keep the arguments; `name` is the client id."""
        super().__init__()
        self._version = 4 if member is None else 5
        self._greeting = packets.connect(
            name, address.user, address.secret, keep_alive_s=keep_alive_s, member=member, clean=clean
        )
        self._keep_alive_s = keep_alive_s
        self._splitter = Splitter(self._version)

    def accepted(self) -> None:
        """The broker has accepted us."""
        raise NotImplementedError

    def received(self, found: list[Publish | Control]) -> None:
        """Packets have come, without what is answered here."""
        raise NotImplementedError

    def farewell(self) -> bytes:
        """What is said when we leave."""
        return packets.DISCONNECT

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.write(self._greeting)
        self._loop.call_later(self._keep_alive_s / 2, self._ping)

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            found = [packet for packet in self._splitter.receive(data) if not self._answered(packet)]
            if found:
                self.received(found)
        except (ProtocolError, IndexError) as error:
            self.finish(f"not MQTT: {error}")

    async def ended(self) -> str:
        """Why the connection ended, once it has; says goodbye when the waiting is cancelled."""
        try:
            return await asyncio.shield(self._end)
        except asyncio.CancelledError:
            self.write(self.farewell())
            raise

    def _answered(self, packet: Publish | Control) -> bool:
        if isinstance(packet, Control) and packet.kind == packets.CONNACK:
            refused = packets.refusal(packet.body)
            if refused is None:
                self.accepted()
            else:
                self.finish(f"refused: {refused}")
            return True
        if isinstance(packet, Control) and packet.kind == packets.GOODBYE:
            self.finish(f"the broker ended it: {packets.goodbye(packet.body)}")
            return True
        return False

    def _ping(self) -> None:
        if self._end.done():
            return
        if not self._paused and self._loop.time() - self._heard_at > 2 * self._keep_alive_s:
            self.finish("silent")
            return
        self.write(packets.PINGREQ)
        self._loop.call_later(self._keep_alive_s / 2, self._ping)
