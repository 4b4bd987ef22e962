"""ASGI middleware around everything: size and time limits, security headers."""

import asyncio
import contextlib
import re
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.api.errors import problem

MAX_BODY_BYTES: Final = 256 * 1024
REQUEST_LIMIT_S: Final = 30.0
_IMPORT: Final = re.compile(r"^/api/v1/import(/dry-run)?$")
IMPORT_LIMIT_S: Final = 120.0
# Photographs and registers are larger; their caller is known before they are read.
LARGER: Final = (
    (re.compile(r"^/api/v1/dispatches/[^/]+/photos$"), 5 * 1024 * 1024),
    (_IMPORT, 10 * 1024 * 1024),
)

_CSP: Final = (
    "default-src 'self'; img-src 'self' data:{tiles}; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)


class TooLarge(Exception):
    """The body passed the limit while it was being read."""


class BodyLimit:
    """413 for a body over the limit, announced or not."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        most = self._limit(scope)
        if not announced.isdecimal() or len(announced) > 18 or int(announced) > most:
            await problem(413)(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise TooLarge
            return message

        async def watched(message: Message) -> None:
            # Whoever reads the body may turn TooLarge into an answer of its own: ours takes its place.
            if seen <= most:
                await send(message)

        with contextlib.suppress(TooLarge):
            await self._app(scope, counted, watched)
        if seen > most:
            await problem(413)(scope, receive, send)

    def _limit(self, scope: Scope) -> int:
        if scope["method"] != "POST":
            return self._max_bytes
        return next((most for path, most in LARGER if path.match(scope["path"])), self._max_bytes)


class TimeLimit:
    """504 for a request that is not answered in time, a slowly sent body included."""

    def __init__(self, app: ASGIApp, limit_s: float = REQUEST_LIMIT_S) -> None:
        self._app = app
        self._limit_s = limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            limit_s = IMPORT_LIMIT_S if _IMPORT.match(scope["path"]) else self._limit_s
            async with asyncio.timeout(limit_s):
                await self._app(scope, receive, watched)
        except TimeoutError:
            if not started:
                await problem(504)(scope, receive, send)


class SecurityHeaders:
    """Headers that keep a browser from running or framing what is not ours; API answers are never cached.

    Pictures come from here and from the configured map tiles' origins.
    """

    def __init__(self, app: ASGIApp, tile_origins: Iterable[str] = ()) -> None:
        self._app = app
        self._policy = _CSP.format(tiles="".join(f" {origin}" for origin in tile_origins))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self._policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["X-Frame-Options"] = "DENY"
                headers["Referrer-Policy"] = "same-origin"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, dressed)
