"""A technician checks a home: a step is proven by what came in, and else only a reason ends the list."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from cloud.api.services import Services
from cloud.cases import store as cases
from cloud.cases.case import Actor, State
from cloud.database.pool import Connection
from cloud.downlink.store import due_commands
from cloud.ingest.states import take_state
from cloud.telemetry import partitions
from firmware_specs import topics
from tests.cloud.api.conftest import MovedClock, Town, bearer, ring
from tests.cloud.api.test_health_of_residents import read
from tests.cloud.town import EVERYONE, encoded, event, ms, send

pytestmark = pytest.mark.postgres
GATEWAY, RUN = "gw-check", "aaaaaaaaaaaaaaaa"
BUTTON, MOTION = "zb-00158d0000000001", "zb-00158d0000000002"


class Said:
    """One message of the gateway."""

    retained = False

    def __init__(self, topic: str, message: dict[str, Any], at: datetime) -> None:
        self.topic, self.payload, self.received_at = topic, encoded(message), at

    def ack(self) -> None:
        """Nothing to do."""


class Home:
    """What the home's gateway and devices do; the technician's requests."""

    def __init__(self, http: httpx.AsyncClient, conn: Connection, services: Services, town: Town) -> None:
        self.http, self.conn, self.services, self.town = http, conn, services, town
        self.url = ""

    @property
    def now(self) -> datetime:
        return self.services.clock.now()

    async def furnish(self) -> None:
        """A gateway with a modem, a button by the bed, motion in the living room."""
        await partitions.prepare(self.conn, self.now)
        admin = bearer(self.town, "admin")
        home = {"home_id": str(self.town.east.home_id)}
        bodies = [("/gateways", {"id": GATEWAY, "kind": "home"} | home)]
        bodies += [
            ("/devices", {"id": BUTTON, "family": "zigbee", "role": "sos", "room": "bedroom"} | home),
            ("/devices", {"id": MOTION, "family": "zigbee", "room": "living_room"} | home),
        ]
        for path, body in bodies:
            assert (await self.http.post(f"/api/v1{path}", json=body, headers=admin)).status_code == 201
        birth = {
            "run": RUN,
            "boot": "b",
            "started_at": ms(self.now),
            "agent_version": "1",
            "adapters": ["modem"],
        }
        await self.say(topics.state(GATEWAY, "birth"), birth)

    async def say(self, topic: str, message: dict[str, Any]) -> None:
        async with self.conn.transaction():
            await take_state(self.conn, Said(topic, {"v": 1} | message, self.now), self.now)

    async def ask(self, path: str, body: Any = None, *, role: str = "technician", status: int = 200) -> Any:
        headers = bearer(self.town, role)
        url = f"/api/v1{self.url}{path}"
        answer = await (
            self.http.get(url, headers=headers)
            if body is None
            else self.http.post(url, json=body, headers=headers)
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def step_of(self, key: str) -> dict[str, Any]:
        (found,) = [step for step in (await self.ask(""))["steps"] if step["key"] == key]
        return dict(found)

    async def seat_sees(self, case_id: UUID) -> None:
        async with self.conn.transaction():
            seat = Actor(id=self.town.org_id, name="坐席")
            assert await cases.shown(self.conn, case_id, seat, rings=1, now=self.now)

    async def measure(self, device: str, kind: str, value: float) -> None:
        row = await (await self.conn.execute("select key from device where id = %s", (device,))).fetchone()
        assert row is not None
        await read(self.conn, row[0], kind, self.now, value)

    async def orders(self) -> dict[str, Any]:
        """What the gateway is ordered to do now, by operation."""
        async with self.conn.transaction():
            return {one.op: one for one in await due_commands(self.conn, self.now, 100)}

    async def answer(self, op: str, **fields: Any) -> Any:
        order = (await self.orders())[op]
        await self.say(topics.up(GATEWAY, "result"), {"id": str(order.id), "status": "done"} | fields)
        return order


@pytest.fixture
async def home(http: httpx.AsyncClient, conn: Connection, services: Services, town: Town) -> Home:
    made = Home(http, conn, services, town)
    await made.furnish()
    for text in (GATEWAY, BUTTON.upper(), "胜利 小区3号楼"):
        found = (await made.ask(f"/checklists/homes?search={text}"))["items"]
        assert str(town.east.home_id) in {hit["id"] for hit in found}
    begun = await made.ask(f"/homes/{town.east.home_id}/checklists", {}, status=201)
    again = await made.ask(f"/homes/{town.east.home_id}/checklists", {}, role="supervisor", status=201)
    assert (again["id"], again["started_by_name"]) == (begun["id"], "program-technician")
    made.url = f"/checklists/{begun['id']}"
    return made


def troubles(checklist: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(step["kind"], step["state"], step["trouble"]) for step in checklist["steps"]]


async def test_each_step_is_passed_by_what_came_in(home: Home, clock: MovedClock) -> None:
    assert troubles(await home.ask("")) == [
        ("gateway", "waiting", "asked"),
        ("clock", "waiting", "not_asked"),
        ("device", "waiting", "never_heard"),
        ("device", "waiting", "never_heard"),
        ("alarm", "waiting", "not_pressed"),
        ("alarm", "waiting", "not_pressed"),  # nobody knows yet what the other one does
        ("sms", "waiting", "not_sent"),
        ("voice", "waiting", "not_sent"),
    ]
    clock.move(timedelta(milliseconds=80))
    await home.answer("ping", at=ms(home.now), clock={"source": "ntp"})
    reached, told = await home.step_of(f"gateway:{GATEWAY}"), await home.step_of(f"clock:{GATEWAY}")
    assert (reached["state"], told["state"], told["clock"]) == ("passed", "passed", "ntp")
    assert 80 <= reached["round_trip_ms"] < 2000
    assert abs(told["offset_ms"]) < 1000

    await home.ask("/test-mode", {"minutes": 15})
    order = await home.answer("test_mode")
    assert order.args == {"minutes": 15, "devices": [BUTTON, MOTION]}
    press = event("sos", device=BUTTON, at=home.now, test=True)
    await send(home.conn, GATEWAY, press, at=home.now)
    assert (await home.ask(""))["test_until"] is not None
    alarm = await home.step_of(f"alarm:{BUTTON}")
    assert (alarm["trouble"], alarm["event"]) == ("not_seen", "sos")
    (queued,) = await cases.list_cases(home.conn, EVERYONE, states=[State.OPEN])
    assert (queued.class_, queued.priority) == ("test", 4)
    clock.move(timedelta(seconds=2))
    await home.seat_sees(queued.id)
    alarm = await home.step_of(f"alarm:{BUTTON}")
    assert (alarm["state"], alarm["event"]) == ("passed", "sos")
    assert 2.0 <= alarm["seen_s"] < 10

    await home.measure(MOTION, "motion", 0)
    room = await home.step_of("room:living_room")
    assert (room["trouble"], room["seen_by"][0]["at"]) == ("not_moved", None)
    assert f"alarm:{MOTION}" not in {step["key"] for step in (await home.ask(""))["steps"]}
    await home.measure(MOTION, "motion", 1)
    assert (await home.step_of("room:living_room"))["state"] == "passed"
    await home.measure(BUTTON, "battery", 12)
    assert (await home.step_of(f"device:{BUTTON}"))["trouble"] == "battery_low"


async def test_an_alarm_outside_test_mode_rings_and_is_no_proof(home: Home) -> None:
    await ring(home.conn, home.services, home.town, home.town.east, device_id=BUTTON)
    assert (await home.step_of(f"alarm:{BUTTON}"))["trouble"] == "not_pressed", "a rule's alarm is no press"
    await send(home.conn, GATEWAY, event("sos", device=BUTTON, at=home.now, test=True), at=home.now)
    alarm = await home.step_of(f"alarm:{BUTTON}")
    assert (alarm["state"], alarm["trouble"]) == ("failed", "rang_for_real")
    await home.ask("/test-mode", {"minutes": 5})
    await home.ask("/test-mode", {"minutes": 0})
    assert (await home.orders())["test_mode"].args["minutes"] == 0
    await send(home.conn, GATEWAY, event("sos", device=BUTTON, at=home.now, test=True), at=home.now)
    assert (await home.step_of(f"alarm:{BUTTON}"))["trouble"] == "rang_for_real"


async def test_the_modem_is_proven_by_the_code_that_came_and_a_call_that_was_answered(home: Home) -> None:
    proof = {"gateway": GATEWAY, "how": "sms", "number": "138 0000 0001"}
    await home.ask("/phone-proof", proof)
    order = await home.answer("prove_phone")
    assert (order.args["how"], order.args["number"]) == ("sms", "13800000001")
    code = order.args["text"][-4:]
    assert (await home.step_of(f"sms:{GATEWAY}"))["trouble"] == "no_code"
    wrong = {"gateway": GATEWAY, "code": f"{(int(code) + 1) % 10_000:04d}"}
    await home.ask("/phone-code", wrong, status=422)
    shown = await home.ask("/phone-code", {"gateway": GATEWAY, "code": code})
    assert [step["state"] for step in shown["steps"] if step["kind"] == "sms"] == ["passed"]
    await home.ask("/phone-proof", proof | {"how": "call"})
    await home.answer("prove_phone", status="failed", error="no_answer")
    voice = await home.step_of(f"voice:{GATEWAY}")
    assert (voice["state"], voice["said"]) == ("failed", "no_answer")
    await home.ask("/phone-proof", proof | {"how": "call"})
    assert (await home.step_of(f"voice:{GATEWAY}"))["trouble"] == "asked"
    await home.answer("prove_phone")
    voice = await home.step_of(f"voice:{GATEWAY}")
    assert (voice["state"], voice["number"], voice["trouble"]) == ("passed", "13800000001", None)
    await home.ask("/phone-proof", proof | {"how": "call", "gateway": "gw-other"}, status=422)


async def test_a_clock_that_is_wrong_or_unsaid_fails_until_it_is_right(home: Home, clock: MovedClock) -> None:
    key = f"clock:{GATEWAY}"

    async def answered(**fields: Any) -> tuple[str, str | None]:
        clock.move(timedelta(seconds=1))
        await home.answer("ping", **fields)
        told = await home.step_of(key)
        return told["state"], told["trouble"]

    assert await answered(at=ms(home.now) + 90_000, clock={"source": "ntp"}) == ("failed", "clock_off")
    assert 88_000 < (await home.step_of(key))["offset_ms"] < 91_000
    await home.ask("/ping", {})
    assert await answered(at=ms(home.now) - 90_000, clock={"source": "ntp"}) == ("failed", "clock_off")
    await home.ask("/ping", {})
    assert await answered(at=ms(home.now), clock={"source": "none"}) == ("failed", "no_clock")
    await home.ask("/ping", {})
    assert await answered() == ("failed", "clock_unsaid")
    await home.ask("/ping", {})
    assert await answered(at=ms(home.now), clock={"source": "ntp"}) == ("passed", None)


async def test_it_ends_only_with_a_reason_for_each_step_that_failed_and_is_kept(
    home: Home, clock: MovedClock, conn: Connection
) -> None:
    refused = await home.ask("/finish", {}, status=409)
    steps = [step["key"] for step in (await home.ask(""))["steps"]]
    assert refused["missing"] == steps
    clock.move(timedelta(seconds=16))
    assert (await home.step_of(f"gateway:{GATEWAY}"))["trouble"] == "no_answer"
    await home.ask("/reasons", {"step": "room:attic", "reason": "没有"}, status=404)
    for step in steps:
        await home.ask("/reasons", {"step": step, "reason": "  网络未通，改日再测 "})
    await home.ask("/reasons", {"step": steps[0], "reason": " "})
    assert (await home.ask("/finish", {}, status=409))["missing"] == [steps[0]]
    await home.ask("/reasons", {"step": steps[0], "reason": "路由器未装"})
    await home.ask("", status=404, role="west")
    done = await home.ask("/finish", {})
    assert (done["outcome"], done["ended_by_name"], done["missing"]) == ("finished", "program-technician", [])
    await home.ask("/finish", {}, status=409)
    await home.ask("/test-mode", {"minutes": 5}, status=409)

    url, home.url = home.url, ""
    listed = await home.ask(f"/homes/{home.town.east.home_id}/checklists", role="supervisor")
    (entry,) = listed["items"]
    assert (entry["passed"], entry["reasons"]) == (0, len(steps))
    seen = await home.ask(url, role="supervisor")
    assert [step["reason"] for step in seen["steps"]] == [
        "路由器未装",
        *["网络未通，改日再测"] * (len(steps) - 1),
    ]
    rows = await (
        await conn.execute("select action from audit where action like 'checklist%%' order by id")
    ).fetchall()
    assert {row[0] for row in rows} == {
        "checklist_begun", "checklist_joined", "checklist_reason", "checklist_finished", "checklist_viewed",
    }  # fmt: skip
    fresh = await home.ask(f"/homes/{home.town.east.home_id}/checklists", {}, status=201)
    clock.move(timedelta(hours=13))
    later = await home.ask(f"/homes/{home.town.east.home_id}/checklists", {}, status=201)
    assert later["id"] != fresh["id"]
    listed = await home.ask(f"/homes/{home.town.east.home_id}/checklists?limit=1")
    assert listed["items"][0]["outcome"] == "abandoned"
