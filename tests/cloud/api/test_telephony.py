"""The desk's telephones: who rings, where, and what a call does to a case."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from cloud.api.services import Services
from cloud.cases import by_time
from cloud.database.pool import Connection
from cloud.downlink.store import finish_command
from cloud.telephony import cti, store
from tests.cloud.api.conftest import MovedClock, Seat, Town, bearer, ring, sign_in

pytestmark = pytest.mark.postgres
_events = iter(range(1, 1_000_000))


class Exchange:
    """The simulated telephone system, played over the API."""

    def __init__(self, http: httpx.AsyncClient, town: Town) -> None:
        self._http = http
        self._headers = bearer(town, "supervisor")

    async def say(self, event: str, call: str = "c-1", **fields: Any) -> dict[str, Any]:
        body = {"id": f"e-{next(_events)}", "call": call, "event": event, "direction": "incoming"} | fields
        answer = await self._http.post(
            "/api/v1/telephony/providers/pbx/simulated-events", json=body, headers=self._headers
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def exchange(http: httpx.AsyncClient, town: Town) -> Exchange:
    body = {"id": "pbx", "driver": "simulated", "dial_code": "0546"}
    made = await http.post("/api/v1/telephony/providers", json=body, headers=bearer(town, "admin"))
    assert made.status_code == 201, made.text
    return Exchange(http, town)


@pytest.fixture
async def seat(app: FastAPI, town: Town, exchange: Exchange) -> AsyncIterator[Seat]:
    """An operator at extension 801."""
    found = await sign_in(app, "operator")
    assert (await found.post("/telephony/seat", {"extension": "801"})).json()["state"] == "ready"
    yield found
    await found.client.aclose()


async def calls_seen(seat: Seat) -> list[dict[str, Any]]:
    """What the seat's feed says of calls."""
    items = (await seat.get("/feed", after=0, limit=1000)).json()["items"]
    return [frame["data"] for frame in items if frame["type"] == "call"]


async def entries(seat: Seat, case: object) -> list[dict[str, Any]]:
    detail = (await seat.get(f"/cases/{case}")).json()
    assert detail["chain_valid"]
    return [entry["data"] for entry in detail["timeline"] if entry["kind"] == "call"]


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


async def test_a_seat_learns_at_which_telephone_systems_it_may_register(app: FastAPI, seat: Seat) -> None:
    found = (await seat.get("/telephony/choices")).json()
    assert found["providers"] == ["pbx"]
    assert found["phone"]["extension"] == "801"
    assert (await (await sign_in(app, "supervisor")).get("/telephony/choices")).json()["phone"] is None


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
    await exchange.say("ringing", extension="801")
    await exchange.say("connected", extension="801")
    refused = await seat.post("/telephony/seat", {"extension": "801"})
    assert (refused.status_code, refused.json()["owner_name"]) == (409, "supervisor 甲")


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


async def test_a_signed_out_seats_extension_rings_nowhere(
    seat: Seat, app: FastAPI, exchange: Exchange
) -> None:
    await seat.sign_out()
    later = await sign_in(app, "operator")
    await exchange.say("ringing", extension="801")
    assert [pop["seat_id"] for pop in await calls_seen(later)] == [None]


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


class FarEnd:
    """An HTTP telephone system: what it was told, and how it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.status = 202

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.told.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def far_end() -> AsyncIterator[tuple[FarEnd, str]]:
    played = FarEnd()
    server = await asyncio.start_server(played.serve, "127.0.0.1", 0)
    yield played, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/commands"
    server.close()
    await server.wait_closed()


async def provide(http: httpx.AsyncClient, town: Town, url: str) -> str:
    body = {"id": "cti", "driver": "cti_webhook", "command_url": url}
    made = await http.post("/api/v1/telephony/providers", json=body, headers=bearer(town, "admin"))
    assert made.status_code == 201, made.text
    return str(made.json()["secret"])


async def post_signed(
    http: httpx.AsyncClient, services: Services, secret: str, body: dict[str, Any]
) -> httpx.Response:
    raw = json.dumps(body).encode()
    headers = cti.sign(secret, services.clock.now(), raw) | {"Content-Type": "application/json"}
    return await http.post("/api/v1/telephony/providers/cti/events", content=raw, headers=headers)


async def test_a_telephone_system_behind_http_is_told_and_tells_signed_both_ways(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services,
    far_end: tuple[FarEnd, str],
) -> None:  # fmt: skip
    played, url = far_end
    secret = await provide(http, town, url)
    seat = await sign_in(app, "operator")
    await seat.post("/telephony/seat", {"extension": "801"})
    case = await ring(conn, services, town, town.east)
    call = (await seat.post(f"/cases/{case}/dial", {"number": "+86 138-0000-0000"})).json()
    commands = [json.loads(body) for _, body in played.told]
    assert commands == [
        {"command": "seat_state", "extension": "801", "state": "ready"},
        {"command": "dial", "call": call["id"], "extension": "801", "number": "13800000000"},
    ]
    headers, body = played.told[-1]
    stamp, mark = headers[cti.TIMESTAMP.lower()], headers[cti.SIGNATURE.lower()]
    assert cti.signed(secret, timestamp=stamp, signature=mark, body=body, now=services.clock.now())
    event = {"id": "1", "call": "77", "event": "connected", "direction": "outgoing", "our_call": call["id"]}
    taken = await post_signed(http, services, secret, event)
    assert taken.json() == {"call_id": call["id"], "moved": True, "state": "connected"}


async def test_what_is_not_signed_by_the_provider_is_refused_without_a_word_of_why(
    http: httpx.AsyncClient, town: Town, services: Services, far_end: tuple[FarEnd, str], conn: Connection
) -> None:
    secret = await provide(http, town, far_end[1])
    event = {"id": "1", "call": "77", "event": "ringing", "direction": "incoming"}
    wrong = await post_signed(http, services, "wrong", event)
    bare = await http.post("/api/v1/telephony/providers/cti/events", json=event)
    nobody = await http.post("/api/v1/telephony/providers/none/events", json=event)
    assert wrong.status_code == bare.status_code == nobody.status_code == 401
    assert wrong.json() == bare.json() == nobody.json()
    renewed = await http.post("/api/v1/telephony/providers/cti/secret", headers=bearer(town, "admin"))
    assert (await post_signed(http, services, secret, event)).status_code == 401
    assert (await post_signed(http, services, renewed.json()["secret"], event)).status_code == 200
    kept = await conn.execute("select secret_cipher from phone_provider")
    assert renewed.json()["secret"].encode() not in bytes((await kept.fetchone() or (b"",))[0])


async def test_a_telephone_system_that_does_not_answer_fails_the_call_and_not_the_desk(
    app: FastAPI, http: httpx.AsyncClient, town: Town, conn: Connection, services: Services,
    far_end: tuple[FarEnd, str], caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    played, url = far_end
    played.status = 500
    await provide(http, town, url)
    seat = await sign_in(app, "operator")
    assert (await seat.post("/telephony/seat", {"extension": "801"})).status_code == 200
    case = await ring(conn, services, town, town.east)
    call = await seat.post(f"/cases/{case}/dial", {"number": "13800000000"})
    assert (call.status_code, call.json()["state"]) == (201, "failed")
    assert [one["state"] for one in await entries(seat, case)] == ["dialling", "failed"]
    assert "13800000000" not in caplog.text
    assert all("13800000000" not in str(vars(record)) for record in caplog.records)


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
