"""A personal tracker: keeps a connection, signs in, reports, repeats an alarm until it is answered.

What it says is made by `trv.py`, `gt06.py` or `jt808.py`.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from firmware_specs.clock import Clock
from simulators.devices.faults import FAULTS
from simulators.devices.gt06 import Gt06
from simulators.devices.jt808 import Jt808
from simulators.devices.trv import Trv

_MAX_HEARD: Final = 65_536


class Speech(Protocol):
    """What a tracker says in its protocol."""

    @property
    def device_id(self) -> str:
        """The id on the wire to the cloud."""

    def login(self) -> bytes:
        """The first message of a connection."""

    def heartbeat(self) -> bytes:
        """A sign of life."""

    def position(self, at_ms: int) -> bytes:
        """Where it is."""

    def alarm(self, what: str, at_ms: int) -> bytes:
        """An alarm and where it is."""

    def is_answer(self, data: bytes, message: bytes) -> bool:
        """True when `data` from the server answers the message."""


def speech(kind: str, identity: str, lat: float, lon: float) -> Speech:
    """A tracker of the kind `trv`, `gt06` or `jt808` at a place; `identity` is its IMEI or number."""
    match kind:
        case "trv":
            return Trv(identity, lat, lon)
        case "gt06":
            return Gt06(identity, lat, lon)
        case _:
            return Jt808(identity, lat, lon)


@dataclass
class Tracker:
    """One tracker on one TCP port; `run` until cancelled, the verbs may be called at any time."""

    says: Speech
    host: str
    port: int
    clock: Clock
    clock_error_ms: int = 0
    report_s: float = 60.0
    repeat_s: float = 5.0
    _heard: bytes = b""
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _writer: asyncio.StreamWriter | None = None
    _silent: list[asyncio.StreamWriter] = field(default_factory=list)
    _linked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def device_id(self) -> str:
        """The id of this tracker on the wire to the cloud."""
        return self.says.device_id

    async def run(self) -> None:
        """Connect again and again, report each `report_s` simulated seconds."""
        try:
            while True:
                with contextlib.suppress(OSError):
                    await self._session()
                self._linked.clear()
                await asyncio.sleep(0.2)
        finally:
            for writer in self._silent:
                writer.close()

    async def linked(self) -> None:
        """Wait until the server has answered the login."""
        await self._linked.wait()

    async def alarm(self, what: str, *, fault: str = "", tries: int = 6) -> bool:
        """Send an alarm, first with the fault, and repeat it until it is answered; True when it was."""
        message = self.says.alarm(what, self._device_ms())
        pieces = FAULTS[fault](message) if fault else [message]
        for _ in range(tries):
            await self.linked()
            self._heard = b""
            with contextlib.suppress(OSError, TimeoutError):
                await self._send(pieces)
                await self._answered(lambda: self.says.is_answer(self._heard, message))
                return True
            pieces = [message]
        return False

    async def report(self) -> None:
        """Say where it is now."""
        await self.linked()
        await self._send([self.says.position(self._device_ms())])

    def hang(self) -> None:
        """The line dies without a word: the old connection stays open and silent, a new one is made."""
        if self._writer is not None:
            self._silent.append(self._writer)
            self._writer = None
            self._linked.clear()

    def _device_ms(self) -> int:
        return self.clock.now_ms() + self.clock_error_ms

    async def _session(self) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        self._writer, self._heard = writer, b""
        reporter = asyncio.create_task(self._report_for_ever(), name=f"{self.device_id}-report")
        try:
            while self._writer is writer:
                with contextlib.suppress(TimeoutError):
                    data = await asyncio.wait_for(reader.read(4096), 0.2)
                    if not data:
                        return
                    await self._hear(data)
        finally:
            reporter.cancel()
            if self._writer is writer:
                writer.close()

    async def _hear(self, data: bytes) -> None:
        async with self._news:
            self._heard = (self._heard + data)[-_MAX_HEARD:]
            self._news.notify_all()

    async def _answered(self, is_answered: Callable[[], bool]) -> None:
        async with asyncio.timeout(self.repeat_s), self._news:
            await self._news.wait_for(is_answered)

    async def _report_for_ever(self) -> None:
        with contextlib.suppress(OSError, TimeoutError):
            login = self.says.login()
            await self._send([login])
            await self._answered(lambda: self.says.is_answer(self._heard, login))
            self._linked.set()
            while True:
                await self._send([self.says.heartbeat(), self.says.position(self._device_ms())])
                await self.clock.sleep(self.report_s)

    async def _send(self, pieces: list[bytes]) -> None:
        """Send pieces; an empty one breaks the connection, and the rest waits for the next one."""
        for piece in pieces:
            if not piece:
                if self._writer is not None:
                    self._writer.transport.abort()
                self._linked.clear()
                await self.linked()
            if self._writer is None:
                raise ConnectionError("the tracker has no connection")
            self._writer.write(piece)
            await self._writer.drain()
