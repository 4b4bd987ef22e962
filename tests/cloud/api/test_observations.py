"""What operators observe, the elder's limits, and NEWS2 over the API."""

import uuid
from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.database.pool import Connection
from tests.cloud.api.conftest import MovedClock, Town, bearer

pytestmark = pytest.mark.postgres

SET: dict[str, Any] = {
    "consciousness": "A",
    "oxygen": False,
    "readings": [
        {"kind": "resp_rate", "value": 22},
        {"kind": "spo2", "value": 93, "method": "oximeter"},
        {"kind": "systolic", "value": 105, "method": "cuff"},
        {"kind": "heart_rate", "value": 112, "method": "cuff"},
        {"kind": "body_temperature", "value": 38.5, "method": "thermometer"},
    ],
}


def path(town: Town, end: str) -> str:
    return f"/api/v1/residents/{town.east.resident_id}/{end}"


async def enter(http: httpx.AsyncClient, town: Town, body: Any, **headers: str) -> httpx.Response:
    return await http.post(path(town, "observations"), json=body, headers=bearer(town, "operator") | headers)


async def test_a_whole_set_is_a_news2_with_the_age_and_method_of_each_value(
    http: httpx.AsyncClient, town: Town, clock: MovedClock
) -> None:
    answer = await enter(http, town, SET)
    assert answer.status_code == 201, answer.text
    news2 = answer.json()["news2"]
    assert (news2["news2"], news2["known"], news2["missing"]) == (8, 7, [])
    assert news2["confirmed_sum"] < 7, "each was measured once"
    clock.move(timedelta(minutes=10))
    later = (await http.get(path(town, "news2"), headers=bearer(town, "operator"))).json()
    methods = {parameter["parameter"]: parameter["method"] for parameter in later["parameters"]}
    assert (methods["systolic"], methods["consciousness"]) == ("cuff", "operator")
    assert all(599 <= parameter["age_s"] <= 602 for parameter in later["parameters"])


async def test_four_of_seven_is_no_news2(http: httpx.AsyncClient, town: Town) -> None:
    news2 = (await enter(http, town, {"readings": SET["readings"][:4]})).json()["news2"]
    assert news2["news2"] is None
    assert news2["label"].startswith("4 of 7, not a NEWS2")
    assert "不是 NEWS2" in news2["label_zh"]
    assert set(news2["missing"]) == {"oxygen", "consciousness", "body_temperature"}


async def test_a_wrist_value_that_was_read_aloud_is_an_estimate(http: httpx.AsyncClient, town: Town) -> None:
    body = {"readings": [{"kind": "systolic", "value": 85, "method": "wrist"}]}
    news2 = (await enter(http, town, body)).json()["news2"]
    assert news2["known"] == 0
    assert [estimate["value"] for estimate in news2["estimates"]] == [85]


async def test_the_same_key_enters_once_and_queues_once(
    http: httpx.AsyncClient, town: Town, conn: Connection
) -> None:
    answers = [await enter(http, town, SET, **{"Idempotency-Key": "k-1"}) for _ in range(3)]
    assert len({answer.json()["id"] for answer in answers}) == 1
    row = await (await conn.execute("select count(*) from judging")).fetchone()
    assert row == (1,)
    row = await (await conn.execute("select count(*) from observation")).fetchone()
    assert row == (7,)


async def test_entries_are_listed_whole_and_in_pages(
    http: httpx.AsyncClient, town: Town, clock: MovedClock
) -> None:
    for temperature in (36.5, 37.0, 37.5):
        clock.move(timedelta(minutes=1))
        await enter(
            http, town, {"oxygen": True, "readings": [{"kind": "body_temperature", "value": temperature}]}
        )
    seen: list[float] = []
    before: dict[str, str] = {}
    for _ in range(4):
        page = (
            await http.get(
                path(town, "observations"), params={"limit": 1, **before}, headers=bearer(town, "operator")
            )
        ).json()
        seen += [item["value"] for item in page["items"] if item["kind"] == "body_temperature"]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert seen == [37.5, 37.0, 36.5]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"consciousness": "Z"},
        {"readings": [{"kind": "spo2", "value": 140}]},
        {"readings": [{"kind": "spo2", "value": 95}, {"kind": "spo2", "value": 96}]},
        {"readings": [{"kind": "steps", "value": 5}]},
        {"symptoms": [""]},
        {"symptoms": ["a\x00b"]},
        {"oxygen": True, "at": "2020-01-01T00:00:00Z"},
        {"oxygen": True, "at": "2199-01-01T00:00:00Z"},
        {"oxygen": True, "surprise": 1},
    ],
)
async def test_what_cannot_be_is_refused(http: httpx.AsyncClient, town: Town, body: Any) -> None:
    answer = await enter(http, town, body)
    assert answer.status_code == 422
    assert answer.json()["detail_zh"]


async def test_another_districts_elder_is_not_there(http: httpx.AsyncClient, town: Town) -> None:
    address = f"/api/v1/residents/{town.west.resident_id}"
    for call in (
        http.post(f"{address}/observations", json=SET, headers=bearer(town, "east")),
        http.get(f"{address}/observations", headers=bearer(town, "east")),
        http.get(f"{address}/news2", headers=bearer(town, "east")),
    ):
        assert (await call).status_code == 404
    refused = await http.put(f"{address}/limits", json={}, headers=bearer(town, "east"))
    assert refused.status_code == 403


async def test_limits_are_replaced_and_what_was_before_is_written_down(
    http: httpx.AsyncClient, town: Town, conn: Connection
) -> None:
    body = {
        "news2": {"spo2_scale": 2, "oxygen": True, "ordered_by": "李医生"},
        "bands": {"spo2": {"low": 88}, "glucose": {"low": 4, "urgent_low": 3}},
        "fence": "attention",
    }
    answer = await http.put(path(town, "limits"), json=body, headers=bearer(town, "supervisor"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["not_understood"] == []
    news2 = (await enter(http, town, {"readings": [{"kind": "spo2", "value": 97}]})).json()["news2"]
    assert (news2["scale"], news2["ordered_by"], news2["sum_of_known"]) == (2, "李医生", 5)
    assert (
        await http.put(path(town, "limits"), json={}, headers=bearer(town, "supervisor"))
    ).status_code == 200
    row = await (
        await conn.execute("select detail from audit where action = 'limits_set' order by id desc limit 1")
    ).fetchone()
    assert row is not None
    assert row[0]["before"]["news2"]["ordered_by"] == "李医生"


@pytest.mark.parametrize(
    "body",
    [
        {"news2": {"spo2_scale": 2}},
        {"news2": {"spo2_scale": 3, "ordered_by": "x"}},
        {"bands": {"spo2": {}}},
        {"bands": {"spo2": {"low": 95, "high": 90}}},
        {"bands": {"mood": {"low": 1}}},
        {"bed_return_min": 0},
    ],
)
async def test_limits_that_make_no_sense_are_refused(http: httpx.AsyncClient, town: Town, body: Any) -> None:
    answer = await http.put(path(town, "limits"), json=body, headers=bearer(town, "supervisor"))
    assert answer.status_code == 422


async def test_an_unknown_elder_is_not_found(http: httpx.AsyncClient, town: Town) -> None:
    address = f"/api/v1/residents/{uuid.uuid4()}/observations"
    assert (await http.post(address, json=SET, headers=bearer(town, "operator"))).status_code == 404
