"""The telemetry lane stores what it can, sets aside what it cannot, and acknowledges only after that."""

import asyncio
import os
import signal
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from cloud.database.pool import Connection, Pool, open_pool
from cloud.embedded import postgres
from cloud.ingest.telemetry_lane import TelemetryLane
from cloud.preparation import prepare_database
from firmware_specs.batches import encode_batch
from firmware_specs.messages import TelemetryBatch, encode
from tests.cloud.telemetry.a_home import RUN, batch, rows
from tests.conftest import START
from tests.waiting import until

pytestmark = pytest.mark.postgres


@dataclass
class FakeArrival:
    """A message of gw-1 that remembers whether it was acknowledged."""

    payload: bytes
    topic: str = "carebed/v1/gw-1/up/telemetry"
    retained: bool = False
    received_at: datetime = START
    acks: list[bool] = field(default_factory=list)

    def ack(self) -> None:
        self.acks.append(True)


def arrived(message: TelemetryBatch) -> FakeArrival:
    return FakeArrival(encode(message))


def lane(pool: Pool) -> TelemetryLane:
    return TelemetryLane(pool, lambda: START)


async def values(conn: Connection) -> list[float]:
    return [row[0] for row in await rows(conn, "select value from reading order by value")]


async def test_plain_and_compressed_batches_are_stored_and_acknowledged(pool: Pool, conn: Connection) -> None:
    arrivals = [arrived(batch(1, 60)), FakeArrival(encode_batch(batch(2, 61), compress=True))]
    await lane(pool).take(arrivals)
    assert await values(conn) == [60.0, 61.0]
    assert [len(each.acks) for each in arrivals] == [1, 1]


GARBAGE: dict[str, bytes] = {
    "not JSON": b"\xff\xfe garbage",
    "empty": b"",
    "an array": b"[1,2,3]",
    "too deep": b"[" * 100_000,
    "columns that lie": encode(batch(3, 1.0, d=[5])),
    "uneven columns": encode(batch(4, 1.0, dt=[])),
    "a bomb": zlib.compress(bytes(50_000_000)),
    "cut zlib": zlib.compress(b"x" * 1000)[:-5],
    "one megabyte": b"x" * 1_048_576,
    "wrong types": b'{"run":"0123456789abcdef","boot":1,"seq":"x"}',
    "NUL in a name": encode(batch(5, 1.0)).replace(b"heart_rate", b"heart\\u0000rate"),
}


async def test_garbage_of_every_sort_is_set_aside_alone_and_answered_where_it_has_a_number(
    pool: Pool, conn: Connection
) -> None:
    bad = [FakeArrival(payload) for payload in GARBAGE.values()]
    good = [arrived(batch(n, 60 + n)) for n in (10, 11)]
    await lane(pool).take([good[0], *bad, good[1]])
    assert await values(conn) == [70.0, 71.0]
    assert [len(each.acks) for each in (*bad, *good)] == [1] * (len(bad) + 2)
    (kept,) = await rows(conn, "select count(*) from quarantine")
    assert kept[0] == len(GARBAGE)
    acked = await rows(conn, "select batch_seq from ack_queue where run = %s order by 1", RUN)
    assert [row[0] for row in acked] == [3, 4, 5, 10, 11]
    (cases,) = await rows(conn, "select count(*) from cases where class = 'technical'")
    assert cases[0] == 1  # a storm of it is one case


async def test_transactions_at_once_store_once_what_both_bring(pool: Pool, conn: Connection) -> None:
    taking = lane(pool)
    one, other = ([arrived(batch(n, 60 + n)) for n in numbers] for numbers in ((1, 2, 3), (3, 2, 4)))
    await asyncio.gather(taking.take(one), taking.take(other), taking.take([arrived(batch(2, 62))]))
    assert await values(conn) == [61.0, 62.0, 63.0, 64.0]
    assert all(each.acks == [True] for each in one + other)


async def test_a_batch_that_the_database_refuses_is_found_by_halving(pool: Pool, conn: Connection) -> None:
    refuse = "alter table reading add constraint no_66 check (value <> 66)"
    await conn.execute(refuse)
    arrivals = [arrived(batch(n, 60 + n)) for n in range(1, 10)]
    await lane(pool).take(arrivals)
    assert await values(conn) == [61, 62, 63, 64, 65, 67, 68, 69]
    assert await rows(conn, "select reason from quarantine") == [("could not be stored",)]
    assert all(each.acks == [True] for each in arrivals)


async def test_a_remembered_number_that_is_no_longer_true_is_read_again(pool: Pool, conn: Connection) -> None:
    taking = lane(pool)
    await taking.take([arrived(batch(1, 60))])
    await conn.execute("truncate reading_last, device cascade")
    await taking.take([arrived(batch(2, 61))])
    found = await rows(conn, "select d.id, l.value from reading_last l join device d on d.key = l.device_key")
    assert found == [("watch-1", 61.0)]


async def test_what_is_in_flight_while_the_database_is_killed_is_stored_once_it_is_back(
    data_dir: Path,
) -> None:
    cluster = postgres.prepare(data_dir)
    server = await postgres.start(cluster, log=data_dir / "log")
    await postgres.wait_ready(cluster, server, limit_s=30)
    await postgres.create_database(cluster)
    await prepare_database(cluster.url(), START)
    async with open_pool(cluster.url()) as pool:
        taking = lane(pool)
        await taking.take([arrived(batch(1, 60))])
        os.kill(server.pid, signal.SIGKILL)
        await server.wait()
        late = arrived(batch(2, 61))
        task = asyncio.create_task(taking.take([late]))
        server = await restart(cluster, data_dir)
        await asyncio.wait_for(task, 30)
        async with pool.connection() as conn:
            assert await values(conn) == [60.0, 61.0]
        assert late.acks == [True]
    await postgres.stop(server)


async def restart(cluster: postgres.Cluster, data_dir: Path) -> asyncio.subprocess.Process:
    while True:
        server = await postgres.start(cluster, log=data_dir / "log")
        try:
            await postgres.wait_ready(cluster, server, limit_s=30)
        except postgres.PostgresError:
            continue
        return server


async def test_the_lane_takes_from_its_source_for_ever(pool: Pool, conn: Connection) -> None:
    waiting = [[arrived(batch(1, 60))], [arrived(batch(2, 61)), arrived(batch(1, 60))]]

    class Listed:
        async def take(self, limit: int, *, linger_s: float = 0.0) -> Sequence[FakeArrival]:
            if not waiting:
                await asyncio.Event().wait()
            return waiting.pop(0)

    task = asyncio.create_task(lane(pool).run(Listed()))

    async def both() -> bool:
        return await values(conn) == [60.0, 61.0]

    await until(both)
    task.cancel()


async def test_what_is_being_stored_when_the_program_must_stop_is_stored_and_acknowledged(
    pool: Pool, conn: Connection
) -> None:
    one = arrived(batch(1, 60))
    waiting = [[one]]

    class Listed:
        async def take(self, limit: int, *, linger_s: float = 0.0) -> Sequence[FakeArrival]:
            if not waiting:
                await asyncio.Event().wait()
            return waiting.pop()

    async def is_held() -> bool:
        return bool(await rows(conn, "select 1 from pg_locks where not granted"))

    async with pool.connection() as other, other.transaction():
        await other.execute("lock table batch_seen in exclusive mode")
        task = asyncio.create_task(lane(pool).run(Listed()))
        await until(is_held, 30)
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await values(conn) == [60.0]
    assert one.acks == [True]
