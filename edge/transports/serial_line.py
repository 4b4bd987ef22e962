"""A device on a serial line: bytes both ways, opened again when the stick comes back."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from edge.transports.receiver import Receiver, Source
from edge.transports.serial import SerialPort

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
WAITING: Final = 64


@dataclass
class SerialLine:
    """Reads and writes `path` at `baud`, 8N1."""

    name: str
    path: str
    baud: int
    receiver: Receiver
    retry_s: float = RETRY_S
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Serve until cancelled."""
        while True:
            try:
                async with SerialPort(self.path, self.baud) as port:
                    await self._serve(port)
            except* OSError as group:
                self._lost(str(group.exceptions[0]))
            await asyncio.sleep(self.retry_s)

    def _lost(self, reason: str) -> None:
        if not self.status.startswith("failed"):
            extra = {"action": "serial_lost", "transport": self.name, "reason": reason}
            log.warning("the serial line is away", extra=extra)
        self.status = f"failed({self.path} {reason})"
        self.tried.set()

    async def _serve(self, port: SerialPort) -> None:
        """Pass bytes on until the line breaks (OSError)."""
        answers: asyncio.Queue[bytes] = asyncio.Queue(WAITING)

        def send(data: bytes) -> None:
            """A line that takes nothing any more loses questions, which are asked again."""
            if not answers.full():
                answers.put_nowait(data)

        source = self.receiver.connect(f"{self.name} {self.path}", send)
        self.status = f"open({self.path})"
        self.tried.set()
        log.info("the serial line is open", extra={"action": "serial_open", "transport": self.name})
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(port, source), name=f"{self.name}-read")
                group.create_task(_write(port, answers), name=f"{self.name}-write")
        finally:
            self.receiver.disconnect(source)

    async def _read(self, port: SerialPort, source: Source) -> None:
        while True:
            await self.receiver.take(source, await port.read())


async def _write(port: SerialPort, answers: asyncio.Queue[bytes]) -> None:
    while True:
        await port.write(await answers.get())
