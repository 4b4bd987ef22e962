"""Heartbeats of gateways that are known to be there: noted many at once, without a transaction for each.

Only what changes nothing but `last_seen_at` is taken here: the present run of a gateway that is online, and
of which nothing else waits. Everything else, and whatever is doubtful, goes the way of all states; but that
its gateway lives is noted at once, and a later heartbeat takes the place of one that waits. Else a city that
comes back at once would be taken for silent while its births wait, and would never be done with them.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Protocol

import psycopg
from psycopg_pool import PoolTimeout

from cloud import metrics
from cloud.database import queries
from cloud.database.pool import Pool
from cloud.ingest.lane import gateway_of
from cloud.ingest.line import Arrived
from firmware_specs.messages import Online, decode

_SQL: Final = queries.load(__package__ or "cloud.ingest")
_AT_ONCE: Final = 1000
_LINGER_S: Final = 0.1
_CHANNEL: Final = "/state/online"


class Source(Protocol):
    """Where messages come from, see cloud/ingest/mqtt_source.py."""

    async def take(self, limit: int, *, linger_s: float = 0.0) -> Sequence[Arrived]:
        """At least one message, at most `limit`."""


async def without_heartbeats(
    source: Source, pool: Pool, busy: Callable[[str], bool]
) -> AsyncIterator[Arrived]:
    """Every message but the heartbeats that could be noted here; endless. `busy`: of it something waits."""
    while True:
        heard: dict[str, tuple[Arrived, Online]] = {}
        beats: dict[str, tuple[Arrived, Online]] = {}
        others: list[Arrived] = []
        passed: set[str] = set()  # gateways of others: the order of a gateway's messages is kept
        for arrived in await source.take(_AT_ONCE, linger_s=_LINGER_S):
            gateway, beat = gateway_of(arrived.topic), _heartbeat(arrived)
            if beat is not None:
                heard[gateway] = arrived, beat
            if beat is not None and not (busy(gateway) or gateway in beats or gateway in passed):
                beats[gateway] = arrived, beat
                continue
            if gateway in beats:
                others.append(beats.pop(gateway)[0])
            others.append(arrived)
            passed.add(gateway)
        rest = await _not_noted(pool, heard, beats)
        for arrived in (*others, *rest):
            yield arrived


def takes_the_place(later: Arrived, earlier: Arrived) -> bool:
    """Whether both are heartbeats of one run of a gateway: nothing is lost with the earlier."""
    if later.topic != earlier.topic:
        return False
    new, old = _heartbeat(later), _heartbeat(earlier)
    return new is not None and old is not None and new.run == old.run


def _heartbeat(arrived: Arrived) -> Online | None:
    if arrived.retained or not arrived.topic.endswith(_CHANNEL):
        return None
    try:
        message = decode(arrived.payload, Online)
    except ValueError:
        return None
    return message if message.online else None


async def _not_noted(
    pool: Pool, heard: dict[str, tuple[Arrived, Online]], beats: dict[str, tuple[Arrived, Online]]
) -> list[Arrived]:
    """Note in one statement all that were heard, acknowledge `beats`; those that must go the other way."""
    if not heard:
        return []
    given = {
        "ids": list(heard),
        "runs": [beat.run for _, beat in heard.values()],
        "ats": [arrived.received_at for arrived, _ in heard.values()],
        "alone": [gateway in beats for gateway in heard],
    }
    try:
        async with pool.connection() as conn:
            rows = await (await conn.execute(_SQL["note_heartbeats"], given)).fetchall()
    except (psycopg.Error, PoolTimeout):
        return [arrived for arrived, _ in beats.values()]  # the lane says what is the matter, and waits
    for gateway in [row[0] for row in rows if row[1]]:
        arrived, beat = beats.pop(gateway)
        arrived.ack()
        metrics.outbox("events", beat.event_wait_s)
        metrics.outbox("telemetry", beat.batch_wait_s)
    return [arrived for arrived, _ in beats.values()]
