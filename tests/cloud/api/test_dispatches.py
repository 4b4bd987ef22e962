"""Dispatches over HTTP, as the desk and as the responder see them."""

import uuid
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI

from cloud.api import desk_schemas, schemas
from cloud.api.services import Services
from cloud.cases import answers
from cloud.database.pool import Connection
from tests.cloud.api.conftest import MovedClock, Seat, Town, sign_in
from tests.cloud.api.test_desk import a_claimed_case, put

pytestmark = pytest.mark.postgres


async def a_responder(app: FastAPI, chief: Seat) -> Seat:
    """The user `responder`, signed in, with a zone of east."""
    seat = await sign_in(app, "responder")
    zone = await chief.post(
        "/zones", {"name": "东城", "area_code": "370502", "lat": 37.43, "lon": 118.67, "promise_s": 900}
    )
    assert zone.status_code == 201, zone.text
    body = {"zone_id": zone.json()["id"], "skills": ["nursing"]}
    answer = await put(chief, f"/responders/{seat.info['user']['id']}", body)
    desk_schemas.ResponderShown.model_validate_json(answer.content)
    return seat


async def test_the_same_key_sends_one_responder(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, chief = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    await a_responder(app, chief)
    case = await a_claimed_case(conn, services, town, seat)
    sent = [await seat.post(f"/cases/{case}/dispatches", {}, **{"Idempotency-Key": "go-1"}) for _ in range(2)]
    assert [answer.status_code for answer in sent] == [200, 200]
    assert sent[0].json()["dispatch"]["id"] == sent[1].json()["dispatch"]["id"]
    undone = await seat.post(f"/dispatches/{sent[0].json()['dispatch']['id']}/undo")
    assert undone.json()["state"] == "claimed"


async def test_a_responder_sees_the_way_in_from_accepting_until_it_is_done(
    app: FastAPI, conn: Connection, services: Services, town: Town, clock: MovedClock
) -> None:
    seat, chief = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    responder = await a_responder(app, chief)
    case = await a_claimed_case(conn, services, town, seat)
    moved = await responder.post("/responder/position", {"lat": 37.431, "lon": 118.67})
    assert moved.json()["lat"] == 37.431
    listed = await seat.get(f"/cases/{case}/responders", skill="nursing")
    (candidate,) = desk_schemas.CandidateList.model_validate_json(listed.content).items
    assert (candidate.standing, candidate.lacks, candidate.promise_s) == ("free", [], 900)
    sent = await seat.post(f"/cases/{case}/dispatches", {"staff_id": str(candidate.staff_id)})
    made = desk_schemas.Dispatched.model_validate_json(sent.content)
    assert made.case.state == "dispatched"
    one = f"/dispatches/{made.dispatch.id}"
    (mine,) = desk_schemas.DispatchList.model_validate_json(
        (await responder.get("/dispatches")).content
    ).items
    assert (mine.resident_name, mine.kinds) == ("王秀英", ["sos"])
    assert "8842" not in (await responder.get(one)).text
    assert (await responder.post(f"{one}/way-in")).status_code == 404
    assert (await responder.post(f"{one}/accept", {"eta_minutes": 8})).json()["state"] == "accepted"
    assert (await responder.post(f"{one}/way-in")).json() == {"access_note": "门禁 2#", "door_code": "8842#"}
    clock.move(timedelta(seconds=6))
    assert (await seat.post(f"{one}/undo")).status_code == 409
    assert (await responder.post(f"{one}/arrive")).json()["state"] == "arrived"
    assert (await seat.get(f"/cases/{case}")).json()["state"] == "on_scene"
    done = await responder.post(f"{one}/finish", {"outcome": "help_given", "note": "扶起"})
    assert done.json()["state"] == "done"
    assert (await responder.post(f"{one}/way-in")).status_code == 404
    assert (await responder.get("/dispatches")).json()["items"] == []
    ended = (await responder.get(one)).json()
    assert (ended["resident_name"], ended["place"]) == (None, None)
    detail = schemas.CaseDetail.model_validate_json((await seat.get(f"/cases/{case}")).content)
    assert "door_code_viewed" in [line.kind for line in detail.timeline]
    assert detail.dispatches[0].outcome == "help_given"
    assert detail.chain_valid


async def test_what_was_not_answered_in_time_stays_to_be_accepted_while_the_case_is_live(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, chief = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    responder = await a_responder(app, chief)
    case = await a_claimed_case(conn, services, town, seat)

    async def missed() -> str:
        sent = await seat.post(f"/cases/{case}/dispatches", {"staff_id": responder.info["user"]["id"]})
        found: str = sent.json()["dispatch"]["id"]
        due = datetime.fromisoformat(sent.json()["dispatch"]["answer_due_at"])
        async with conn.transaction():
            assert await answers.miss(conn, uuid.UUID(found), now=due)
        return found

    first, second = await missed(), await missed()
    (late,) = (await responder.get("/dispatches")).json()["items"]
    assert (late["id"], late["state"], late["resident_name"]) == (second, "no_answer", "王秀英")
    assert (await responder.post(f"/dispatches/{second}/accept", {})).json()["state"] == "accepted"
    assert [one["id"] for one in (await responder.get("/dispatches")).json()["items"]] == [second]
    assert (await responder.post(f"/dispatches/{first}/accept", {})).status_code == 409
    await responder.post(f"/dispatches/{second}/refuse", {"reason": "车坏了"})
    third = await missed()
    await seat.post(f"/cases/{case}/resolve")
    assert (await responder.get("/dispatches")).json()["items"] == []
    over = (await responder.get(f"/dispatches/{third}")).json()
    assert (over["state"], over["resident_name"], over["place"]) == ("no_answer", None, None)


async def test_a_responder_sees_no_dispatch_of_another_and_no_case(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, chief = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    responder = await a_responder(app, chief)
    case = await a_claimed_case(conn, services, town, seat)
    one = (await seat.post(f"/cases/{case}/dispatches", {})).json()["dispatch"]["id"]
    row = await conn.execute(
        "insert into staff (id, username, name, role, password_hash, created_at)"
        " select gen_random_uuid(), 'r2', 'r2', 'responder', password_hash, created_at"
        " from staff where username = 'responder' returning id"
    )
    other_id = await row.fetchone()
    assert other_id is not None
    other = await sign_in(app, "r2")
    assert (await other.get(f"/dispatches/{one}")).status_code == 404
    for deed, body in (("accept", {}), ("refuse", {}), ("arrive", None), ("way-in", None)):
        assert (await other.post(f"/dispatches/{one}/{deed}", body)).status_code == 404
    assert (await other.get("/dispatches")).json()["items"] == []
    assert (await other.post("/responder/availability", {"available": True})).status_code == 404
    assert (await responder.get(f"/cases/{case}")).status_code == 403
    west = await sign_in(app, "west")
    assert (await west.get(f"/dispatches/{one}")).status_code == 404
    assert (await west.post(f"/dispatches/{one}/recall", {})).status_code == 404
