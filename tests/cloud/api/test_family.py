"""A family sees its own elders and nothing of any other: not by guessing ids, not by the feed."""

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.api.services import Services
from cloud.cases import store as cases
from cloud.cases.case import Actor
from cloud.database.pool import Connection
from cloud.registry import people
from tests.cloud.api.conftest import MovedClock, PlacedHome, Seat, Town, bearer, ring, sign_in
from tests.cloud.api.screens import follow, receive

pytestmark = pytest.mark.postgres
OPERATOR = Actor(id=uuid.UUID(int=5), name="王敏")


async def bind(http: httpx.AsyncClient, town: Town, home: PlacedHome, **given: Any) -> httpx.Response:
    body = {"username": "family", "resident_id": str(home.resident_id), "contact": "王芳"}
    body |= {"consent": "本人签字同意"} | given
    return await http.post("/api/v1/family/access", json=body, headers=bearer(town, "admin"))


async def bound_to(http: httpx.AsyncClient, town: Town, home: PlacedHome) -> Any:
    params = {"resident_id": str(home.resident_id)}
    found = await http.get("/api/v1/family/access", params=params, headers=bearer(town, "admin"))
    return found.json()["items"]


@pytest.fixture
async def family(app: FastAPI, http: httpx.AsyncClient, town: Town) -> Seat:
    """王芳, bound to the elder of the eastern home."""
    assert (await bind(http, town, town.east)).status_code == 201
    return await sign_in(app, "family")


async def page(family: Seat, home: PlacedHome) -> httpx.Response:
    return await family.get(f"/family/residents/{home.resident_id}")


async def test_only_a_contact_can_be_bound_with_consent_and_a_family_account(
    http: httpx.AsyncClient, town: Town
) -> None:
    assert (await bind(http, town, town.east, contact="陌生人")).status_code == 422
    assert (await bind(http, town, town.east, username="operator")).status_code == 422
    assert (await bind(http, town, town.east, consent="")).status_code == 422
    made = await bind(http, town, town.east)
    assert made.status_code == 201
    assert (await bind(http, town, town.east)).status_code == 409
    (shown,) = (await http.get("/api/v1/family/access", headers=bearer(town, "admin"))).json()["items"]
    assert (shown["relation"], shown["consent"], shown["until"]) == ("女儿", "本人签字同意", None)


async def test_a_family_sees_the_place_only_with_consent_and_each_look_is_kept(
    app: FastAPI, http: httpx.AsyncClient, conn: Connection, town: Town
) -> None:
    path = f"/family/residents/{town.east.resident_id}/whereabouts"
    assert (await bind(http, town, town.east)).status_code == 201
    family = await sign_in(app, "family")
    assert (await family.get(path)).status_code == 403
    (bound,) = (await http.get("/api/v1/family/access", headers=bearer(town, "admin"))).json()["items"]
    await http.delete(f"/api/v1/family/access/{bound['id']}", headers=bearer(town, "admin"))
    assert (await bind(http, town, town.east, location=True)).status_code == 201
    await http.delete(f"/api/v1/family/access/{bound['id']}", headers=bearer(town, "admin"))
    ended, running = await bound_to(http, town, town.east)
    assert ended["until"] <= running["since"], "what has ended stays as it ended"
    assert (ended["ended"], running["ended"], running["until"]) == (True, False, None)
    assert await bound_to(http, town, town.west) == []
    told = await family.get(path)
    assert (told.status_code, told.json()["home"]["lat"], told.json()["fix"]) == (200, 37.43, None)
    other = f"/family/residents/{town.west.resident_id}/whereabouts"
    assert (await family.get(other)).status_code == 404
    row = await (await conn.execute("select count(*) from audit where action = 'place_viewed'")).fetchone()
    assert row == (1,)


async def test_a_family_reads_its_own_elder_and_no_other(family: Seat, town: Town) -> None:
    (mine,) = (await family.get("/family/residents")).json()["items"]
    assert (mine["id"], mine["name"], mine["relation"]) == (str(town.east.resident_id), "王秀英", "女儿")
    assert (await page(family, town.east)).status_code == 200
    stranger = await page(family, town.west)
    nobody = await family.get(f"/family/residents/{uuid.uuid4()}")
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.json()["detail"] == nobody.json()["detail"]
    for path in ("/residents/{id}", "/residents/{id}/last", "/cases"):
        assert (await family.get(path.format(id=town.east.resident_id))).status_code == 403


async def test_the_page_holds_no_code_no_cipher_and_no_one_elses_telephone(
    family: Seat, town: Town, conn: Connection, services: Services
) -> None:
    await ring(conn, services, town, town.east)
    text = (await page(family, town.east)).text
    for secret in ("8842", "cipher", "13800000000", "zb-1", "门禁"):
        assert secret not in text


