"""A pool finds its server again while somebody waits, however long the server was away."""

import asyncio

from cloud.database.pool import open_pool
from tests.waiting import until


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
