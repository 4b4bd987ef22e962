"""The same request twice is one act: its answer is given again, and nobody else's."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.access import kept
from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import MovedClock, Town, bearer, ring, sign_in

pytestmark = pytest.mark.postgres


async def post(
    http: httpx.AsyncClient, town: Town, path: str, body: Any, key: str, who: str = "admin"
) -> httpx.Response:
    return await http.post(f"/api/v1{path}", json=body, headers=bearer(town, who) | {"Idempotency-Key": key})


async def count(conn: Connection, table: str) -> int:
    row = await (await conn.execute(f"select count(*) from {table}")).fetchone()
    assert row is not None
    return int(row[0])


async def test_the_same_request_twice_makes_one_thing_and_one_answer(
    http: httpx.AsyncClient, town: Town, conn: Connection
) -> None:
    first = await post(http, town, "/orgs", {"name": "东营康养"}, "k-1")
    again = await post(http, town, "/orgs", {"name": "东营康养"}, "k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert await count(conn, "org") == 2  # and the town's own


async def test_a_secret_that_is_shown_once_is_shown_again_to_the_same_request_and_never_stored_open(
    http: httpx.AsyncClient, town: Town, conn: Connection
) -> None:
    body = {"id": "gw-9", "home_id": str(town.east.home_id)}
    first = await post(http, town, "/gateways", body, "k-1")
    again = await post(http, town, "/gateways", body, "k-1")
    assert first.json()["secret"] == again.json()["secret"]
    rows = await (await conn.execute("select t::text, answer_cipher from kept_answer t")).fetchall()
    assert len(rows) == 1
    assert first.json()["secret"] not in rows[0][0]
    assert first.json()["secret"].encode() not in bytes(rows[0][1])


async def test_a_key_with_another_request_is_refused(http: httpx.AsyncClient, town: Town) -> None:
    assert (await post(http, town, "/orgs", {"name": "甲"}, "k-1")).status_code == 201
    other_body = await post(http, town, "/orgs", {"name": "乙"}, "k-1")
    other_path = await post(http, town, "/areas", {"name": "甲"}, "k-1")
    assert (other_body.status_code, other_path.status_code) == (422, 422)
    assert other_body.json()["field"] == "Idempotency-Key"
    assert other_body.json()["detail_zh"]


async def test_another_callers_key_is_another_key(
    http: httpx.AsyncClient, app: FastAPI, town: Town, conn: Connection, services: Services
) -> None:
    case = await ring(conn, services, town, town.east)
    path, body = f"/cases/{case}/notes", {"text": "已联系"}
    for who in ("operator", "supervisor"):
        answer = await post(http, town, path, body, "k-1", who)
        assert "idempotency-replayed" not in answer.headers
    seat = await sign_in(app, "operator")
    assert (await seat.post(path, body, **{"Idempotency-Key": "k-1"})).status_code == 200
    entries = (await seat.get(f"/cases/{case}")).json()["timeline"]
    assert len([entry for entry in entries if entry["kind"] == "note"]) == 3


async def test_a_refused_request_frees_its_key(http: httpx.AsyncClient, town: Town, conn: Connection) -> None:
    body = {"area_code": "99", "org": "康养中心"}
    assert (await post(http, town, "/homes", body, "k-1")).status_code == 422
    assert (await post(http, town, "/homes", {"area_code": 1}, "k-2")).status_code == 422
    assert await count(conn, "kept_answer") == 0
    created = await post(http, town, "/homes", {"area_code": "370502", "org": "康养中心"}, "k-1")
    assert created.status_code == 201


async def test_of_many_at_once_one_acts(http: httpx.AsyncClient, town: Town, conn: Connection) -> None:
    before = await count(conn, "home")
    body = {"area_code": "370502", "org": "康养中心"}
    answers = await asyncio.gather(*(post(http, town, "/homes", body, "k-1") for _ in range(12)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert await count(conn, "home") == before + 1


async def test_a_request_whose_program_died_is_not_done_twice(
    http: httpx.AsyncClient, town: Town, conn: Connection, clock: MovedClock
) -> None:
    await post(http, town, "/orgs", {"name": "甲"}, "k-1")
    await conn.execute("update kept_answer set status = null, media_type = null, answer_cipher = null")
    clock.move(timedelta(hours=23))
    broken = await post(http, town, "/orgs", {"name": "甲"}, "k-1")
    assert (broken.status_code, broken.json()["state"]) == (409, "under_way")


async def test_a_key_is_kept_for_a_day(
    http: httpx.AsyncClient, town: Town, conn: Connection, clock: MovedClock
) -> None:
    body = {"area_code": "370502", "org": "康养中心"}
    first = (await post(http, town, "/homes", body, "k-1")).json()["id"]
    clock.move(timedelta(hours=24, seconds=1))
    assert (await post(http, town, "/homes", body, "k-1")).json()["id"] != first
    await kept.trim(conn, now=clock.now())
    assert await count(conn, "kept_answer") == 1
    await kept.trim(conn, now=clock.now() + timedelta(hours=25))
    assert await count(conn, "kept_answer") == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "钥匙", "\x01"])
async def test_a_key_is_a_short_word(http: httpx.AsyncClient, town: Town, key: str) -> None:
    headers: list[tuple[bytes, bytes]] = [(b"Idempotency-Key", key.encode())]
    headers += [(name.encode(), value.encode()) for name, value in bearer(town, "admin").items()]
    answer = await http.post("/api/v1/orgs", json={"name": "甲"}, headers=headers)
    assert answer.status_code == 422, answer.text


async def test_nothing_is_replayed_to_who_may_no_longer_come_in(
    http: httpx.AsyncClient, town: Town, conn: Connection
) -> None:
    assert (await post(http, town, "/orgs", {"name": "甲"}, "k-1")).status_code == 201
    await conn.execute("delete from api_token where role = 'admin'")
    assert (await post(http, town, "/orgs", {"name": "甲"}, "k-1")).status_code == 401


async def test_each_look_at_a_door_code_is_written_down_whatever_the_key(
    http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    case = await ring(conn, services, town, town.east)
    for _ in range(2):
        answer = await post(http, town, f"/cases/{case}/door-code", None, "k-1", "operator")
        assert answer.json()["door_code"] == "8842#"
    entries = (await http.get(f"/api/v1/cases/{case}", headers=bearer(town, "operator"))).json()["timeline"]
    assert len([entry for entry in entries if entry["kind"] == "door_code_viewed"]) == 2
