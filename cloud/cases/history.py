"""Past and present cases of a resident or a bed."""

from typing import Final, Literal
from uuid import UUID

from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.cases.summary import CaseSummary, summary_of
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "history.sql")


async def cases_of(
    conn: Connection,
    subject: Literal["resident", "bed"],
    subject_id: UUID,
    reader: Identity,
    *,
    limit: int,
    before: int | None,
) -> list[CaseSummary]:
    """Cases that the reader may see, newest first; `before` is a case number."""
    query = {"id": subject_id, "limit": limit, "before": before}
    query |= {"area_code": reader.area_code, "org_id": reader.org_id}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[f"cases_of_{subject}"], query)
        return [summary_of(row) for row in await cursor.fetchall()]
