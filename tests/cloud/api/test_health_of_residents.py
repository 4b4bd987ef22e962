"""Readings belong to whom the device was installed for at the time of the reading."""

from datetime import datetime, timedelta

import httpx
import pytest

from cloud.api import registry_schemas
from cloud.api.services import Services
from cloud.api.times import iso_ms
from cloud.database.pool import Connection
from cloud.registry import equipment
from cloud.telemetry import partitions
from tests.cloud.api.conftest import PlacedHome, Town, bearer

pytestmark = pytest.mark.postgres


async def kind_id(conn: Connection, name: str) -> int:
    row = await (
        await conn.execute(
            "insert into reading_kind (name) values (%s)"
            " on conflict (name) do update set name = excluded.name returning id",
            (name,),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def read(conn: Connection, key: int, kind: str, at: datetime, value: float) -> None:
    values = (key, await kind_id(conn, kind), at, at, value, 80)
    await conn.execute(
        "insert into reading (device_key, kind_id, measured_at, received_at, value, quality)"
        " values (%s, %s, %s, %s, %s, %s)",
        values,
    )
    await conn.execute(
        "insert into reading_last (device_key, kind_id, measured_at, value, quality)"
        " values (%s, %s, %s, %s, %s)"
        " on conflict (device_key, kind_id) do update"
        " set measured_at = excluded.measured_at, value = excluded.value",
        (key, values[1], at, value, 80),
    )


async def reissued_watch(conn: Connection, services: Services, town: Town) -> tuple[int, datetime]:
    """A watch of the east's elder that went to the west's an hour ago."""
    now = services.clock.now()
    async with conn.transaction():
        key = await equipment.register_device(conn, now=now, device_id="watch-1", family="watch")
        for home, start in ((town.east, now - timedelta(hours=5)), (town.west, now - timedelta(hours=1))):
            await equipment.install_device(
                conn, now=now, device_id="watch-1", home_id=home.home_id, bed_id=home.bed_id, start=start
            )
    await conn.execute("update bed_stay set valid = tstzrange(%s, null)", (now - timedelta(days=30),))
    return key, now


@pytest.fixture(autouse=True)
async def _room_for_today(conn: Connection, services: Services) -> None:
    await partitions.prepare(conn, services.clock.now())


async def test_the_backlog_of_a_reissued_watch_never_reaches_its_next_wearer(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    key, now = await reissued_watch(conn, services, town)
    for hours, value in ((3, 70.0), (2, 72.0), (0.5, 90.0)):
        await read(conn, key, "heart_rate", now - timedelta(hours=hours), value)

    async def values(home: PlacedHome) -> list[float]:
        answer = await http.get(
            f"/api/v1/residents/{home.resident_id}/trend?kind=heart_rate", headers=bearer(town, "operator")
        )
        shown = registry_schemas.Trend.model_validate_json(answer.content)
        assert shown.unit == "beat/min"
        return [point.value for point in shown.items]

    assert await values(town.east) == [70.0, 72.0]
    assert await values(town.west) == [90.0]
    last = await http.get(f"/api/v1/residents/{town.west.resident_id}/last", headers=bearer(town, "operator"))
    shown = registry_schemas.LastReadings.model_validate_json(last.content).items
    assert [(item.kind, item.value, item.device) for item in shown] == [("heart_rate", 90.0, "watch-1")]
    former = await http.get(
        f"/api/v1/residents/{town.east.resident_id}/last", headers=bearer(town, "operator")
    )
    assert former.json()["items"] == []


async def test_a_last_value_from_before_the_installation_is_not_shown(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    key, now = await reissued_watch(conn, services, town)
    await read(conn, key, "heart_rate", now - timedelta(hours=2), 70.0)
    answer = await http.get(
        f"/api/v1/residents/{town.west.resident_id}/last", headers=bearer(town, "operator")
    )
    assert answer.json()["items"] == []


async def test_a_trend_is_thinned_to_the_points_asked_for(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    key, now = await reissued_watch(conn, services, town)
    for minute in range(60):
        await read(conn, key, "heart_rate", now - timedelta(minutes=59 - minute, seconds=1), 60 + minute)
        await read(conn, key, "in_bed", now - timedelta(minutes=59 - minute, seconds=1), minute % 2)
    query: dict[str, str | int] = {"from": iso_ms(now - timedelta(hours=1)), "to": iso_ms(now), "points": 6}
    path = f"/api/v1/residents/{town.west.resident_id}/trend"
    means = await http.get(path, params=query | {"kind": "heart_rate"}, headers=bearer(town, "operator"))
    assert [item["value"] for item in means.json()["items"]] == [64.5, 74.5, 84.5, 94.5, 104.5, 114.5]
    states = await http.get(path, params=query | {"kind": "in_bed"}, headers=bearer(town, "operator"))
    assert {item["value"] for item in states.json()["items"]} <= {0.0, 1.0}
    unknown = await http.get(path, params={"kind": "aura"}, headers=bearer(town, "operator"))
    assert unknown.json() == {"kind": "aura", "unit": "", "items": []}
