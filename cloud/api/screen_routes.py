"""Wall screens: made and taken back by administrators, opened by their own link."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from cloud.access import screens, sources
from cloud.access.access import hash_secret
from cloud.access.errors import NotSignedIn
from cloud.api.auditing import audit
from cloud.api.callers import COOKIE, Caller, With
from cloud.api.pages import Paged, cut
from cloud.api.register_routes import covered
from cloud.api.schemas import Given, Shown
from cloud.api.session_routes import info_of
from cloud.api.session_schemas import SessionInfo
from cloud.api.texts import AreaCode, Name, Secret
from cloud.api.times import Instant
from cloud.registry.store import Belongs, require_area

router = APIRouter(tags=["wall"])


class NewScreen(Given):
    """A screen and what it shows: an area's numbers (empty: every area), an organisation's (null: every)."""

    name: Name
    area_code: AreaCode | Annotated[str, Field(pattern="^$")] = ""
    org_id: UUID | None = None


class ScreenMade(Shown):
    """The token is shown this once; the screen opens `/wall#screen=<token>`."""

    id: UUID
    token: str


class Screen(Shown):
    """A screen; `last_seen_at` to the minute."""

    id: UUID
    name: str
    area_code: str
    org_id: UUID | None
    created_at: Instant
    last_seen_at: Instant | None
    revoked_at: Instant | None


class ScreenList(Shown):
    """Newest first."""

    items: list[Screen]


class OpenScreen(Given):
    """The token of a screen's link."""

    token: Secret


@router.get("/screens", operation_id="list_screens", response_model=ScreenList)
async def list_screens(identity: Caller, services: With, page: Paged) -> ScreenList:
    """Wall screens, also those that were taken back."""
    async with services.pool.connection() as conn:
        found = cut(await screens.listed(conn, identity), page, lambda one: one.id)
    return ScreenList(items=[Screen.model_validate(one, from_attributes=True) for one in found])


@router.post("/screens", operation_id="create_screen", status_code=201, response_model=ScreenMade)
async def create_screen(body: NewScreen, identity: Caller, services: With) -> ScreenMade:
    """A screen that shows the wall of an area until it is taken back, and may do nothing else."""
    covered(identity, Belongs(body.area_code, body.org_id))
    async with services.pool.connection() as conn, conn.transaction():
        if body.area_code:
            await require_area(conn, body.area_code)
        made, token = await screens.add(
            conn,
            body.name,
            identity,
            area_code=body.area_code,
            org_id=body.org_id,
            now=services.clock.now(),
        )
        await audit(conn, services, identity, "screen_created", made, name=body.name)
    return ScreenMade(id=made, token=token)


@router.delete("/screens/{screen_id}", operation_id="revoke_screen", status_code=204)
async def revoke_screen(screen_id: UUID, identity: Caller, services: With) -> Response:
    """From now on the screen shows nothing: within seconds it asks for a sign-in."""
    async with services.pool.connection() as conn, conn.transaction():
        await screens.revoke(conn, screen_id, identity, now=services.clock.now())
        await audit(conn, services, identity, "screen_revoked", screen_id)
    return Response(status_code=204)


@router.post("/session/screen", operation_id="open_screen", response_model=SessionInfo)
async def open_screen(body: OpenScreen, request: Request, services: With, response: Response) -> SessionInfo:
    """Open a wall screen by its token; the cookie lasts until the screen is taken back."""
    now = services.clock.now()
    source = sources.source_of(request.client.host if request.client else None)
    async with services.pool.connection() as conn:
        await sources.take(conn, source, now=now)
        found = await screens.shown(conn, hash_secret(body.token), now=now)
        if found is None:
            raise NotSignedIn("大屏链接已失效", "the screen's link does not hold any more")
        await sources.forgive(conn, source)
    response.set_cookie(
        COOKIE,
        body.token,
        max_age=int(screens.COOKIE_LIFE.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return info_of(found, "")
