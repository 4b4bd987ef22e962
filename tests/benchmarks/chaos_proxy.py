"""A TCP line that can be bad: it delays, cuts, swallows, and lets new connections overtake each other."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from random import Random


class Line:
    """What every connection through it suffers now; change the fields at any moment."""

    def __init__(self, target: Callable[[], int], chance: Random) -> None:
        """`target` is asked for the port behind it at every connection."""
        self.port = 0
        self.delay_s = 0.0
        self.swallows = False
        self.hold_s = 0.0
        self._target = target
        self._chance = chance
        self._open: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Every connection ends at once, as by a reset."""
        for writer in list(self._open):
            writer.transport.abort()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Line"]:
        """Listen on a free port of loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.hold_s:
            await asyncio.sleep(self._chance.uniform(0, self.hold_s))
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target())
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._open |= ends
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._open -= ends

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if self.delay_s:
                    await asyncio.sleep(self._chance.uniform(0, 2 * self.delay_s))
                if not self.swallows:  # whoever lets it end cuts: a line with a hole in it goes on nowhere
                    writer.write(data)
                    await writer.drain()
        with contextlib.suppress(OSError, RuntimeError):
            writer.close()
