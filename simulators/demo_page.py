"""The demo's page: the homes of the town, a button for each thing that can happen. Loopback only."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn
from fastapi import FastAPI, Request, Response

from simulators.processes import SimulatorError
from simulators.town import TownHome, action_of

_FOLDER: Final = Path(__file__).parent / "page"
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/town.js": ("town.js", "text/javascript; charset=utf-8"),
    "/town.css": ("town.css", "text/css; charset=utf-8"),
}
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_MAX_BODY: Final = 1024
_log = logging.getLogger(__name__)


def page_app(homes: Mapping[str, TownHome], console_url: str, port: int) -> FastAPI:
    """The page's server: static files, GET /api/town, POST /api/homes/{id} {"action": …}."""
    app = FastAPI(openapi_url=None)
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    @app.middleware("http")
    async def only_from_here(request: Request, call_next: Any) -> Response:
        origin = request.headers.get("origin")
        if request.headers.get("host") not in hosts or (origin and origin.partition("://")[2] not in hosts):
            return Response(status_code=403)
        answer: Response = await call_next(request)
        answer.headers.update(_HEADERS)
        return answer

    for path in _FILES:
        app.add_api_route(path, _static(path), methods=["GET"])

    @app.get("/api/town")
    async def town() -> Response:
        return _json({"console": console_url, "homes": [home.view() for home in homes.values()]})

    @app.post("/api/homes/{home_id}")
    async def act(home_id: str, request: Request) -> Response:
        home, action = homes.get(home_id), action_of(_action_in(await request.body()))
        if home is None or action is None:
            return _json({"ok": False, "reason": "no such home or action"}, 404 if home is None else 422)
        try:
            await home.act(action)
        except (OSError, SimulatorError) as error:
            return _json({"ok": False, "reason": str(error)}, 503)
        return _json({"ok": True})

    return app


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: the demo ends everything in its own order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: FastAPI, port: int) -> AsyncIterator[None]:
    """Serve on loopback for the length of the block."""
    server = _Server(uvicorn.Config(app, "127.0.0.1", port, log_level="warning", timeout_graceful_shutdown=2))
    task = asyncio.create_task(server.serve(), name="page")
    try:
        for _ in range(400):
            if server.started or task.done():
                break
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=4)


def _static(path: str) -> Any:
    name, kind = _FILES[path]

    async def send() -> Response:
        return Response((_FOLDER / name).read_bytes(), media_type=kind)

    return send


def _action_in(body: bytes) -> object:
    if len(body) > _MAX_BODY:
        return None
    try:
        value = json.loads(body)
    except ValueError:
        return None
    return value.get("action") if isinstance(value, dict) else None


def _json(value: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")
