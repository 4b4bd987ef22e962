"""A TCP server for devices: many connections, none of which can slow down or starve another."""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from dataclasses import KW_ONLY, dataclass, field
from typing import Final

from edge.transports.receiver import Receiver, Source

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 16 * 1024
UNREAD_BYTES: Final = 64 * 1024
RETRY_S: Final = 5.0
REPORT_S: Final = 60.0
GOODBYE_S: Final = 2.0
# Longer than a watch is silent between two signs of life: its connection is probably half open.
STALE_S: Final = 330.0
# So many connections of one address may each be read at the full rate; more share it.
FULL_RATE: Final = 8


@dataclass
class Connection:
    """An open connection, when it began and when it last said something (loop seconds)."""

    source: Source
    address: str
    writer: asyncio.StreamWriter
    opened_at: float
    heard_at: float


@dataclass
class TcpServer:
    """Listens on host:port (0 takes a free one) and hands bytes to `receiver`.

    A connection that is silent for `idle_s`, leaves 64 KiB of answers unread, or is one too many, is closed:
    of too many, those that were not understood for `mute_s` go first, then those of the address that holds
    most, and those that are probably half open. One that sends more than `bytes_per_s` is read more slowly.
    """

    name: str
    host: str
    port: int
    receiver: Receiver
    _: KW_ONLY
    idle_s: float = 1200.0
    mute_s: float = 10.0
    max_connections: int = 1024
    bytes_per_s: float = 512 * 1024
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    _open: dict[int, Connection] = field(default_factory=dict)
    _held: Counter[str] = field(default_factory=Counter)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)
    _refused: int = 0
    _reported_at: float = 0.0

    async def run(self) -> None:
        """Serve until cancelled; a port that cannot be opened is tried again every few seconds."""
        while True:
            try:
                server = await asyncio.start_server(
                    self._serve, self.host, self.port, limit=CHUNK_BYTES, backlog=1024
                )
            except OSError as error:
                self._failed(str(error.strerror or error))
                await asyncio.sleep(RETRY_S)
                continue
            self.port = server.sockets[0].getsockname()[1]
            self.status = f"{self.host}:{self.port}"
            log.info("listening", extra={"action": "listening", "transport": self.name, "port": self.port})
            self.tried.set()
            try:
                await server.serve_forever()
            finally:
                server.close()
                await self._hang_up()

    async def _hang_up(self) -> None:
        """Close every connection and wait until each has been told."""
        for connection in list(self._open.values()):
            connection.writer.transport.abort()
        if self._serving:
            await asyncio.wait(self._serving, timeout=GOODBYE_S)

    def _failed(self, reason: str) -> None:
        if not self.tried.is_set():
            log.error(
                "the port cannot be opened",
                extra={"action": "port_failed", "transport": self.name, "port": self.port, "reason": reason},
            )
        self.status = f"failed({self.host}:{self.port} {reason})"
        self.tried.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from its first byte to its last."""
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        peer = writer.get_extra_info("peername") or ("unknown", 0)
        label = f"{self.name} {peer[0]}:{peer[1]}"
        if len(self._open) >= self.max_connections and not self._make_room(str(peer[0])):
            self._refuse(label)
            writer.transport.abort()
            return
        with contextlib.suppress(OSError):
            opened = writer.get_extra_info("socket")
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, UNREAD_BYTES)
        source = self.receiver.connect(label, lambda data: self._send(writer, data, label))
        source.address = str(peer[0])
        now = asyncio.get_running_loop().time()
        connection = Connection(source, str(peer[0]), writer, now, now)
        self._open[id(connection)] = connection
        self._held[connection.address] += 1
        try:
            await self._read(reader, connection)
        except TimeoutError:
            log.info("silent connection closed", extra={"action": "idle_closed", "source": label})
        except (ConnectionError, OSError) as error:
            log.info(
                "connection broke",
                extra={"action": "connection_broke", "source": label, "reason": str(error)},
            )
        finally:
            self._forget(connection)
            self.receiver.disconnect(source)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, connection: Connection) -> None:
        """Read until the end of the stream; a flood is read at `bytes_per_s` and lets others go first."""
        loop = asyncio.get_running_loop()
        budget, refilled_at = self.bytes_per_s, loop.time()
        while True:
            async with asyncio.timeout(self.idle_s):
                data = await reader.read(CHUNK_BYTES)
            if not data:
                return
            connection.heard_at = loop.time()
            await self.receiver.take(connection.source, data)
            rate = self.bytes_per_s * min(1.0, FULL_RATE / max(1, self._held[connection.address]))
            budget = min(rate, budget + (loop.time() - refilled_at) * rate) - len(data)
            refilled_at = loop.time()
            await asyncio.sleep(max(0.0, -budget / rate))

    def _send(self, writer: asyncio.StreamWriter, data: bytes, label: str) -> None:
        """Queue an answer; who does not read them is cut off."""
        if writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() + len(data) > UNREAD_BYTES:
            log.warning(
                "answers are not read: connection closed", extra={"action": "slow_closed", "source": label}
            )
            writer.transport.abort()
            return
        writer.write(data)

    def _make_room(self, newcomer: str) -> bool:
        """Close the connection that is missed least for one from the address `newcomer`; False: none is."""
        now, held = asyncio.get_running_loop().time(), self._held
        greedy = {address for address, count in held.items() if count > held[newcomer] + 1}
        going = [
            connection
            for connection in self._open.values()
            if connection.source.items == 0
            and (connection.address in greedy or now - connection.opened_at >= self.mute_s)
        ] or [
            connection
            for connection in self._open.values()
            if connection.address in greedy or now - connection.heard_at > STALE_S
        ]
        if not going:
            return False
        gone = max(going, key=lambda connection: (held[connection.address], -connection.heard_at))
        self._forget(gone)
        gone.writer.transport.abort()
        self._refuse(gone.source.label)
        return True

    def _forget(self, connection: Connection) -> None:
        """The connection holds no place any more."""
        if self._open.pop(id(connection), None) is not None:
            self._held[connection.address] -= 1
            if not self._held[connection.address]:
                del self._held[connection.address]

    def _refuse(self, label: str) -> None:
        """Count a connection that had to go, and say so at most once a minute."""
        self._refused += 1
        now = asyncio.get_running_loop().time()
        if not self._reported_at or now - self._reported_at >= REPORT_S:
            self._reported_at = now
            log.warning(
                "too many connections",
                extra={
                    "action": "connections_full",
                    "transport": self.name,
                    "limit": self.max_connections,
                    "closed": self._refused,
                    "source": label,
                },
            )
