"""LISTEN that survives a restart of the server: after each new connection it wakes once by itself."""

import asyncio
import logging
from collections.abc import AsyncIterator

import psycopg
from psycopg import sql

from cloud.database.pool import connect

logger = logging.getLogger(__name__)

_RETRY_S = (0.2, 0.5, 1.0, 2.0)


async def notifications(
    url: str, channels: list[str], *, every_s: float, name: str = "carebed-listen"
) -> AsyncIterator[str]:
    """The channel of a NOTIFY, "" after each (re)connection and each `every_s` seconds of silence; endless.

    Whoever reads it looks into the tables at each step: nothing hangs on a notification that was lost.
    """
    failures = 0
    while True:
        try:
            conn = await connect(url, name=name)
            async with conn:
                for channel in channels:
                    await conn.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
                if failures:
                    logger.info("database is back", extra={"action": "listener_back"})
                failures = 0
                yield ""
                while True:
                    heard = False
                    async for notify in conn.notifies(timeout=every_s, stop_after=1):
                        heard = True
                        yield notify.channel
                    if not heard:
                        yield ""
        except psycopg.OperationalError:
            if not failures:
                logger.warning("database connection lost", extra={"action": "listener_lost"})
            await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
            failures += 1
