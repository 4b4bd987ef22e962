"""Evidence and figures over HTTP: what comes, who gets what of it, and that it is written down."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from cloud.api.services import Services
from cloud.cases import store
from cloud.cases.evidence_check import check
from cloud.database.pool import Connection
from tests.cloud.api.conftest import Town, bearer, ring
from tests.cloud.town import add_operator

pytestmark = pytest.mark.postgres


async def audited(conn: Connection, action: str) -> list[dict[str, Any]]:
    rows = await conn.execute("select detail from audit where action = %s order by id", (action,))
    return [row[0] for row in await rows.fetchall()]


async def test_a_supervisor_takes_the_evidence_away_and_it_is_written_down(
    http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    case_id = await ring(conn, services, town, town.east)
    path = f"/api/v1/cases/{case_id}/evidence"
    answer = await http.get(path, headers=bearer(town, "supervisor"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert check(answer.text).faults == []
    with_health = await http.get(path, params={"health": "true"}, headers=bearer(town, "supervisor"))
    assert with_health.status_code == 200
    assert [detail["health"] for detail in await audited(conn, "evidence_exported")] == ["left_out", "none"]


async def test_health_data_are_for_roles_that_may(
    http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    case_id = await ring(conn, services, town, town.east)
    path = f"/api/v1/cases/{case_id}/evidence"
    assert (await http.get(path, headers=bearer(town, "admin"))).status_code == 200
    refused = await http.get(path, params={"health": "true"}, headers=bearer(town, "admin"))
    assert refused.status_code == 403
    for role in ("operator", "official", "family", "responder", "technician"):
        assert (await http.get(path, headers=bearer(town, role))).status_code == 403
    assert (await http.get(path, headers=bearer(town, "west"))).status_code == 404
    assert len(await audited(conn, "evidence_exported")) == 1


async def test_the_official_of_a_district_gets_its_figures(
    http: httpx.AsyncClient, town: Town, conn: Connection, services: Services
) -> None:
    now = services.clock.now()
    case_id = await ring(conn, services, town, town.east)
    await ring(conn, services, town, town.west)
    operator = await add_operator(conn, "甲", seen=now)
    async with conn.transaction():
        await store.claim(conn, case_id, operator, now=now + timedelta(seconds=3))
    span = {"from": (now - timedelta(hours=1)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()}

    async def get(path: str, role: str, **more: str) -> httpx.Response:
        return await http.get(f"/api/v1/{path}", params=span | more, headers=bearer(town, role))

    found = (await get("kpi", "official", group="district")).json()
    assert found["total"]["cases_all"] == 2
    assert [group["key"] for group in found["groups"]] == ["370502", "370503"]
    assert {promise["figure"] for promise in found["promises"]} >= {"answer_15s_acted", "loop_closed"}
    assert (await get("kpi", "east")).json()["total"]["cases_all"] == 1
    file = await get("kpi.csv", "official", group="seat")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.content.startswith(b"\xef\xbb\xbfgroup,label,")
    assert (await get("kpi", "operator")).status_code == 403
    assert (await get("kpi", "official", group="moon")).status_code == 422
    backwards = {"from": span["to"], "to": span["from"]}
    refused = await http.get("/api/v1/kpi", params=backwards, headers=bearer(town, "official"))
    assert refused.status_code == 422
    assert len(await audited(conn, "kpi_viewed")) == 3
