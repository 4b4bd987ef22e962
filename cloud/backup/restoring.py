"""A cloud goes on complete from a copy.

What came in after the copy is not lost: restoring orders a `replay` from every gateway, which keeps its
events for 30 days and its telemetry for 72 h; what the copy has already is known by its dedupe key.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cloud.backup import copies, pieces, tools
from cloud.config import ConfigError, DataDir
from cloud.database import queries
from cloud.database.pool import connect
from cloud.downlink.store import queue_command
from cloud.embedded import postgres
from cloud.preparation import prepare_database
from cloud.texts import text
from firmware_specs.ids import uuid7

_MARGIN: Final = timedelta(hours=1)  # gateways' clocks differ; what is sent twice is stored once
_ANSWER_WITHIN: Final = timedelta(days=30)  # a home that is offline is asked when it comes back
_FEED_JUMP: Final = 1_000_000  # more than any screen can be behind: each reads its lists anew
_START_LIMIT_S: Final = 60.0
_SQL: Final = queries.load(__package__ or "cloud.backup")


@contextlib.asynccontextmanager
async def new_database(data: DataDir) -> AsyncIterator[str]:
    """The empty database of a data folder that nothing runs on; ended afterwards. Raises ConfigError."""
    data.make()
    with data.lock():
        cluster = await asyncio.to_thread(postgres.prepare, data.path)
        server = await postgres.start(cluster, log=data.log("postgres"))
        try:
            await postgres.wait_ready(cluster, server, limit_s=_START_LIMIT_S)
            await postgres.create_database(cluster)
            yield cluster.url()
        finally:
            await postgres.stop(server)
            postgres.remove_sockets(cluster)


async def restore(url: str, folder: Path, *, now: datetime, desk_first: bool = False) -> int:
    """Fill an empty database from a copy, and order everything since from the gateways.

    `desk_first`: without the readings, which `pieces.bring_back` loads while the cloud works again.
    Returns how many gateways are asked. Raises ConfigError; a database that is not empty stays as it is.
    """
    manifest = await asyncio.to_thread(copies.read, folder, whole=not desk_first)
    async with await connect(url, name="carebed-restore") as conn:
        row = await (await conn.execute(_SQL["tables"])).fetchone()
        if row is None or row[0]:
            raise ConfigError(text("restore_not_empty"))
        major = conn.info.server_version // 10_000
    dump, waiting = str(folder / copies.DUMP), list[pieces.Piece]()
    command = ["--no-owner", "--single-transaction", f"--dbname={url}"]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as wanted:
        if desk_first:
            listed, waiting = pieces.without_pieces(await tools.run(major, "pg_restore", "--list", dump))
            wanted.write(listed)
            wanted.flush()
            command.append(f"--use-list={wanted.name}")
        await tools.run(major, "pg_restore", *command, dump)
    await prepare_database(url, now)
    async with await connect(url, name="carebed-restore") as conn, conn.transaction():
        await conn.execute(_SQL["forget_feed"])
        await conn.execute(_SQL["begin_feed_anew"], {"jump": _FEED_JUMP})
        await pieces.note(conn, waiting)
        gateways = [row[0] for row in await (await conn.execute(_SQL["gateways"])).fetchall()]
        span = {"from": _ms(manifest.began_at - _MARGIN), "to": _ms(now + _MARGIN)}
        for gateway in gateways:
            await queue_command(
                conn,
                id=uuid7(_ms(now)),
                gateway_id=gateway,
                op="replay",
                issued_by="restore",
                now=now,
                expires_at=now + _ANSWER_WITHIN,
                args={"stream": "all"} | span,
            )
    return len(gateways)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
