"""The road that events travel: many gateways at once, each gateway's messages in their order, none given up.

What waits when a transaction begins is taken together, one message of each gateway: an event that comes
alone waits for nobody, and two hundred at once cost little more. Where that fails, or has to wait for what
somebody else holds, they go one by one.

A message is acknowledged to the broker only after its transaction has committed. Where the database is away,
it is tried again for ever. Where the message itself is the trouble, it is quarantined after three tries, rung
if a life may hang on it, and the others go on.
"""

import asyncio
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from cloud import metrics
from cloud.database.pool import Connection, Pool
from cloud.draining import LAST_WORK_S
from cloud.ingest.line import Arrived, Line
from cloud.ingest.turns import Turns
from firmware_specs import topics

logger = logging.getLogger(__name__)

LONGEST_WAIT: Final = "5s"
"""Of a transaction, for what another one holds: then others have its connection for a while."""
_TRIES: Final = 3
_BACK_OFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
_HELD_BYTES: Final = 64 << 20
# Of these the message is the cause, not the moment, although psycopg calls them operational.
_OF_THE_MESSAGE: Final = (errors.ProgramLimitExceeded, errors.StatementTooComplex)
_PASSING: Final = (errors.SerializationFailure, errors.DeadlockDetected, errors.LockNotAvailable)


Take = Callable[[Connection, Sequence[Arrived], datetime], Awaitable[None]]
Refuse = Callable[[Connection, Arrived, datetime], Awaitable[None]]


