"""The feed: a page of it by HTTP for programs, and the WebSocket that screens live on."""

import asyncio
import json
import logging
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, FastAPI, Query, Response, WebSocket
from psycopg import Error, OperationalError
from psycopg_pool import PoolTimeout
from starlette.websockets import WebSocketDisconnect, WebSocketState

from cloud import metrics
from cloud.access import store as access
from cloud.access.access import Identity
from cloud.access.errors import CareBedError, NotAllowed, NotFound
from cloud.api.auditing import audit
from cloud.api.callers import COOKIE, Caller, With, bearer_of, check_role, find_caller, same_origin
from cloud.api.case_routes import actor_of, answer
from cloud.api.errors import domain_problem, problem
from cloud.api.feed_schemas import FeedPage
from cloud.api.live import WALL, LiveFeed, Subscription
from cloud.api.services import Services
from cloud.api.times import iso_ms
from cloud.cases import store as cases
from cloud.feed import store as feed

logger = logging.getLogger(__name__)
router = APIRouter(tags=["feed"])

BEAT_S: Final = 5.0
SIGNED_OUT: Final = 4401
BAD_MESSAGES: Final = 4400
TRY_AGAIN: Final = 1013
_MESSAGE_BYTES: Final = 4096
_BAD_ALLOWED: Final = 20
_PHONES: Final = frozenset({"family", "responder"})
_SEAT_FRESH_S: Final = 7.0
"""The client sends a heartbeat each 5 s of real time."""


class Beat(msgspec.Struct, frozen=True, tag="hb"):
    """The screen lives."""


class Sound(msgspec.Struct, frozen=True, tag="sound"):
    """Whether the seat can be heard."""

    armed: bool


class Displayed(msgspec.Struct, frozen=True, tag="shown"):
    """A case was painted at this ring."""

    case_id: UUID
    rings: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


Said = Beat | Sound | Displayed
_DECODER: Final = msgspec.json.Decoder(Said)


def _decode(text: str | None) -> Said:
    """A client's message; raises ValueError for anything else."""
    if text is None or len(text) > _MESSAGE_BYTES:
        raise ValueError("not a message of this feed")
    said: Said = _DECODER.decode(text.encode("utf-8", "replace"))
    return said


