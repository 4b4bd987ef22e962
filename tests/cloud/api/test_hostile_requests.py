"""Garbage never becomes a 500: it is refused with a problem document, and the next request is served."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.api.guards import BodyLimit, TimeLimit
from tests.cloud.api.conftest import Town, bearer

pytestmark = pytest.mark.postgres

JSON = {"Content-Type": "application/json"}


async def post(
    http: httpx.AsyncClient, town: Town, path: str, content: bytes | AsyncIterator[bytes]
) -> httpx.Response:
    return await http.post(f"/api/v1{path}", content=content, headers=bearer(town, "admin") | JSON)


def is_problem(answer: httpx.Response) -> bool:
    body = answer.json()
    return answer.headers["content-type"] == "application/problem+json" and {
        "type", "title", "title_zh", "status", "detail", "detail_zh",
    } <= set(body)  # fmt: skip


async def test_a_body_over_256_kib_is_a_413_announced_or_not(http: httpx.AsyncClient, town: Town) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 10_000

    for content in (b'{"name":"' + b"x" * 300_000 + b'"}', chunks()):
        answer = await post(http, town, "/orgs", content)
        assert answer.status_code == 413
        assert is_problem(answer)
    nearly = await post(http, town, "/orgs", b'{"name":"x"}' + b" " * 200_000)
    assert nearly.status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b'"x"', b"1e999", b"\xff\xfe\x00", b"{}" * 1000, b"[" * 50_000,
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000, b"9" * 10_000, b'{"name":NaN}', b'{"name":1}',
        b'{"name":"\\u0000"}', b'{"name":"a\\ud800"}', b'{"name":"x","more":1}', b'{"name":""}',
        b'{"name":["x"]}', b'{"name":' + b"9" * 6000 + b"}",
    ],
)  # fmt: skip
async def test_what_is_not_a_name_is_refused(http: httpx.AsyncClient, town: Town, content: bytes) -> None:
    answer = await post(http, town, "/orgs", content)
    assert answer.status_code in {400, 422}, answer.text
    assert is_problem(answer)


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "\x00"])
async def test_characters_that_postgresql_cannot_store_are_a_422_everywhere(
    http: httpx.AsyncClient, town: Town, value: str
) -> None:
    resident: dict[str, Any] = {"name": "李", "bed_id": str(town.east.bed_id)}
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/areas", {"code": "99", "name": value}),
        ("/homes", {"area_code": "370502", "org": value}),
        ("/homes", {"area_code": "370502", "org": "康养中心", "door_code": value}),
        ("/residents", resident | {"profile": {"a": [{"b": value}]}}),
        ("/residents", resident | {"profile": {value: 1}}),
        ("/residents", resident | {"risks": [value]}),
        ("/residents", resident | {"id_number": value}),
        ("/residents", resident | {"contacts": [{"name": value, "phone": "13800000000"}]}),
        ("/devices", {"id": "zb-1", "family": value}),
        ("/session", {"username": value, "password": "x"}),
        ("/session", {"username": "x", "password": value}),
    ]
    for path, body in bodies:
        answer = await post(http, town, path, json.dumps(body).encode())
        assert answer.status_code == 422, (path, body, answer.text)
        assert is_problem(answer)


@pytest.mark.parametrize("value", [math.nan, math.inf, 2**70, [[[[[[[[[[1]]]]]]]]]], ["x"] * 3000])
async def test_json_that_cannot_be_kept_is_a_422(http: httpx.AsyncClient, town: Town, value: Any) -> None:
    body = {"name": "李", "bed_id": str(town.east.bed_id), "profile": {"a": value}}
    answer = await post(http, town, "/residents", json.dumps(body).encode())
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "query",
    [
        "/cases?limit=0", "/cases?limit=99999999999999999999", "/cases?before=-1", "/cases?state=lost",
        "/cases?by=closed_at", "/cases?state=closed&by=closed_at&before=9", "/cases?by=name",
        "/cases?before=99999999999999999999999", "/feed?after=1e3", "/feed?after=99999999999999999999",
        "/devices?home=x", "/devices?gateway=%00", "/devices?gateway=A%20B", "/devices?limit=-5",
        "/residents/x", "/residents/00000000-0000-0000-0000-000000000001/trend",
        "/residents/00000000-0000-0000-0000-000000000001/trend?kind=%00",
        "/residents/00000000-0000-0000-0000-000000000001/trend?kind=a&points=0",
        "/residents/00000000-0000-0000-0000-000000000001/trend?kind=a&from=0001-01-01T00:00:00%2B08:00",
        "/residents/00000000-0000-0000-0000-000000000001/trend?kind=a&from=2026-01-01",
        "/residents/00000000-0000-0000-0000-000000000001/trend?kind=a&from=9999999999999999",
    ],
)  # fmt: skip
async def test_a_query_out_of_bounds_is_a_422(http: httpx.AsyncClient, town: Town, query: str) -> None:
    answer = await http.get(f"/api/v1{query}", headers=bearer(town, "supervisor"))
    assert answer.status_code == 422, answer.text
    assert is_problem(answer)


async def test_an_id_in_the_path_is_checked(http: httpx.AsyncClient, town: Town) -> None:
    for path in (
        "/gateways/A%00/secret",
        "/devices/%F0%9F%98%80/installations",
        "/devices/a%2Fb/test-window",
    ):
        answer = await post(http, town, path, b'{"minutes":5}')
        assert answer.status_code in {404, 405, 422}, answer.text
        assert is_problem(answer)


async def test_unknown_addresses_and_methods_are_problems_too(http: httpx.AsyncClient, town: Town) -> None:
    missing = await http.get("/api/v1/nothing")
    assert (missing.status_code, is_problem(missing)) == (404, True)
    method = await http.put("/api/v1/cases", headers=bearer(town, "operator"))
    assert (method.status_code, is_problem(method)) == (405, True)
    assert method.headers["allow"]


async def test_a_secret_is_never_repeated_in_an_answer(http: httpx.AsyncClient, town: Town) -> None:
    answer = await http.post(
        "/api/v1/session", json={"username": "operator", "password": ["secret-in-a-list"]}
    )
    assert answer.status_code == 422
    assert "secret-in-a-list" not in answer.text


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "name", "code", "org", "area_code", "gate", "bed_id", "home_id", "id", "kind", "phones", "contacts",
    "profile", "limits", "id_number", "birth_date", "minutes", "state", "until", "from", "door_code",
    "safe_radius_m",
)  # fmt: skip
PATHS = (
    "/areas", "/orgs", "/homes", "/residents", "/gateways", "/devices", "/devices/zb-1/installations",
    "/devices/zb-1/test-window", "/residents/00000000-0000-0000-0000-000000000001/state", "/session",
    "/homes/00000000-0000-0000-0000-000000000001/beds",
)  # fmt: skip


BODIES = st.tuples(st.sampled_from(PATHS), st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=6))


async def test_no_json_at_all_makes_a_500(http: httpx.AsyncClient, town: Town) -> None:
    found: list[tuple[str, dict[str, Any]]] = []

    @settings(max_examples=200, database=None, derandomize=True)
    @given(BODIES)
    def collect(example: tuple[str, dict[str, Any]]) -> None:
        found.append(example)

    collect()
    for path, body in found:
        answer = await post(http, town, path, json.dumps(body).encode())
        assert answer.status_code < 500, (path, body, answer.text)
        assert answer.status_code < 300 or is_problem(answer)


async def test_a_request_that_takes_too_long_is_a_504(http: httpx.AsyncClient) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    app = BodyLimit(TimeLimit(never, limit_s=0.05))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        answer = await client.get("/")
    assert answer.status_code == 504
    assert is_problem(answer)
