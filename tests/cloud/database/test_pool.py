"""A pool finds its server again while somebody waits, however long the server was away."""

import asyncio

import pytest
from psycopg_pool import AsyncConnectionPool

from cloud.database.pool import Connection, connect, open_pool
from tests.waiting import LIMIT_S, until


async def test_while_somebody_waits_the_server_is_asked_again_and_again() -> None:
    asked = 0

    def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    pool = open_pool(f"postgresql://nobody@127.0.0.1:{port}/none?sslmode=disable&gssencmode=disable")
    pool.reconnect_timeout = 0.05  # a pool gives up sooner here
    async with server, pool:
        waiting = asyncio.create_task(pool.getconn(timeout=60))
        await until(lambda: asked >= 12)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


@pytest.mark.postgres
async def test_after_a_restart_of_the_server_nobody_waits_for_each_dead_connection_in_turn(
    database_url: str,
) -> None:
    """One a second, two, four ... would be 15 s for six: as long as no screen hears of an alarm."""
    async with open_pool(database_url) as pool:
        taken = [await pool.getconn() for _ in range(6)]
        pids = [conn.info.backend_pid for conn in taken]
        for conn in taken:
            await pool.putconn(conn)
        async with await connect(database_url) as other:
            await other.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) pid", (pids,))
        async with pool.connection(timeout=10) as conn:
            assert conn.info.backend_pid not in pids


@pytest.mark.postgres
async def test_who_gives_up_while_all_are_tried_loses_none_of_them(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def slow(conn: Connection) -> None:
        reached.set()
        await go_on.wait()
        await AsyncConnectionPool.check_connection(conn)

    async with open_pool(database_url, max_size=3) as pool:
        taken = [await pool.getconn() for _ in range(3)]
        pids = [conn.info.backend_pid for conn in taken]
        for conn in taken:
            await pool.putconn(conn)
        monkeypatch.setattr(pool, "check_connection", slow)
        async with await connect(database_url) as other:
            await other.execute("select pg_terminate_backend(pid) from unnest(%s::int[]) pid", (pids,))
        waiting = asyncio.create_task(pool.getconn())
        await asyncio.wait_for(reached.wait(), LIMIT_S)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        go_on.set()
        for conn in [await pool.getconn(timeout=LIMIT_S) for _ in range(3)]:
            await pool.putconn(conn)