@router.get("/feed", operation_id="list_feed", response_model=FeedPage)
async def list_feed(
    identity: Caller,
    services: With,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Frames after a position, oldest first; go on with `after=seq`."""
    async with services.pool.connection() as conn, conn.transaction():
        items = await feed.read_after(conn, after, identity, limit=limit)
        await audit(conn, services, identity, "feed_read", "feed")
    return answer({"items": items, "seq": items[-1].seq if items else after})


def install(app: FastAPI, prefix: str) -> None:
    """Add the WebSocket `/ws?after=`; with `view=wall` it only tells that the wall's numbers changed."""

    @app.websocket(f"{prefix}/ws")
    async def open_live_feed(socket: WebSocket) -> None:
        try:
            wall = socket.query_params.get("view") == WALL
            identity, protocol = await _admit(socket, "get_wall" if wall else "open_live_feed")
            after = _position(socket.query_params.get("after"))
        except CareBedError as error:
            await socket.send_denial_response(domain_problem(error))
            return
        except (OperationalError, PoolTimeout):
            await socket.send_denial_response(problem(503))
            return
        await socket.accept(subprotocol=protocol)
        live: LiveFeed = socket.app.state.live
        await Client(socket, socket.app.state.services, live, identity, wall=wall).serve(after)


async def _admit(socket: WebSocket, operation: str) -> tuple[Identity, str | None]:
    """The caller, and the subprotocol to answer with. A cookie counts only from our own pages."""
    offered = [item.strip() for item in socket.headers.get("sec-websocket-protocol", "").split(",") if item]
    spoken = next((item for item in offered if item.startswith("bearer.")), None)
    bearer = bearer_of(socket) or (spoken.removeprefix("bearer.") if spoken else None)
    services: Services = socket.app.state.services
    if bearer is None and COOKIE in socket.cookies and not same_origin(socket):
        raise NotAllowed("连接来自其他网站", "the connection comes from another site")
    identity, _ = await find_caller(socket, bearer)
    check_role(identity, operation)
    async with services.pool.connection() as conn:
        await audit(conn, services, identity, "feed_opened", "feed")
    plain = next((item for item in offered if item == "carebed"), None)
    return identity, plain or spoken


def _position(text: str | None) -> int | None:
    """`after` as a number; what is not one counts as lost, so that the client reads the lists anew."""
    if text is None:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else 1 << 62


class Client:
    """One WebSocket: frames and heartbeats go out, signs of life and of what was shown come in.

    A wall is nobody's seat: it keeps none alive, however long it hangs there.
    """

    def __init__(
        self, socket: WebSocket, services: Services, live: LiveFeed, identity: Identity, *, wall: bool = False
    ) -> None:
        self._wall = wall
        self._socket = socket
        self._services = services
        self._live = live
        self._identity = identity
        self._heard_at = -_SEAT_FRESH_S
        self._bad = 0

    async def serve(self, after: int | None) -> None:
        """Run until either side closes."""
        try:
            subscription, lost = await self._live.start(self._identity, after, wall=self._wall)
        except (Error, PoolTimeout):
            await self._close(TRY_AGAIN)
            return
        tasks: list[asyncio.Future[Any]] = [
            asyncio.create_task(self._send(subscription, lost), name="ws-send"),
            asyncio.create_task(self._beat(subscription), name="ws-beat"),
            asyncio.create_task(self._receive(subscription), name="ws-receive"),
        ]
        metrics.SOCKETS.inc()
        try:
            await asyncio.wait({*tasks, subscription.ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            metrics.SOCKETS.dec()
            self._live.leave(subscription)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | RuntimeError):
                logger.warning("live connection failed", exc_info=result, extra={"action": "live_failed"})
        await self._close(subscription.ended.result() if subscription.ended.done() else TRY_AGAIN)

    async def _close(self, code: int) -> None:
        if self._socket.client_state is WebSocketState.DISCONNECTED:
            return
        with suppress(RuntimeError, WebSocketDisconnect):
            await self._socket.close(code)

    async def _send(self, subscription: Subscription, lost: bool) -> None:
        await self._say("hello", subscription)
        if lost:
            await self._say("reset", subscription)
        async for text in self._live.frames(subscription):
            if text is None:
                await self._say("hb", subscription)
            else:
                await self._socket.send_text(text)

    async def _say(self, kind: str, subscription: Subscription) -> None:
        at = iso_ms(self._services.clock.now())
        await self._socket.send_text(json.dumps({"type": kind, "seq": subscription.sent, "at": at}))

    async def _beat(self, subscription: Subscription) -> None:
        """Look each 5 s of the program's clock if the caller is still known; beat each 5 real seconds."""
        loop = asyncio.get_running_loop()
        next_beat = loop.time()
        while True:
            await asyncio.sleep(max(BEAT_S / self._services.clock.rate, 0.2))
            fresh = loop.time() - self._heard_at < _SEAT_FRESH_S
            if not await self._still_known(living=fresh and self._services.clock.rate > 1):
                subscription.end(SIGNED_OUT)
                return
            if loop.time() >= next_beat:
                next_beat = loop.time() + BEAT_S - 0.1
                subscription.beat()

    async def _still_known(self, *, living: bool) -> bool:
        """False when the session or token has ended; a database that is away ends nothing."""
        now, who = self._services.clock.now(), self._identity
        try:
            async with self._services.pool.connection() as conn:
                if who.seat_id is None:
                    return await access.find_token(conn, now=now, credential=who.credential) is not None
                if living and not self._wall:
                    await access.see_seat(conn, now=now, seat_id=who.seat_id)
                return await access.find_session(conn, now=now, credential=who.credential) is not None
        except (Error, PoolTimeout):
            return True

    async def _receive(self, subscription: Subscription) -> None:
        """What the client says; too much that cannot be understood ends the connection."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._heard(_decode(message.get("text")))
            except ValueError:
                self._bad += 1
                if self._bad > _BAD_ALLOWED:
                    subscription.end(BAD_MESSAGES)
                    return
            except (Error, PoolTimeout) as error:
                logger.warning(
                    "client message not stored",
                    extra={"action": "live_unstored", "error": type(error).__name__},
                )

    async def _heard(self, said: Said) -> None:
        if self._wall:
            return
        now, seat_id = self._services.clock.now(), self._identity.seat_id
        if self._identity.role in _PHONES and not isinstance(said, Beat):
            return  # a phone is no seat: it has no sound to tell of and shows nobody a case
        async with self._services.pool.connection() as conn, conn.transaction():
            match said:
                case Beat():
                    self._heard_at = asyncio.get_running_loop().time()
                    if seat_id is not None:
                        await access.see_seat(conn, now=now, seat_id=seat_id)
                case Sound():
                    if seat_id is not None:
                        await access.set_sound(conn, seat_id=seat_id, armed=said.armed)
                case Displayed():
                    with suppress(NotFound):
                        case = await cases.summary(conn, said.case_id, self._identity)
                        actor = actor_of(self._identity)
                        if await cases.shown(conn, said.case_id, actor, rings=said.rings, now=now):
                            first = datetime.fromisoformat(case.opened_at) if said.rings == 1 else None
                            metrics.hop("shown", first, now)
