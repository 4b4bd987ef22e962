"""The road that events travel: many gateways at once, each gateway's messages in their order, none given up.

A message is acknowledged to the broker only after its transaction has committed. Where the database is away,
it is tried again for ever. Where the message itself is the trouble, it is quarantined after three tries, rung
if a life may hang on it, and the others go on.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterable, Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from cloud import metrics
from cloud.database.pool import Connection, Pool
from cloud.draining import LAST_WORK_S
from cloud.ingest import quarantine, salvage
from cloud.ingest.gate import Gate
from cloud.ingest.ingestor import ingest_event
from firmware_specs import topics

logger = logging.getLogger(__name__)

_TRIES: Final = 3
_BACK_OFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
_HELD_BYTES: Final = 64 << 20
# Of these the message is the cause, not the moment, although psycopg calls them operational.
_OF_THE_MESSAGE: Final = (errors.ProgramLimitExceeded, errors.StatementTooComplex)


class Arrived(Protocol):
    """A message from a broker, as cloud/ingest/mqtt_source.py hands it on."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def retained(self) -> bool: ...
    @property
    def received_at(self) -> datetime: ...

    def ack(self) -> None:
        """Tell the broker that the message is kept."""


Take = Callable[[Connection, Arrived, datetime], Awaitable[None]]


