"""What supervisors read: the audit trail, figures of a district, who can be put on duty."""

import io
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook
from websockets.asyncio.client import connect

from cloud.api import live_routes
from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import MovedClock, Town, bearer, ring, sign_in
from tests.cloud.api.screens import beat, receive
from tests.cloud.api.screens import sign_in as sign_in_at

pytestmark = pytest.mark.postgres


def day(services: Services) -> dict[str, str]:
    now = services.clock.now()
    return {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}


async def trail(
    http: httpx.AsyncClient, town: Town, services: Services, role: str, **more: Any
) -> list[dict[str, Any]]:
    answer = await http.get("/api/v1/audit", params=day(services) | more, headers=bearer(town, role))
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_look_at_a_case_is_read_with_who_and_which_case(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    case_id = await ring(conn, services, town, town.east)
    operator = await sign_in(app, "operator")
    number = (await operator.get(f"/cases/{case_id}")).json()["number"]
    for wanted in ({"action": "case_viewed"}, {"subject": str(case_id)}, {"subject": str(number)}):
        (found,) = await trail(http, town, services, "supervisor", **wanted)
        assert (found["action"], found["case_number"]) == ("case_viewed", number)
        assert (found["actor"], found["actor_role"]) == (f"staff:{operator.info['user']['id']}", "operator")
    assert await trail(http, town, services, "supervisor", subject="'; drop table audit") == []


async def test_looks_that_follow_one_another_are_one_line_and_every_row_is_kept(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services, clock: MovedClock
) -> None:
    case_id = await ring(conn, services, town, town.east)
    operator, other = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    for minute in (5, 5, 20):
        for seat in (operator, other):
            await seat.get(f"/cases/{case_id}")
        clock.move(timedelta(minutes=minute))
    await operator.get(f"/cases/{case_id}")
    asked = {"subject": str(case_id), "action": "case_viewed", "fold": "true"}
    found = await trail(http, town, services, "admin", **asked)
    assert [(one["actor_role"], one["times"]) for one in found] == [
        ("operator", 1),
        ("supervisor", 3),
        ("operator", 3),
    ]
    assert found[0]["first_at"] == found[0]["at"] > found[2]["at"] > found[2]["first_at"]
    rows = await trail(http, town, services, "admin", subject=str(case_id), action="case_viewed")
    assert [one["times"] for one in rows] == [1] * 7


async def test_a_screen_that_asks_again_and_again_writes_a_row_every_four_minutes_and_each_act_is_one(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services, clock: MovedClock
) -> None:
    case_id = await ring(conn, services, town, town.east)
    for _ in range(9):
        for kind in ("heart_rate", "spo2"):
            asked = await http.get(f"/api/v1/map/values?kind={kind}", headers=bearer(town, "supervisor"))
            assert asked.status_code == 200
        clock.move(timedelta(minutes=1))
    looks = await trail(http, town, services, "admin", action="health_viewed")
    assert [look["detail"]["kinds"] for look in looks] == [["spo2"], ["heart_rate"]] * 3
    for _ in range(2):
        await http.post(f"/api/v1/cases/{case_id}/door-code", headers=bearer(town, "operator"))
    assert len(await trail(http, town, services, "admin", action="door_code_viewed")) == 2


async def test_reading_the_trail_is_in_the_trail(
    http: httpx.AsyncClient, town: Town, services: Services
) -> None:
    await trail(http, town, services, "supervisor", action="door_code_viewed")
    (found,) = await trail(http, town, services, "admin", action="audit_read")
    assert found["detail"]["action"] == "door_code_viewed"
    assert found["actor"].startswith("token:")


async def test_the_trail_names_the_people_homes_and_beds_that_it_tells_of(
    http: httpx.AsyncClient, town: Town, services: Services
) -> None:
    admin = bearer(town, "admin")
    home = (await http.get("/api/v1/homes", headers=admin)).json()["items"][0]
    person = {"username": "newcomer", "name": "林夏", "role": "operator"}
    made = (await http.post("/api/v1/staff", json=person, headers=admin)).json()
    bed = (await http.post(f"/api/v1/homes/{home['id']}/beds", json={"label": "B"}, headers=admin)).json()
    await http.get(f"/api/v1/homes/{home['id']}", headers=admin)
    named = {one["subject"]: one["subject_name"] for one in await trail(http, town, services, "admin")}
    assert named[made["id"]] == "林夏"
    assert named[home["id"]] == home["place"]
    assert named[bed["id"]] == f"{home['place']} B"


async def test_a_districts_supervisor_reads_the_acts_of_his_district(
    http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    east, west = await ring(conn, services, town, town.east), await ring(conn, services, town, town.west)
    for case_id in (east, west):
        seen = await http.get(f"/api/v1/cases/{case_id}", headers=bearer(town, "supervisor"))
        assert seen.status_code == 200
    resident = f"/api/v1/residents/{town.west.resident_id}"
    assert (await http.get(resident, headers=bearer(town, "supervisor"))).status_code == 200
    assert [item["subject"] for item in await trail(http, town, services, "east")] == [str(east)]
    others = await trail(http, town, services, "west")
    assert {item["subject"] for item in others} == {str(west), str(town.west.resident_id)}
    assert [item["resident_name"] for item in others if item["action"] == "resident_viewed"] != [""]
    assert {item["subject"] for item in await trail(http, town, services, "admin")} >= {str(east), str(west)}


async def test_the_trail_is_read_page_by_page_newest_first(
    http: httpx.AsyncClient, town: Town, services: Services, clock: MovedClock
) -> None:
    for _ in range(5):
        await http.get("/api/v1/cases", headers=bearer(town, "operator"))
        clock.move(timedelta(minutes=5))
    seen: list[int] = []
    query: dict[str, Any] = day(services) | {"limit": 2, "action": "cases_listed"}
    while True:
        page = (await http.get("/api/v1/audit", params=query, headers=bearer(town, "admin"))).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_before"] is None:
            break
        query["before"] = page["next_before"]
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)
    backwards = {"from": query["to"], "to": query["from"]}
    refused = await http.get("/api/v1/audit", params=backwards, headers=bearer(town, "admin"))
    assert refused.status_code == 422


@pytest.mark.parametrize("role", ["operator", "technician", "responder", "family", "official"])
async def test_nobody_else_reads_the_trail(
    http: httpx.AsyncClient, town: Town, services: Services, role: str
) -> None:
    answer = await http.get("/api/v1/audit", params=day(services), headers=bearer(town, role))
    assert answer.status_code == 403


async def test_figures_come_as_a_workbook_and_of_one_district(
    http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    await ring(conn, services, town, town.east)
    await ring(conn, services, town, town.west)

    async def get(path: str, role: str, **more: str) -> httpx.Response:
        return await http.get(f"/api/v1/{path}", params=day(services) | more, headers=bearer(town, role))

    file = await get("kpi.xlsx", "supervisor", group="district")
    assert file.headers["content-disposition"].endswith('-district.xlsx"')
    book = load_workbook(io.BytesIO(file.content))
    figures = {row[0]: row[1:] for row in book.worksheets[0].iter_rows(values_only=True)}
    assert figures["cases_all"][:3] == (2, 1, 1)
    assert len(book.worksheets) == 3
    one = (await get("kpi", "supervisor", area="370502")).json()
    assert one["total"]["cases_all"] == 1
    assert (await get("kpi", "east", area="370503")).status_code == 403
    assert (await get("kpi.xlsx", "operator")).status_code == 403


async def test_who_can_be_put_on_duty_is_of_the_planners_area(http: httpx.AsyncClient, town: Town) -> None:
    answer = await http.get("/api/v1/duty/staff", headers=bearer(town, "supervisor"))
    assert answer.status_code == 200
    roles = {one["role"] for one in answer.json()["items"]}
    assert "supervisor" in roles
    assert "family" not in roles


async def test_a_wall_gets_numbers_and_nobodys_name(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services, clock: MovedClock
) -> None:
    await ring(conn, services, town, town.east)
    taken = await ring(conn, services, town, town.west)
    operator = await sign_in(app, "operator")
    await operator.post(f"/cases/{taken}/claim")
    clock.move(timedelta(seconds=5))
    for role in ("official", "supervisor", "admin"):
        answer = await http.get("/api/v1/wall", headers=bearer(town, role))
        found = answer.json()
        assert (found["waiting"], found["in_hand"], found["by_priority"]) == (1, 1, [1, 0, 0, 0])
        assert found["seats"][0]["cases"] == 1
        figures = await http.get("/api/v1/wall/figures", headers=bearer(town, role))
        assert {item["figure"] for item in figures.json()["figures"]} >= {"answer_15s_acted", "cases_all"}
        told = answer.text + figures.text
        rows = await conn.execute(
            "select name from person union select name from staff union select compound from home"
            " union select id::text from cases union select phone from person_phone"
        )
        for (word,) in await rows.fetchall():
            assert len(word) < 5 or word not in told, word
        assert json.loads(answer.text)["waiting_cases"][0].keys() == {
            "priority",
            "kinds",
            "since",
            "escalated",
        }
    east = (await http.get("/api/v1/wall", headers=bearer(town, "east"))).json()
    assert (east["waiting"], east["in_hand"]) == (1, 0)


async def test_a_wall_hears_that_something_changed_and_never_what(
    address: str, town: Town, conn: Connection, services: Services
) -> None:
    url = f"ws://{address}/api/v1/ws?view=wall"
    async with connect(url, additional_headers=bearer(town, "official"), proxy=None) as socket:
        hello = await receive(socket)
        await ring(conn, services, town, town.east)
        frame = await receive(socket)
    assert frame == {"seq": hello["seq"] + 1, "prev": hello["seq"], "type": "wall", "data": {}}


async def test_a_wall_keeps_no_seat_alive(
    address: str, town: Town, conn: Connection, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_routes, "BEAT_S", 0.3)
    headers = await sign_in_at(address, "supervisor") | {"Origin": f"http://{address}"}
    async with connect(
        f"ws://{address}/api/v1/ws?view=wall", additional_headers=headers, proxy=None
    ) as socket:
        await receive(socket)
        clock.move(timedelta(seconds=30))
        for said in ('{"type":"hb"}', '{"type":"sound","armed":true}'):
            await socket.send(said)
        await beat(socket)
    found = (await (await conn.execute("select opened_at = last_seen_at, sound from seat")).fetchall())[0]
    assert found == (True, False)
