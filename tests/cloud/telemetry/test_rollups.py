"""Hours are made once they are over, again when readings come late, and trends are the same with them."""

import asyncio
import json
from datetime import timedelta

import pytest

from cloud.__main__ import main
from cloud.commands import storage as storage_commands
from cloud.database.pool import Connection
from cloud.telemetry import partitions, rollups, trends
from cloud.telemetry.columns import from_ms
from cloud.telemetry.housekeeping import look_after, readings_kept
from cloud.telemetry.partitions import Pace, Partition
from cloud.telemetry.storage import Kept, forecast, survey
from cloud.telemetry.writer import TelemetryWriter
from tests.cloud.telemetry.a_home import START_MS, batch, home, incoming, install, place, rows, uid
from tests.conftest import START

pytestmark = pytest.mark.postgres

HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
KEPT = timedelta(days=400)
HOURS = "select at, count, mean, low, high, last from reading_hour order by at"


async def write(conn: Connection, seq: int, at_ms: int, *values: float, late: bool = False) -> None:
    now_ms = START_MS if late else at_ms + 60_000
    message = batch(seq, *values, at_ms=at_ms, sent_at=now_ms, late=late)
    await TelemetryWriter().write(conn, [incoming(message, received_ms=now_ms)], from_ms(now_ms))


async def test_an_hour_is_rolled_up_when_it_is_over_and_again_when_readings_come_late(
    conn: Connection,
) -> None:
    await write(conn, 1, START_MS - 2 * HOUR_MS, 60, 70)
    await write(conn, 2, START_MS - 1_000, 80)
    assert await rollups.roll_up(conn, START + timedelta(minutes=14), kept=KEPT) == 1
    whole = (START - 2 * HOUR, 2, 65.0, 60.0, 70.0, 70.0)
    assert await rows(conn, HOURS) == [whole]
    assert await rollups.roll_up(conn, START + timedelta(minutes=16), kept=KEPT) == 1
    assert len(await rows(conn, HOURS)) == 2
    assert await rollups.rolled_until(conn) == START
    await write(conn, 3, START_MS - 2 * HOUR_MS + 60_000, 20, late=True)
    await rollups.roll_up(conn, START + timedelta(minutes=16), kept=KEPT)
    assert (await rows(conn, HOURS))[0] == (START - 2 * HOUR, 3, 50.0, 20.0, 70.0, 20.0)
    assert await rows(conn, "select count(*) from rollup_waiting") == [(0,)]


async def drawn(conn: Connection) -> list[trends.Point]:
    start = START - timedelta(days=4)
    return await trends.trend(
        conn, resident_id=uid("r-li"), kind="heart_rate", start=start, end=START, points=40
    )


async def test_a_trend_of_weeks_is_the_same_from_hours_and_from_readings(conn: Connection) -> None:
    await place(conn)
    await home(conn, "li", "gw-1")
    days = timedelta(days=4)
    await install(conn, "watch-1", "li", START - days + timedelta(minutes=20), START - timedelta(minutes=90))
    for n in range(31):  # every three hours, some in the hours of the installation's begin and end
        await write(conn, n + 1, START_MS - n * 3 * HOUR_MS - 100 * 60_000, 60 + n % 7, 80 - n % 5)
    before = await drawn(conn)
    await rollups.roll_up(conn, START + HOUR, kept=KEPT)
    assert await rows(conn, "select count(*) from reading_hour") == [(31,)]
    # In between the readings are gone: what is drawn comes from the hours.
    await conn.execute("delete from reading where measured_at < %s", (START - timedelta(hours=3),))
    after = await drawn(conn)
    assert len(after) == len(before) > 20
    assert [(p.at, p.low, p.high) for p in after] == [(p.at, p.low, p.high) for p in before]
    assert [p.value for p in after] == pytest.approx([p.value for p in before])


