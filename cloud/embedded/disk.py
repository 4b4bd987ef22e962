"""When a disk that was full has room again.

nats-server keeps refusing what it is to store after its disk was full for a moment: it has to start anew.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

logger = logging.getLogger(__name__)

_FULL_BYTES: Final = 16 << 20
_ROOM_BYTES: Final = 64 << 20
_EVERY_S: Final = 1.0


def free_bytes(folder: Path) -> int:
    """What this user may still write where the folder is."""
    found = os.statvfs(folder)
    return found.f_frsize * (found.f_bfree if os.geteuid() == 0 else found.f_bavail)


async def room_again(
    folder: Path, *, free: Callable[[Path], int] = free_bytes, every_s: float = _EVERY_S
) -> AsyncIterator[None]:
    """Endless: an item whenever there is room after there was none; both are said once."""
    full = False
    while True:
        try:
            left = free(folder)
        except OSError:
            left = _FULL_BYTES  # neither the one nor the other
        if not full and left < _FULL_BYTES:
            full = True
            extra = {"action": "disk_full", "folder": str(folder), "free": left}
            logger.error("the disk is full: nothing can be stored until there is room", extra=extra)
        elif full and left > _ROOM_BYTES:
            full = False
            logger.info("the disk has room again", extra={"action": "disk_back", "folder": str(folder)})
            yield
        await asyncio.sleep(every_s)
