"""The queue and one case over HTTP: shapes, race, conflicts, areas, door code, who looked."""

import asyncio
import uuid
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from cloud.api import feed_schemas, schemas
from cloud.api.services import Services
from cloud.database.pool import Connection
from cloud.feed import store as feed
from tests.cloud.api.conftest import MovedClock, Town, bearer, ring, sign_in

pytestmark = pytest.mark.postgres


async def audit_rows(conn: Connection, action: str) -> list[tuple[str, str]]:
    cursor = await conn.execute("select actor, subject from audit where action = %s order by id", (action,))
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def test_answers_are_exactly_what_the_api_describes(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    listed = await seat.get("/cases")
    body = schemas.CaseList.model_validate_json(listed.content)
    assert body.items[0].id == case
    assert body.items[0].resident is not None
    assert body.items[0].place is not None
    assert listed.json()["items"][0]["opened_at"].endswith("Z")
    assert len(listed.json()["items"][0]["opened_at"]) == len("2026-01-01T02:10:00.000Z")
    for path in ("claim", "renew", "resolve"):
        schemas.CaseSummary.model_validate_json((await seat.post(f"/cases/{case}/{path}")).content)
    closed = await seat.post(f"/cases/{case}/close", {"disposition": "help_given", "note": "送医"})
    assert schemas.CaseSummary.model_validate_json(closed.content).disposition == "help_given"
    detail = schemas.CaseDetail.model_validate_json((await seat.get(f"/cases/{case}")).content)
    assert detail.chain_valid
    assert detail.contacts[0].phone == "13800000000"
    assert detail.access.has_door_code
    assert "8842" not in (await seat.get(f"/cases/{case}")).text
    feed = feed_schemas.FeedPage.model_validate_json((await seat.get("/feed", after=0)).content)
    assert [frame.seq for frame in feed.items] == list(range(1, feed.seq + 1))


async def test_of_twenty_claims_at_once_one_wins_and_the_others_are_told_who(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seats = await asyncio.gather(
        *(sign_in(app, ("operator", "supervisor", "east")[n % 3]) for n in range(20))
    )
    answers = await asyncio.gather(*(seat.post(f"/cases/{case}/claim") for seat in seats))
    owners = {answer.json()["owner"]["name"] for answer in answers if answer.status_code == 200}
    assert len(owners) == 1
    losers = [answer.json() for answer in answers if answer.status_code == 409]
    assert {loser["owner_name"] for loser in losers} == owners
    assert {answer.status_code for answer in answers} == {200, 409}
    timeline = (await seats[0].get(f"/cases/{case}")).json()["timeline"]
    assert sum(line["kind"] == "claimed" for line in timeline) == 1


async def test_an_impossible_transition_says_the_state(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    answer = await seat.post(f"/cases/{case}/close", {"disposition": "test"})
    assert answer.status_code == 409
    assert answer.json()["state"] == "open"
    assert answer.json()["detail_zh"]


async def test_the_same_idempotency_key_writes_one_note(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    for key in ("a1", "a1", "a2"):
        answer = await seat.post(f"/cases/{case}/notes", {"text": "家属已到"}, **{"Idempotency-Key": key})
        assert answer.status_code == 200
    notes = [line for line in (await seat.get(f"/cases/{case}")).json()["timeline"] if line["kind"] == "note"]
    assert len(notes) == 2


async def test_a_district_sees_its_own_cases_only(
    app: FastAPI, http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    east = await ring(conn, services, town, town.east)
    west = await ring(conn, services, town, town.west)
    seat = await sign_in(app, "east")
    assert [item["id"] for item in (await seat.get("/cases")).json()["items"]] == [str(east)]
    for path in (f"/cases/{west}",):
        assert (await seat.get(path)).status_code == 404
    for action in ("claim", "release", "renew", "resolve", "door-code"):
        assert (await seat.post(f"/cases/{west}/{action}")).status_code == 404
    assert (await seat.post(f"/cases/{west}/notes", {"text": "x"})).status_code == 404
    frames = (await seat.get("/feed")).json()["items"]
    assert {frame["data"]["id"] for frame in frames} == {str(east)}
    for path in ("", "/trend?kind=heart_rate", "/last"):
        answer = await http.get(
            f"/api/v1/residents/{town.west.resident_id}{path}", headers=bearer(town, "east")
        )
        assert answer.status_code == (404), path


async def test_the_door_code_is_shown_to_who_asks_and_that_is_written_down_twice(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    answer = await seat.post(f"/cases/{case}/door-code")
    assert answer.json() == {"door_code": "8842#"}
    actor = f"staff:{seat.info['user']['id']}"
    assert await audit_rows(conn, "door_code_viewed") == [(actor, str(town.east.home_id))]
    kinds = [line["kind"] for line in (await seat.get(f"/cases/{case}")).json()["timeline"]]
    assert "door_code_viewed" in kinds


async def test_who_looked_is_written_down(
    app: FastAPI, http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    seat = await sign_in(app, "operator")
    resident = town.east.resident_id
    await seat.get("/cases")
    await seat.get(f"/cases/{case}")
    await seat.get(f"/residents/{resident}")
    await seat.get(f"/residents/{resident}/trend", kind="heart_rate")
    await http.get(f"/api/v1/residents/{resident}/last", headers=bearer(town, "supervisor"))
    actor = f"staff:{seat.info['user']['id']}"
    assert await audit_rows(conn, "cases_listed") == [(actor, "cases")]
    assert await audit_rows(conn, "case_viewed") == [(actor, str(case))]
    assert await audit_rows(conn, "resident_viewed") == [(actor, str(resident))]
    looks = await audit_rows(conn, "health_viewed")
    assert [look[1] for look in looks] == [str(resident)] * 2
    assert looks[1][0].startswith("token:")


async def test_a_refused_look_leaves_no_trace_of_having_seen(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    west = await ring(conn, services, town, town.west)
    seat = await sign_in(app, "east")
    assert (await seat.get(f"/cases/{west}")).status_code == 404
    assert await audit_rows(conn, "case_viewed") == []


async def test_escalations_are_for_supervisors(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    async with conn.transaction():
        await feed.append(
            conn,
            now=services.clock.now(),
            type="escalation",
            data={"case_id": str(case), "reason": "p1_unclaimed"},
            case_id=case,
            area_code=town.east.area,
            org_id=town.org_id,
        )
    for role, expected in (("operator", ["case"]), ("supervisor", ["case", "escalation"])):
        page = (await http.get("/api/v1/feed", headers=bearer(town, role))).json()
        assert [frame["type"] for frame in page["items"]] == expected


async def test_pages_go_on_below_the_last_number(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    for home in (town.east, town.west):
        await ring(conn, services, town, home)
    headers = bearer(town, "operator")
    first = (await http.get("/api/v1/cases?limit=1", headers=headers)).json()["items"]
    second = (await http.get(f"/api/v1/cases?limit=1&before={first[0]['number']}", headers=headers)).json()[
        "items"
    ]
    assert {first[0]["subject_id"], second[0]["subject_id"]} == {
        str(town.east.home_id),
        str(town.west.home_id),
    }


async def test_of_the_closed_the_one_closed_last_comes_first_whenever_it_was_opened(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town, clock: MovedClock
) -> None:
    headers = bearer(town, "operator")
    older, newer = [await ring(conn, services, town, home) for home in (town.east, town.west)]
    for case in (newer, older):
        clock.move(timedelta(seconds=1))
        for step, body in (("claim", {}), ("resolve", {}), ("close", {"disposition": "test"})):
            done = await http.post(f"/api/v1/cases/{case}/{step}", json=body, headers=headers)
            assert done.is_success, done.text

    async def listed(query: str) -> list[str]:
        page = (await http.get(f"/api/v1/cases?state=closed{query}", headers=headers)).json()
        return [item["id"] for item in page["items"]]

    assert await listed("") == [str(newer), str(older)]
    assert await listed("&by=closed_at") == [str(older), str(newer)]
    assert await listed("&by=closed_at&limit=1") == [str(older)]


async def test_an_unknown_case_is_a_404_and_a_malformed_id_a_422(http: httpx.AsyncClient, town: Town) -> None:
    headers = bearer(town, "operator")
    assert (await http.get(f"/api/v1/cases/{uuid.uuid4()}", headers=headers)).status_code == 404
    assert (await http.get("/api/v1/cases/not-an-id", headers=headers)).status_code == 422


async def test_a_program_may_hold_a_case_without_a_seat(
    app: FastAPI, http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    case = await ring(conn, services, town, town.east)
    answer = await http.post(f"/api/v1/cases/{case}/claim", json={}, headers=bearer(town, "operator"))
    owner = schemas.CaseSummary.model_validate_json(answer.content).owner
    assert owner is not None
    assert (owner.name, owner.seat_id) == ("program-operator", None)
    seat = await sign_in(app, "operator")
    assert (await seat.post(f"/cases/{case}/release")).status_code == 409
