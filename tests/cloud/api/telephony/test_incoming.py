"""Calls that come in: who rings, whom it concerns, where it pops up, and what it does to a case."""

import json
import uuid

import httpx
import pytest
from fastapi import FastAPI

from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import Seat, Town, ring, sign_in
from tests.cloud.api.telephony.conftest import Exchange, calls_seen, entries

pytestmark = pytest.mark.postgres


async def test_a_known_number_pops_up_with_the_elder_and_what_runs_for_them(
    seat: Seat, exchange: Exchange, town: Town, conn: Connection, services: Services
) -> None:
    case = await ring(conn, services, town, town.east)
    await exchange.say("ringing", number="+86 138 0000 0000", extension="801")
    [pop] = await calls_seen(seat)
    assert (pop["state"], pop["direction"], pop["other_number"]) == (
        "ringing",
        "incoming",
        "+86 138 0000 0000",
    )
    [caller] = pop["callers"]
    assert caller["name"] == "王芳"
    east = next(one for one in caller["residents"] if one["id"] == str(town.east.resident_id))
    assert (east["name"], east["relation"], east["has_key"], east["is_caller"]) == (
        "王秀英",
        "女儿",
        True,
        False,
    )
    assert [one["id"] for one in east["cases"]] == [str(case)]
    assert "501" in east["place"]
    looks = await conn.execute("select actor, subject from audit where action = 'caller_shown'")
    [(actor, subject)] = await looks.fetchall()
    assert (actor, subject) == (f"staff:{seat.info['user']['id']}", pop["id"])


async def test_an_unknown_number_pops_up_with_nobody_and_becomes_a_case_that_the_operator_has(
    seat: Seat, exchange: Exchange
) -> None:
    await exchange.say("ringing", number="13911112222", extension="801")
    [pop] = await calls_seen(seat)
    assert (pop["callers"], pop["other_number"]) == ([], "13911112222")
    opened = await seat.post(f"/telephony/calls/{pop['id']}/case", {"note": "说话含糊"})
    assert opened.status_code == 200, opened.text
    assert opened.json()["opened"]
    detail = (await seat.get(f"/cases/{opened.json()['case_id']}")).json()
    assert (detail["kinds"], detail["priority"], detail["class"]) == (["phone_call"], 2, "care")
    assert detail["owner"]["seat_id"] == seat.info["seat_id"]
    assert "13911112222" not in json.dumps(detail)
    again = await seat.post(f"/telephony/calls/{pop['id']}/case", {})
    assert again.json() == {"case_id": opened.json()["case_id"], "opened": False}
    await exchange.say("connected", extension="801")
    assert [data["state"] for data in await entries(seat, detail["id"])] == ["ringing", "connected"]


async def test_a_known_callers_case_joins_the_one_that_runs_in_the_home(
    seat: Seat, exchange: Exchange, town: Town, conn: Connection, services: Services
) -> None:
    case = await ring(conn, services, town, town.east)
    taken = await exchange.say("ringing", number="13800000000", extension="801")
    answer = await seat.post(
        f"/telephony/calls/{taken['call_id']}/case", {"resident_id": str(town.east.resident_id)}
    )
    assert answer.json() == {"case_id": str(case), "opened": False}
    summary = (await seat.get(f"/cases/{case}")).json()
    assert set(summary["kinds"]) == {"sos", "phone_call"}
    assert (summary["priority"], summary["rings"]) == (1, 2)


async def test_two_persons_who_were_merged_are_one_caller(
    seat: Seat, exchange: Exchange, town: Town, conn: Connection
) -> None:
    found = await conn.execute("select distinct person_id from person_phone where phone = '13800000000'")
    people = [row[0] for row in await found.fetchall()]
    last, middle = uuid.uuid4(), uuid.uuid4()
    for who, name in ((last, "王芳（合并）"), (middle, "中间")):
        await conn.execute(
            "insert into person (id, name, created_at) values (%s, %s, '2026-01-01Z')", (who, name)
        )
    await conn.execute("update person set merged_into = %s where id = %s", (last, middle))
    await conn.execute("update person set merged_into = %s where id = any(%s)", (middle, people))
    await exchange.say("ringing", number="13800000000", extension="801")
    [pop] = await calls_seen(seat)
    assert [caller["name"] for caller in pop["callers"]] == ["王芳（合并）"]
    assert {one["id"] for one in pop["callers"][0]["residents"]} == {
        str(town.east.resident_id),
        str(town.west.resident_id),
    }


