"""The embedded PostgreSQL survives what kills it, and touches nobody else's folders."""

import asyncio
import os
import signal
from pathlib import Path

import psycopg
import pytest

from cloud.embedded import postgres
from cloud.embedded.postgres import Cluster, PostgresError
from tests.waiting import LIMIT_S

pytestmark = pytest.mark.postgres


async def start(cluster: Cluster, data_dir: Path) -> asyncio.subprocess.Process:
    """Start and wait, as often as a former server's sessions are still there."""
    async with asyncio.timeout(30):
        while True:
            server = await postgres.start(cluster, log=data_dir / "postgres.log")
            try:
                await postgres.wait_ready(cluster, server, limit_s=20)
            except PostgresError:
                continue
            return server


async def write(cluster: Cluster, value: int) -> None:
    conn = await psycopg.AsyncConnection.connect(cluster.url("postgres"), autocommit=True)
    async with conn:
        await conn.execute("create table if not exists kept (x int)")
        await conn.execute("insert into kept values (%s)", (value,))


async def kept(cluster: Cluster) -> list[int]:
    conn = await psycopg.AsyncConnection.connect(cluster.url("postgres"))
    async with conn:
        return [row[0] for row in await (await conn.execute("select x from kept order by x")).fetchall()]


async def test_data_survives_a_stop_and_a_kill_of_the_server_with_open_sessions(data_dir: Path) -> None:
    cluster = postgres.prepare(data_dir)
    server = await start(cluster, data_dir)
    await write(cluster, 1)
    await postgres.stop(server)
    server = await start(cluster, data_dir)
    await write(cluster, 2)
    idle = await psycopg.AsyncConnection.connect(cluster.url("postgres"))
    await idle.execute("create temporary table told (phone text, n int not null)")
    with pytest.raises(psycopg.errors.NotNullViolation):
        await idle.execute("insert into told values (%s::text, null)", ("13812345678",))
    log = (data_dir / "postgres.log").read_text()
    assert "not-null" in log
    assert "13812345678" not in log
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    server = await start(cluster, data_dir)
    try:
        assert await kept(cluster) == [1, 2]
    finally:
        await idle.close()
        await postgres.stop(server)


async def test_a_server_left_over_by_a_killed_supervisor_is_ended_before_the_next(data_dir: Path) -> None:
    cluster = postgres.prepare(data_dir)
    former = await start(cluster, data_dir)
    await write(cluster, 1)
    server = await start(cluster, data_dir)
    try:
        assert await asyncio.wait_for(former.wait(), LIMIT_S) == 0
        assert await kept(cluster) == [1]
    finally:
        await postgres.stop(server)


async def test_a_pid_file_whose_number_now_belongs_to_another_program_does_not_hinder(data_dir: Path) -> None:
    cluster = postgres.prepare(data_dir)
    server = await start(cluster, data_dir)
    pid_file = cluster.data / "postmaster.pid"
    text = pid_file.read_text()
    os.kill(server.pid, signal.SIGKILL)
    await server.wait()
    pid_file.write_text(text.replace(str(server.pid), str(os.getpid()), 1))
    server = await start(cluster, data_dir)
    await postgres.stop(server)


async def test_a_start_that_was_cut_short_leaves_no_half_cluster(data_dir: Path) -> None:
    half = postgres.prepare(data_dir)
    half.data.rename(half.data.with_name("data.new"))
    (half.data.with_name("data.new") / "PG_VERSION").unlink()
    whole = postgres.prepare(data_dir)
    server = await start(whole, data_dir)
    await postgres.stop(server)


def test_only_its_user_can_enter_data_and_sockets_and_no_parent_changes_its_mode(data_dir: Path) -> None:
    before = data_dir.stat().st_mode
    cluster = postgres.prepare(data_dir)
    assert data_dir.stat().st_mode == before
    assert cluster.data.stat().st_mode & 0o077 == 0
    assert cluster.sockets.stat().st_mode & 0o077 == 0
    postgres.remove_sockets(cluster)


def test_a_path_too_long_for_a_socket_gets_a_short_folder(data_dir: Path) -> None:
    deep = data_dir / ("x" * 100)
    deep.mkdir(mode=0o755)
    cluster = postgres.prepare(deep)
    assert len(str(cluster.sockets / ".s.PGSQL.5432")) <= 107
    postgres.remove_sockets(cluster)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must move its cluster")
def test_as_root_a_folder_that_nobody_cannot_enter_stays_closed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "ROOT_HOME", data_dir / "var")
    (data_dir / "var").mkdir(mode=0o755)
    closed = data_dir / "closed"
    closed.mkdir(mode=0o700)
    cluster = postgres.prepare(closed)
    assert closed.stat().st_mode & 0o777 == 0o700
    assert list(closed.iterdir()) == []
    assert cluster.data.is_relative_to(data_dir / "var" / "clusters")
    assert postgres.prepare(closed).data == cluster.data
    postgres.remove_sockets(cluster)
