"""Waiting for a condition with a time limit."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final

# For what always comes unless something is broken, on the slowest machine at its busiest.
LIMIT_S: Final = 30.0


async def until(condition: Callable[[], bool | Awaitable[bool]], limit_s: float = LIMIT_S) -> None:
    """Return as soon as the condition holds; raises TimeoutError after the limit."""
    async with asyncio.timeout(limit_s):
        while True:
            met = condition()
            if inspect.isawaitable(met):
                met = await met
            if met:
                return
            await asyncio.sleep(0.02)


def wait_until(condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """The same for a test that is no coroutine."""
    until_s = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > until_s:
            raise TimeoutError
        time.sleep(0.02)
