"""The road that readings travel: many messages in one transaction, acknowledged after its commit.

Where the database is away, the same messages are tried again for ever. Where one message is the trouble,
halving finds it: it is quarantined alone, and the others are stored.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import msgspec
import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from cloud import metrics
from cloud.alarms.vitals_store import enqueue
from cloud.cases.publish import publish
from cloud.database.listen import notifications
from cloud.database.pool import Pool
from cloud.downlink.store import queue_batch_acks
from cloud.ingest import quarantine
from cloud.ingest.lane import gateway_of
from cloud.ingest.line import Arrived
from cloud.telemetry import homes
from cloud.telemetry.columns import Incoming, to_ms
from cloud.telemetry.writer import Prepared, TelemetryWriter
from firmware_specs.batches import BatchReader, inflate
from firmware_specs.fields import RunId, Seq

logger = logging.getLogger(__name__)

AT_ONCE: Final = 2000  # messages in a transaction; four times as many fit into the broker's window
_COMMITS: Final = 2  # transactions at once
_DECODED_AT_ONCE: Final = 50
_GATEWAYS_HELD: Final = 100_000
_LAST_WORK_S: Final = 3.0
_PLACES_S: Final = 300.0  # every change is heard; this is for a line that died without a word
LINGER_S: Final = 0.25
_TRIES_ALONE: Final = 2
_BACK_OFF_S: Final = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0)
_OF_THE_MESSAGE: Final = (errors.ProgramLimitExceeded, errors.StatementTooComplex)


class Source(Protocol):
    """Where messages come from, see cloud/ingest/mqtt_source.py."""

    async def take(self, limit: int, *, linger_s: float = 0.0) -> Sequence[Arrived]:
        """At least one message, at most `limit`."""


class Number(msgspec.Struct, frozen=True):
    """What is needed to answer a batch that is otherwise unreadable."""

    run: RunId
    seq: Seq


class Message(NamedTuple):
    """A batch that was understood, and the message it came in."""

    arrived: Arrived
    incoming: Incoming


class Taken(NamedTuple):
    """What was taken at once: all messages, those understood, those not and why, and the columns made of it.

    `prepared` is None where that could not be done; then the messages are stored the slow way.
    """

    arrivals: Sequence[Arrived]
    understood: list[Message]
    refused: list[tuple[Arrived, str]]
    prepared: Prepared | None


class TelemetryLane:
    """Takes `up/telemetry` from a source; give it connections that nothing else uses, at least three."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        """Keep the arguments."""
        self._pool = pool
        self._now = now
        self._writer = TelemetryWriter(follow=enqueue)
        self._reader = BatchReader()
        self._gateways: dict[str, str] = {}
        self._received: tuple[datetime | None, int] = None, 0
        self._away = False

    async def run(self, source: Source) -> None:
        """Endless: while two batches are being committed, the next is made ready and a fourth arrives.

        Two, so that the database works on one while we write or acknowledge the other. Each locks what it
        speaks of in the same order; batches of one run wait for each other.

        When it is cancelled, what has been taken is stored and acknowledged within some seconds.
        """
        ready: asyncio.Queue[Taken] = asyncio.Queue(1)
        reading = asyncio.create_task(self._read_all(source, ready), name="telemetry-read")
        storing = [
            asyncio.create_task(self._store_all(ready), name="telemetry-store") for _ in range(_COMMITS)
        ]
        try:
            done, _ = await asyncio.wait({reading, *storing}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # neither ends but by a fault of ours
        finally:
            reading.cancel()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ready.join(), _LAST_WORK_S)
            for task in storing:
                task.cancel()

    async def remember_places(self, url: str) -> None:
        """Endless: remember gateways and installations, and forget them at every change."""
        async for _ in notifications(url, [homes.CHANNEL], every_s=_PLACES_S, name="carebed-places"):
            self._writer.homes.forget()
            self._writer.homes.remembering = True

    async def take(self, arrivals: Sequence[Arrived]) -> None:
        """Store or set aside every message, then acknowledge all of them."""
        await self._finish(await self._make_ready(arrivals))

    async def _read_all(self, source: Source, ready: asyncio.Queue[Taken]) -> None:
        while True:
            await ready.put(await self._make_ready(await source.take(AT_ONCE, linger_s=LINGER_S)))

    async def _store_all(self, ready: asyncio.Queue[Taken]) -> None:
        while True:
            await self._finish(await ready.get())
            ready.task_done()

    async def _make_ready(self, arrivals: Sequence[Arrived]) -> Taken:
        """Decode every message and make columns of all that were understood."""
        understood: list[Message] = []
        refused: list[tuple[Arrived, str]] = []
        for n, arrived in enumerate(arrivals, start=1):
            try:
                understood.append(self._read(arrived))
            except Exception as error:  # whatever the bytes do, the others go on
                refused.append((arrived, str(error) or type(error).__name__))
            if n % _DECODED_AT_ONCE == 0:
                await asyncio.sleep(0)  # the connections go on meanwhile
        prepared = None
        if understood:
            try:
                async with self._pool.connection() as conn:
                    batches = [message.incoming for message in understood]
                    prepared = await self._writer.prepare(conn, batches, self._now())
            except Exception:
                self._writer.forget()  # what is the matter is found, and said, the slow way
        return Taken(arrivals, understood, refused, prepared)

    def _read(self, arrived: Arrived) -> Message:
        batch = self._reader.decode(arrived.payload)
        gateway = self._gateways.get(arrived.topic)
        if gateway is None:
            if len(self._gateways) > _GATEWAYS_HELD:
                self._gateways.clear()
            gateway = self._gateways[arrived.topic] = gateway_of(arrived.topic)
        if arrived.received_at is not self._received[0]:  # what comes at once has one time
            self._received = arrived.received_at, to_ms(arrived.received_at)
        return Message(arrived, Incoming(gateway, self._received[1], batch))

    async def _finish(self, taken: Taken) -> None:
        """Commit, set aside, acknowledge."""
        if taken.understood and not await self._committed(taken.prepared):
            await self._store(taken.understood)
        for arrived, reason in taken.refused:
            await self._set_aside(arrived, reason)
        for arrived in taken.arrivals:
            arrived.ack()
        metrics.BATCH_MESSAGES.observe(len(taken.arrivals))
        metrics.committed("telemetry", taken.arrivals, self._now())

    async def _committed(self, prepared: Prepared | None) -> bool:
        """The quick way, once; False where it was none."""
        if prepared is None:
            return False
        try:
            async with self._pool.connection() as conn:
                metrics.BATCH_READINGS.observe(await self._writer.commit(conn, prepared, self._now()))
        except Exception:
            self._writer.forget()
            metrics.FAILURES.labels("telemetry").inc()
            return False
        self._say_back()
        return True

    async def _store(self, messages: Sequence[Message]) -> None:
        """Store all of them, whatever it takes; what cannot be stored is set aside."""
        for _ in range(_TRIES_ALONE):
            try:
                await self._until_there(lambda: self._write(messages))
            except Exception:
                self._writer.forget()
                logger.exception("batches failed", extra=_words("batches_failed", messages))
            else:
                return
            if len(messages) > 1:
                half = len(messages) // 2
                await self._store(messages[:half])
                await self._store(messages[half:])
                return
        await self._set_aside(messages[0].arrived, "could not be stored")

    async def _write(self, messages: Sequence[Message]) -> None:
        async with self._pool.connection() as conn:
            batches = [message.incoming for message in messages]
            metrics.BATCH_READINGS.observe(await self._writer.write(conn, batches, self._now()))

    async def _set_aside(self, arrived: Arrived, reason: str) -> None:
        """Quarantine one message; where its number can be read, the gateway need not repeat it."""
        gateway = gateway_of(arrived.topic)

        async def keep() -> None:
            async with self._pool.connection() as conn, conn.transaction():
                touched = await quarantine.set_aside(
                    conn,
                    topic=arrived.topic,
                    gateway_id=gateway,
                    payload=arrived.payload,
                    reason=reason,
                    now=self._now(),
                )
                number = _number(arrived.payload)
                if number is not None:
                    await queue_batch_acks(conn, [(gateway, number.run, number.seq)])
                await publish(conn, touched, now=self._now())

        try:
            await self._until_there(keep)
        except Exception:
            extra = {"action": "message_lost", "topic": arrived.topic, "size": len(arrived.payload)}
            logger.exception("message could not be quarantined", extra=extra)

    async def _until_there(self, job: Callable[[], Awaitable[None]]) -> None:
        """Do it as soon as the database is there; raises what the message is the cause of."""
        outages = 0
        while True:
            try:
                await job()
            except (psycopg.OperationalError, PoolTimeout) as error:
                if isinstance(error, _OF_THE_MESSAGE):
                    raise
                self._say_away(error)
                await asyncio.sleep(_BACK_OFF_S[min(outages, len(_BACK_OFF_S) - 1)])
                outages += 1
            else:
                self._say_back()
                return

    def _say_away(self, error: Exception) -> None:
        passing = isinstance(error, errors.SerializationFailure | errors.DeadlockDetected)
        if not self._away and not passing:
            self._away = True
            extra = {"action": "database_lost", "lane": "telemetry", "error": type(error).__name__}
            logger.warning("database is away", extra=extra)

    def _say_back(self) -> None:
        if self._away:
            self._away = False
            self._writer.forget()
            logger.info("database is back", extra={"action": "database_back", "lane": "telemetry"})


def _number(payload: bytes) -> Number | None:
    try:
        return msgspec.json.decode(inflate(payload), type=Number)
    except Exception:  # any bytes at all
        return None


def _words(action: str, messages: Sequence[Message]) -> dict[str, object]:
    return {"action": action, "lane": "telemetry", "messages": len(messages)}
