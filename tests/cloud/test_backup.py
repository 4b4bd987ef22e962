"""Copies of the database: whole or not there, never over another, and nothing restored over anything."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.backup import copies, pieces, restoring
from cloud.config import ConfigError, DataDir
from cloud.database.pool import Connection, connect
from cloud.embedded import postgres
from cloud.registry.sealing import make_key_file
from cloud.telemetry.columns import from_ms
from cloud.telemetry.housekeeping import look_after
from cloud.telemetry.writer import TelemetryWriter
from tests.cloud.telemetry.a_home import START_MS, batch, home, incoming, install, place, rows
from tests.cloud.town import NOW

pytestmark = pytest.mark.postgres


async def test_a_copy_that_was_changed_or_cut_is_told_from_a_whole_one(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    made = await copies.make(database_url, folder, now=NOW)
    assert copies.read(folder) == made
    assert made.began_at == NOW
    dump = folder / copies.DUMP
    whole = dump.read_bytes()
    for wrong in (whole[:-1], bytes([whole[0] ^ 1]) + whole[1:], b""):
        dump.write_bytes(wrong)
        with pytest.raises(ConfigError, match="checksum"):
            copies.read(folder)
    dump.unlink()
    with pytest.raises(ConfigError, match="not a whole copy"):
        copies.read(folder)


async def test_a_copy_overwrites_nothing_and_a_failed_one_leaves_nothing(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "mine").write_text("x")
    with pytest.raises(ConfigError, match="exists already"):
        await copies.make(database_url, folder, now=NOW)
    assert os.listdir(tmp_path) == ["copy"]  # noqa: PTH208  # no part of a copy is left
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="cannot be written"):
        await copies.make(database_url, tmp_path / "file" / "copy", now=NOW)


async def test_nothing_is_restored_over_a_database_that_holds_something(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    await copies.make(database_url, folder, now=NOW)
    with pytest.raises(ConfigError, match="not empty"):
        await restoring.restore(database_url, folder, now=NOW)


def test_keys_go_to_a_place_of_their_own_and_never_over_other_keys(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_key_file(DataDir(tmp_path / name).key_file)
    kept = tmp_path / "safe"
    copies.copy_keys(tmp_path / "one", kept)
    copies.copy_keys(tmp_path / "one", kept)
    copy = DataDir(kept).key_file
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (
        DataDir(tmp_path / "one").key_file.read_bytes(),
        0o600,
    )
    with pytest.raises(ConfigError, match="another key"):
        copies.copy_keys(tmp_path / "two", kept)


HOUR_MS = 3_600_000
HOURS = "select at, count, mean, low, high, last from reading_hour order by at"


async def write(conn: Connection, seq: int, at_ms: int, *values: float, now_ms: int) -> int:
    message = batch(seq, *values, at_ms=at_ms, sent_at=now_ms, late=at_ms < now_ms - HOUR_MS)
    return await TelemetryWriter().write(conn, [incoming(message, received_ms=now_ms)], from_ms(now_ms))


async def a_town_of_three_days(conn: Connection) -> None:
    """Readings of three days, the hours of two and a half."""
    await place(conn)
    await home(conn, "li", "gw-1")
    await install(conn, "watch-1", "li")
    for n in range(0, 36, 3):
        await write(
            conn, n + 1, START_MS + 2 * n * HOUR_MS, 60 + n, 90 - n, now_ms=START_MS + 2 * n * HOUR_MS
        )
    await look_after(conn, from_ms(START_MS + 60 * HOUR_MS), timedelta(days=400))


async def test_the_desk_works_first_and_the_readings_come_back_whole_while_it_does(
    conn: Connection, postgres_cluster: postgres.Cluster, tmp_path: Path
) -> None:
    await a_town_of_three_days(conn)
    readings = (
        "select device_key, kind_id, measured_at, received_at, value, quality from reading order by 3, 5"
    )
    before, hours = await rows(conn, readings), await rows(conn, HOURS)
    await conn.execute("insert into history_waiting values ('reading_20260101', 'reading', '2026-01-01')")
    await copies.make(conn.info.dsn, tmp_path / "copy", now=from_ms(START_MS + 72 * HOUR_MS))
    name = f"{conn.info.dbname}_again"
    await postgres.create_database(postgres_cluster, name)
    url, now = postgres_cluster.url(name), START_MS + 73 * HOUR_MS
    assert await restoring.restore(url, tmp_path / "copy", now=from_ms(now), desk_first=True) == 1
    async with await connect(url) as again:
        assert await rows(again, readings) == await rows(again, HOURS) == []
        assert len(await rows(again, "select 1 from reading_last")) == 1
        assert await write(again, 34, START_MS + 66 * HOUR_MS, 93, 57, now_ms=now) == 0, "it is in the copy"
        assert await write(again, 37, START_MS + 71 * HOUR_MS, 100, now_ms=now) == 1, (
            "it came in after the copy"
        )
        await look_after(again, from_ms(now), timedelta(days=400))
        assert await rows(again, HOURS) == [], "an hour is not made of a part"
        told: list[str] = []
        with pytest.raises(ConfigError, match="pg_restore"):
            await pieces.bring_back(url, tmp_path / "gone", told.append)
        count = await pieces.bring_back(url, tmp_path / "copy" / copies.DUMP, told.append)
        assert (count, told[:2]) == (len(told), ["reading_hour_20260106", "reading_20260106"])
        assert [row for row in await rows(again, readings) if row[4] != 100] == before
        assert await rows(again, HOURS) == hours
        await look_after(again, from_ms(now), timedelta(days=400))
        made = await rows(again, HOURS)
        assert [row for row in made if row in hours] == hours
        assert made[-1][:3] == (from_ms(START_MS + 71 * HOUR_MS), 1, 100.0)
        await again.execute(
            "insert into history_waiting values ('reading_19990101', 'reading', '1999-01-01')"
        )
        with pytest.raises(ConfigError, match="reading_19990101"):
            await pieces.bring_back(url, tmp_path / "copy" / copies.DUMP, told.append)
        assert [await pieces.give_up(url) for _ in range(2)] == [1, 0]
        assert len(await rows(again, readings)) == len(before) + 1


def test_rows_are_told_from_what_is_said_around_them() -> None:
    async def rows_of(*parts: bytes) -> bytes:
        stream = asyncio.StreamReader()
        for part in parts:
            stream.feed_data(part)
        stream.feed_eof()
        columns, seen = await pieces._head(stream)
        assert columns == ["a", "b"]
        return b"".join([data async for data in pieces._rows(stream, seen)])

    head, end = b"SET x;\nCOPY public.reading_1 (a, b) FROM stdin;\n", b"\\.\n\n\nSET y;\n"
    for said in (b"", b"1\t2\n", b"1\t\\N\n3\t4\n" * 100_000):
        assert asyncio.run(rows_of(head + said + end)) == said
