"""Every route as every role, as a program and without credentials: the roles table is what is enforced."""

import re
import uuid
from typing import Any

import httpx
import pytest

from cloud.access.roles import MAY, PUBLIC, may
from cloud.api.app import openapi
from cloud.api.kpi_routes import SHEET
from tests.cloud.api.conftest import ROLES, Town, bearer

pytestmark = pytest.mark.postgres

NOBODY = str(uuid.UUID(int=7))
ROUTES: list[tuple[str, str, str]] = [
    (method.upper(), re.sub(r"\{(gateway|device)_id\}", "no-such", path), operation["operationId"])
    for path, methods in openapi()["paths"].items()
    for method, operation in methods.items()
]


def address(path: str) -> str:
    return re.sub(r"\{[a-z_]+\}", NOBODY, path)


def expected(role: str | None, operation: str) -> set[int]:
    """The statuses that the table allows."""
    if operation in PUBLIC:
        return {200, 204, 400, 404, 422, 429}
    if role is None:
        return {401}
    if not may(role, operation):
        return {403}
    # Session routes have nothing for a token; the others get past the table to a 404, 422 or 200.
    return {401} if operation in {"get_session", "sign_out"} else {200, 201, 404, 422}


@pytest.mark.parametrize("role", [*ROLES, None])
async def test_each_route_answers_the_roles_of_the_table_and_no_other(
    http: httpx.AsyncClient, town: Town, role: str | None
) -> None:
    headers = {} if role is None else bearer(town, role)
    wrong: list[str] = []
    for method, path, operation in ROUTES:
        query: dict[str, Any] = {"kind": "heart_rate"} if operation in ("get_trend", "get_map_values") else {}
        answer = await http.request(method, address(path), params=query, json={}, headers=headers)
        status = answer.status_code
        refused_otherwise = status == 403 and answer.json()["type"] != "carebed:not-allowed"
        if status not in expected(role, operation) or refused_otherwise:
            wrong.append(f"{operation}: {status} {answer.text[:200]}")
    assert wrong == []


async def test_every_operation_has_problem_documents_and_a_typed_answer() -> None:
    for path, methods in openapi()["paths"].items():
        for operation in methods.values():
            assert "application/problem+json" in operation["responses"]["422"]["content"], path
            good = {code: body for code, body in operation["responses"].items() if code.startswith("2")}
            assert len(good) == 1
            for code, body in good.items():
                content = body.get("content", {})
                file = content.keys() & {"text/html", "text/csv", SHEET, "image/jpeg"}
                assert code == "204" or file or "$ref" in content["application/json"]["schema"], path
    assert set(MAY) - {"open_live_feed"} <= {route[2] for route in ROUTES}
