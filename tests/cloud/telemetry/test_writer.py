"""Batches become rows once, under the right device, kind, time and person."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import psycopg
import pytest

from cloud.database.pool import Connection, Pool
from cloud.telemetry import store, trends
from cloud.telemetry.columns import Columns, from_ms
from cloud.telemetry.store import PositionRow
from cloud.telemetry.writer import TelemetryWriter
from firmware_specs.messages import ClockState, Gap, Position
from tests.cloud.telemetry.a_home import RUN, START_MS, batch, home, incoming, install, place, rows, uid
from tests.conftest import START
from tests.waiting import until

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
VALUES = "select value from reading order by measured_at, value"
LAST = "select value, measured_at from reading_last"


@pytest.fixture
def writer() -> TelemetryWriter:
    return TelemetryWriter()


async def test_a_batch_is_stored_once_however_often_it_comes(
    conn: Connection, writer: TelemetryWriter
) -> None:
    twice = [incoming(batch(1, 60, 61)), incoming(batch(1, 60, 61))]
    assert await writer.write(conn, twice, START) == 2
    assert await writer.write(conn, [incoming(batch(1, 60, 61))], START) == 0
    assert await TelemetryWriter().write(conn, [incoming(batch(1, 60, 61))], START) == 0
    assert await rows(conn, VALUES) == [(60.0,), (61.0,)]
    acks = await rows(conn, "select gateway_id, run, batch_seq from ack_queue")
    assert acks == [("gw-1", RUN, 1)] * 3  # a duplicate is answered too


async def test_the_same_number_of_another_run_or_gateway_is_another_batch(
    conn: Connection, writer: TelemetryWriter
) -> None:
    other_run = incoming(batch(1, 61, run="fedcba9876543210"))
    other_gateway = incoming(batch(1, 62), gateway="gw-2")
    assert await writer.write(conn, [incoming(batch(1, 60)), other_run, other_gateway], START) == 3


async def test_numbers_that_were_seen_stay_few_ranges_and_never_many(
    conn: Connection, writer: TelemetryWriter
) -> None:
    backwards = [incoming(batch(seq, 60)) for seq in range(50, 0, -1)]
    await writer.write(conn, backwards, START)
    assert await rows(conn, "select seen::text from batch_seen") == [("{[1,51)}",)]
    holes = [incoming(batch(seq, 60)) for seq in range(100, 2700, 2)]
    await writer.write(conn, holes[:-1], START)
    await writer.write(conn, holes[-1:], START)
    (ranges,) = await rows(conn, "select count(*) from batch_seen, unnest(seen)")
    assert ranges[0] <= 1000
    assert await writer.write(conn, [incoming(batch(2698, 60))], START) == 0


async def test_two_ingestors_with_the_same_batches_store_each_once(pool: Pool) -> None:
    async def ingest(seqs: list[int]) -> int:
        async with pool.connection() as conn:
            return await TelemetryWriter().write(conn, [incoming(batch(seq, 60)) for seq in seqs], START)

    seqs = list(range(1, 40))
    stored = await asyncio.gather(*(ingest(seqs if n % 2 else seqs[::-1]) for n in range(4)))
    assert sum(stored) == len(seqs)


async def test_what_is_forgotten_meanwhile_hides_no_reading_from_its_judge(pool: Pool) -> None:
    judged: list[Mapping[str, int]] = []

    async def judge(_: Connection, __: Columns, kinds: Mapping[str, int], ___: object) -> None:
        judged.append(dict(kinds))

    writer = TelemetryWriter(judge)
    async with pool.connection() as other, pool.connection() as conn:
        prepared = await writer.prepare(conn, [incoming(batch(1, 190))], START)
        async with other.transaction(force_rollback=True):
            await store.take_new(other, [("gw-1", RUN, 1)], START)
            storing = asyncio.create_task(writer.commit(conn, prepared, START))
            await until(lambda: is_waiting(other, conn))
            writer.forget()  # as another transaction does when it fails
        assert await storing == 1
    assert [list(kinds) for kinds in judged] == [["heart_rate"]]


async def test_what_is_forgotten_meanwhile_fails_no_other_batch(pool: Pool, writer: TelemetryWriter) -> None:
    async with pool.connection() as other, pool.connection() as conn:
        await writer.write(conn, [incoming(batch(1, 60))], START)
        more = batch(2, 61, devices=["watch-1", "watch-2"])
        async with other.transaction(force_rollback=True):
            await other.execute("insert into device (id, created_at) values ('watch-2', %s)", (START,))
            storing = asyncio.create_task(writer.write(conn, [incoming(more)], START))
            await until(lambda: is_waiting(other, conn))
            writer.forget()
        assert await storing == 1


async def is_waiting(other: Connection, conn: Connection) -> bool:
    waits = "select 1 from pg_locks where pid = %s and not granted"
    return bool(await rows(other, waits, conn.info.backend_pid))


async def test_positions_are_taken_in_one_order(pool: Pool) -> None:
    def at(second: int) -> PositionRow:
        return (key, START + timedelta(seconds=second), START, 37.4, 118.0, None, "gnss", "wgs84", False)

    async with pool.connection() as first, pool.connection() as second, pool.connection() as third:
        key = (await store.device_keys(first, ["watch-1"], START))["watch-1"]
        async with first.transaction(force_rollback=True):
            await store.add_positions(first, [at(2)])
            storing = asyncio.create_task(store.add_positions(second, [at(2), at(1)]))
            await until(lambda: is_waiting(first, second))
            await third.execute("set lock_timeout = '50ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await store.add_positions(third, [at(1)])
            await third.rollback()
            await third.execute("reset lock_timeout")
        await storing


async def test_an_unknown_device_is_created_unregistered_and_an_unknown_kind_is_stored_under_its_name(
    conn: Connection, writer: TelemetryWriter
) -> None:
    odd = batch(1, 3.5, devices=["zb-0001"], kinds=["noise_of_neighbours"])
    assert await writer.write(conn, [incoming(odd)], START) == 1
    assert await rows(conn, "select id, registered from device") == [("zb-0001", False)]
    assert await rows(conn, "select name from reading_kind") == [("noise_of_neighbours",)]


async def test_what_is_no_number_is_left_out_and_the_rest_is_stored(
    conn: Connection, writer: TelemetryWriter
) -> None:
    assert await writer.write(conn, [incoming(batch(1, 60, float("nan"), float("inf"), 63))], START) == 2
    assert await rows(conn, VALUES) == [(60.0,), (63.0,)]


async def test_quality_is_kept_and_its_absence_too(conn: Connection, writer: TelemetryWriter) -> None:
    batches = [incoming(batch(1, 60, quality=[80])), incoming(batch(2, 61))]
    await writer.write(conn, batches, START)
    assert await rows(conn, "select value, quality from reading order by value") == [(60.0, 80), (61.0, None)]


async def test_only_a_newer_live_reading_moves_the_last_value(
    conn: Connection, writer: TelemetryWriter
) -> None:
    await writer.write(conn, [incoming(batch(1, 60, 61, 62), received_ms=START_MS + 3_000)], START)
    newest = [(62.0, START + timedelta(seconds=2))]
    older = incoming(batch(2, 50, at_ms=START_MS - HOUR_MS))
    backfill = incoming(batch(3, 51, at_ms=START_MS + 60_000, late=True), received_ms=START_MS + 120_000)
    await writer.write(conn, [older, backfill], START)
    assert await rows(conn, LAST) == newest
    fresh = incoming(batch(4, 70, at_ms=START_MS + 180_000), received_ms=START_MS + 181_000)
    await writer.write(conn, [fresh], START)
    assert await rows(conn, LAST) == [(70.0, from_ms(START_MS + 180_000))]
    assert len(await rows(conn, VALUES)) == 6


async def test_a_reading_a_little_ahead_does_not_hide_the_next_ones(
    conn: Connection, writer: TelemetryWriter
) -> None:
    ahead = incoming(batch(1, 60, at_ms=START_MS + 9 * 60_000))
    await writer.write(conn, [ahead], START)
    await writer.write(
        conn, [incoming(batch(2, 61, at_ms=START_MS + 5_000), received_ms=START_MS + 5_000)], START
    )
    assert (await rows(conn, LAST))[0][0] == 61.0


@pytest.mark.parametrize("wrong_by_ms", [-500 * DAY_MS, 20 * 60_000, 70 * 365 * DAY_MS])
async def test_a_wrong_clock_rejects_nothing_keeps_the_spacing_and_never_moves_last(
    conn: Connection, writer: TelemetryWriter, wrong_by_ms: int
) -> None:
    wrong = batch(1, 60, 61, at_ms=START_MS - 10_000 + wrong_by_ms, sent_at=START_MS + wrong_by_ms)
    assert await writer.write(conn, [incoming(wrong)], START) == 2
    found = await rows(conn, "select measured_at, quality from reading order by 1")
    expected = [(from_ms(START_MS - 10_000), 0), (from_ms(START_MS - 9_000), 0)]
    assert found == expected
    assert await rows(conn, LAST) == []


async def test_times_since_boot_are_rebuilt_from_the_earliest_possible_boot(
    conn: Connection, writer: TelemetryWriter
) -> None:
    clock = ClockState(source="none")
    first = batch(1, 60, at_ms=1_000, sent_at=5_000, clock=clock)
    resent_later = batch(2, 61, at_ms=2_000, sent_at=5_000, clock=clock)
    await writer.write(conn, [incoming(first)], START)
    await writer.write(conn, [incoming(resent_later, received_ms=START_MS + HOUR_MS)], START)
    found = await rows(conn, "select value, measured_at from reading order by value")
    assert found == [(60.0, from_ms(START_MS - 4_000)), (61.0, from_ms(START_MS - 3_000))]


async def test_positions_are_kept_with_their_datum(conn: Connection, writer: TelemetryWriter) -> None:
    fix = Position(
        device="watch-1", at=START_MS, lat=37.4, lon=118.0, accuracy_m=12, source="gnss", datum="wgs84"
    )
    with_fix = batch(1, positions=[fix, fix])
    await writer.write(conn, [incoming(with_fix)], START)
    found = await rows(
        conn, "select lat, lon, accuracy_m, source, datum, late, measured_at from position_fix"
    )
    assert found == [(37.4, 118.0, 12.0, "gnss", "wgs84", False, START)]


async def test_a_gap_is_told_in_the_log(
    conn: Connection, writer: TelemetryWriter, caplog: pytest.LogCaptureFixture
) -> None:
    thinned = batch(1, gaps=[Gap(from_at=START_MS, to_at=START_MS + 1, count=9)])
    await writer.write(conn, [incoming(thinned)], START)
    assert [getattr(record, "action", "") for record in caplog.records] == ["telemetry_gap"]


async def test_a_reissued_watch_gives_each_wearer_the_readings_of_their_own_time(
    conn: Connection, writer: TelemetryWriter
) -> None:
    await place(conn)
    await home(conn, "li", "gw-1")
    await home(conn, "wang", "gw-2")
    await install(conn, "watch-1", "li", START - 10 * HOUR, START - 2 * HOUR)
    await install(conn, "watch-1", "wang", START - 2 * HOUR, None)
    backlog = incoming(batch(1, 60, at_ms=START_MS - 3 * HOUR_MS, late=True), gateway="gw-1")
    own = incoming(batch(1, 90, at_ms=START_MS - HOUR_MS), gateway="gw-2")
    assert await writer.write(conn, [backlog, own], START) == 2
    seen = {}
    for name in ("li", "wang"):
        points = await trends.trend(
            conn,
            resident_id=uid(f"r-{name}"),
            kind="heart_rate",
            start=START - 12 * HOUR,
            end=START,
            points=10,
        )
        last = await trends.last_values(conn, resident_id=uid(f"r-{name}"), now=START)
        seen[name] = ([point.value for point in points], [value.value for value in last])
    assert seen == {"li": ([60.0], []), "wang": ([90.0], [90.0])}


async def test_a_gateway_cannot_write_readings_of_a_device_in_another_home(
    conn: Connection, writer: TelemetryWriter, caplog: pytest.LogCaptureFixture
) -> None:
    await place(conn)
    await home(conn, "li", "gw-1")
    await home(conn, "wang", "gw-2")
    await home(conn, "many", "gw-3", kind="protocol")
    await install(conn, "watch-1", "wang", START - HOUR, None)
    for gateway in ("gw-1", "gw-unknown"):
        forged = incoming(batch(1, 20, at_ms=START_MS - 60_000), gateway=gateway)
        before = incoming(
            batch(2, 99, at_ms=START_MS - 2 * HOUR_MS), gateway=gateway
        )  # was nowhere installed
        assert await writer.write(conn, [forged, forged, before], START) == 1
    assert await rows(conn, "select count(*) from reading where value = 20") == [(0,)]
    actions = [getattr(record, "action", "") for record in caplog.records]
    assert actions == ["device_of_another_home"] * 2
    for gateway in ("gw-2", "gw-3"):
        assert await writer.write(conn, [incoming(batch(1, 80), gateway=gateway)], START) == 1


async def test_readings_of_any_day_find_their_partition(conn: Connection, writer: TelemetryWriter) -> None:
    days = [incoming(batch(n, 60, at_ms=START_MS - n * 30 * DAY_MS, late=True)) for n in range(1, 13)]
    assert await writer.write(conn, days, START) == 12
