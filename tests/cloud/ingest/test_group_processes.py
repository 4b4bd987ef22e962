"""Real processes share real brokers: one is killed under load, another comes, nothing is lost or doubled."""

import asyncio
import os
import signal
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloud.broker import INGEST_USER, Address
from cloud.database.pool import Connection
from tests.benchmarks.group_load import ROWS, Sent, answered, batches, deliver, presses
from tests.benchmarks.ingest_stage import Broker, Stage, ingestor, publish
from tests.cloud import town
from tests.conftest import GATEWAYS, Mosquitto, RunningBroker
from tests.waiting import until

pytestmark = [pytest.mark.broker, pytest.mark.postgres]

MEMBERS = "select count(*) from reader_life where listening_since is not null"


async def number(conn: Connection, query: str) -> int:
    row = await (await conn.execute(query)).fetchone()
    assert row is not None
    return int(row[0])


async def story(
    conn: Connection, stage: Stage, brokers: dict[str, Broker], program: str, first: Sent, second: Sent
) -> None:
    """Two work, one dies with what it has; a third comes. The second half of it all comes twice."""
    name, broker = next(iter(brokers.items()))
    await publish(broker, [], name)  # NATS makes its stream for the first client of MQTT
    with ExitStack() as open_ones:
        dying, _ = (
            open_ones.enter_context(ingestor(stage, broker, program, member=name)) for name in ("a", "b")
        )

        async def both_listen() -> bool:
            return await number(conn, MEMBERS) == 2

        await until(both_listen)
        sending = asyncio.create_task(deliver(conn, brokers, first, limit_s=5))

        async def some() -> bool:
            return len(await answered(conn)) >= len(first) // 10

        await until(some)
        os.kill(dying.pid, signal.SIGKILL)
        dying.wait()
        open_ones.enter_context(ingestor(stage, broker, program, member="c"))
        await sending
        for _ in range(12):  # a dead member's share is repeated until the broker gives it to the others
            if await deliver(conn, brokers, first | second, limit_s=5):
                break
        await deliver(conn, brokers, second, limit_s=30)
        await publish_twice(brokers, second)
        last = max(seq for _, seq in first)
        again = f"select count(*) from ack_queue where coalesce(batch_seq, event_seq) > {last}"

        async def all_taken() -> bool:
            return await number(conn, again) >= 2 * len(second)  # events that wait twice are taken once

        await until(all_taken)


async def publish_twice(brokers: dict[str, Broker], sent: Sent) -> None:
    """Everything once more on two lines at once: two members have one message at the same time."""
    for _ in range(2):
        await asyncio.gather(
            *(
                publish(brokers[name], [m for key, m in sent.items() if key[0] == name], name)
                for name in brokers
            )
        )


async def test_readers_of_telemetry_on_nats(
    broker: RunningBroker, conn: Connection, database_url: str
) -> None:
    reading = Address.parse(broker.stream_url(INGEST_USER), reader=True)
    brokers = {name: Broker(broker.server.pid, reading, Address.parse(broker.url(name))) for name in GATEWAYS}
    for name in GATEWAYS:
        await town.add_device(conn, f"watch-{name}", await town.add_home(conn, name))
    first, second = batches(GATEWAYS, range(1, 201)), batches(GATEWAYS, range(201, 221))
    await story(conn, stage_of(broker.broker.folder, database_url), brokers, "telemetry", first, second)
    assert await number(conn, "select count(*) from reading") == len(first | second) * ROWS
    assert (
        await number(conn, "select count(distinct (device_key, measured_at)) from reading") == 220 * 3 * ROWS
    )


async def test_ingestors_on_a_broker_with_shared_subscriptions(
    mosquitto: Mosquitto, conn: Connection, database_url: str, data_dir: Path
) -> None:
    def address(name: str, port: int) -> Address:
        return Address.parse(f"mqtt://{name}:{mosquitto.secrets[name]}@127.0.0.1:{port}")

    reading = address(INGEST_USER, mosquitto.service_port)
    brokers = {name: Broker(0, reading, address(name, mosquitto.gateway_port)) for name in GATEWAYS}
    for name in GATEWAYS:
        await town.add_home(conn, name)
    first, second = presses(GATEWAYS, range(1, 41)), presses(GATEWAYS, range(41, 46))
    await story(conn, stage_of(data_dir, database_url), brokers, "ingest", first, second)
    assert await number(conn, "select count(*) from event") == 45 * 3
    rows = await (await conn.execute("select event_id, repeats from alarm where kind = 'sos'")).fetchall()
    assert Counter(repeats for _, repeats in rows) == {1: 45 * 3}
    assert len({event_id for event_id, _ in rows}) == 45 * 3


def stage_of(folder: Path, database_url: str) -> Stage:
    return Stage(folder, database_url, 0)
