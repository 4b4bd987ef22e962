"""Who may go next where only so many can: what a life may hang on first, the others in their order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """At most `width` at once. A key waits at most once at a time."""

    def __init__(self, width: int) -> None:
        self._free = width
        self._urgent: dict[str, asyncio.Future[None]] = {}
        self._routine: dict[str, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def passing(self, key: str, *, urgent: bool) -> AsyncIterator[None]:
        """Wait for room, and hold it for the length of the block."""
        await self._enter(key, urgent=urgent)
        try:
            yield
        finally:
            self._leave()

    def hurry(self, key: str) -> None:
        """Something urgent has come behind what waits under this key."""
        waiting = self._routine.pop(key, None)
        if waiting is not None:
            self._urgent[key] = waiting

    async def _enter(self, key: str, *, urgent: bool) -> None:
        if self._free:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._routine)[key] = turn
        try:
            await turn
        except asyncio.CancelledError:
            self._urgent.pop(key, None)
            self._routine.pop(key, None)
            if turn.done() and not turn.cancelled():
                self._leave()  # it was our turn already
            raise

    def _leave(self) -> None:
        for waiting in (self._urgent, self._routine):
            while waiting:
                turn = waiting.pop(next(iter(waiting)))
                if not turn.done():
                    turn.set_result(None)
                    return
        self._free += 1
