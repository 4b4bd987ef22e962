"""START HERE for the API: puts routes, guards, live feed and console together.

Everything under /api/v1 is JSON; errors are application/problem+json in both languages.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from cloud.api import (
    acceptance_routes,
    audit_routes,
    case_routes,
    console,
    dispatch_routes,
    equipment_routes,
    errors,
    escalation_routes,
    evidence_routes,
    family_routes,
    health_routes,
    history_routes,
    hotline_routes,
    import_routes,
    kept_answers,
    kpi_routes,
    live_routes,
    notification_routes,
    observation_routes,
    photo_routes,
    protocol_routes,
    register_routes,
    registry_routes,
    resident_change_routes,
    responder_routes,
    screen_routes,
    session_routes,
    shift_routes,
    staff_routes,
    stage_routes,
    supervision_routes,
    system_routes,
    telephony_provider_routes,
    telephony_routes,
    trend_routes,
    wall_routes,
)
from cloud.api.callers import caller
from cloud.api.counting import Counted
from cloud.api.description import PREFIX, RESPONSES, described
from cloud.api.guards import BodyLimit, SecurityHeaders, TimeLimit
from cloud.api.live import LiveFeed
from cloud.api.services import Services

_ROUTERS: Final = (
    session_routes.router,
    case_routes.router,
    supervision_routes.router,
    dispatch_routes.router,
    photo_routes.router,
    family_routes.router,
    escalation_routes.router,
    responder_routes.router,
    stage_routes.router,
    protocol_routes.router,
    evidence_routes.router,
    kpi_routes.router,
    shift_routes.router,
    audit_routes.router,
    wall_routes.router,
    screen_routes.router,
    live_routes.router,
    history_routes.router,
    health_routes.router,
    trend_routes.router,
    observation_routes.router,
    registry_routes.router,
    register_routes.router,
    resident_change_routes.router,
    staff_routes.router,
    import_routes.router,
    equipment_routes.router,
    notification_routes.router,
    telephony_routes.router,
    hotline_routes.router,
    acceptance_routes.router,
    telephony_provider_routes.router,
    system_routes.router,
)


def create_app(services: Services) -> FastAPI:
    """The whole HTTP side; `services.pool` must be open while it runs."""
    app = FastAPI(routes=_routes().routes, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    app.state.live = LiveFeed(services)
    app.router.lifespan_context = _lifespan
    console.install(app, services.console, services.basemap)
    errors.install(app)
    app.add_exception_handler(kept_answers.Replayed, kept_answers.replay)  # type: ignore[arg-type]  # takes its own
    app.add_middleware(kept_answers.KeptAnswers)
    app.add_middleware(GZipMiddleware, minimum_size=1024)
    app.add_middleware(TimeLimit)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, tile_origins=services.basemap.tile_origins)
    app.add_middleware(Counted)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    live: LiveFeed = app.state.live
    async with live.running():
        yield


def openapi() -> dict[str, Any]:
    """The OpenAPI document of the API; needs no database."""
    return _routes().openapi()


@cache
def _routes() -> FastAPI:
    """Every route with its description; built once, because that takes a third of a second."""
    app = FastAPI(title="CareBed", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    api = APIRouter(prefix=PREFIX, dependencies=[Depends(caller)], responses=RESPONSES)
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

    app.openapi = lambda: described(app)  # type: ignore[method-assign]  # FastAPI's own way
    return app
