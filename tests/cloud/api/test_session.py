"""Signing in, being locked out, proving one's origin, signing out."""

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import ORIGIN, PASSWORD, MovedClock, Town, bearer, ring, sign_in

pytestmark = pytest.mark.postgres


async def attempt(http: httpx.AsyncClient, username: str, password: str) -> httpx.Response:
    return await http.post("/api/v1/session", json={"username": username, "password": password})


async def test_signing_in_opens_a_seat_and_sets_a_cookie_that_scripts_cannot_read(
    http: httpx.AsyncClient, town: Town
) -> None:
    answer = await attempt(http, "operator", PASSWORD)
    assert answer.status_code == 200
    assert set(answer.json()) == {"user", "seat_id", "csrf_token"}
    assert answer.json()["user"]["role"] == "operator"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    again = await http.get("/api/v1/session")
    assert again.json() == answer.json()


async def test_only_hashes_of_cookie_and_token_are_stored(app: FastAPI, conn: Connection, town: Town) -> None:
    seat = await sign_in(app, "operator")
    for table in ("session", "api_token"):
        cursor = await conn.execute(f"select t::text from {table} t")
        text = str(await cursor.fetchall())
        assert seat.cookie not in text
        assert town.tokens["operator"] not in text


async def test_wrong_password_and_unknown_user_get_the_same_answer(
    http: httpx.AsyncClient, town: Town
) -> None:
    wrong = await attempt(http, "operator", "wrong")
    unknown = await attempt(http, "nobody", "wrong")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert wrong.headers["content-type"] == "application/problem+json"
    assert wrong.json()["title_zh"] == "未登录"


async def test_ten_failures_lock_the_account_for_five_minutes_even_for_the_right_password(
    http: httpx.AsyncClient, town: Town, clock: MovedClock
) -> None:
    for _ in range(10):
        assert (await attempt(http, "operator", "wrong")).status_code == 401
    locked = await attempt(http, "operator", PASSWORD)
    assert locked.status_code == 429
    assert 0 < int(locked.headers["retry-after"]) <= 300
    assert (await attempt(http, "supervisor", PASSWORD)).status_code == 200
    clock.move(timedelta(minutes=5, seconds=1))
    assert (await attempt(http, "operator", PASSWORD)).status_code == 200