def test_a_partition_is_as_wide_as_twenty_million_entries_allow() -> None:
    assert partitions.width_for(0) == timedelta(days=1)
    assert partitions.width_for(16_000_000) == timedelta(days=1)
    assert partitions.width_for(40_000_000) == timedelta(hours=6)
    assert partitions.width_for(466_000_000) == timedelta(minutes=30)
    assert partitions.width_for(10**12) == timedelta(minutes=30)
    yesterday = Partition("reading_20251231", START - 26 * HOUR, START - 2 * HOUR, 600_000_000, 10**9)
    assert partitions.rows_a_day([yesterday], START) == 10_000_000
    today = Partition("reading_20260101", START - 2 * HOUR, START + 22 * HOUR, 600_000_000, 10**9)
    assert partitions.rows_a_day([yesterday, today], START) == pytest.approx(120_000_000)


def test_a_piece_that_is_wider_than_a_day_gives_each_day_its_share() -> None:
    """TimescaleDB keeps the hours in pieces of a week."""
    midnight, day = START - 2 * HOUR, 24 * HOUR
    week = Partition("_hyper_2_1_chunk", midnight - 4 * day, midnight + 3 * day, 0, 98_000)
    assert partitions.a_day([(week, week.total_bytes)], START) == pytest.approx(24_000)
    before = week._replace(since=midnight - 7 * day, until=midnight, total_bytes=70_000)
    begun = week._replace(since=midnight, until=midnight + 7 * day, total_bytes=1_000)
    assert partitions.a_day([(before, 70_000), (begun, 1_000)], START) == pytest.approx(12_000)
    ahead = begun._replace(since=midnight + 7 * day, until=midnight + 14 * day)
    assert partitions.a_day([(ahead, 1_000)], START) == 0


def test_the_pace_is_what_came_since_the_last_look() -> None:
    day, pace = Partition("reading_20260101", START - 2 * HOUR, START + 22 * HOUR, 60_000, 10**6), Pace()
    assert pace.rows_a_day([day], START) == 0
    grown = [day._replace(table_bytes=66_000), day._replace(name="reading_20260102", table_bytes=6_000)]
    assert pace.rows_a_day(grown, START + timedelta(minutes=5)) == pytest.approx(200 * 288)
    assert pace.rows_a_day(grown[:1], START + timedelta(minutes=10)) == 0
    restored = Partition("reading_20251231", START - 26 * HOUR, START - 2 * HOUR, 6 * 10**8, 10**9)
    assert pace.rows_a_day([restored, *grown[:1]], START + timedelta(minutes=15)) == 0


