"""Curves tell the whole truth: peaks, whose device, and why there is nothing."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from cloud.api.services import Services
from cloud.api.times import iso_ms
from cloud.database.pool import Connection
from cloud.registry import equipment
from cloud.telemetry import partitions
from tests.cloud.api.conftest import Town, bearer
from tests.cloud.api.test_health_of_residents import read

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
async def _room_for_today(conn: Connection, services: Services) -> None:
    await partitions.prepare(conn, services.clock.now())


async def devices(conn: Connection, services: Services, town: Town) -> tuple[int, int, datetime]:
    """A mattress and a watch at the east's bed since five hours ago, where the elder has lain for a month."""
    now = services.clock.now()
    keys = []
    async with conn.transaction():
        for device, family in (("mat-1", "mattress"), ("watch-1", "watch")):
            keys.append(await equipment.register_device(conn, now=now, device_id=device, family=family))
            await equipment.install_device(
                conn, now=now, device_id=device, home_id=town.east.home_id, bed_id=town.east.bed_id,
                start=now - timedelta(hours=5),
            )  # fmt: skip
    await conn.execute("update bed_stay set valid = tstzrange(%s, null)", (now - timedelta(days=30),))
    return keys[0], keys[1], now


async def trends(
    http: httpx.AsyncClient, town: Town, path: str, now: datetime, *kinds: str, minutes: int = 30, **more: Any
) -> dict[str, Any]:
    query = {"kind": list(kinds), "from": iso_ms(now - timedelta(minutes=minutes)), "to": iso_ms(now)} | more
    answer = await http.get(f"/api/v1/{path}/trends", params=query, headers=bearer(town, "operator"))
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def spans(curve: dict[str, Any], now: datetime) -> list[tuple[int, int, str]]:
    """Gaps in whole minutes before now."""

    def ago(text: str) -> int:
        return round((now - datetime.fromisoformat(text)).total_seconds() / 60)

    return [(ago(gap["since"]), ago(gap["until"]), gap["reason"]) for gap in curve["gaps"]]


