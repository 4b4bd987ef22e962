"""How much of an area is silent. Counting a city takes tens of milliseconds: all desks share an answer."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cloud.access.access import Identity
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.kpi.desk import Silent

_SQL: Final = queries.load(__package__ or "cloud.kpi")
_HELD: Final = timedelta(seconds=30)
_AREAS_HELD: Final = 1000


class SilentCounts:
    """The counts of each area and organisation, at most half a minute old; one of these in a process."""

    def __init__(self) -> None:
        """Begin knowing nothing."""
        self._kept: dict[tuple[str, UUID | None], tuple[datetime, Silent]] = {}

    async def of(self, conn: Connection, reader: Identity, now: datetime) -> Silent:
        """What is silent of all that the reader sees."""
        key = reader.area_code, reader.org_id
        at, found = self._kept.get(key, (None, None))
        if found is None or at is None or not at <= now < at + _HELD:
            given = {"at": now, "area_code": reader.area_code, "org_id": reader.org_id}
            row = await (await conn.execute(_SQL["silent"], given)).fetchone()
            found = Silent(*(row or (0, 0, 0, 0)))
            if len(self._kept) >= _AREAS_HELD:
                self._kept.clear()
            self._kept[key] = now, found
        return found
