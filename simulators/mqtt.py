"""A thin MQTT 3.1.1 client on asyncio, light enough for ten thousand gateways in one process.

Only what a gateway needs: CONNECT with a last will, SUBSCRIBE at QoS 0, PUBLISH at QoS 0 and 1, PUBACK, PING.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_CONNACK: Final = 2
_PUBLISH: Final = 3
_PUBACK: Final = 4
_REFUSED: Final = {
    1: "protocol version",
    2: "client id",
    3: "server unavailable",
    4: "bad user or password",
    5: "not authorised",
}


class MqttError(ConnectionError):
    """The broker refused, or broke the protocol."""


@dataclass(frozen=True)
class Will:
    """What the broker publishes (QoS 1, retained) when the connection dies."""

    topic: str
    payload: bytes


def text(value: str) -> bytes:
    """A string with its length."""
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def packet(first: int, body: bytes) -> bytes:
    """A control packet: its first byte, the length of its body, the body."""
    length, head = len(body), bytearray([first])
    while True:
        length, digit = divmod(length, 128)
        head.append(digit | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def connect_packet(client_id: str, user: str, password: str, keep_alive_s: int, will: Will | None) -> bytes:
    """CONNECT, clean session, with user and password."""
    flags = 0b1100_0010 | (0b0010_1100 if will else 0)
    body = text("MQTT") + bytes([4, flags]) + keep_alive_s.to_bytes(2, "big") + text(client_id)
    if will:
        body += text(will.topic) + len(will.payload).to_bytes(2, "big") + will.payload
    return packet(0x10, body + text(user) + text(password))


def publish_packet(topic: str, payload: bytes, packet_id: int, *, retain: bool = False) -> bytes:
    """PUBLISH at QoS 1."""
    return packet(0x32 | (1 if retain else 0), text(topic) + packet_id.to_bytes(2, "big") + payload)


def covers(pattern: str, topic: str) -> bool:
    """Whether a subscription covers a topic, or another subscription."""
    parts, levels = pattern.split("/"), topic.split("/")
    for n, part in enumerate(parts):
        if part == "#":
            return True
        if n >= len(levels) or part not in ("+", levels[n]):
            return False
    return len(parts) == len(levels)


def subscribe_packet(topic: str, packet_id: int) -> bytes:
    """SUBSCRIBE at QoS 0."""
    return packet(0x82, packet_id.to_bytes(2, "big") + text(topic) + b"\0")


@dataclass
class MqttClient:
    """One connection. `on_message(topic, payload)` runs in the reader's task."""

    host: str
    port: int
    client_id: str
    user: str
    password: str
    on_message: Callable[[str, bytes], None]
    will: Will | None = None
    keep_alive_s: int = 30
    _writer: asyncio.StreamWriter | None = None
    _reader: asyncio.StreamReader | None = None
    _waiting: dict[int, "asyncio.Future[None]"] = field(default_factory=dict)
    _last_id: int = 0

    @property
    def connected(self) -> bool:
        """True between CONNACK and the end of the connection."""
        return self._writer is not None

    async def connect(self) -> None:
        """Open the connection. Raises MqttError when refused, OSError when the broker cannot be reached."""
        self._reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(connect_packet(self.client_id, self.user, self.password, self.keep_alive_s, self.will))
        try:
            first, body = await asyncio.wait_for(self._read_packet(), 20)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            writer.close()
            raise MqttError(f"{self.client_id}: no CONNACK") from error
        if first >> 4 != _CONNACK or len(body) < 2 or body[1] != 0:
            writer.close()
            raise MqttError(
                f"{self.client_id}: refused: {_REFUSED.get(body[1] if len(body) > 1 else 0, 'no CONNACK')}"
            )
        self._writer = writer

    async def run(self) -> None:
        """Read until the connection ends; raises nothing for a lost connection."""
        ping = asyncio.create_task(self._ping(), name=f"{self.client_id}-ping")
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    self._take(*await self._read_packet())
        finally:
            ping.cancel()
            self.abort()

    def subscribe(self, topic: str) -> None:
        """SUBSCRIBE at QoS 0."""
        self._write(subscribe_packet(topic, self._next_id()))

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, timeout_s: float = 30
    ) -> None:
        """PUBLISH at QoS 1 and wait for PUBACK. Raises ConnectionError or TimeoutError."""
        packet_id = self._next_id()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[packet_id] = done
        try:
            self._write(publish_packet(topic, payload, packet_id, retain=retain))
            await asyncio.wait_for(done, timeout_s)
        finally:
            self._waiting.pop(packet_id, None)

    async def disconnect(self) -> None:
        """End politely: no last will."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._write(b"\xe0\0")
                await self._writer.drain()
            self._writer.close()
            self._writer = None

    def abort(self) -> None:
        """Cut the connection: the broker publishes the last will."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("connection lost"))
                waiting.exception()

    def _write(self, data: bytes) -> None:
        if self._writer is None or self._writer.is_closing():
            raise ConnectionError(f"{self.client_id} is not connected")
        self._writer.write(data)

    async def _ping(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await asyncio.sleep(self.keep_alive_s * 0.7)
                self._write(b"\xc0\0")

    def _next_id(self) -> int:
        self._last_id = self._last_id % 65_535 + 1
        return self._last_id

    async def _read_packet(self) -> tuple[int, bytes]:
        assert self._reader is not None
        first = (await self._reader.readexactly(1))[0]
        length = shift = 0
        while True:
            digit = (await self._reader.readexactly(1))[0]
            length |= (digit & 0x7F) << shift
            shift += 7
            if not digit & 0x80 or shift > 21:
                break
        body = await self._reader.readexactly(length)
        return first, body

    def _take(self, first: int, body: bytes) -> None:
        if first >> 4 == _PUBLISH:
            end = 2 + int.from_bytes(body[:2], "big")
            topic, payload = body[2:end].decode(errors="replace"), body[end:]
            if first & 0b110:
                self._write(packet(0x40, payload[:2]))
                payload = payload[2:]
            self.on_message(topic, payload)
        elif first >> 4 == _PUBACK:
            waiting = self._waiting.get(int.from_bytes(body[:2], "big"))
            if waiting is not None and not waiting.done():
                waiting.set_result(None)
