"""A home with a bed's sensors whose readings are stored as the telemetry lane stores them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cloud.alarms import observations
from cloud.alarms.observations import Observed
from cloud.alarms.vitals_store import enqueue
from cloud.database.pool import Connection
from cloud.telemetry import partitions
from cloud.telemetry.columns import Incoming, to_ms
from cloud.telemetry.writer import TelemetryWriter
from firmware_specs.messages import TelemetryBatch
from tests.cloud import town
from tests.cloud.town import Home

NIGHT = datetime(2026, 1, 1, 16, 0, tzinfo=UTC)  # midnight in Dongying
MINUTE = timedelta(minutes=1)
_seq = iter(range(1, 1_000_000))


async def a_home(conn: Connection) -> Home:
    home = await town.add_home(conn)
    for device, family in (
        ("cuff-1", "cuff"),
        ("ox-1", "oximeter"),
        ("watch-1", "watch"),
        ("mat-1", "mattress"),
    ):
        await town.add_device(conn, device, home)
        await conn.execute("update device set family = %s where id = %s", (family, device))
    await town.add_device(conn, "zb-door", home, bed=False, room="hall")
    return home


async def measure(
    conn: Connection,
    home: Home,
    device: str,
    at: datetime,
    values: Mapping[str, float],
    *,
    arrived: datetime | None = None,
    late: bool = False,
) -> None:
    """A batch of one moment, as the telemetry lane stores it."""
    received = arrived or at
    await partitions.ensure_days(conn, [at.date()])
    batch = TelemetryBatch(
        run="0123456789abcdef",
        boot="boot-1",
        seq=next(_seq),
        sent_at=to_ms(received),
        late=late,
        t0=to_ms(at),
        devices=[device],
        kinds=list(values),
        d=[0] * len(values),
        k=list(range(len(values))),
        dt=[0] * len(values),
        value=list(values.values()),
    )
    await TelemetryWriter(follow=enqueue).write(
        conn, [Incoming(home.gateway, to_ms(received), batch)], received
    )


async def observe(conn: Connection, home: Home, at: datetime, *observed: Observed) -> None:
    async with conn.transaction():
        await observations.enter(conn, home.resident_id, observed, at=at, by="operator", key=None, now=at)


async def cases(conn: Connection) -> dict[str, tuple[int, int]]:
    """Class -> priority and number of alarms of each case."""
    return {case.class_: (case.priority, case.alarm_count) for case in await town.all_cases(conn)}


async def alarms(conn: Connection, *columns: str) -> list[tuple[Any, ...]]:
    rows = await conn.execute(f"select {', '.join(columns)} from alarm order by stored_at, id")
    return await rows.fetchall()


async def a_bad_set(conn: Connection, home: Home, at: datetime) -> None:
    await measure(conn, home, "cuff-1", at, {"systolic": 105, "heart_rate": 112})
    await measure(conn, home, "ox-1", at, {"spo2": 93})
    await measure(conn, home, "mat-1", at, {"resp_rate": 22})
    hand = Observed(kind="body_temperature", value=38.5)
    await observe(conn, home, at, hand, Observed(kind="consciousness", text="A"), Observed(kind="oxygen"))
