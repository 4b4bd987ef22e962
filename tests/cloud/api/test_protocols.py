"""Protocols over HTTP: what operators see and tick, what supervisors write."""

import asyncio
from typing import Any

import pytest
from fastapi import FastAPI

from cloud.api import protocol_schemas as shapes
from cloud.api.services import Services
from cloud.database.pool import Connection
from tests.cloud.api.conftest import Seat, Town, ring, sign_in

pytestmark = pytest.mark.postgres


async def put(seat: Seat, path: str, body: Any) -> Any:
    return await seat.client.put(f"/api/v1{path}", json=body, headers=seat.headers)


def edited(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    wanted = ("version", "name_zh", "name_en", "steps", "phrases")
    return {name: found[name] for name in wanted} | more


async def test_an_operator_follows_and_ticks_the_steps(
    app: FastAPI, conn: Connection, services: Services, town: Town
) -> None:
    seat, other = await sign_in(app, "operator"), await sign_in(app, "supervisor")
    case = await ring(conn, services, town, town.east, kind="fall")
    assert (await seat.post(f"/cases/{case}/claim")).status_code == 200
    shown = shapes.CaseProtocol.model_validate_json((await seat.get(f"/cases/{case}/protocol")).content)
    assert (shown.key, shown.version, shown.steps[0].progress) == ("fall", 1, "current")
    said = {"text": "呼叫 本人 — 未接", "called": "resident", "outcome": "no_answer"}
    assert (await seat.post(f"/cases/{case}/notes", said)).status_code == 200
    tick = {"key": "fall", "version": 1, "step": 2}
    refused = await other.post(f"/cases/{case}/protocol/ticks", tick)
    assert (refused.status_code, refused.json()["owner_name"]) == (409, "operator 甲")
    for _ in range(2):
        done = await seat.post(f"/cases/{case}/protocol/ticks", tick)
        assert done.status_code == 200, done.text
    shown = shapes.CaseProtocol.model_validate_json((await seat.get(f"/cases/{case}/protocol")).content)
    assert [one.progress for one in shown.steps[:3]] == ["done", "done", "current"]
    assert [one.by_hand for one in shown.steps[:2]] == [False, True]
    timeline = (await seat.get(f"/cases/{case}")).json()["timeline"]
    assert [entry["data"]["step"] for entry in timeline if entry["kind"] == "step_done"] == [2]
    east = await sign_in(app, "west")
    assert (await east.get(f"/cases/{case}/protocol")).status_code == 404


async def test_a_supervisor_writes_the_next_version_and_no_update_is_lost(app: FastAPI, town: Town) -> None:
    chief, other = await sign_in(app, "supervisor"), await sign_in(app, "admin")
    listed = shapes.ProtocolList.model_validate_json((await chief.get("/protocols")).content)
    assert listed.items[0].key == "fire"
    found = (await chief.get("/protocols/fall")).json()["items"][0]
    bodies = [edited(found, name_zh=name) for name in ("跌倒甲", "跌倒乙")]
    seats = (chief, other)
    answers = await asyncio.gather(
        *(put(seat, "/protocols/fall", body) for seat, body in zip(seats, bodies, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert lost.json()["version"] == 2
    versions = (await chief.get("/protocols/fall")).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]


async def test_what_cannot_work_or_is_hostile_is_refused(app: FastAPI, town: Town) -> None:
    chief, operator = await sign_in(app, "supervisor"), await sign_in(app, "operator")
    fire = (await chief.get("/protocols/fire")).json()["items"][0]
    no_119 = await put(chief, "/protocols/fire", edited(fire, steps=fire["steps"][1:]))
    assert (no_119.status_code, "119" in no_119.json()["detail_zh"]) == (422, True)
    step = fire["steps"][0]
    for steps in ([], [step] * 21, [step | {"text_zh": " "}], [step | {"text_en": "a\x00"}], [{"a": 1}]):
        assert (await put(chief, "/protocols/fire", edited(fire, steps=steps))).status_code == 422
    assert (await put(chief, "/protocols/nothing", edited(fire))).status_code == 404
    assert (await put(operator, "/protocols/fire", edited(fire))).status_code == 403
