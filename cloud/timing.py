"""What a timer's job is: something done every so often, by one worker at a time, item by item."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import psycopg

from cloud.database.pool import Connection

logger = logging.getLogger(__name__)
_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Moment:
    """When a job runs, since when its worker does, and how fast its clock runs."""

    now: datetime
    started_at: datetime
    rate: float = 1.0


@dataclass(frozen=True)
class Job:
    """`run` every `every_s` simulated seconds; `lock` is its advisory lock, None where workers share it."""

    name: str
    lock: int | None
    every_s: float
    run: Callable[[Connection, Moment], Awaitable[None]]


async def each(conn: Connection, items: Iterable[_Item], act: Callable[[_Item], Awaitable[object]]) -> None:
    """Each item in a transaction of its own; one that fails is logged and the others go on."""
    for item in items:
        try:
            async with conn.transaction():
                await act(item)
        except psycopg.OperationalError:
            raise
        except Exception:
            logger.exception("timer item failed", extra={"action": "timer_item_failed", "item": str(item)})
