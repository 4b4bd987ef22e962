"""The desk over HTTP: stages, hand-over, policies, schedules, holes."""

import uuid
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.api import desk_schemas, escalation_schemas, schemas
from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import Seat, Town, bearer, ring, sign_in

pytestmark = pytest.mark.postgres


async def a_claimed_case(conn: Connection, services: Services, town: Town, seat: Seat) -> uuid.UUID:
    case = await ring(conn, services, town, town.east)
    assert (await seat.post(f"/cases/{case}/claim")).status_code == 200
    return case


async def put(seat: Seat, path: str, body: Any) -> Any:
    return await seat.client.put(f"/api/v1{path}", json=body, headers=seat.headers)


async def test_a_case_goes_through_its_stages_over_http(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, other = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    case = await a_claimed_case(conn, services, town, seat)
    called = await seat.post(f"/cases/{case}/contact")
    assert schemas.CaseSummary.model_validate_json(called.content).state == "contacting"
    silent = await seat.post(f"/cases/{case}/call-back", {"outcome": "no_answer"})
    assert "no_answer" in silent.json()["kinds"]
    refused = await other.post(f"/cases/{case}/contact")
    assert (refused.status_code, refused.json()["owner_name"]) == (409, "operator 甲")
    seats = desk_schemas.SeatList.model_validate_json((await seat.get("/seats")).content)
    assert {one.name for one in seats.items} == {"operator 甲", "supervisor 甲"}
    given = await seat.post(f"/cases/{case}/hand-over", {"to": other.info["seat_id"]})
    assert given.json()["handed_to"]["name"] == "supervisor 甲"
    assert given.json()["state"] == "handed_over"
    assert (await other.post(f"/cases/{case}/claim")).json()["state"] == "claimed"
    order = await other.post(f"/cases/{case}/service-order", {"note": "换电池"})
    assert order.json()["service_order"] is True
    path = f"/api/v1/cases/{case}/service-order"
    back = await seat.client.delete(path, headers=seat.headers)
    assert back.json()["owner"]["name"] == "operator 甲"
    assert (await other.post(f"/cases/{case}/take-over", {"reason": "x"})).status_code == 200
    assert (await seat.post(f"/cases/{case}/take-over", {})).status_code == 403
    rings = (await other.get(f"/cases/{case}")).json()["rings"]
    unseen = await other.post(f"/cases/{case}/resolve?seen_rings={rings - 1}")
    assert (unseen.status_code, unseen.json()["state"]) == (409, "claimed"), "it rang again, unseen"
    assert (await other.post(f"/cases/{case}/resolve?seen_rings={rings}")).status_code == 200
    assert (await other.post(f"/cases/{case}/follow-up", {})).json()["state"] == "followed_up"
    assert (await seat.get("/cases", state="followed_up")).json()["items"][0]["id"] == str(case)
    assert (await seat.get("/cases")).json()["items"][0]["id"] == str(case), "live until it is closed"


async def test_the_supervisors_are_told_by_hand_of_a_live_case_and_nobody_else_hears_it(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, chief = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    case = await a_claimed_case(conn, services, town, seat)
    told = await seat.post(f"/cases/{case}/supervisors", {"note": "家属要求与负责人通话"})
    assert schemas.CaseSummary.model_validate_json(told.content).state == "claimed"
    heard = [
        frame["data"] for frame in (await chief.get("/feed", limit=1000)).json()["items"]
        if frame["type"] == "escalation"
    ]  # fmt: skip
    assert heard == [{"case_id": str(case), "reason": "by_hand"}]
    assert "escalation" not in {
        frame["type"] for frame in (await seat.get("/feed", limit=1000)).json()["items"]
    }
    timeline = (await seat.get(f"/cases/{case}")).json()["timeline"]
    [line] = [entry for entry in timeline if entry["kind"] == "escalated"]
    assert line["actor"] == "operator 甲"
    assert line["data"]["note"] == "家属要求与负责人通话"
    assert line["data"]["to"] == "supervisors"
    await seat.post(f"/cases/{case}/resolve")
    assert (await seat.post(f"/cases/{case}/supervisors", {})).status_code == 409


async def test_signing_out_hands_over_to_who_is_named(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, other = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    case = await a_claimed_case(conn, services, town, seat)
    to = other.info["user"]["id"]
    answer = await seat.client.delete(f"/api/v1/session?to={to}", headers=seat.headers)
    assert answer.status_code == 204
    found = (await other.get(f"/cases/{case}")).json()
    assert (found["state"], found["handed_from"]) == ("handed_over", "operator 甲")
    assert found["timeline"][-1]["data"]["note"] == "signed_off"


async def test_two_cases_are_merged_by_who_has_one_within_their_area(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, east = await sign_in(app, "operator"), await sign_in(app, "east")
    kept = await a_claimed_case(conn, services, town, seat)
    gone = await ring(conn, services, town, town.west, kind="smoke")
    assert (await east.post(f"/cases/{gone}/merge", {"into": str(kept)})).status_code == 404
    merged = await seat.post(f"/cases/{gone}/merge", {"into": str(kept)})
    assert set(merged.json()["kinds"]) == {"sos", "smoke"}
    again = await seat.post(f"/cases/{gone}/merge", {"into": str(kept)})
    assert (again.status_code, again.json()["state"], again.json()["existing_id"]) == (
        409,
        "merged",
        str(kept),
    )


async def test_a_policy_is_edited_by_version_and_within_ones_area(app: FastAPI, town: Town) -> None:
    chief = await sign_in(app, "supervisor")
    listed = escalation_schemas.PolicyList.model_validate_json(
        (await chief.get("/escalation/policies")).content
    )
    default = next(one for one in listed.items if one.priority == 1)
    assert [(step.delay_s, step.target) for step in default.steps] == [
        (30, "all_seats"),
        (30, "supervisor_screen"),
        (60, "supervisors"),
        (120, "contacts"),
        (120, "duty_manager"),
    ]
    body = default.model_dump(mode="json", exclude={"id"}) | {"repeat_every_s": 300}
    made = await put(chief, f"/escalation/policies/{default.id}", body)
    assert (made.json()["version"], made.json()["repeat_every_s"]) == (2, 300)
    slower = await put(chief, f"/escalation/policies/{default.id}", body)
    assert (slower.status_code, slower.json()["version"]) == (409, 2)
    useless = body | {"version": 2, "steps": [{"delay_s": 1, "target": "all_seats"}]}
    assert (await put(chief, f"/escalation/policies/{default.id}", useless)).status_code == 422
    retired = body | {"version": 2, "retired": True}
    assert (await put(chief, f"/escalation/policies/{default.id}", retired)).status_code == 409


async def test_a_district_changes_nothing_that_holds_for_others(
    app: FastAPI, conn: Connection, http: httpx.AsyncClient, town: Town
) -> None:
    chief, east = await sign_in(app, "supervisor"), bearer(town, "east")
    listed = (await chief.get("/escalation/policies")).json()["items"]
    default = next(one for one in listed if one["priority"] == 1)
    moved = {name: value for name, value in default.items() if name != "id"} | {"area_code": "370502"}
    path = f"/escalation/policies/{default['id']}"
    assert (await http.put(f"/api/v1{path}", json=moved, headers=east)).status_code == 403
    for elsewhere in ({"area_code": "370502"}, {"area_code": "", "priority": 2}):
        assert (await put(chief, path, moved | elsewhere)).status_code == 409
    shift = {"starts": "00:00", "ends": "00:00", "staff": [chief.info["user"]["id"]]}
    duty = {"version": 0, "name": "河口", "role": "supervisor", "area_code": "370503", "shifts": [shift]}
    path = f"/duty/schedules/{uuid.uuid4()}"
    assert (await put(chief, path, duty)).status_code == 200
    taken = duty | {"version": 1, "area_code": "370502", "retired": True}
    assert (await http.put(f"/api/v1{path}", json=taken, headers=east)).status_code == 403
    operator = (await sign_in(app, "operator")).info["user"]["id"]
    await conn.execute("update staff set area_code = '370502' where id = %s", (operator,))
    theirs = duty | {"version": 1, "shifts": [shift | {"staff": [operator]}]}
    assert (await put(chief, path, theirs)).status_code == 422
    days = {"items": [{"day": "2026-10-01", "name": "国庆节", "off": True}]}
    assert (await http.put("/api/v1/duty/holidays/2026", json=days, headers=east)).status_code == 403
    fall = (await chief.get("/protocols/fall")).json()["items"][0]
    steps = {name: fall[name] for name in ("version", "name_zh", "name_en", "steps", "phrases")}
    assert (await http.put("/api/v1/protocols/fall", json=steps, headers=east)).status_code == 403
    assert (await put(chief, "/protocols/fall", steps)).status_code == 200
    # Where nobody lives elsewhere, but for the canary, a district's rules are everybody's.
    await conn.execute("update home set synthetic = true where area_code = '370503'")
    assert (await http.put("/api/v1/duty/holidays/2026", json=days, headers=east)).status_code == 200


async def test_schedules_and_holidays_say_who_is_on_duty_and_which_hours_are_missing(
    app: FastAPI, town: Town
) -> None:
    chief, operator = await sign_in(app, "supervisor"), await sign_in(app, "operator")
    me = chief.info["user"]["id"]
    shift = {"starts": "00:00", "ends": "00:00", "staff": [me]}
    body = {"version": 0, "name": "主管值班", "role": "supervisor", "shifts": [shift]}
    path = f"/duty/schedules/{uuid.uuid4()}"
    made = escalation_schemas.Schedule.model_validate_json((await put(chief, path, body)).content)
    assert [str(one) for one in made.on_duty] == [me]
    assert (await operator.get("/escalation/gaps")).json()["forecast"] == []
    nobody = body | {"version": 1, "shifts": [shift | {"day_kind": "workday"}]}
    assert (await put(chief, path, nobody)).json()["version"] == 2
    found = escalation_schemas.GapList.model_validate_json((await operator.get("/escalation/gaps")).content)
    assert len(found.forecast) >= 4
    days = {"items": [{"day": "2026-10-01", "name": "国庆节", "off": True}]}
    assert (await put(chief, "/duty/holidays/2026", days)).json() == days
    assert (await operator.get("/duty/holidays/2026")).json() == days
    assert (await put(chief, "/duty/holidays/2027", days)).status_code == 422
    unknown = body | {"version": 2, "shifts": [shift | {"staff": [str(uuid.uuid4())]}]}
    assert (await put(chief, path, unknown)).status_code == 422
