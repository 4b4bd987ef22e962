"""Calls that go out from a case, calls that are over, and a watch's hotline."""

import json
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import FastAPI

from cloud.api.services import Services
from cloud.cases import by_time
from cloud.database.pool import Connection
from cloud.downlink.store import finish_command
from cloud.telephony import store
from tests.cloud.api.conftest import MovedClock, Seat, Town, bearer, ring, sign_in
from tests.cloud.api.telephony.conftest import Exchange, entries

pytestmark = pytest.mark.postgres


async def test_click_to_call_writes_every_result_on_the_timeline_and_keeps_the_claim(
    seat: Seat, exchange: Exchange, town: Town, conn: Connection, services: Services, clock: MovedClock
) -> None:
    case = await ring(conn, services, town, town.east)
    await seat.post(f"/cases/{case}/claim")
    dialled = await seat.post(f"/cases/{case}/dial", {"number": "+86 13800000000"})
    assert dialled.status_code == 201, dialled.text
    call = dialled.json()
    assert (call["state"], call["other_name"]) == ("dialling", "王芳 女儿")
    for event in ("ringing", "connected"):
        await exchange.say(event, call="pbx-77", direction="outgoing", our_call=call["id"], extension="801")
    clock.move(timedelta(minutes=20))  # the screen is dead, the talk goes on
    assert not await by_time.hold_or_return(conn, case, now=clock.now())
    assert (await seat.post("/telephony/seat/state", {"state": "ready"})).status_code == 409
    await exchange.say("ended", call="pbx-77", direction="outgoing")
    data = await entries(seat, case)
    assert [one["state"] for one in data] == ["dialling", "ringing", "connected", "ended"]
    assert {one["to"] for one in data} == {"王芳 女儿"}
    assert 1195 <= data[-1]["seconds"] <= 1210
    assert "13800000000" not in json.dumps(data)
    assert (await seat.get("/telephony/seat")).json()["state"] == "wrap_up"
    clock.move(timedelta(seconds=30))
    await by_time.hold_or_return(conn, case, now=clock.now())
    assert (await seat.get(f"/cases/{case}")).json()["state"] == "open"


@pytest.mark.parametrize(
    ("event", "state"), [("no_answer", "no_answer"), ("busy", "busy"), ("ended", "no_answer")]
)
async def test_a_call_that_nobody_takes_says_so(
    seat: Seat, exchange: Exchange, town: Town, conn: Connection, services: Services, event: str, state: str
) -> None:
    case = await ring(conn, services, town, town.east)
    await seat.post(f"/cases/{case}/claim")
    call = (await seat.post(f"/cases/{case}/dial", {"number": "120"})).json()
    await exchange.say(event, call="x", direction="outgoing", our_call=call["id"])
    assert [one["state"] for one in await entries(seat, case)] == ["dialling", state]
    assert (await entries(seat, case))[-1]["to"] == "120"
    talking = await conn.execute("select call_until from seat where id = %s", (seat.info["seat_id"],))
    assert (await talking.fetchone() or (None,))[0] <= services.clock.now()


async def test_a_seat_hangs_up_its_own_running_call_and_no_other(
    app: FastAPI, seat: Seat, exchange: Exchange, town: Town, conn: Connection, services: Services
) -> None:
    case = await ring(conn, services, town, town.east)
    call = (await seat.post(f"/cases/{case}/dial", {"number": "13800000000"})).json()
    other = await sign_in(app, "supervisor")
    assert (await other.post("/telephony/seat", {"extension": "802"})).status_code == 200
    assert (await other.post(f"/telephony/calls/{call['id']}/hang-up")).status_code == 409
    assert (await seat.post(f"/telephony/calls/{call['id']}/hang-up")).json()["id"] == call["id"]
    await exchange.say("ended", call="c-9", our_call=call["id"], direction="outgoing")
    assert (await seat.post(f"/telephony/calls/{call['id']}/hang-up")).status_code == 409


