"""How work that has begun is brought to its end although the program was asked to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

LAST_WORK_S: Final = 5.0
"""How long a program may finish what it has in hand; what takes longer is rolled back, and comes again."""
_Done = TypeVar("_Done")


async def whole(work: Coroutine[Any, Any, _Done]) -> _Done:
    """Do it, and finish it even when the caller is cancelled meanwhile, unless that takes too long."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        _, late = await asyncio.wait({task}, timeout=LAST_WORK_S)
        if late:
            task.cancel()
            await asyncio.wait({task})
        raise
