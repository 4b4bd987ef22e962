"""START HERE for the API: puts routes, guards, live feed and console together.

Everything under /api/v1 is JSON; errors are application/problem+json in both languages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.middleware.gzip import GZipMiddleware

from cloud.api import (
    case_routes,
    console,
    equipment_routes,
    errors,
    health_routes,
    live_routes,
    notification_routes,
    registry_routes,
    session_routes,
    system_routes,
)
from cloud.api.callers import caller
from cloud.api.guards import BodyLimit, SecurityHeaders, TimeLimit
from cloud.api.live import LiveFeed
from cloud.api.schemas import LIVE_MESSAGES, Problem
from cloud.api.services import Services

PREFIX: Final = "/api/v1"
_PROBLEMS: Final = {
    400: "The request cannot be read",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    409: "The present state does not permit it",
    413: "Larger than 256 KiB",
    422: "Invalid input",
    429: "Too many attempts",
    503: "Not available for the moment",
}
_ROUTERS: Final = (
    session_routes.router,
    case_routes.router,
    live_routes.router,
    health_routes.router,
    registry_routes.router,
    equipment_routes.router,
    notification_routes.router,
    system_routes.router,
)


def create_app(services: Services) -> FastAPI:
    """The whole HTTP side; `services.pool` must be open while it runs."""
    app = _routes()
    app.state.services = services
    app.state.live = LiveFeed(services)
    app.router.lifespan_context = _lifespan
    console.install(app, services.console)
    errors.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(TimeLimit)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    live: LiveFeed = app.state.live
    async with live.running():
        yield


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the API; needs no database."""
    return _routes().openapi()


def _routes() -> FastAPI:
    app = FastAPI(title="CareBed", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    responses: dict[int | str, dict[str, Any]] = {
        status: {"description": text, "content": {errors.MEDIA_TYPE: {"schema": _ref("Problem")}}}
        for status, text in _PROBLEMS.items()
    }
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(caller)], responses=responses)
    for router in _ROUTERS:
        api.include_router(router)
    app.include_router(api)
    live_routes.install(app, PREFIX)

    @app.get("/healthz", include_in_schema=False)
    async def alive() -> dict[str, bool]:
        return {"ok": True}

    @app.get(f"{PREFIX}/openapi.json", include_in_schema=False)
    async def description() -> dict[str, Any]:
        return app.openapi()

    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _described(app: FastAPI) -> dict[str, Any]:
    """OpenAPI of the routes, with the problem document and the live feed's messages among the schemas."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        models = [(model, "serialization") for model in (Problem, *LIVE_MESSAGES)]
        _, extra = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
        schemas = document["components"]["schemas"]
        for name, schema in extra["$defs"].items():
            schemas.setdefault(name, schema)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        schemas["LiveMessage"] = {"oneOf": [_ref(model.__name__) for model in LIVE_MESSAGES]}
        document["components"]["securitySchemes"] = {
            "session": {"type": "apiKey", "in": "cookie", "name": "carebed_session"},
            "token": {"type": "http", "scheme": "bearer"},
        }
        document["security"] = [{"session": []}, {"token": []}]
        app.openapi_schema = document
    return app.openapi_schema