async def test_the_thread_of_a_case_says_who_has_it_and_a_false_alarm_says_nothing_else(
    family: Seat, town: Town, conn: Connection, services: Services
) -> None:
    case_id = await ring(conn, services, town, town.east, "fall")
    (waiting,) = (await page(family, town.east)).json()["cases"]
    assert (waiting["stage"], waiting["who"], waiting["kinds"]) == ("waiting", "", ["fall"])
    now = services.clock.now()
    async with conn.transaction():
        await cases.claim(conn, case_id, OPERATOR, now=now)
    (taken,) = (await page(family, town.east)).json()["cases"]
    assert (taken["stage"], taken["who"]) == ("in_hand", "王敏")
    assert [step["step"] for step in taken["steps"]] == ["raised", "taken"]
    async with conn.transaction():
        await cases.resolve(conn, case_id, OPERATOR, now=now)
        await cases.close(conn, case_id, OPERATOR, disposition="false_alarm", note="误触", now=now)
    (over,) = (await page(family, town.east)).json()["cases"]
    assert (over["stage"], over["outcome"], over["kinds"], over["steps"]) == ("over", "false_alarm", [], [])


async def test_the_feed_tells_a_family_of_its_own_elder_alone(
    address: str, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services, app: FastAPI
) -> None:
    assert (await bind(http, town, town.east)).status_code == 201
    seat = await sign_in(app, "family")
    cookie = {"Cookie": f"carebed_session={seat.cookie}", "Origin": f"http://{address}"}
    async with follow(address, cookie) as socket:
        assert (await receive(socket))["type"] == "hello"
        await ring(conn, services, town, town.west)
        await ring(conn, services, town, town.east)
        frame = await receive(socket)
        assert (frame["type"], frame["data"]) == ("family", {"resident_id": str(town.east.resident_id)})
    told = (await seat.get("/feed")).json()["items"]
    assert [one["data"] for one in told] == [{"resident_id": str(town.east.resident_id)}]
    desk = (await http.get("/api/v1/feed", headers=bearer(town, "operator"))).json()["items"]
    assert {one["type"] for one in desk} == {"case"}


async def test_a_binding_that_ends_closes_the_page(
    family: Seat, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    (made,) = (await http.get("/api/v1/family/access", headers=bearer(town, "admin"))).json()["items"]
    gone = await http.delete(f"/api/v1/family/access/{made['id']}", headers=bearer(town, "admin"))
    assert gone.status_code == 204
    assert (await page(family, town.east)).status_code == 404
    assert (await family.get("/family/residents")).json()["items"] == []
    seq = (await family.get("/family/residents")).json()["seq"]
    await ring(conn, services, town, town.east)
    assert (await family.get("/feed", after=seq)).json()["items"] == []


async def test_after_a_death_the_page_is_silent(
    family: Seat, town: Town, conn: Connection, services: Services, clock: MovedClock
) -> None:
    clock.move(timedelta(minutes=1))
    async with conn.transaction():
        await people.set_state(
            conn,
            now=services.clock.now(),
            resident_id=town.east.resident_id,
            state="deceased",
            until=None,
        )
    seq = (await family.get("/family/residents")).json()["seq"]
    await ring(conn, services, town, town.east)
    found = (await page(family, town.east)).json()
    assert found["state"]["state"] == "deceased"
    assert [found[name] for name in ("cases", "now", "contacts", "devices", "looks", "phones")] == [[]] * 6
    assert (await family.get("/feed", after=seq)).json()["items"] == []


async def test_who_looked_is_shown_and_the_family_s_own_looks_are_written_down_too(
    family: Seat, app: FastAPI, town: Town, conn: Connection
) -> None:
    desk = await sign_in(app, "operator")
    for _ in range(3):
        assert (await desk.get(f"/residents/{town.east.resident_id}/last")).status_code == 200
    (look,) = (await page(family, town.east)).json()["looks"]
    assert (look["role"], look["who"], look["what"], look["times"]) == (
        "operator",
        "operator 甲",
        "health",
        1,  # what a screen repeats within minutes is one look
    )
    row = await (
        await conn.execute(
            "select count(*) from audit where action = 'family_viewed' and subject = %s",
            (str(town.east.resident_id),),
        )
    ).fetchone()
    assert row == (1,)


async def test_a_family_s_phone_is_no_seat_and_marks_no_case_as_shown(
    address: str, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services, app: FastAPI
) -> None:
    assert (await bind(http, town, town.east)).status_code == 201
    seat = await sign_in(app, "family")
    case_id = await ring(conn, services, town, town.east)
    cookie = {"Cookie": f"carebed_session={seat.cookie}", "Origin": f"http://{address}"}
    async with follow(address, cookie) as socket:
        await receive(socket)
        await socket.send(f'{{"type":"shown","case_id":"{case_id}","rings":1}}')
        await ring(conn, services, town, town.east, "smoke")
        await receive(socket)
    row = await (
        await conn.execute(
            "select count(*) from case_entry where case_id = %s and kind = 'shown'", (case_id,)
        )
    ).fetchone()
    assert row == (0,)
