"""What must be done to a database before the programs run on it."""

from datetime import datetime

from cloud.database.migrations import migrate
from cloud.database.pool import connect
from cloud.registry.search import fill_sounds
from cloud.telemetry import partitions


async def prepare_database(url: str, now: datetime) -> list[str]:
    """Bring a database to this version and make room for readings; returns the migrations applied."""
    applied = await migrate(url, now=now)
    async with await connect(url, name="carebed-prepare") as conn:
        await partitions.prepare(conn, now)
        await fill_sounds(conn)
    return applied