class Lane:
    """Runs `take` for each message in a transaction of its own; `refuse` when a message cannot be taken.

    At most `parallel` transactions at once, never two of one gateway.
    """

    def __init__(
        self,
        name: str,
        pool: Pool,
        *,
        take: Take,
        refuse: Take,
        now: Callable[[], datetime],
        parallel: int = 6,
        urgent: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Keep the arguments; `name` is told in logs.

        With `urgent`, messages that it names go first in a storm, in their order, before what else their
        gateway sent; and a message that its sender repeated while it waited is taken once.
        """
        self._name = name
        self._pool = pool
        self._take = take
        self._refuse = refuse
        self._now = now
        self._gate = Gate(parallel)
        self._urgent = urgent
        self._waiting: dict[str, deque[Arrived]] = {}
        self._bytes = 0
        self._room = asyncio.Event()
        self._away = False

    @property
    def waiting(self) -> int:
        """How many messages wait here or are being taken."""
        return sum(map(len, self._waiting.values()))

    @property
    def oldest_at(self) -> datetime | None:
        """When what waits longest arrived."""
        return min((waiting[0].received_at for waiting in self._waiting.values() if waiting), default=None)

    def is_busy(self, gateway: str) -> bool:
        """Whether messages of a gateway wait here, or one is being taken."""
        return gateway in self._waiting

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
            gateway = gateway_of(arrived.topic)
            waiting = self._waiting.get(gateway)
            if waiting is not None:
                waiting.append(arrived)
                if self._is_urgent(arrived):
                    self._gate.hurry(gateway)
                continue
            self._waiting[gateway] = deque([arrived])
            group.create_task(self._drain(gateway), name=f"{self._name}-{gateway}")

    async def _make_room(self, arrived: Arrived) -> None:
        """Wait while more than 64 MiB wait here: however large messages are, memory is bounded."""
        while self._bytes > _HELD_BYTES:
            self._room.clear()
            await self._room.wait()
        self._bytes += len(arrived.payload)

    def _done(self, arrived: Arrived) -> None:
        arrived.ack()
        self._bytes -= len(arrived.payload)
        self._room.set()

    async def _drain(self, gateway: str) -> None:
        """One gateway's messages in order, until none waits."""
        while waiting := self._waiting[gateway]:
            done = await self._deliver(gateway)
            others: deque[Arrived] = deque()
            for each in waiting:
                if self._is_repeated(each, done):
                    self._done(each)
                elif each is not done:
                    others.append(each)
            self._waiting[gateway] = others
        del self._waiting[gateway]

    def _is_urgent(self, arrived: Arrived) -> bool:
        return self._urgent is not None and self._urgent(arrived.payload)

    def _is_repeated(self, arrived: Arrived, done: Arrived) -> bool:
        """Its sender repeated it, byte for byte, while it waited: it is stored already."""
        same = arrived.payload == done.payload and arrived.topic == done.topic
        return self._urgent is not None and same and arrived is not done

    async def _deliver(self, gateway: str) -> Arrived:
        """The next message of a gateway, until it is stored or set aside; then acknowledged."""
        failures = outages = 0
        arrived: Arrived | None = None
        while True:
            job = self._take if failures < _TRIES else self._refuse
            waiting = self._waiting[gateway]
            try:
                async with self._gate.passing(gateway, urgent=any(map(self._is_urgent, waiting))):
                    # Chosen when its turn has come: an SOS may have arrived behind what was first.
                    arrived = arrived or next(filter(self._is_urgent, waiting), waiting[0])
                    async with self._pool.connection() as conn, conn.transaction():
                        await job(conn, arrived, self._now())
            except (psycopg.OperationalError, PoolTimeout) as error:
                if isinstance(error, _OF_THE_MESSAGE):
                    failures += 1
                else:
                    outages += 1
                    self._say_away(error)
            except Exception:
                failures += 1
                words = {} if arrived is None else self._words("message_failed", arrived, failures)
                logger.exception("message failed", extra=words)
            else:
                self._say_back()
                self._done(arrived)
                metrics.committed(self._name, (arrived,), self._now())
                return arrived
            metrics.FAILURES.labels(self._name).inc()
            await asyncio.sleep(_BACK_OFF_S[min(failures + outages, len(_BACK_OFF_S)) - 1])

    def _words(self, action: str, arrived: Arrived, failures: int) -> dict[str, object]:
        return {
            "action": action,
            "lane": self._name,
            "topic": arrived.topic,
            "size": len(arrived.payload),
            "failures": failures,
        }

    def _say_away(self, error: Exception) -> None:
        if isinstance(error, errors.SerializationFailure | errors.DeadlockDetected):
            return
        if not self._away:
            self._away = True
            extra = {"action": "database_lost", "lane": self._name, "error": type(error).__name__}
            logger.warning("database is away", extra=extra)

    def _say_back(self) -> None:
        if self._away:
            self._away = False
            logger.info("database is back", extra={"action": "database_back", "lane": self._name})


def event_lane(pool: Pool, now: Callable[[], datetime], *, parallel: int = 6) -> Lane:
    """The lane of `up/event`: give it connections that nothing else uses."""
    return Lane(
        "events",
        pool,
        take=take_event,
        refuse=refuse_event,
        now=now,
        parallel=parallel,
        urgent=lambda payload: salvage.life_safety_word(payload) is not None,
    )


async def take_event(conn: Connection, arrived: Arrived, now: datetime) -> None:
    """One event. A retained one is a replay and never rings: its sender repeats it until it is stored."""
    if arrived.retained:
        extra = {"action": "retained_event_ignored", "topic": arrived.topic}
        logger.warning("retained event ignored", extra=extra)
        return
    await ingest_event(
        conn,
        topic=arrived.topic,
        gateway_id=gateway_of(arrived.topic),
        payload=arrived.payload,
        received_at=arrived.received_at,
        now=now,
    )


async def refuse_event(conn: Connection, arrived: Arrived, now: datetime) -> None:
    """An event that cannot be taken, for a fault of ours: kept as bytes; a life-safety kind in it rings."""
    await quarantine.set_aside(
        conn,
        topic=arrived.topic,
        gateway_id=gateway_of(arrived.topic),
        payload=arrived.payload,
        reason="could not be stored",
        now=now,
    )


def gateway_of(topic: str) -> str:
    """The gateway that a topic names; the topic itself where it names none."""
    parsed = topics.parse_up(topic)
    return topic if parsed is None else parsed.gateway