async def test_a_mattress_says_nothing_of_an_empty_bed_and_the_bed_strip_says_why(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    mat, watch, now = await devices(conn, services, town)
    for minutes in range(29, 0, -1):
        await read(conn, mat, "resp_rate", now - timedelta(minutes=minutes), 15)
        await read(conn, watch, "heart_rate", now - timedelta(minutes=minutes), 70)
    for minutes, there in ((100, 1), (40, 1), (20, 0), (10, 1)):
        await read(conn, mat, "in_bed", now - timedelta(minutes=minutes), there)
    await read(conn, watch, "worn", now - timedelta(minutes=200), 1)
    found = await trends(http, town, f"residents/{town.east.resident_id}", now, "resp_rate", "heart_rate")
    heart, resp = found["curves"]
    assert (heart["device"], heart["family"], resp["device"]) == ("watch-1", "watch", "mat-1")
    assert spans(resp, now) == [(30, 29, "no_value"), (20, 10, "out_of_bed")]
    assert len(resp["points"]) == 19, "ten values of an empty bed are left out"
    assert spans(heart, now) == [(30, 29, "no_value")]
    assert [span["in_bed"] for span in found["bed"]] == [True, False, True]


async def test_a_peak_is_never_averaged_away(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    _, watch, now = await devices(conn, services, town)
    for second in range(600, 0, -10):
        value = 160 if second == 300 else 40 if second == 310 else 70
        await read(conn, watch, "heart_rate", now - timedelta(seconds=second), value)
    where = f"residents/{town.east.resident_id}"
    (heart,) = (await trends(http, town, where, now, "heart_rate", minutes=240, points=10))["curves"]
    assert len(heart["points"]) <= 2
    assert max(point["high"] for point in heart["points"]) == 160
    assert min(point["low"] for point in heart["points"]) == 40
    assert heart["unit"] == "beat/min"


async def test_a_watch_on_the_table_and_a_silent_one_are_told_apart(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    _, watch, now = await devices(conn, services, town)
    for minutes in (60, 50, 45):
        await read(conn, watch, "heart_rate", now - timedelta(minutes=minutes), 70)
    await read(conn, watch, "worn", now - timedelta(minutes=30), 0)
    await read(conn, watch, "worn", now - timedelta(minutes=25), 1)
    where = f"residents/{town.east.resident_id}"
    (heart,) = (await trends(http, town, where, now, "heart_rate", minutes=60))["curves"]
    assert spans(heart, now) == [(45, 30, "no_value"), (30, 25, "not_worn"), (25, 0, "offline")]


async def test_a_value_speaks_into_the_window_until_the_next_is_late(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    _, watch, now = await devices(conn, services, town)
    await read(conn, watch, "spo2", now - timedelta(minutes=40), 96)
    await read(conn, watch, "spo2", now - timedelta(minutes=26), 95)
    await read(conn, watch, "spo2", now - timedelta(minutes=12), 94)
    where = f"residents/{town.east.resident_id}"
    (spo2,) = (await trends(http, town, where, now, "spo2"))["curves"]
    assert spans(spo2, now) == []
    assert [point["value"] for point in spo2["points"]] == [96, 95, 94]


async def test_a_device_that_came_later_is_not_blamed_for_the_time_before(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    _, watch, now = await devices(conn, services, town)
    await read(conn, watch, "spo2", now - timedelta(minutes=299), 96)
    where = f"residents/{town.east.resident_id}"
    (spo2,) = (await trends(http, town, where, now, "spo2", minutes=360))["curves"]
    assert spans(spo2, now)[0] == (360, 300, "not_installed")


async def test_a_bed_has_its_curves_whoever_lay_in_it(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    mat, _, now = await devices(conn, services, town)
    await conn.execute("update bed_stay set valid = tstzrange(%s, null)", (now - timedelta(minutes=10),))
    await read(conn, mat, "resp_rate", now - timedelta(minutes=12), 15)
    bed = await trends(http, town, f"beds/{town.east.bed_id}", now, "resp_rate")
    assert [point["value"] for point in bed["curves"][0]["points"]] == [15]
    resident = await trends(http, town, f"residents/{town.east.resident_id}", now, "resp_rate")
    assert resident["curves"][0]["points"] == [], "it was somebody else's"


async def test_looks_are_written_down_and_borders_hold(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    now = services.clock.now()
    for path in (f"residents/{town.west.resident_id}", f"beds/{town.west.bed_id}"):
        url = f"/api/v1/{path}/trends?kind=heart_rate"
        assert (await http.get(url, headers=bearer(town, "east"))).status_code == 404
        assert (await http.get(url, headers=bearer(town, "west"))).status_code == 200
        assert (await http.get(url, headers=bearer(town, "family"))).status_code == 403
        many = url + "".join(f"&kind=k{n}" for n in range(8))
        assert (await http.get(many, headers=bearer(town, "west"))).status_code == 422
        long = {"kind": "spo2", "from": iso_ms(now - timedelta(days=41)), "to": iso_ms(now)}
        long_url = url.partition("?")[0]
        assert (await http.get(long_url, params=long, headers=bearer(town, "west"))).status_code == 422
    row = await (
        await conn.execute(
            "select count(*) from audit where action = 'health_viewed' and actor like %s", ("%",)
        )
    ).fetchone()
    assert row == (2,)


async def test_a_supervisors_map_has_the_newest_value_of_each_bed_of_the_area_and_no_other(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    mat, watch, now = await devices(conn, services, town)
    for device, minutes, value in ((watch, 9, 70.0), (mat, 8, 66.0), (watch, 360, 99.0)):
        await read(conn, device, "heart_rate", now - timedelta(minutes=minutes), value)
    query = {"kind": "heart_rate"}
    answer = await http.get("/api/v1/map/values", params=query, headers=bearer(town, "supervisor"))
    found = answer.json()
    assert found["unit"] == "beat/min"
    assert [(item["bed_id"], item["value"], item["device"]) for item in found["beds"]] == [
        (str(town.east.bed_id), 66.0, "mat-1")
    ]
    assert found["beds"][0]["at"] == iso_ms(now - timedelta(minutes=8))
    for area, seen in (("370502", [str(town.east.bed_id)]), ("370503", [])):
        looked_at = query | {"area": area}
        answer = await http.get("/api/v1/map/values", params=looked_at, headers=bearer(town, "supervisor"))
        assert [item["bed_id"] for item in answer.json()["beds"]] == seen
    of_west = query | {"area": "370502"}
    answer = await http.get("/api/v1/map/values", params=of_west, headers=bearer(town, "west"))
    assert answer.status_code == 404
    looks = await conn.execute("select subject, detail ->> 'kind' from audit where action = 'health_viewed'")
    assert [tuple(row) for row in await looks.fetchall()] == [
        ("*", "map"),
        ("370502", "map"),
        ("370503", "map"),
    ]