class Lane:
    """Runs `take` for messages in one transaction: of up to `at_once` gateways one each, what waits together.

    Where that fails, each of them is taken in a transaction of its own, and `refuse` when it cannot be taken.
    At most `parallel` transactions at once, never two of one gateway.
    """

    def __init__(
        self,
        name: str,
        pool: Pool,
        *,
        take: Take,
        refuse: Refuse,
        now: Callable[[], datetime],
        parallel: int = 6,
        at_once: int = 1,
        urgent: Callable[[bytes], bool] | None = None,
        replaces: Callable[[Arrived, Arrived], bool] | None = None,
    ) -> None:
        """Keep the arguments; `name` is told in logs; `replaces` says of a message that the one before it of
        its gateway, if it still waits, needs not be taken.

        With `urgent`, messages that it names go first in a storm, in their order, before what else their
        gateway sent; and a message that its sender repeated while it waited is taken once.
        """
        self._name = name
        self._pool = pool
        self._take = take
        self._refuse = refuse
        self._now = now
        self._free = parallel
        self._at_once = at_once
        self._urgent = urgent
        self._replaces = replaces
        self._turns = Turns()
        self._lines: dict[str, Line] = {}
        self._bytes = 0
        self._room = asyncio.Event()
        self._away = False

    @property
    def waiting(self) -> int:
        """How many messages wait here or are being taken."""
        return sum(map(len, self._lines.values()))

    @property
    def oldest_at(self) -> datetime | None:
        """When what waits longest arrived."""
        return min((line.oldest_at for line in self._lines.values()), default=None)

    def is_busy(self, gateway: str) -> bool:
        """Whether messages of a gateway wait here, or one is being taken."""
        return gateway in self._lines

    async def run(self, source: AsyncIterable[Arrived]) -> None:
        """Take messages until the source ends, then finish those that wait.

        When it is cancelled, those too are stored and acknowledged, for at most LAST_WORK_S; the rest is not
        acknowledged, and comes again.
        """
        asked: asyncio.CancelledError | None = None
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
            try:
                await self._read(source, group)
            except asyncio.CancelledError as error:
                asked = error
                limit.reschedule(asyncio.get_running_loop().time() + LAST_WORK_S)
        if asked is not None:
            raise asked

    async def _read(self, source: AsyncIterable[Arrived], group: asyncio.TaskGroup) -> None:
        async for arrived in source:
            await self._make_room(arrived)
            gateway, urgent = gateway_of(arrived.topic), self._is_urgent(arrived)
            waits = gateway in self._lines
            line = self._lines.setdefault(gateway, Line())
            self._leave_out_replaced(line, arrived)
            line.add(arrived, urgent=urgent, once=self._urgent is not None)
            if not waits:
                self._stand_in_line(gateway, group)
            elif urgent:
                self._turns.hurry(gateway)

    def _leave_out_replaced(self, line: Line, arrived: Arrived) -> None:
        replaces = self._replaces
        if replaces is not None and (before := line.leave_out_last(partial(replaces, arrived))) is not None:
            self._acknowledge(before)

    async def _make_room(self, arrived: Arrived) -> None:
        """Wait while more than 64 MiB wait here: however large messages are, memory is bounded."""
        while self._bytes > _HELD_BYTES:
            self._room.clear()
            await self._room.wait()
        self._bytes += len(arrived.payload)

    def _stand_in_line(self, gateway: str, group: asyncio.TaskGroup, *, alone: bool = False) -> None:
        """Its next message is taken as soon as there is room, with what else waits by then."""
        self._turns.wait(gateway, urgent=self._lines[gateway].urgent, alone=alone)
        if self._free:
            self._free -= 1
            group.create_task(self._work(group), name=f"{self._name}-{gateway}")

    async def _work(self, group: asyncio.TaskGroup) -> None:
        try:
            while gateways := self._turns.take(self._at_once):
                await self._deliver(gateways, group)
        finally:
            self._free += 1

    async def _deliver(self, gateways: Sequence[str], group: asyncio.TaskGroup) -> None:
        """The next message of each gateway, stored or set aside, and then acknowledged; or tried again."""
        arrivals = [self._lines[gateway].choose() for gateway in gateways]
        try:
            async with self._pool.connection() as conn, conn.transaction():
                # Nobody's home is held up by what somebody holds of another's.
                await conn.execute("select set_config('lock_timeout', %s, true)", [LONGEST_WAIT])
                if self._lines[gateways[0]].failures < _TRIES:
                    await self._take(conn, arrivals, self._now())
                else:  # it goes alone
                    await self._refuse(conn, arrivals[0], self._now())
        except Exception as error:
            metrics.FAILURES.labels(self._name).inc()
            if len(gateways) > 1:  # which of them was it?
                for gateway in gateways:
                    self._stand_in_line(gateway, group, alone=True)
            else:
                again_s = self._count(self._lines[gateways[0]], error)
                group.create_task(self._try_again(gateways[0], again_s, group))
            return
        self._say_back()
        for gateway in gateways:
            self._stored(gateway, group)
        metrics.committed(self._name, arrivals, self._now())

    def _stored(self, gateway: str, group: asyncio.TaskGroup) -> None:
        """Acknowledge what is stored, and what repeated it while it waited; go on with what else it sent."""
        line = self._lines[gateway]
        for each in line.done():
            self._acknowledge(each)
        self._room.set()
        if line:
            self._stand_in_line(gateway, group)
        else:
            del self._lines[gateway]

    def _acknowledge(self, arrived: Arrived) -> None:
        arrived.ack()
        self._bytes -= len(arrived.payload)

    def _is_urgent(self, arrived: Arrived) -> bool:
        return self._urgent is not None and self._urgent(arrived.payload)

    async def _try_again(self, gateway: str, after_s: float, group: asyncio.TaskGroup) -> None:
        await asyncio.sleep(after_s)
        self._stand_in_line(gateway, group, alone=True)

    def _count(self, line: Line, error: Exception) -> float:
        """Whose fault it was, and after how long (s) the message is tried again."""
        outage = isinstance(error, psycopg.OperationalError | PoolTimeout)
        if outage and not isinstance(error, _OF_THE_MESSAGE):
            line.outages += 1
            self._say_away(error)
        else:
            line.failures += 1
            failed = line.choose()
            words = {
                "action": "message_failed",
                "lane": self._name,
                "topic": failed.topic,
                "size": len(failed.payload),
                "failures": line.failures,
            }
            logger.error("message failed", extra=words, exc_info=error)
        return _BACK_OFF_S[min(line.failures + line.outages, len(_BACK_OFF_S)) - 1]

    def _say_away(self, error: Exception) -> None:
        if not self._away and not isinstance(error, _PASSING):
            self._away = True
            extra = {"action": "database_lost", "lane": self._name, "error": type(error).__name__}
            logger.warning("database is away", extra=extra)

    def _say_back(self) -> None:
        if self._away:
            self._away = False
            logger.info("database is back", extra={"action": "database_back", "lane": self._name})


def gateway_of(topic: str) -> str:
    """The gateway that a topic names; the topic itself where it names none."""
    parsed = topics.parse_up(topic)
    return topic if parsed is None else parsed.gateway
