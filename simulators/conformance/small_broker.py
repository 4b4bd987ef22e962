"""The kit's own MQTT 3.1.1 broker for one gateway: it sees what other brokers hide.

CONNECT with its last will, the QoS and retain bit of each message, a connection that ends without DISCONNECT;
and it can break a connection. The gateway gets everything with QoS 0. Not for production.
"""

import asyncio
import contextlib
import hmac
from typing import Final

from simulators.conformance.record import Hello, Record, Seen, Testament
from simulators.mqtt import covers, packet, text

_ACCEPTED: Final = b"\x20\x02\x00\x00"
_LARGEST: Final = 1 << 20
_CONNECT_S: Final = 20.0
_LEVEL: Final = 4
_BAD_VERSION, _BAD_USER = 1, 4


class Broken(Exception):
    """The peer does not speak MQTT 3.1.1; the text says how."""


class _Body:
    """Reads the fields of a packet. Raises Broken when they are cut."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._data):
            raise Broken("a packet is shorter than its fields")
        self._at += count
        return self._data[self._at - count : self._at]

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def number(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def field(self) -> bytes:
        return self.take(self.number())

    def string(self) -> str:
        return self.field().decode(errors="replace")

    def rest(self) -> bytes:
        return self.take(self.left)


class SmallBroker:
    """One gateway's broker; `start` on a port, `publish` as the cloud, `cut` its connection."""

    def __init__(self, record: Record, secret: str) -> None:
        self.record = record
        self.port = 0
        self._secret = secret
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._topics: list[str] = []
        self._down: dict[str, bytes] = {}

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Break the connection and listen no more."""
        await self.cut()
        if self._server is not None:
            self._server.close()

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send as the cloud; retained messages also meet the next subscription."""
        if retain:
            self._down[topic] = payload
        self._deliver(topic, payload, retained=False)

    async def cut(self) -> bool:
        """Break the gateway's connection without a word; always possible here."""
        if self._writer is not None:
            self._writer.transport.abort()
            self._writer = None
        return True

    async def retained(self) -> dict[str, bytes]:
        """What the gateway published with the retain bit."""
        return self.record.retained

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                first, body = await _read(reader)
            if not self._greet(first, body, writer):
                return
            await self.record.wake()
            while True:
                await self._take(*await _read(reader), writer)
        except (Broken, OSError, TimeoutError, asyncio.IncompleteReadError):
            return
        finally:
            if self._writer is writer:
                self._writer = None
            writer.close()

    def _greet(self, first: int, body: bytes, writer: asyncio.StreamWriter) -> bool:
        """Answer CONNECT; another connection of the gateway takes the place of the one before."""
        hello, password = _hello(first, body)
        known = hello.user == self.record.gateway and hmac.compare_digest(password, self._secret.encode())
        if hello.level != _LEVEL or not known:
            code = _BAD_VERSION if hello.level != _LEVEL else _BAD_USER
            self.record.refused.append((hello, code))
            writer.write(b"\x20\x02\x00" + bytes((code,)))
            return False
        self.record.hellos.append(hello)
        if self._writer is not None:
            self._writer.transport.abort()
        self._writer, self._topics = writer, []
        writer.write(_ACCEPTED)
        return True

    async def _take(self, first: int, data: bytes, writer: asyncio.StreamWriter) -> None:
        body = _Body(data)
        match first >> 4:
            case 3:
                await self._published(first, body, writer)
            case 6:  # PUBREL of QoS 2
                writer.write(b"\x70\x02" + body.take(2))
            case 8:
                self._subscribe(body, writer)
            case 10:
                writer.write(b"\xb0\x02" + body.take(2))
            case 12:
                writer.write(b"\xd0\x00")
            case 14:
                raise Broken("it hung up")
            case _:
                return
        with contextlib.suppress(ConnectionError):
            await writer.drain()

    async def _published(self, first: int, body: _Body, writer: asyncio.StreamWriter) -> None:
        qos, retain, topic = (first >> 1) & 3, bool(first & 1), body.string()
        number = body.take(2) if qos else b""
        payload = body.rest()
        if retain:
            self.record.retained[topic] = payload
        if qos:
            writer.write((b"\x40\x02" if qos == 1 else b"\x50\x02") + number)
        at = asyncio.get_running_loop().time()
        await self.record.take(Seen(at, self.record.session, topic, payload, qos, retain))

    def _subscribe(self, body: _Body, writer: asyncio.StreamWriter) -> None:
        number, wanted = body.take(2), []
        while body.left:
            wanted.append(body.string())
            body.take(1)  # the QoS that it asks for: it gets 0
        self._topics += wanted
        self.record.subscribed += wanted
        writer.write(packet(0x90, number + b"\0" * len(wanted)))
        for topic, payload in self._down.items():
            if any(covers(pattern, topic) for pattern in wanted):
                self._deliver(topic, payload, retained=True)

    def _deliver(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if self._writer is not None and any(covers(pattern, topic) for pattern in self._topics):
            self._writer.write(packet(0x31 if retained else 0x30, text(topic) + payload))


def _hello(first: int, data: bytes) -> tuple[Hello, bytes]:
    """A CONNECT packet and its password. Raises Broken."""
    if first >> 4 != 1:
        raise Broken("the first packet is no CONNECT")
    body = _Body(data)
    body.field()  # the name of the protocol
    level, flags, keep_alive_s = body.take(1)[0], body.take(1)[0], body.number()
    if level != _LEVEL:
        return Hello(0.0, "", "", level, keep_alive_s, None), b""
    client_id, will = body.string(), None
    if flags & 0x04:
        will = Testament(body.string(), body.field(), (flags >> 3) & 3, bool(flags & 0x20))
    user = body.string() if flags & 0x80 else ""
    password = body.field() if flags & 0x40 else b""
    at = asyncio.get_running_loop().time()
    return Hello(at, client_id, user, level, keep_alive_s, will), password


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """A packet: its first byte and its body. Raises Broken, or IncompleteReadError at the end."""
    first = (await reader.readexactly(1))[0]
    length = 0
    for shift in (0, 7, 14, 21):
        digit = (await reader.readexactly(1))[0]
        length |= (digit & 0x7F) << shift
        if not digit & 0x80:
            break
    else:
        raise Broken("a length of five bytes")
    if length > _LARGEST:
        raise Broken("a packet of more than 1 MiB")
    return first, await reader.readexactly(length)