async def test_strangers_lock_nobody_out_where_they_have_signed_in_before(
    app: FastAPI, town: Town, clock: MovedClock
) -> None:
    def at(host: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app, client=(host, 1), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    async with at("10.0.0.5") as desk, at("203.0.113.9") as stranger:
        assert (await attempt(desk, "operator", PASSWORD)).status_code == 200
        for _ in range(10):
            assert (await attempt(stranger, "operator", "wrong")).status_code == 401
        assert (await attempt(stranger, "operator", PASSWORD)).status_code == 429
        assert (await attempt(desk, "operator", PASSWORD)).status_code == 200
        assert (await attempt(stranger, "operator", PASSWORD)).status_code == 429
        for _ in range(10):
            assert (await attempt(desk, "operator", "wrong")).status_code == 401
        assert (await attempt(desk, "operator", PASSWORD)).status_code == 429
        clock.move(timedelta(minutes=5, seconds=1))
        assert (await attempt(desk, "operator", PASSWORD)).status_code == 200


async def test_nine_failures_are_forgotten_after_a_success(http: httpx.AsyncClient, town: Town) -> None:
    for _ in range(2):
        for _ in range(9):
            assert (await attempt(http, "operator", "wrong")).status_code == 401
        assert (await attempt(http, "operator", PASSWORD)).status_code == 200


async def test_a_change_without_the_csrf_token_is_refused(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    path = f"/api/v1/cases/{case}/claim"
    missing = await seat.client.post(path, headers={"Origin": ORIGIN})
    wrong = await seat.client.post(path, headers={"Origin": ORIGIN, "X-CSRF-Token": "wrong"})
    assert (missing.status_code, wrong.status_code) == (403, 403)
    assert (await seat.post(f"/cases/{case}/claim")).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.test", "null", "http://carebed.test.evil.test", "http://[bad"]
)
async def test_a_change_from_another_site_is_refused(
    app: FastAPI, conn: Connection, services: Services, town: Town, origin: str
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    answer = await seat.post(f"/cases/{case}/claim", Origin=origin)
    assert answer.status_code == 403
    cross = await seat.client.post(
        "/api/v1/session", json={"username": "operator", "password": PASSWORD}, headers={"Origin": origin}
    )
    assert cross.status_code == 403


async def test_the_session_outlives_a_shift_of_twelve_hours_and_ends_after_sixteen(
    app: FastAPI, town: Town, clock: MovedClock
) -> None:
    seat = await sign_in(app, "operator")
    clock.move(timedelta(hours=15, minutes=59))
    assert (await seat.get("/session")).status_code == 200
    clock.move(timedelta(minutes=2))
    assert (await seat.get("/session")).status_code == 401


async def test_signing_out_gives_cases_back_and_closes_the_seat(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    first = await ring(conn, services, town, town.east)
    second = await ring(conn, services, town, town.west)
    seat = await sign_in(app, "operator")
    for case in (first, second):
        assert (await seat.post(f"/cases/{case}/claim")).json()["state"] == "claimed"
    assert (await seat.sign_out()).status_code == 204
    cursor = await conn.execute("select state, owner_id from cases")
    assert await cursor.fetchall() == [("open", None), ("open", None)]
    cursor = await conn.execute("select closed_at is not null from seat")
    assert await cursor.fetchall() == [(True,)]
    assert (await seat.get("/session")).status_code == 401


async def test_an_inactive_user_cannot_sign_in_and_loses_the_session(
    app: FastAPI, http: httpx.AsyncClient, conn: Connection, town: Town
) -> None:
    seat = await sign_in(app, "operator")
    await conn.execute("update staff set active = false where username = 'operator'")
    assert (await attempt(http, "operator", PASSWORD)).status_code == 401
    assert (await seat.get("/session")).status_code == 401


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic b3BlcmF0b3I6eA==", "Bearer", "Bearer \xff"])
async def test_a_token_that_nobody_issued_is_refused(
    http: httpx.AsyncClient, town: Town, header: str
) -> None:
    answer = await http.get("/api/v1/cases", headers=[(b"Authorization", header.encode("latin-1"))])
    assert answer.status_code == 401


async def test_a_bad_bearer_token_never_falls_back_to_the_cookie(app: FastAPI, town: Town) -> None:
    seat = await sign_in(app, "operator")
    answer = await seat.client.get("/api/v1/cases", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


async def test_a_token_has_no_session(http: httpx.AsyncClient, town: Town) -> None:
    answer = await http.get("/api/v1/session", headers=bearer(town, "operator"))
    assert answer.status_code == 401


async def test_a_wall_screen_is_opened_by_its_link_for_good_and_changes_nothing(
    http: httpx.AsyncClient, town: Town, clock: MovedClock
) -> None:
    made = await http.post("/api/v1/screens", json={"name": "东墙"}, headers=bearer(town, "admin"))
    opened = await http.post("/api/v1/session/screen", json={"token": made.json()["token"]})
    assert (opened.status_code, opened.json()["user"]["role"]) == (200, "wall")
    clock.move(timedelta(days=300))
    cookie = {"cookie": f"carebed_session={made.json()['token']}"}
    for path, status in {"session": 200, "wall": 200, "wall/figures": 200, "cases": 403, "kpi": 403}.items():
        assert (await http.get(f"/api/v1/{path}", headers=cookie)).status_code == status, path
    gone = await http.delete(f"/api/v1/screens/{made.json()['id']}", headers=bearer(town, "admin"))
    assert gone.status_code == 204
    assert (await http.get("/api/v1/wall", headers=cookie)).status_code == 401
    listed = await http.get("/api/v1/screens", headers=bearer(town, "admin"))
    assert listed.json()["items"][0]["revoked_at"] is not None


async def test_no_other_programs_token_works_as_a_cookie(http: httpx.AsyncClient, town: Town) -> None:
    cookie = {"cookie": f"carebed_session={town.tokens['admin']}"}
    assert (await http.get("/api/v1/homes", headers=cookie)).status_code == 401
    answer = await http.post("/api/v1/session/screen", json={"token": town.tokens["admin"]})
    assert answer.status_code == 401
