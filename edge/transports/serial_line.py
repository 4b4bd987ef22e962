"""A serial line (8N1, no flow control): bytes both ways, opened again when the stick comes back."""

import asyncio
import logging
import os
import termios
from dataclasses import dataclass, field
from typing import Final

from edge.transports.receiver import Receiver

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 4096
RETRY_S: Final = 5.0
WAITING_PIECES: Final = 1024


@dataclass
class SerialLine:
    """Reads and writes `path` at `baud`."""

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
                line = open_line(self.path, self.baud)
            except (OSError, termios.error) as error:
                self._lost(str(error))
            else:
                self.status = f"open({self.path})"
                self.tried.set()
                log.info("the serial line is open", extra={"action": "serial_open", "transport": self.name})
                try:
                    await self._serve(line)
                except OSError as error:
                    self._lost(str(error))
                finally:
                    os.close(line)
            await asyncio.sleep(self.retry_s)

    def _lost(self, reason: str) -> None:
        if not self.status.startswith("failed"):
            extra = {"action": "serial_lost", "transport": self.name, "reason": reason}
            log.warning("the serial line is away", extra=extra)
        self.status = f"failed({self.path} {reason})"
        self.tried.set()

    async def _serve(self, line: int) -> None:
        """Pass bytes on until the line breaks (OSError)."""
        loop = asyncio.get_running_loop()
        pieces: asyncio.Queue[bytes | OSError] = asyncio.Queue(WAITING_PIECES)
        source = self.receiver.connect(f"{self.name} {self.path}", lambda data: _write(line, data))

        def read() -> None:
            try:
                data: bytes | OSError = os.read(line, CHUNK_BYTES) or OSError("hung up")
            except BlockingIOError:
                return
            except OSError as error:
                data = error
            if isinstance(data, OSError):
                loop.remove_reader(line)
            if not pieces.full():
                pieces.put_nowait(data)

        loop.add_reader(line, read)
        try:
            while True:
                piece = await pieces.get()
                if isinstance(piece, OSError):
                    raise piece
                await self.receiver.take(source, piece)
        finally:
            loop.remove_reader(line)
            self.receiver.disconnect(source)


def _write(line: int, data: bytes) -> None:
    """Questions are a few bytes: what the line does not take at once is left out, and asked again later."""
    try:
        os.write(line, data)
    except OSError as error:
        log.info("not written", extra={"action": "serial_write", "reason": str(error)})


def open_line(path: str, baud: int) -> int:
    """The file descriptor of a serial line, raw and non-blocking. Raises OSError, termios.error."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        speed = getattr(termios, f"B{baud}")
        settings = termios.tcgetattr(line)
        settings[0] = settings[1] = settings[3] = 0
        settings[2] = termios.CS8 | termios.CREAD | termios.CLOCAL
        settings[4] = settings[5] = speed
        termios.tcsetattr(line, termios.TCSANOW, settings)
    except (OSError, termios.error):
        os.close(line)
        raise
    return line
