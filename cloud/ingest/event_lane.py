"""The lane of events: what a life may hang on goes first, and what cannot be stored rings all the same."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from cloud.cases.publish import publish
from cloud.database.pool import Connection, Pool
from cloud.ingest import quarantine, salvage
from cloud.ingest.ingestor import ingest_events
from cloud.ingest.lane import Lane, gateway_of
from cloud.ingest.line import Arrived
from cloud.ingest.passage import Message

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 50


def event_lane(pool: Pool, now: Callable[[], datetime], *, parallel: int = 6) -> Lane:
    """The lane of `up/event`: give it connections that nothing else uses."""
    return Lane(
        "events",
        pool,
        take=take_events,
        refuse=refuse_event,
        now=now,
        parallel=parallel,
        at_once=_AT_ONCE,
        urgent=lambda payload: salvage.life_safety_word(payload) is not None,
    )


async def take_events(conn: Connection, arrivals: Sequence[Arrived], now: datetime) -> None:
    """Events of different gateways. A retained one is a replay and never rings: its sender repeats it until
    it is stored.
    """
    live = []
    for arrived in arrivals:
        if arrived.retained:
            extra = {"action": "retained_event_ignored", "topic": arrived.topic}
            logger.warning("retained event ignored", extra=extra)
        else:
            topic, gateway = arrived.topic, gateway_of(arrived.topic)
            live.append(Message(topic, gateway, arrived.payload, arrived.received_at))
    if live:
        await ingest_events(conn, live, now=now)


async def refuse_event(conn: Connection, arrived: Arrived, now: datetime) -> None:
    """An event that cannot be taken, for a fault of ours: kept as bytes; a life-safety kind in it rings."""
    touched = await quarantine.set_aside(
        conn,
        topic=arrived.topic,
        gateway_id=gateway_of(arrived.topic),
        payload=arrived.payload,
        reason="could not be stored",
        now=now,
    )
    await publish(conn, touched, now=now)
