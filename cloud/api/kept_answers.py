"""Idempotency-Key on every POST: `begin` runs when the caller is known, the middleware keeps the answer."""

import hashlib
import re
from typing import Any, Final

from fastapi import Request, Response
from psycopg import Error
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.access import kept
from cloud.access.access import Identity
from cloud.access.errors import InvalidInput
from cloud.access.kept import KeptAnswer, Key
from cloud.api.services import Services

HEADER: Final = "Idempotency-Key"
KEY_PATTERN: Final = "^[A-Za-z0-9._:-]{1,64}$"
# Signing in has no caller yet, telephone systems and message providers number their events themselves, and
# each look at a door code is written down anew.
NOT_KEPT: Final = frozenset({"sign_in", "take_call_event", "take_receipt", "show_door_code", "show_way_in"})
_KEY: Final = re.compile(KEY_PATTERN)
_PURPOSE: Final = "kept_answer.answer"
_STATE: Final = "idempotency_key"


class Replayed(Exception):
    """The request was answered before: this is the answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__("answered before")
        self.answer = answer


async def begin(request: Request, services: Services, identity: Identity, operation: str) -> None:
    """Take the request's key; raises Replayed for a known request, else as `kept.begin`."""
    word = request.headers.get(HEADER)
    if word is None or request.method != "POST" or operation in NOT_KEPT:
        return
    if not _KEY.match(word):
        raise InvalidInput(
            "Idempotency-Key 须为 1 到 64 个字母、数字或 . _ : -",
            "an Idempotency-Key is 1 to 64 letters, digits or . _ : -",
            field=HEADER,
        )
    key = Key(actor=identity.actor, key=word)
    target = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    digest = hashlib.sha256(target + await request.body()).digest()
    async with services.pool.connection() as conn:
        found = await kept.begin(conn, key, digest, now=services.clock.now())
    if found is not None:
        body = services.seal.open(found.answer_cipher, _PURPOSE)
        answer = Response(body, found.status, {"Idempotency-Replayed": "true"}, found.media_type or None)
        raise Replayed(answer)
    request.scope["state"][_STATE] = key


async def replay(_: Request, error: Replayed) -> Response:
    """Handler of Replayed."""
    return error.answer


class KeptAnswers:
    """Keeps the answer of a request that took a key before it leaves; a refusal frees the key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        held: list[Message] = []

        async def watched(message: Message) -> None:
            if _STATE not in state:
                await send(message)
                return
            held.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                await self._keep(scope, state[_STATE], held)
                for one in held:
                    await send(one)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            if _STATE in state and not held:
                await _forget(scope["app"].state.services, state[_STATE])
            raise

    async def _keep(self, scope: Scope, key: Key, held: list[Message]) -> None:
        services: Services = scope["app"].state.services
        status: int = held[0]["status"]
        if not 200 <= status < 300:
            await _forget(services, key)
            return
        headers = {name.lower(): value for name, value in held[0]["headers"]}
        body = b"".join(one.get("body", b"") for one in held[1:])
        answer = KeptAnswer(
            status=status,
            media_type=headers.get(b"content-type", b"").decode("latin-1"),
            answer_cipher=services.seal.seal(body.decode(), _PURPOSE).cipher,
        )
        try:
            async with services.pool.connection() as conn:
                await kept.finish(conn, key, answer)
        except (Error, PoolTimeout):
            return  # the change is made: the key stays under way, and nothing is done twice


async def _forget(services: Services, key: Key) -> None:
    try:
        async with services.pool.connection() as conn:
            await kept.forget(conn, key)
    except (Error, PoolTimeout):
        return  # it stays under way for the day: a new key is needed
