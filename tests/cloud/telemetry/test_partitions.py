"""Readings live in day partitions where TimescaleDB is absent; the days come and go by themselves."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from cloud.database.pool import Connection, Pool
from cloud.telemetry import housekeeping, partitions, store
from cloud.telemetry.writer import TelemetryWriter
from firmware_specs.clock import Clock
from tests.cloud.telemetry.a_home import START_MS, batch, incoming, rows
from tests.conftest import START
from tests.waiting import until

pytestmark = pytest.mark.postgres

DAYS = "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
DAYS += " where i.inhparent = 'reading'::regclass order by 1"
DAY = timedelta(days=1)


async def days(conn: Connection) -> list[str]:
    found = await rows(conn, DAYS)
    return [row[0].removeprefix("reading_") for row in found]


async def test_yesterday_to_three_days_ahead_stand_before_they_are_needed(conn: Connection) -> None:
    assert await days(conn) == ["20251231", "20260101", "20260102", "20260103", "20260104"]
    await partitions.prepare(conn, START + DAY)
    await partitions.prepare(conn, START + DAY)
    assert (await days(conn))[-1] == "20260105"


async def test_two_processes_make_the_same_day_at_once(pool: Pool, conn: Connection) -> None:
    wanted = [(START + n * 10 * DAY).date() for n in range(1, 6)]

    async def make() -> None:
        async with pool.connection() as own:
            await partitions.ensure_days(own, wanted)

    await asyncio.gather(*(make() for _ in range(4)))
    assert len(await days(conn)) == 5 + len(wanted)


async def test_whole_days_that_are_too_old_are_dropped_and_younger_ones_stay(conn: Connection) -> None:
    old = incoming(batch(1, 60, at_ms=START_MS - 50 * 86_400_000, late=True))
    await TelemetryWriter().write(conn, [old, incoming(batch(2, 61))], START)
    assert await partitions.drop_before(conn, START - 49 * DAY) == ["reading_20251112"]
    assert await rows(conn, "select value from reading") == [(61.0,)]


async def test_a_day_keeps_index_and_bounds_of_the_whole(conn: Connection) -> None:
    await TelemetryWriter().write(conn, [incoming(batch(1, 60))], START)
    plan = await rows(
        conn,
        "explain select value from reading where device_key = 1 and kind_id = 1"
        " and measured_at >= '2026-01-01' and measured_at < '2026-01-02'",
    )
    text = "\n".join(str(row[0]) for row in plan)
    assert "reading_20260101" in text
    assert "reading_20260102" not in text


async def test_one_worker_at_a_time_keeps_the_house(pool: Pool, conn: Connection) -> None:
    async with store.house(conn) as ours, pool.connection() as other:
        assert ours
        async with store.house(other) as also:
            assert not also
    async with pool.connection() as other, store.house(other) as after:
        assert after


async def test_the_housekeeper_makes_room_and_clears_away(pool: Pool, conn: Connection) -> None:
    clock = Clock()
    await conn.execute(
        "insert into batch_seen (gateway_id, run, seen, changed_at) values ('gw-1', 'old', '{[1,5)}', %s)",
        (clock.now() - 41 * DAY,),
    )
    task = asyncio.create_task(housekeeping.keep_house(pool, clock))
    tomorrow = (clock.now() + DAY).strftime("%Y%m%d")

    async def done() -> bool:
        left = await rows(conn, "select 1 from batch_seen")
        return tomorrow in await days(conn) and not left

    await until(done)
    task.cancel()


async def test_a_partition_that_somebody_reads_holds_up_writers_once_a_round(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each try keeps them waiting for two seconds, and a copy of a city reads for many minutes."""
    waits, sleep = list[float](), asyncio.sleep

    async def refuse(*_: object) -> list[str]:
        raise psycopg.errors.LockNotAvailable

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(housekeeping, "look_after", refuse)
    monkeypatch.setattr("cloud.telemetry.housekeeping.asyncio.sleep", noted)
    task = asyncio.create_task(housekeeping.keep_house(pool, Clock()))
    await until(lambda: any(wait >= 1 for wait in waits))
    task.cancel()
    assert max(waits) == 300
