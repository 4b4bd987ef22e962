"""Acknowledgements and commands leave the tables only through the broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from cloud.broker import WORK_USER, Address
from cloud.database.pool import Connection, Pool
from cloud.downlink import publisher as downlink
from cloud.downlink import store
from cloud.downlink.mqtt_publisher import MqttPublisher, NotPublished
from cloud.mqtt import kept
from firmware_specs.clock import Clock
from firmware_specs.ids import uuid7
from firmware_specs.messages import Ack, CloudStatus, Command
from tests.cloud.api.conftest import MovedClock
from tests.conftest import START, RunningBroker
from tests.mqtt_client import TestClient, mqtt_client
from tests.ports import free_port

pytestmark = [pytest.mark.broker, pytest.mark.postgres]


RUN = "0123456789abcdef"


def event_id(n: int) -> UUID:
    return uuid7(1000 + n, n)


@pytest.fixture
async def publisher(broker: RunningBroker) -> AsyncIterator[MqttPublisher]:
    async with MqttPublisher(Address.parse(broker.url(WORK_USER)), WORK_USER) as opened:
        await asyncio.wait_for(opened.wait_connected(), 10)
        yield opened


@pytest.fixture
async def gateway(broker: RunningBroker) -> AsyncIterator[TestClient]:
    with mqtt_client(broker.port, "gw-1", broker.secrets["gw-1"]) as client:
        assert client.subscribe("carebed/v1/gw-1/down/#", 0)
        assert client.subscribe("carebed/v1/cloud/status", 0)
        yield client


async def waiting_acks(conn: Connection) -> int:
    row = await (await conn.execute("select count(*) from ack_queue")).fetchone()
    assert row is not None
    return int(row[0])


async def test_acks_of_one_run_and_stage_become_one_message(
    pool: Pool, conn: Connection, publisher: MqttPublisher, gateway: TestClient
) -> None:
    for n in (1, 2):
        await store.queue_event_ack(conn, "gw-1", RUN, event_id(n), seq=n)
    await store.queue_event_ack(conn, "gw-1", RUN, event_id(2), seq=3)  # another phase
    await store.queue_batch_acks(conn, [("gw-1", RUN, 7), ("gw-1", RUN, 8), ("gw-2", RUN, 9)])
    await downlink.publish_waiting(pool, publisher, START)
    ack = msgspec.json.decode((await asyncio.to_thread(gateway.next)).payload, type=Ack)
    assert ack.events == [str(event_id(1)), str(event_id(2))]
    assert ack.event_seqs == [1, 2, 3]
    assert ack.telemetry == [7, 8]
    assert ack.stage == "stored"
    assert ack.cloud_at == round(START.timestamp() * 1000)
    assert gateway.messages.empty()
    assert await waiting_acks(conn) == 0


async def test_events_are_acknowledged_first_without_sorting_what_waits(conn: Connection) -> None:
    await conn.execute(
        "insert into ack_queue (gateway_id, run, batch_seq)"
        " select 'gw-1', %s, n from generate_series(1, 30000) n",
        [RUN],
    )
    await store.queue_event_ack(conn, "gw-1", RUN, event_id(1))
    await conn.execute("analyze ack_queue")
    taken = await store.take_acks(conn, 3)
    assert [(ack.event_id, ack.batch_seq) for ack in taken] == [(event_id(1), None), (None, 1), (None, 2)]
    plan = await (await conn.execute("explain " + store._SQL["take_acks"], {"limit": 2000})).fetchall()
    text = "\n".join(row[0] for row in plan)
    assert "Sort" not in text
    assert "Seq Scan" not in text


async def test_two_publishers_never_take_the_same_acknowledgement(pool: Pool, conn: Connection) -> None:
    for n in range(4):
        await store.queue_event_ack(conn, "gw-1", RUN, event_id(n))
    await store.queue_batch_acks(conn, [("gw-1", RUN, n) for n in range(4)])
    async with pool.connection() as other, other.transaction(), conn.transaction():
        mine, theirs = await store.take_acks(conn, 5), await store.take_acks(other, 5)
        assert len(mine) == 5
        assert not {ack.id for ack in mine} & {ack.id for ack in theirs}
        assert len({ack.id for ack in mine} | {ack.id for ack in theirs}) == 8


async def test_two_workers_publish_side_by_side(broker: RunningBroker) -> None:
    address = Address.parse(broker.url(WORK_USER))
    async with AsyncExitStack() as stack:
        both = [
            await stack.enter_async_context(MqttPublisher.one_of_several(address, WORK_USER)) for _ in "ab"
        ]
        for publisher in both:
            await asyncio.wait_for(publisher.wait_connected(), 30)
        for _ in range(5):
            await asyncio.gather(*(each.publish("carebed/v1/gw-1/down/ack", b"{}") for each in both))


async def test_a_fault_of_ours_while_connecting_does_not_end_the_publishing(broker: RunningBroker) -> None:
    class Faulty(MqttPublisher):
        tries = 0

        def _connection(self) -> kept.Connection:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("a fault")
            return super()._connection()

    async with Faulty.one_of_several(Address.parse(broker.url(WORK_USER)), WORK_USER) as publisher:
        await asyncio.wait_for(publisher.wait_connected(), 30)
        await publisher.publish("carebed/v1/gw-1/down/ack", b"{}")


async def test_an_ack_that_the_broker_did_not_take_stays(pool: Pool, conn: Connection) -> None:
    await store.queue_event_ack(conn, "gw-1", RUN, event_id(1))
    address = Address.parse(f"mqtt://x:y@127.0.0.1:{free_port()}")
    async with MqttPublisher(address, "nobody") as nowhere:
        with pytest.raises(NotPublished):
            await downlink.publish_waiting(pool, nowhere, START)
    assert await waiting_acks(conn) == 1


async def test_a_commit_wakes_the_publisher_at_once(
    database_url: str, pool: Pool, conn: Connection, publisher: MqttPublisher, gateway: TestClient
) -> None:
    task = asyncio.create_task(downlink.publish_queues(database_url, pool, publisher, Clock()))
    try:
        for n in range(3):
            async with conn.transaction():
                await store.queue_event_ack(conn, "gw-1", RUN, event_id(n), "stored")
            arrived = await asyncio.to_thread(gateway.next, 5.0)
            assert msgspec.json.decode(arrived.payload, type=Ack).events == [str(event_id(n))]
    finally:
        task.cancel()


async def order(conn: Connection, n: int) -> UUID:
    id = event_id(n)
    expires_at = START + timedelta(seconds=60)
    await store.queue_command(
        conn, id=id, gateway_id="gw-1", op="identify", issued_by="test", now=START, expires_at=expires_at
    )
    return id


async def test_a_command_is_repeated_until_its_gateway_answers(
    pool: Pool, conn: Connection, publisher: MqttPublisher, gateway: TestClient
) -> None:
    id = await order(conn, 1)
    for seconds in (0, 5, 10):  # 5 s is too early to repeat
        await downlink.publish_waiting(pool, publisher, START + timedelta(seconds=seconds))
    for _ in range(2):
        arrived = await asyncio.to_thread(gateway.next)
        command = msgspec.json.decode(arrived.payload, type=Command)
        assert (command.id, command.op, command.by) == (str(id), "identify", "test")
    assert not await store.finish_command(conn, "gw-2", id, "done", None, START)
    assert await store.finish_command(conn, "gw-1", id, "done", None, START)
    assert not await store.finish_command(conn, "gw-1", id, "failed", "late", START)
    await downlink.publish_waiting(pool, publisher, START + timedelta(seconds=30))
    assert gateway.messages.empty()


async def test_a_command_expires_unanswered_and_is_not_sent_any_more(
    pool: Pool, conn: Connection, publisher: MqttPublisher, gateway: TestClient
) -> None:
    id = await order(conn, 1)
    await downlink.publish_waiting(pool, publisher, START + timedelta(seconds=60))
    row = await (await conn.execute("select status from command where id = %s", (id,))).fetchone()
    assert row == ("expired",)
    assert gateway.messages.empty()


async def test_the_clouds_status_is_retained_and_says_when_the_ingestor_is_gone(
    database_url: str, conn: Connection, publisher: MqttPublisher, gateway: TestClient
) -> None:
    clock = Clock()
    await conn.execute(
        "insert into ingest_life (listening_since, alive_at) values (%s, %s)", (clock.now(), clock.now())
    )
    task = asyncio.create_task(downlink.publish_status(database_url, publisher, clock))
    try:
        first = msgspec.json.decode((await asyncio.to_thread(gateway.next)).payload, type=CloudStatus)
        await conn.execute("update ingest_life set listening_since = null")
        second = msgspec.json.decode((await asyncio.to_thread(gateway.next)).payload, type=CloudStatus)
    finally:
        task.cancel()
    assert (first.alive, second.alive) == (True, False)


async def test_the_clouds_status_is_said_again_although_the_clock_was_set_back(
    database_url: str, conn: Connection, publisher: MqttPublisher, gateway: TestClient
) -> None:
    real = Clock().now_ms()
    clock = MovedClock(real, real, 60.0)
    alive = (clock.now(), clock.now())
    await conn.execute("insert into ingest_life (listening_since, alive_at) values (%s, %s)", alive)
    task = asyncio.create_task(downlink.publish_status(database_url, publisher, clock))
    try:
        await asyncio.to_thread(gateway.next)
        clock.move(timedelta(hours=-1))
        again = msgspec.json.decode((await asyncio.to_thread(gateway.next)).payload, type=CloudStatus)
    finally:
        task.cancel()
    assert again.alive


def test_an_ingestor_that_never_spoke_or_fell_silent_is_not_alive() -> None:
    assert not downlink.ingest_alive(None, START)
    assert downlink.ingest_alive((START, START), START + timedelta(seconds=30))
    assert not downlink.ingest_alive((START, START), START + timedelta(seconds=31))
    assert not downlink.ingest_alive((None, START), START)
