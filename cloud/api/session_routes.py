"""Signing in and out."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from cloud.access import sources, store
from cloud.access.access import SESSION_LIFE, WALL_ROLE, Identity, Session
from cloud.access.errors import Conflict, NotSignedIn
from cloud.api.callers import COOKIE, Caller, With, bearer_of, check_origin
from cloud.api.case_routes import actor_of
from cloud.api.session_schemas import SessionInfo, SessionUser, SignIn
from cloud.cases import handing
from cloud.cases import store as cases

router = APIRouter(tags=["session"])


def info_of(who: Identity, csrf_token: str) -> SessionInfo:
    """Who is signed in, at their seat or as a wall screen."""
    user = SessionUser(
        id=who.id, username=who.username, name=who.name, role=who.role, area_code=who.area_code
    )
    return SessionInfo(user=user, seat_id=who.seat_id or who.id, csrf_token=csrf_token)


@router.post("/session", operation_id="sign_in", response_model=SessionInfo)
async def sign_in(body: SignIn, request: Request, services: With, response: Response) -> SessionInfo:
    """Sign in at a new seat; the cookie lasts 16 hours."""
    source = sources.source_of(request.client.host if request.client else None)
    async with services.pool.connection() as conn:
        await sources.take(conn, source, now=services.clock.now())
        now = services.clock.now()
        attempt = await store.take_attempt(conn, now=now, username=body.username, source=source)
    matches = await services.passwords.matches(attempt.password_hash if attempt else None, body.password)
    if attempt is None or not matches or not attempt.active:
        raise NotSignedIn("用户名或密码不正确", "wrong user name or password")
    now = services.clock.now()
    async with services.pool.connection() as conn, conn.transaction():
        await store.succeed(conn, attempt, source, now=now)
        await sources.forgive(conn, source)
        await store.end_expired(conn, now=now, staff_id=attempt.user.id)
        secret, session = await store.open_session(conn, now=now, user=attempt.user)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return info_of(session.identity, session.csrf_token)


@router.get("/session", operation_id="get_session", response_model=SessionInfo)
async def get_session(request: Request, identity: Caller) -> SessionInfo:
    """Who is signed in."""
    session: Session | None = request.state.session
    if session is None and not _is_screen(request, identity):
        raise NotSignedIn("令牌没有会话", "a token has no session")
    return info_of(identity, session.csrf_token if session else "")


def _is_screen(request: Request, identity: Identity) -> bool:
    return identity.role == WALL_ROLE and bearer_of(request) is None


@router.delete("/session", operation_id="sign_out", status_code=204)
async def sign_out(
    request: Request,
    identity: Caller,
    services: With,
    to: Annotated[UUID | None, Query(description="a seat's or a user's id")] = None,
) -> Response:
    """Sign out: what this seat holds is handed over, to who is named in `to`, else to the queue."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
    if _is_screen(request, identity):
        check_origin(request)
        return response
    session: Session | None = request.state.session
    if session is None or identity.seat_id is None:
        raise NotSignedIn("令牌没有会话", "a token has no session")
    now = services.clock.now()
    async with services.pool.connection() as conn:
        async with conn.transaction():
            await store.close_session(conn, now=now, identity=identity)
        for case_id in await cases.held_by_seat(conn, identity.seat_id):
            # One transaction each: two cases locked at once could wait for each other and the feed.
            with suppress(Conflict):
                async with conn.transaction():
                    await handing.sign_off(conn, case_id, actor_of(identity), to, now=now)
    return response