async def test_without_an_extension_nothing_is_dialled(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    case = await ring(conn, services, town, town.east)
    person = await sign_in(app, "operator")
    assert (await person.post(f"/cases/{case}/dial", {"number": "120"})).status_code == 404
    program = await http.post(
        f"/api/v1/cases/{case}/dial", json={"number": "120"}, headers=bearer(town, "operator")
    )
    assert program.status_code == 404


async def test_calls_that_nobody_ended_and_numbers_that_nobody_needs_go(
    seat: Seat, exchange: Exchange, conn: Connection, clock: MovedClock
) -> None:
    await exchange.say("ringing", call="rings", number="13800000000")
    await exchange.say("connected", call="talks", number="13800000000", extension="801")
    await store.tidy(conn, now=clock.now() + timedelta(minutes=6))
    items = (await seat.get("/telephony/calls")).json()["items"]
    assert [one["state"] for one in items] == ["connected", "lost"]
    await store.tidy(conn, now=clock.now() + timedelta(days=200))
    items = (await seat.get("/telephony/calls")).json()["items"]
    assert {one["other_number"] for one in items} == {""}
    assert (await seat.get("/telephony/seat")).json()["state"] == "wrap_up"


async def test_calls_are_listed_by_pages_and_the_look_is_written_down(
    seat: Seat, exchange: Exchange, conn: Connection
) -> None:
    for number in range(5):
        await exchange.say("ringing", call=f"c-{number}")
    first = (await seat.get("/telephony/calls", limit=3)).json()["items"]
    rest = (await seat.get("/telephony/calls", limit=3, before=first[-1]["number"])).json()["items"]
    assert len(first) == 3
    assert len(rest) == 2
    assert len({one["id"] for one in first + rest}) == 5
    await seat.get(f"/telephony/calls/{first[0]['id']}")
    looks = await conn.execute("select action from audit where action in ('calls_listed', 'caller_viewed')")
    assert sorted(row[0] for row in await looks.fetchall()) == [
        "caller_viewed",
        "calls_listed",
        "calls_listed",
    ]


async def test_a_watchs_hotline_is_written_by_order_and_proven_by_one_call_from_its_sim(
    http: httpx.AsyncClient, exchange: Exchange, town: Town, conn: Connection
) -> None:
    admin, technician = bearer(town, "admin"), bearer(town, "technician")
    east = {"home_id": str(town.east.home_id), "bed_id": str(town.east.bed_id)}
    watch = {"id": "watch-2300000017", "family": "watch"} | east
    assert (await http.post("/api/v1/devices", json=watch, headers=admin)).status_code == 201
    url = "/api/v1/devices/watch-2300000017/hotline"
    assert (await http.get(url, headers=technician)).status_code == 404
    body = {"phones": ["0546-8001234"], "sim_number": "138 1234 5678"}
    assert (await http.post(url, json=body, headers=technician)).status_code == 409, "no gateway serves it"
    gateway = {"id": "gw-hotline", "kind": "home", "home_id": east["home_id"]}
    assert (await http.post("/api/v1/gateways", json=gateway, headers=admin)).status_code == 201
    made = (await http.post(url, json=body, headers=technician)).json()
    assert (made["written"], made["proven"], made["phones"]) == (None, False, ["05468001234"])
    begin = f"/api/v1/homes/{east['home_id']}/checklists"
    checked = (await http.post(begin, json={}, headers=technician)).json()["id"]

    async def step() -> tuple[str, str | None]:
        """The checklist's own words for it."""
        found = (await http.get(f"/api/v1/checklists/{checked}", headers=technician)).json()["steps"]
        (line,) = [one for one in found if one["key"] == "hotline:watch-2300000017"]
        return line["state"], line["trouble"]

    assert await step() == ("waiting", "not_taken")
    orders = "select gateway_id, op, device_id, args from command where op = 'order'"
    row = await (await conn.execute(orders)).fetchone()
    args = {"name": "sos_numbers", "phones": ["05468001234"], "sim_number": "13812345678"}
    assert row == ("gw-hotline", "order", "watch-2300000017", args)
    await exchange.say("ringing", call="c-early", number="+86 138 1234 5678", extension="801")
    assert (await http.get(url, headers=technician)).json()["proven"] is False, "not before it is written"
    order = uuid.UUID(made["order_id"])
    assert await finish_command(conn, "gw-hotline", order, "done", None, datetime.now(UTC))  # noqa: TID251 - the programs run by real time
    await conn.commit()
    assert await step() == ("waiting", "not_called")
    await exchange.say("ringing", call="c-2", number="+86 138 1234 5678", extension="801")
    shown = (await http.get(url, headers=technician)).json()
    assert (shown["written"], shown["proven"]) == (True, True)
    assert await step() == ("passed", None)
    assert (await http.get(url, headers=bearer(town, "operator"))).status_code == 403
