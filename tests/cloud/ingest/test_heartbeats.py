"""Heartbeats that change nothing else are noted together; all that is doubtful goes the way of all states."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from prometheus_client import REGISTRY

from cloud.database.pool import Connection, Pool
from cloud.ingest.heartbeats import takes_the_place, without_heartbeats
from cloud.ingest.lane import Lane
from cloud.ingest.line import Arrived
from firmware_specs import topics
from tests.cloud import town
from tests.cloud.town import NOW, encoded, seconds

pytestmark = pytest.mark.postgres

RUN, FORMER = "aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"


@dataclass
class Said:
    """A message of a gateway that remembers whether it was acknowledged."""

    topic: str
    payload: bytes
    retained: bool = False
    received_at: datetime = NOW + seconds(30)
    acks: list[bool] = field(default_factory=list)

    def ack(self) -> None:
        self.acks.append(True)


def beat(gateway: str, run: str = RUN, *, online: bool = True, retained: bool = False, **more: float) -> Said:
    payload = encoded({"v": 1, "online": online, "run": run, **more})
    return Said(topics.state(gateway, "online"), payload, retained)


class Once:
    """Hands out these messages together, then nothing."""

    def __init__(self, *said: Said) -> None:
        self._said = [said]

    async def take(self, limit: int, *, linger_s: float = 0.0) -> Sequence[Said]:
        if not self._said:
            await asyncio.Event().wait()
        return self._said.pop()


async def passed_on(pool: Pool, *said: Said, busy: str = "", count: int) -> list[Said]:
    """The messages that were not noted together, of which there are `count`."""
    found: list[Any] = []
    stream = without_heartbeats(Once(*said), pool, lambda gateway: gateway == busy)
    async with asyncio.timeout(30):
        while len(found) < count:
            found.append(await anext(stream))
    if not count:
        task = asyncio.ensure_future(anext(stream))
        async with asyncio.timeout(30):
            while not all(each.acks for each in said):
                await asyncio.sleep(0.01)
        task.cancel()
    return found


async def gateways(conn: Connection, count: int) -> None:
    for n in range(count):
        await town.add_gateway(conn, f"gw-{n}", None, online=True)
    await conn.execute("update gateway set run = %s, last_seen_at = %s", (RUN, NOW))


async def seen(conn: Connection) -> list[bool]:
    query = "select last_seen_at > %s from gateway order by id"
    return [row[0] for row in await (await conn.execute(query, (NOW,))).fetchall()]


async def test_heartbeats_of_known_gateways_are_noted_together(pool: Pool, conn: Connection) -> None:
    await gateways(conn, 3)
    beats = [beat(f"gw-{n}") for n in range(3)]
    assert await passed_on(pool, *beats, count=0) == []
    assert await seen(conn) == [True] * 3
    assert [len(each.acks) for each in beats] == [1, 1, 1]


async def test_what_waits_at_gateways_is_counted_by_its_age(pool: Pool, conn: Connection) -> None:
    def counted(stream: str, at_most: str) -> float:
        labels = {"stream": stream, "le": at_most}
        return REGISTRY.get_sample_value("carebed_gateway_outbox_age_seconds_bucket", labels) or 0

    await gateways(conn, 3)
    before = [counted("events", "1.0"), counted("telemetry", "300.0"), counted("telemetry", "60.0")]
    said = [beat("gw-0"), beat("gw-1", event_wait_s=0, batch_wait_s=200.5)]
    assert await passed_on(pool, *said, count=0) == []
    after = [counted("events", "1.0"), counted("telemetry", "300.0"), counted("telemetry", "60.0")]
    assert after == [before[0] + 1, before[1] + 1, before[2]]


async def test_whatever_is_more_than_a_heartbeat_is_passed_on_in_order(pool: Pool, conn: Connection) -> None:
    await gateways(conn, 6)
    await conn.execute("update gateway set online = false where id = 'gw-1'")
    back, other_run, will = beat("gw-1"), beat("gw-2", FORMER), beat("gw-3", online=False)
    retained, waits, twice = beat("gw-4", retained=True), beat("gw-5"), [beat("gw-0"), beat("gw-0")]
    garbage = Said(topics.state("gw-3", "online"), b"{")
    said = (back, other_run, will, retained, waits, *twice, garbage)
    found = await passed_on(pool, *said, busy="gw-5", count=len(said))
    assert found == [will, retained, waits, *twice, garbage, back, other_run]
    assert await seen(conn) == [True, True, True, False, False, True]  # whoever speaks now is not silent
    assert not any(each.acks for each in said)


async def test_a_gateway_whose_row_is_held_is_passed_on_instead_of_waited_for(
    pool: Pool, conn: Connection
) -> None:
    await gateways(conn, 2)
    async with pool.connection() as other, other.transaction():
        await other.execute("update gateway set last_seen_at = last_seen_at where id = 'gw-0'")
        held = beat("gw-0")
        assert await passed_on(pool, held, beat("gw-1"), count=1) == [held]
    assert await seen(conn) == [False, True]


async def test_without_a_database_they_wait_in_the_lane(pool: Pool, conn: Connection) -> None:
    await conn.execute("alter table gateway rename to gone")
    one = beat("gw-0")
    assert await passed_on(pool, one, count=1) == [one]


async def test_of_heartbeats_that_wait_behind_a_birth_only_the_last_is_taken(pool: Pool) -> None:
    taken: list[Arrived] = []
    go_on = asyncio.Event()

    async def take(conn: Connection, arrivals: Sequence[Arrived], now: datetime) -> None:
        taken.extend(arrivals)
        await go_on.wait()

    async def refuse(conn: Connection, arrived: Arrived, now: datetime) -> None:
        raise AssertionError

    lane = Lane("states", pool, take=take, refuse=refuse, now=lambda: NOW, replaces=takes_the_place)
    birth, other_run = Said(topics.state("gw-0", "birth"), b"{}"), beat("gw-0", FORMER)
    first, second, third = beat("gw-0"), beat("gw-0"), beat("gw-0")
    said = [birth, other_run, first, second, third]

    async def source() -> AsyncIterator[Arrived]:
        for each in said:
            yield each
        go_on.set()

    async with asyncio.timeout(30):
        await lane.run(source())
    assert taken == [birth, other_run, third]
    assert [len(each.acks) for each in said] == [1] * 5
