"""What people observe and enter: alertness, oxygen, symptoms, readings by hand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from cloud.alarms import vitals_store
from cloud.alarms.news2 import Score
from cloud.alarms.person import Person
from cloud.alarms.readings import Method
from cloud.alarms.rule_versions import CURRENT
from cloud.alarms.vitals import assess
from cloud.database import queries
from cloud.database.pool import Connection
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.alarms", "vitals.sql")


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing: `text` is the word of alertness or the symptom."""

    kind: str
    value: float = 0.0
    text: str = ""
    method: Method = "operator"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was entered, as it is kept."""

    id: UUID
    kind: str
    value: float
    text: str
    method: Method
    measured_at: datetime
    entered_at: datetime
    entered_by: str


async def enter(
    conn: Connection,
    resident_id: UUID,
    observed: Sequence[Observed],
    *,
    at: datetime,
    by: str,
    key: str | None,
    now: datetime,
) -> UUID:
    """Keep what was observed at `at` and queue it to be judged; the same key again enters nothing."""
    given = {"resident_id": resident_id, "entered_by": by, "idempotency_key": key}
    if key is not None and (known := await _of_key(conn, given)) is not None:
        return known
    entered_id = uuid7(round(now.timestamp() * 1000))
    row = given | {"id": entered_id, "measured_at": at, "entered_at": now}
    for one in observed:
        values = row | msgspec.structs.asdict(one)
        added = await (await conn.execute(_SQL["add_observation"], values)).fetchone()
        if added is None and key is not None:  # the same request, a moment ago
            return await _of_key(conn, given) or entered_id
    await vitals_store.enqueue_observation(conn, resident_id, at=now)
    return entered_id


async def page(conn: Connection, resident_id: UUID, *, before: UUID | None, limit: int) -> list[Stored]:
    """What was entered about a person in at most `limit` entries before an entry, newest first."""
    given = {"resident_id": resident_id, "before": before, "limit": limit}
    async with conn.cursor(row_factory=class_row(Stored)) as cursor:
        await cursor.execute(_SQL["list_observations"], given)
        return await cursor.fetchall()


async def news2_now(conn: Connection, resident_id: UUID, *, now: datetime) -> tuple[Score, Person]:
    """What is known of a person's NEWS2, and whose limits it was judged by."""
    subjects = await vitals_store.subjects(conn, [resident_id], at=now)
    person = subjects[resident_id].person
    samples = await vitals_store.values(conn, {resident_id: now}, now=now, rules=CURRENT)
    return assess(samples[resident_id], person, now=now, rules=CURRENT).score, person


async def set_limits(conn: Connection, resident_id: UUID, limits: dict[str, object]) -> int:
    """Replace a person's own limits: the record's new revision. The caller holds its row."""
    row = await (
        await conn.execute(_SQL["set_limits"], {"id": resident_id, "limits": Jsonb(limits)})
    ).fetchone()
    assert row is not None  # the caller holds it
    return int(row[0])


async def _of_key(conn: Connection, given: dict[str, object]) -> UUID | None:
    row = await (await conn.execute(_SQL["observation_of_key"], given)).fetchone()
    return None if row is None else UUID(str(row[0]))
