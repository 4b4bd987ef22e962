"""The HTTP server of the API: bounded, silent, and ended by whoever runs it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI

DRAIN_S: Final = 2


class Server(uvicorn.Server):
    """`end` closes every live connection with 1012, upon which clients come again at once, and lets requests
    in hand be answered for DRAIN_S.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=DRAIN_S,
                ws_max_size=65_536,
                ws_per_message_deflate=False,  # it doubles the cost of a frame, and frames are small
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the program's: its pools and ports end in good order, too."""
        yield

    def end(self) -> None:
        """Begin to stop."""
        self.should_exit = True

    async def run_until_ended(self, begun: Callable[[], None]) -> None:
        """Serve; `begun` is called once connections are accepted."""
        saying = asyncio.create_task(self._say(begun), name="announce")
        try:
            await self.serve()
        finally:
            saying.cancel()

    async def _say(self, begun: Callable[[], None]) -> None:
        while not self.started:  # noqa: ASYNC110 - uvicorn has a flag and no event
            await asyncio.sleep(0.02)
        begun()
