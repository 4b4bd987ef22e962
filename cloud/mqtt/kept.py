"""A connection to a broker that is made again whenever it ends; lost and back are said once each."""

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Final, Self

from cloud import metrics
from cloud.broker import Address

logger = logging.getLogger(__name__)

KEEP_ALIVE_S: Final = 30
_RECONNECT_S: Final = (1.0, 2.0, 5.0)
_CONNECT_LIMIT_S: Final = 15.0


class Connection(asyncio.Protocol):
    """A protocol that can be paused, and whose end can be awaited."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._end: asyncio.Future[str] = self._loop.create_future()
        self._heard_at = self._loop.time()
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.finish("connection closed" if error is None else str(error))

    def write(self, data: bytes) -> None:
        """Send bytes; void when the connection is gone."""
        if data and not self._end.done() and self._transport is not None:
            self._transport.write(data)

    def finish(self, reason: str) -> None:
        """End the connection."""
        if not self._end.done():
            self._end.set_result(reason)
            if self._transport is not None:
                self._transport.abort()

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

    async def ended(self) -> str:
        """Why the connection ended, once it has; says goodbye when the waiting is cancelled."""
        raise NotImplementedError


class Kept:
    """`async with ... as kept`: begins to connect, and stays connected until the block ends."""

    def __init__(self, address: Address, name: str) -> None:
        """Keep the arguments; `name` is the client id, and told in logs."""
        self.address = address
        self.name = name
        self.reconnects = 0
        self._ready = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None
        self._lost = False

    def _connection(self) -> Connection:
        """A new connection that is to be made; it calls `granted` once it can be used."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Begin to connect; does not wait for the broker."""
        self._keeping = asyncio.create_task(self._keep(), name=f"mqtt-{self.name}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.gather(self._keeping, return_exceptions=True)

    def granted(self) -> None:
        """The broker has granted everything that was asked of it."""
        if self._lost:
            self._lost = False
            self.reconnects += 1
            metrics.RECONNECTS.inc()
            logger.info("broker is back", extra={"action": "broker_back", "client_id": self.name})
        self._ready.set()

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
            except Exception:  # a fault of ours must not end for ever what homes wait for
                extra = {"action": "broker_connection_failed", "client_id": self.name}
                logger.exception("connection failed", extra=extra)
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
            self._ready.clear()
            with contextlib.suppress(OSError, RuntimeError):
                transport.close()

    def _say_lost(self, reason: str) -> None:
        if not self._lost:
            self._lost = True
            extra = {"action": "broker_lost", "client_id": self.name, "reason": reason}
            logger.warning("broker is lost", extra=extra)
