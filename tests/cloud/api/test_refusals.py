"""How the API refuses: in two languages, whatever the reason; and how it pages and slows down guessing."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from cloud.access import sources
from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.registry import equipment
from cloud.timers import clean_up
from cloud.timing import Moment
from tests.cloud.api.conftest import PASSWORD, MovedClock, Town, bearer, ring, sign_in
from tests.cloud.api.test_hostile_requests import is_problem

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/cases/00000000-0000-0000-0000-000000000001", 404),
        ("PUT", "/cases", 405),
        ("DELETE", "/orgs", 405),
        ("PATCH", "/session", 405),
        ("GET", "/cases?limit=x", 422),
    ],
)
async def test_every_refusal_is_a_problem_in_both_languages(
    http: httpx.AsyncClient, town: Town, method: str, path: str, status: int
) -> None:
    answer = await http.request(method, f"/api/v1{path}", headers=bearer(town, "supervisor"))
    assert (answer.status_code, is_problem(answer)) == (status, True)
    said = answer.json()
    assert said["status"] == status
    assert said["title"] != said["title_zh"]
    assert any("\u4e00" <= sign <= "\u9fff" for sign in said["title_zh"])


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""]
)
async def test_a_body_that_is_not_json_is_a_415(http: httpx.AsyncClient, town: Town, media_type: str) -> None:
    headers = bearer(town, "admin") | ({"Content-Type": media_type} if media_type else {})
    answer = await http.post("/api/v1/orgs", content=b'{"name":"x"}', headers=headers)
    assert (answer.status_code, is_problem(answer)) == (415, True)
    good = bearer(town, "admin") | {"Content-Type": "application/merge-patch+json; charset=utf-8"}
    assert (await http.post("/api/v1/orgs", content=b'{"name":"x"}', headers=good)).status_code == 201


async def test_many_names_guessed_from_one_address_are_slowed_down_and_a_shift_that_signs_in_is_not(
    http: httpx.AsyncClient, town: Town, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "FAILURES_ALLOWED", 12)

    async def attempt(username: str, password: str) -> httpx.Response:
        return await http.post("/api/v1/session", json={"username": username, "password": password})

    for _ in range(sources.FAILURES_ALLOWED + 5):
        assert (await attempt("operator", PASSWORD)).status_code == 200
    for number in range(sources.FAILURES_ALLOWED):
        assert (await attempt(f"nobody-{number}", "guess")).status_code == 401
    slowed = await attempt("operator", PASSWORD)
    assert (slowed.status_code, is_problem(slowed)) == (429, True)
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    clock.move(timedelta(seconds=61))
    assert (await attempt("operator", PASSWORD)).status_code == 200


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:9:9:9:9", "2001:db8:1:2::/64"),
        ("carebed.sock", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_site_is_one_source(host: str | None, source: str) -> None:
    assert sources.source_of(host) == source


async def test_what_is_over_is_cleaned_away(
    app: FastAPI, conn: Connection, services: Services, town: Town, clock: MovedClock
) -> None:
    case = await ring(conn, services, town, town.east)
    gone, staying = await sign_in(app, "operator"), None
    await gone.post(f"/cases/{case}/claim")
    clock.move(timedelta(hours=15))
    staying = await sign_in(app, "supervisor")
    clock.move(timedelta(hours=1, seconds=1))
    await clean_up(conn, Moment(now=clock.now(), started_at=clock.now()))
    cursor = await conn.execute("select seat_id::text from session")
    assert await cursor.fetchall() == [(staying.info["seat_id"],)]
    cursor = await conn.execute("select id::text from seat where closed_at is null")
    assert await cursor.fetchall() == [(staying.info["seat_id"],)]
    cursor = await conn.execute("select count(*) from sign_in_source")
    assert await cursor.fetchall() == [(0,)]


async def test_gateways_devices_and_quarantine_are_read_page_by_page(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    now = services.clock.now()
    for number in range(5):
        await equipment.register_device(conn, now=now, device_id=f"zb-{number}", family="button")
        body = {"id": f"gw-{number}", "home_id": str(town.east.home_id)}
        await http.post("/api/v1/gateways", json=body, headers=bearer(town, "admin"))
        await conn.execute(
            "insert into quarantine (received_at, topic, reason, size, sha256, raw, last_at)"
            " values (%s, %s, 'not_json', 1, %s, 'x', %s)",
            (now, str(number), bytes([number]), now),
        )
    for path, cursor in (("gateways", "after"), ("devices", "after"), ("quarantine", "before")):
        seen: list[int | str] = []
        query: dict[str, int | str] = {"limit": 2}
        while items := (
            await http.get(f"/api/v1/{path}", params=query, headers=bearer(town, "admin"))
        ).json()["items"]:
            assert len(items) <= 2
            seen += [item["id"] for item in items]
            query[cursor] = seen[-1]
        assert len(seen) == len(set(seen)) == 5, path
