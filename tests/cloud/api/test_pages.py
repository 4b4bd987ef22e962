"""The console's files, the headers that protect them, and whether the parts work."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from cloud.api.app import create_app, openapi
from cloud.api.equipment_schemas import Health, UiConfig
from cloud.api.services import Services
from cloud.database.pool import Connection, open_pool
from cloud.ingest.life import note_life

pytestmark = pytest.mark.postgres


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>CareBed</title>", encoding="utf-8")
    (folder / "icon.svg").write_text("<svg/>", encoding="utf-8")
    (folder / "assets" / "app-1a2b.js").write_text("const x = 1;" * 500, encoding="utf-8")
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    return folder


@pytest.fixture
async def pages(services: Services, dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(replace(services, console=dist)))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


async def test_assets_are_kept_for_a_year_and_compressed(pages: httpx.AsyncClient) -> None:
    answer = await pages.get("/assets/app-1a2b.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert (await pages.get("/assets/none.js")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/cases/1", "/wall", "/index.html"])
async def test_every_page_of_the_console_is_index_html_and_never_cached(
    pages: httpx.AsyncClient, path: str
) -> None:
    answer = await pages.get(path)
    assert "CareBed" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_files_beside_the_index_are_served(pages: httpx.AsyncClient) -> None:
    assert (await pages.get("/icon.svg")).text == "<svg/>"


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/..%2fsecret.txt", "/%00",
             "/assets/%2e%2e/%2e%2e/secret.txt", "/" + "a" * 4000]
)  # fmt: skip
async def test_no_path_leaves_the_folder(pages: httpx.AsyncClient, path: str) -> None:
    answer = await pages.get(path)
    assert "secret" not in answer.text
    assert answer.status_code in {200, 404}


async def test_an_unbuilt_console_says_how_to_build_it(services: Services, tmp_path: Path) -> None:
    transport = httpx.ASGITransport(create_app(replace(services, console=tmp_path / "none")))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get("/")
        assert answer.status_code == 200
        assert "npm run build" in answer.text
        assert "控制台尚未构建" in answer.text
        assert (await client.get("/healthz")).json() == {"ok": True}
        assert (await client.get("/api/unknown")).headers["content-type"] == "application/problem+json"


async def test_security_headers_are_on_every_answer(pages: httpx.AsyncClient) -> None:
    for path in ("/", "/assets/app-1a2b.js", "/api/v1/ui-config", "/api/v1/cases", "/healthz"):
        headers = (await pages.get(path)).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
    assert (await pages.get("/api/v1/ui-config")).headers["cache-control"] == "no-store"


async def test_the_console_learns_the_deployments_facts_without_signing_in(pages: httpx.AsyncClient) -> None:
    config = UiConfig.model_validate_json((await pages.get("/api/v1/ui-config")).content)
    assert (config.time_zone, config.night) == ("Asia/Shanghai", (22, 6))
    assert config.limits.p1_claim_s == 30


async def test_health_names_what_does_not_work(
    services: Services, conn: Connection, pages: httpx.AsyncClient
) -> None:
    async def health(of: Services) -> Health:
        transport = httpx.ASGITransport(create_app(of))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return Health.model_validate_json((await client.get("/api/v1/health")).content)

    before = await health(services)
    assert (before.ok, before.database, before.broker, before.ingest_lag_s) == (False, True, None, None)
    await note_life(conn, listening=True, now=services.clock.now())
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    working = await health(replace(services, broker_url=f"mqtt://u:p@127.0.0.1:{port}"))
    assert working.ok
    listener.close()
    await listener.wait_closed()
    silent = await health(replace(services, broker_url=f"mqtt://u:p@127.0.0.1:{port}"))
    assert (silent.ok, silent.broker) == (False, False)
    async with open_pool("postgresql://127.0.0.1:1/none", min_size=0) as away:
        gone = await health(replace(services, pool=away))
    assert (gone.ok, gone.database) == (False, False)


async def test_a_database_that_is_away_is_a_503(services: Services) -> None:
    async with open_pool("postgresql://127.0.0.1:1/none", min_size=0) as away:
        away.timeout = 0.3
        transport = httpx.ASGITransport(create_app(replace(services, pool=away)))
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.get("/api/v1/cases", headers={"Authorization": "Bearer x"})
    assert answer.status_code == 503
    assert answer.json()["title_zh"]


def test_the_description_needs_no_database_and_names_every_operation() -> None:
    document = openapi()
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids))
    assert {"claim_case", "list_cases", "sign_in"} <= set(ids)
    assert "LiveMessage" in document["components"]["schemas"]