async def test_a_seat_of_one_district_does_not_see_the_other_districts_elder(
    app: FastAPI, exchange: Exchange, town: Town
) -> None:
    east = await sign_in(app, "east")
    await east.post("/telephony/seat", {"extension": "802"})
    await exchange.say("ringing", number="13800000000", extension="802")
    [pop] = await calls_seen(east)
    assert [one["id"] for one in pop["callers"][0]["residents"]] == [str(town.east.resident_id)]


async def test_a_frame_reaches_the_seat_that_rings_and_no_other_also_after_a_break(
    app: FastAPI, seat: Seat, exchange: Exchange, http: httpx.AsyncClient, town: Town
) -> None:
    other = await sign_in(app, "supervisor")
    await exchange.say("ringing", number="13800000000", extension="801")
    await exchange.say("connected", number="13800000000", extension="801")
    assert [pop["state"] for pop in await calls_seen(seat)] == ["ringing", "connected"]
    assert await calls_seen(other) == []
    items = (await seat.get("/feed", after=0)).json()["items"]
    first = next(frame for frame in items if frame["type"] == "call")
    resumed = (await seat.get("/feed", after=first["seq"])).json()["items"]
    assert [frame["data"]["state"] for frame in resumed if frame["type"] == "call"] == ["connected"]
    assert resumed[0]["prev"] == first["seq"]


async def test_a_call_that_rings_at_no_seat_is_heard_of_by_every_desk(
    app: FastAPI, town: Town, exchange: Exchange
) -> None:
    desk = await sign_in(app, "operator")
    await exchange.say("ringing", number="13800000000", extension="899")
    assert [pop["seat_id"] for pop in await calls_seen(desk)] == [None]


async def test_of_two_seats_that_ring_one_has_the_call_and_the_other_hears_so(
    app: FastAPI, seat: Seat, exchange: Exchange, town: Town
) -> None:
    other = await sign_in(app, "supervisor")
    await other.post("/telephony/seat", {"extension": "802"})
    await exchange.say("ringing", extension="801")
    await exchange.say("ringing", extension="802")
    await exchange.say("connected", extension="802")
    assert (await calls_seen(seat))[-1]["seat_id"] == other.info["seat_id"]
    assert (await other.get("/telephony/seat")).json()["state"] == "busy"
    assert (await seat.get("/telephony/seat")).json()["state"] == "ready"


async def test_events_come_twice_late_and_out_of_order_and_change_nothing_then(
    seat: Seat, exchange: Exchange
) -> None:
    first = await exchange.say("ringing", id="same", extension="801")
    again = await exchange.say("ringing", id="same", extension="801")
    assert (first["moved"], again["moved"]) == (True, False)
    assert (await exchange.say("connected", extension="801"))["moved"]
    assert not (await exchange.say("ringing", extension="801"))["moved"]
    assert (await exchange.say("ended"))["state"] == "ended"
    late = await exchange.say("connected", extension="801")
    assert (late["moved"], late["state"]) == (False, "ended")
    assert [pop["state"] for pop in await calls_seen(seat)] == ["ringing", "connected", "ended"]


async def test_an_extension_moves_with_the_person_unless_somebody_talks_on_it(
    app: FastAPI, seat: Seat, exchange: Exchange, town: Town
) -> None:
    other = await sign_in(app, "supervisor")
    assert (await other.post("/telephony/seat", {"extension": "801"})).status_code == 200
    assert (await seat.get("/telephony/seat")).status_code == 404
    told = {"kind": "phone_moved", "extension": "801", "to": "supervisor 甲"}
    assert told in [frame["data"] for frame in (await seat.get("/feed", after=0)).json()["items"]]
    assert told not in [frame["data"] for frame in (await other.get("/feed", after=0)).json()["items"]]
    await exchange.say("ringing", extension="801")
    await exchange.say("connected", extension="801")
    refused = await seat.post("/telephony/seat", {"extension": "801"})
    assert (refused.status_code, refused.json()["owner_name"]) == (409, "supervisor 甲")


async def test_a_seat_learns_at_which_telephone_systems_it_may_register(app: FastAPI, seat: Seat) -> None:
    found = (await seat.get("/telephony/choices")).json()
    assert found["providers"] == ["pbx"]
    assert found["phone"]["extension"] == "801"
    assert (await (await sign_in(app, "supervisor")).get("/telephony/choices")).json()["phone"] is None


async def test_a_signed_out_seats_extension_rings_nowhere(
    seat: Seat, app: FastAPI, exchange: Exchange
) -> None:
    await seat.sign_out()
    later = await sign_in(app, "operator")
    await exchange.say("ringing", extension="801")
    assert [pop["seat_id"] for pop in await calls_seen(later)] == [None]
