"""The road that readings travel: many messages in one transaction, acknowledged after its commit.

Where the database is away, the same messages are tried again for ever. Where one message is the trouble,
halving finds it: it is quarantined alone, and the others are stored.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol

import msgspec
import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

from cloud.alarms.vitals_store import enqueue
from cloud.database.pool import Pool
from cloud.downlink.store import queue_batch_acks
from cloud.ingest import quarantine
from cloud.ingest.event_lane import Arrived, gateway_of
from cloud.telemetry.columns import Incoming, to_ms
from cloud.telemetry.writer import TelemetryWriter
from firmware_specs.fields import RunId, Seq
from firmware_specs.messages import decode_batch, inflate

logger = logging.getLogger(__name__)

AT_ONCE: Final = 300  # messages in a transaction: some thousand readings
LINGER_S: Final = 0.05
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


class TelemetryLane:
    """Takes `up/telemetry` from a source; give it connections that nothing else uses."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        """Keep the arguments."""
        self._pool = pool
        self._now = now
        self._writer = TelemetryWriter(follow=enqueue)
        self._away = False

    async def run(self, source: Source) -> None:
        """Endless."""
        while True:
            await self.take(await source.take(AT_ONCE, linger_s=LINGER_S))

    async def take(self, arrivals: Sequence[Arrived]) -> None:
        """Store or set aside every message, then acknowledge all of them."""
        understood: list[Message] = []
        refused: list[tuple[Arrived, str]] = []
        for arrived in arrivals:
            try:
                understood.append(_read(arrived))
            except Exception as error:  # whatever the bytes do, the others go on
                refused.append((arrived, str(error) or type(error).__name__))
        if understood:
            await self._store(understood)
        for arrived, reason in refused:
            await self._set_aside(arrived, reason)
        for arrived in arrivals:
            arrived.ack()

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
            await self._writer.write(conn, [message.incoming for message in messages], self._now())

    async def _set_aside(self, arrived: Arrived, reason: str) -> None:
        """Quarantine one message; where its number can be read, the gateway need not repeat it."""
        gateway = gateway_of(arrived.topic)

        async def keep() -> None:
            async with self._pool.connection() as conn, conn.transaction():
                await quarantine.set_aside(
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


def _read(arrived: Arrived) -> Message:
    batch = decode_batch(arrived.payload)
    return Message(arrived, Incoming(gateway_of(arrived.topic), to_ms(arrived.received_at), batch))


def _number(payload: bytes) -> Number | None:
    try:
        return msgspec.json.decode(inflate(payload), type=Number)
    except Exception:  # any bytes at all
        return None


def _words(action: str, messages: Sequence[Message]) -> dict[str, object]:
    return {"action": action, "lane": "telemetry", "messages": len(messages)}
