"""A proxy in front of a broker that counts MQTT packets by topic."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_PUBLISH = 3


@dataclass
class Meter:
    """Counts MQTT packets of one direction by the last words of their topic."""

    direction: str
    sizes: Counter[str] = field(default_factory=Counter)
    packets: Counter[str] = field(default_factory=Counter)
    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while (size := packet_size(self._buffer)) is not None:
            packet = bytes(self._buffer[:size])
            del self._buffer[:size]
            name = self._name(packet)
            self.sizes[name] += size
            self.packets[name] += 1

    def _name(self, packet: bytes) -> str:
        if packet[0] >> 4 != _PUBLISH:
            return "mqtt"
        body = packet[1 + length_bytes(packet) :]
        topic = body[2 : 2 + int.from_bytes(body[:2], "big")].decode()
        words = topic.split("/")[3:]
        return f"{self.direction}/{words[1] if words[0] == 'state' else words[-1]}"


def length_bytes(packet: bytes | bytearray) -> int:
    """How many bytes the remaining length of an MQTT packet takes."""
    return next((n for n in range(1, 5) if n < len(packet) and packet[n] < 0x80), 0)


def packet_size(data: bytearray) -> int | None:
    """Size of the first MQTT packet; None when it is not complete."""
    count = length_bytes(data)
    if not count:
        return None
    size = 1 + count + sum((data[n] & 0x7F) << 7 * (n - 1) for n in range(1, count + 1))
    return size if len(data) >= size else None


@asynccontextmanager
async def metered(port: int) -> AsyncIterator[tuple[int, Meter, Meter]]:
    """A proxy in front of a broker: (its port, meter up, meter down)."""
    up, down = Meter("up"), Meter("down")

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, meter: Meter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                meter.feed(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, far_writer, up), pump(far_reader, writer, down))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], up, down
    finally:
        server.close()
