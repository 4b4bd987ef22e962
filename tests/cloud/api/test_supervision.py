"""Lines with their children, shelves, and the state of the road over the API."""

import httpx
import pytest

from cloud.alarms.rules import gateway_alarm
from cloud.api.services import Services
from cloud.cases.intake import take_alarm
from cloud.cases.publish import publish
from cloud.database.pool import Connection
from tests.cloud.api.conftest import EAST, Town, bearer, ring

pytestmark = pytest.mark.postgres
API = "/api/v1"


async def fault(conn: Connection, services: Services, town: Town) -> str:
    now = services.clock.now()
    draft = gateway_alarm("storage_full", gateway_id="gw-1", area_code=EAST, org_id=town.org_id, at=now)
    async with conn.transaction():
        ref = await take_alarm(conn, draft, now)
        await publish(conn, [ref.case_id], now=now)
    return str(ref.case_id)


async def test_a_technical_case_is_shelved_listed_and_brought_back(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    case_id = await fault(conn, services, town)
    body = {"minutes": 60, "reason": "割接"}
    headers = bearer(town, "operator") | {"Idempotency-Key": "a"}
    for _ in range(2):
        done = await http.post(f"{API}/cases/{case_id}/shelve", json=body, headers=headers)
        assert done.status_code == 200, done.text
        assert done.json()["shelved_until"] is not None
    listed = (await http.get(f"{API}/shelved", headers=headers)).json()["items"]
    assert [(item["by"], item["reason"], item["case"]["id"]) for item in listed] == [
        ("program-operator", "割接", case_id)
    ]
    west = await http.get(f"{API}/shelved", headers=bearer(town, "west"))
    assert west.json()["items"] == []
    back = await http.delete(f"{API}/cases/{case_id}/shelve", headers=bearer(town, "operator"))
    assert (back.status_code, back.json()["shelved_until"], back.json()["rings"]) == (200, None, 2)


@pytest.mark.parametrize("kind", ["sos", "smoke", "gas", "co", "fall"])
async def test_life_safety_cannot_be_shelved(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town, kind: str
) -> None:
    case_id = await ring(conn, services, town, town.east, kind)
    body = {"minutes": 60, "reason": "x"}
    done = await http.post(f"{API}/cases/{case_id}/shelve", json=body, headers=bearer(town, "operator"))
    assert done.status_code == 409
    assert done.json()["detail_zh"]


@pytest.mark.parametrize(
    "body", [{"minutes": 481, "reason": "x"}, {"minutes": 0, "reason": "x"}, {"minutes": 5}]
)
async def test_a_shelf_needs_a_time_and_a_reason(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town, body: dict[str, object]
) -> None:
    case_id = await fault(conn, services, town)
    done = await http.post(f"{API}/cases/{case_id}/shelve", json=body, headers=bearer(town, "operator"))
    assert done.status_code == 422


async def test_a_case_that_is_no_line_has_no_children(
    http: httpx.AsyncClient, conn: Connection, services: Services, town: Town
) -> None:
    case_id = await fault(conn, services, town)
    answer = await http.get(f"{API}/cases/{case_id}/children", headers=bearer(town, "operator"))
    assert answer.json() == {"items": [], "call_list": []}
    hidden = await http.get(f"{API}/cases/{case_id}/children", headers=bearer(town, "west"))
    assert hidden.status_code == 404


async def test_where_no_canary_runs_health_says_that_it_is_off(http: httpx.AsyncClient, town: Town) -> None:
    answer = await http.get(f"{API}/health")
    assert answer.json()["canary"]["state"] == "off"


async def test_a_temporary_address_is_entered_with_the_state(
    http: httpx.AsyncClient, conn: Connection, town: Town
) -> None:
    path = f"{API}/residents/{town.east.resident_id}/state"
    body = {"state": "away", "place": {"text": "泉城路 1 号", "lat": 36.6, "lon": 117.0}}
    answer = await http.post(path, json=body, headers=bearer(town, "admin"))
    assert answer.status_code < 300, answer.text
    row = await (await conn.execute("select place from resident_state where state = 'away'")).fetchone()
    assert row == ({"text": "泉城路 1 号", "lat": 36.6, "lon": 117.0},)
