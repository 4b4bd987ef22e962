"""Waiting for a condition with a time limit."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], bool | Awaitable[bool]], limit_s: float = 10.0) -> None:
    """Return as soon as the condition holds; raises TimeoutError after the limit."""
    async with asyncio.timeout(limit_s):
        while True:
            met = condition()
            if inspect.isawaitable(met):
                met = await met
            if met:
                return
            await asyncio.sleep(0.02)
