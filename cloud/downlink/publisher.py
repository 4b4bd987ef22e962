"""Publishes what the tables hold for the gateways: acknowledgements, commands, and that the cloud is alive.

A row is deleted after the broker has taken its message: a crash between the two sends it once more, which
every gateway ignores. Several workers share the rows by locks; the one that leads speaks for the cloud.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import psycopg

from cloud import metrics
from cloud.database.listen import notifications
from cloud.database.pool import Connection, Pool, connect
from cloud.downlink import store
from cloud.downlink.mqtt_publisher import MqttPublisher, NotPublished
from cloud.downlink.store import QueuedAck, QueuedCommand
from cloud.draining import whole
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.messages import Ack, CloudStatus, Command, encode

logger = logging.getLogger(__name__)

_ACKS_AT_ONCE: Final = 2000
_COMMANDS_AT_ONCE: Final = 200
_LOOK_EVERY_S: Final = 1.0
_COMMAND_REPEAT: Final = timedelta(seconds=10)
STATUS_EVERY_S: Final = 30.0
INGEST_SILENT_AFTER: Final = timedelta(seconds=30)


async def publish_queues(url: str, pool: Pool, publisher: MqttPublisher, clock: Clock) -> None:
    """Endless: publish acknowledgements and commands as they are committed."""
    channels = [store.ACKS_CHANNEL, store.COMMANDS_CHANNEL]
    async for _ in notifications(url, channels, every_s=_LOOK_EVERY_S, name="carebed-downlink"):
        try:
            while await whole(publish_waiting(pool, publisher, clock.now())):
                pass
        except (NotPublished, psycopg.OperationalError):
            continue  # lost and back are logged by the connections; the rows are still there


async def publish_waiting(pool: Pool, publisher: MqttPublisher, now: datetime) -> bool:
    """Publish one round of what waits; True when there may be more."""
    async with pool.connection() as conn:
        async with conn.transaction():
            acks = await store.take_acks(conn, _ACKS_AT_ONCE)
            messages = join_acks(acks, now)
            await publisher.publish_all([(topics.down(g, "ack"), encode(ack)) for g, ack in messages])
            await store.delete_acks(conn, [ack.id for ack in acks])
        metrics.PUBLISHED.labels("ack").inc(len(messages))
        async with conn.transaction():
            commands = await store.due_commands(conn, now, _COMMANDS_AT_ONCE)
            payloads = [(topics.down(c.gateway_id, "command"), encode(_command(c))) for c in commands]
            await publisher.publish_all(payloads)
            await store.postpone_commands(conn, [command.id for command in commands], now + _COMMAND_REPEAT)
        metrics.PUBLISHED.labels("command").inc(len(commands))
    return len(acks) == _ACKS_AT_ONCE or len(commands) == _COMMANDS_AT_ONCE


def join_acks(acks: Sequence[QueuedAck], now: datetime) -> list[tuple[str, Ack]]:
    """One message for each gateway, run and stage, in the order of the first of each."""
    joined: dict[tuple[str, str, store.Stage], list[QueuedAck]] = defaultdict(list)
    for ack in acks:
        joined[ack.gateway_id, ack.run, ack.stage].append(ack)
    return [
        (
            gateway_id,
            Ack(
                run=run,
                events=list(dict.fromkeys(str(ack.event_id) for ack in rows if ack.event_id is not None)),
                event_seqs=[ack.event_seq for ack in rows if ack.event_seq is not None],
                telemetry=[ack.batch_seq for ack in rows if ack.batch_seq is not None],
                stage=stage,
                cloud_at=_ms(now),
            ),
        )
        for (gateway_id, run, stage), rows in joined.items()
    ]


async def publish_status(url: str, publisher: MqttPublisher, clock: Clock) -> None:
    """Endless: while this worker leads, say at each change and each 30 s whether the ingestor is alive."""
    while True:
        try:
            async with await connect(url, name="carebed-status") as conn:
                await _lead(conn, publisher, clock)
        except psycopg.OperationalError:
            await asyncio.sleep(1.0)


async def _lead(conn: Connection, publisher: MqttPublisher, clock: Clock) -> None:
    while not await store.become_leader(conn):  # noqa: ASYNC110 - another process decides, not an event
        await asyncio.sleep(2.0)
    said: tuple[bool, float] | None = None
    while True:
        now, ticks = clock.now(), asyncio.get_running_loop().time()  # the clock may be set back
        alive = ingest_alive(await store.ingest_life(conn), now, clock.rate)
        due = said is None or said[0] != alive or (ticks - said[1]) * clock.rate >= STATUS_EVERY_S
        if due and publisher.connected:
            try:
                status = encode(CloudStatus(alive=alive, at=_ms(now)))
                await publisher.publish(topics.CLOUD_STATUS, status, retain=True)
                said = (alive, ticks)
            except NotPublished:
                said = None
        await asyncio.sleep(max(1.0 / clock.rate, 0.1))


def ingest_alive(life: tuple[datetime | None, datetime] | None, now: datetime, rate: float = 1.0) -> bool:
    """True while the ingestor listens to the broker and said so within 30 s, at least 5 s of real time."""
    silent_after = max(INGEST_SILENT_AFTER, timedelta(seconds=5) * rate)
    return life is not None and life[0] is not None and now - life[1] <= silent_after


def _command(queued: QueuedCommand) -> Command:
    return Command(
        id=str(queued.id),
        op=queued.op,
        device=queued.device_id,
        args=queued.args,
        expires_at=_ms(queued.expires_at),
        by=queued.issued_by,
    )


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
