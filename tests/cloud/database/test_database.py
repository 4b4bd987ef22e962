"""Named queries, migrations and listening."""

import asyncio
import contextlib
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from psycopg import errors

from cloud.database import queries
from cloud.database.listen import notifications
from cloud.database.migrations import (
    ChangedMigration,
    Migration,
    MigrationError,
    NewerDatabase,
    available,
    migrate,
)
from cloud.database.pool import Connection, Pool, connect
from cloud.embedded import postgres
from tests.conftest import START
from tests.waiting import LIMIT_S

GOOD = """-- What this file is about.

-- name: one --
-- The first.
select 1

-- name: two --
-- The second.
select
    2
"""


def test_queries_are_found_by_name_without_their_comment() -> None:
    assert queries.parse(GOOD, "x.sql") == {"one": "select 1", "two": "select\n    2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1", "x.sql:1: SQL before the first"),
        ("-- name: one --\nselect 1", "x.sql:1: the query one needs a comment line"),
        ("-- name: one --", "x.sql:1: the query one needs a comment line"),
        ("-- name: one --\n-- Empty.\n", "the query one is empty"),
        (GOOD + "-- name: one --\n-- Again.\nselect 3", "the query one is there twice"),
    ],
)
def test_a_broken_query_file_names_its_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        queries.parse(text, "x.sql")


@pytest.mark.postgres
async def test_connections_speak_utc_and_commit_each_statement(pool: Pool, conn: Connection) -> None:
    async with pool.connection() as other:
        await other.execute("insert into area (code, name) values ('37', 'Shandong')")
        row = await (await other.execute("show timezone")).fetchone()
    assert row == ("UTC",)
    found = await (await conn.execute("select name from area")).fetchall()
    assert found == [("Shandong",)]


@pytest.fixture
async def empty_url(postgres_cluster: postgres.Cluster, database_url: str) -> str:
    name = database_url.partition("?")[0].rpartition("/")[2] + "_empty"
    await postgres.create_database(postgres_cluster, name)
    return postgres_cluster.url(name)


def migration(number: int, sql: str) -> Migration:
    return Migration(number, f"{number:04}_test.sql", sql)


@pytest.mark.postgres
async def test_migrations_are_applied_once_by_whoever_comes_first(empty_url: str) -> None:
    steps = [
        migration(1, "create table a (x int)"),
        migration(2, "create table b (x int); insert into a values (1)"),
    ]
    applied = await asyncio.gather(*(migrate(empty_url, now=START, migrations=steps) for _ in range(3)))
    assert sorted(map(len, applied)) == [0, 0, 2]
    more = [*steps, migration(3, "insert into a select x + 1 from a")]
    assert await migrate(empty_url, now=START + timedelta(1), migrations=more) == ["0003_test.sql"]
    async with await connect(empty_url) as conn:
        assert await (await conn.execute("select x from a order by x")).fetchall() == [(1,), (2,)]


@pytest.mark.postgres
async def test_a_migration_that_fails_leaves_nothing_of_itself(empty_url: str) -> None:
    steps = [migration(1, "create table a (x int)"), migration(2, "create table b (x int); select 1 / 0")]
    with pytest.raises(errors.DivisionByZero):
        await migrate(empty_url, now=START, migrations=steps)
    async with await connect(empty_url) as conn:
        found = await (
            await conn.execute("select to_regclass('a') is null, to_regclass('b') is null")
        ).fetchone()
    assert found == (False, True)


@pytest.mark.postgres
async def test_an_edited_or_unknown_migration_is_refused(empty_url: str) -> None:
    await migrate(empty_url, now=START, migrations=[migration(1, "select 1"), migration(2, "select 2")])
    with pytest.raises(ChangedMigration, match="0002_test"):
        await migrate(empty_url, now=START, migrations=[migration(1, "select 1"), migration(2, "select 3")])
    with pytest.raises(NewerDatabase, match="0002_test"):
        await migrate(empty_url, now=START, migrations=[migration(1, "select 1")])


def test_the_programs_own_migrations_are_numbered_without_a_gap() -> None:
    assert [each.number for each in available()] == list(range(1, len(available()) + 1))
    assert issubclass(ChangedMigration, MigrationError)


@pytest.mark.postgres
async def test_a_listener_wakes_at_its_start_at_a_notify_and_after_its_connection_was_cut(
    database_url: str, conn: Connection
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def listen() -> None:
        async for channel in notifications(database_url, ["one", "two"], every_s=60, name="cut-me"):
            heard.put_nowait(channel)

    task = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(LIMIT_S):
            assert await heard.get() == ""
            await conn.execute("select pg_notify('two', '')")
            assert await heard.get() == "two"
            cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut-me'"
            await conn.execute(cut)
            assert await heard.get() == ""
            await conn.execute("select pg_notify('one', '')")
            assert await heard.get() == "one"
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_no_two_jobs_share_the_number_of_an_advisory_lock() -> None:
    files = Path(__file__).parents[3].joinpath("cloud").rglob("*.sql")
    texts = " ".join(path.read_text(encoding="utf-8") for path in files)
    taken = Counter(re.findall(r"pg_try_advisory(?:_xact)?_lock\(([0-9]+)\)", texts))
    assert [number for number, times in taken.items() if times > 1] == []
    assert taken
