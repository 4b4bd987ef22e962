"""Who calls: the cookie or the bearer token, then the roles table; changes by cookie prove their origin."""

import hmac
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from cloud.access import screens, store
from cloud.access.access import Identity, Session, hash_secret
from cloud.access.errors import NotAllowed, NotSignedIn
from cloud.access.roles import PUBLIC, may
from cloud.api import kept_answers
from cloud.api.services import Services

COOKIE: Final = "carebed_session"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def services_of(request: HTTPConnection) -> Services:
    """What the app was made with."""
    services: Services = request.app.state.services
    return services


def bearer_of(connection: HTTPConnection) -> str | None:
    """The token of an Authorization header."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def same_origin(connection: HTTPConnection) -> bool:
    """True where the Origin header names this very host; a proxy in front must pass the Host header on."""
    try:
        host = urlsplit(connection.headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(host) and host.lower() == connection.headers.get("host", "").lower()


async def find_caller(connection: HTTPConnection, bearer: str | None) -> tuple[Identity, Session | None]:
    """The caller, with the session where a person's cookie brought them; raises NotSignedIn.

    The only token that a cookie may hold is a wall screen's, which changes nothing.
    """
    services = services_of(connection)
    now = services.clock.now()
    cookie = connection.cookies.get(COOKIE)
    async with services.pool.connection() as conn:
        if bearer is not None:
            identity = await store.find_token(conn, now=now, credential=hash_secret(bearer))
            if identity is not None:
                return identity, None
        elif cookie is not None:
            session = await store.find_session(conn, now=now, credential=hash_secret(cookie))
            if session is not None:
                return session.identity, session
            screen = await screens.shown(conn, hash_secret(cookie), now=now)
            if screen is not None:
                return screen, None
    raise NotSignedIn("请先登录", "sign in first")


def check_role(identity: Identity, operation: str) -> None:
    """Raise NotAllowed where the roles table does not let the caller do it."""
    if not may(identity.role, operation):
        raise NotAllowed(
            f"角色 {identity.role} 不能执行此操作",
            f"the role {identity.role} may not do this",
            operation=operation,
        )


def check_origin(connection: HTTPConnection) -> None:
    """Raise NotAllowed where a browser on another site sends the request."""
    if "origin" in connection.headers and not same_origin(connection):
        raise NotAllowed("请求来自其他网站", "the request comes from another site")


async def check_media_type(request: Request) -> None:
    """Raise HTTPException 415 for a body that is not JSON where JSON is read."""
    if getattr(request.scope.get("route"), "body_field", None) is None:
        return
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json") or not await request.body():
        return
    raise HTTPException(415)


async def caller(request: Request) -> Identity | None:
    """Dependency of every route: None only for public ones."""
    operation = str(getattr(request.scope.get("route"), "operation_id", ""))
    await check_media_type(request)
    if operation in PUBLIC:
        if request.method not in _READING:
            check_origin(request)
        return None
    identity, session = await find_caller(request, bearer_of(request))
    if session is not None and request.method not in _READING:
        check_origin(request)
        given = request.headers.get("x-csrf-token", "").encode()
        if not hmac.compare_digest(given, session.csrf_token.encode()):
            raise NotAllowed("缺少或错误的 X-CSRF-Token", "the X-CSRF-Token header is missing or wrong")
    check_role(identity, operation)
    request.state.session = session
    if session is not None and request.method not in _READING and identity.seat_id is not None:
        services = services_of(request)
        async with services.pool.connection() as conn:
            await store.see_seat(conn, now=services.clock.now(), seat_id=identity.seat_id)
    await kept_answers.begin(request, services_of(request), identity, operation)
    return identity


async def known_caller(identity: Annotated[Identity | None, Depends(caller)]) -> Identity:
    """The caller of a route that is not public."""
    if identity is None:
        raise NotSignedIn("请先登录", "sign in first")
    return identity


Caller = Annotated[Identity, Depends(known_caller)]
With = Annotated[Services, Depends(services_of)]