async def test_a_day_on_which_readings_begin_to_come_fast_is_divided_from_then_on(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At two o'clock: the day that has begun, too, from a quarter of an hour ahead, and nothing is lost."""
    pace = Pace()
    await write(conn, 1, START_MS, 60, 61)
    await partitions.prepare(conn, START, pace)
    assert [part.until - part.since for part in await partitions.standing(conn, "reading")] == [24 * HOUR] * 5
    monkeypatch.setattr(partitions, "ENTRIES_AT_MOST", 20)
    await partitions.prepare(conn, START + timedelta(minutes=1), pace)
    found = {part.name: part.until - part.since for part in await partitions.standing(conn, "reading")}
    minutes = timedelta(minutes=1)
    assert found["reading_20251231"] == 24 * HOUR
    assert found["reading_20260101"] == 2 * HOUR + 20 * minutes
    assert found["reading_20260101_0220"] == 10 * minutes
    assert {width for name, width in found.items() if name > "reading_20260101_0220"} == {HOUR / 2}
    assert len(found) == 3 + 43 + 3 * 48
    for n, minute in enumerate((19, 20, 40, 24 * 60)):
        await write(conn, n + 2, START_MS + minute * 60_000, 62 + n)
    kept = "select tableoid::regclass::text, value from reading order by value"
    there = ["", "", "", "_0220", "_0230"]
    first = [(f"reading_20260101{part}", 60.0 + n) for n, part in enumerate(there)]
    assert await rows(conn, kept) == [*first, ("reading_20260102_0200", 65.0)]
    plan = await rows(conn, "explain select 1 from reading where device_key = 1 and kind_id = 1")
    assert not any("Seq Scan" in row[0] for row in plan), "every piece has the index of the whole"
    dropped = await partitions.drop_before(conn, START + 23 * HOUR)
    assert dropped[-1] == "reading_20260102_0030"


async def test_a_day_that_is_nearly_over_is_not_divided_where_little_more_comes(
    conn: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """200 rows' room in 20 hours are too many a day for one partition; in the last hour ten more fit in."""
    await write(conn, 1, START_MS, 60, 61)
    monkeypatch.setattr(partitions, "ENTRIES_AT_MOST", 200)
    await partitions.prepare(conn, START + 21 * HOUR)
    found = await partitions.standing(conn, "reading")
    assert {part.since.day: part.until - part.since for part in found}[1] == 24 * HOUR


async def test_storage_is_told(
    conn: Connection, database_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(conn, 1, START_MS, 60)
    found = await survey(conn, START)
    readings = found.kept[0]
    assert (readings.table, readings.pieces, readings.next_drop) == ("reading", 5, "reading_20251231")
    assert readings.oldest == START.replace(hour=0)
    assert found.newest_value == START
    assert {queue.name: queue.waiting for queue in found.queues}["acknowledgements"] == 1
    monkeypatch.setenv("LANG", "C")
    monkeypatch.delenv("LC_ALL", raising=False)
    assert "next drop reading_20251231 at 2027-02-05T00:00:00Z" in storage_commands._text(found)


def kept(table: str, *, days: int, day_gib: float, held_days: int) -> Kept:
    size = round(day_gib * 2**30)
    oldest = START - timedelta(days=held_days)
    name = f"{table}_{oldest:%Y%m%d}"
    at = oldest + timedelta(days=days + 1)
    return Kept(table, held_days, size * held_days, size, oldest, 0.5, name, at, START, days, size)


def test_how_long_a_disk_lasts_at_the_pace_of_a_city() -> None:
    """1 TB for 42 GB of readings and 1 GB of hours a day."""
    gib, hours = 2**30, kept("reading_hour", days=1830, day_gib=1, held_days=3)
    readings = kept("reading", days=400, day_gib=42, held_days=3)
    told = forecast("/data", 1000 * gib, (1000 - 3 * 43) * gib, [readings, hours], START)
    assert told.full_at == START + timedelta(days=20)
    assert told.days_fit == 20
    fewer = kept("reading", days=14, day_gib=42, held_days=3)
    told = forecast("/data", 1000 * gib, (1000 - 3 * 43) * gib, [fewer, hours], START)
    assert told.full_at == START + timedelta(days=871 - 12 * 42)
    told = forecast("/data", 3000 * gib, (3000 - 3 * 43) * gib, [fewer, hours], START)
    assert told.full_at is None
    nothing = kept("reading", days=400, day_gib=0, held_days=0)
    assert forecast("/data", gib, gib, [nothing], START).days_fit is None


async def test_readings_are_kept_as_long_as_is_set_and_until_their_hours_are_made(
    conn: Connection, database_url: str
) -> None:
    before = START - timedelta(days=30)
    await write(conn, 1, START_MS - 30 * 24 * HOUR_MS, 60, late=True)
    assert await asyncio.to_thread(main, ["storage", "--keep", "20", "--database-url", database_url]) == 0
    assert (await survey(conn, START)).kept[0].kept_days == 20
    assert await readings_kept(conn) == timedelta(days=20)
    await conn.execute("insert into rollup (until) values (%s)", (before - 500 * HOUR,))
    assert f"reading_{before:%Y%m%d}" not in await look_after(conn, START, timedelta(days=20))
    assert f"reading_{before:%Y%m%d}" in await look_after(conn, START, timedelta(days=20))
    assert await rows(conn, "select at, count from reading_hour") == [(before, 1)]


def test_the_command_prints_json(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "--json", "--database-url", database_url]) == 0
    assert {kept["table"] for kept in json.loads(capsys.readouterr().out)["kept"]} == {
        "reading",
        "reading_hour",
    }
