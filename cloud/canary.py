"""The canary: presses SOS in a home that nobody lives in and waits for it on a screen that nobody sees.

Each minute one press goes the whole road: a gateway's own credentials, broker, ingestor, database, feed,
WebSocket. Later than 5 s (of real time, whatever the clock) or not at all, and every desk shows a red bar and
the duty engineer is called; the next press follows soon, so that the bar goes when the road is good again.
Its cases have class test, are shown to no seat, and close themselves.
"""

import asyncio
import contextlib
import json
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
import websockets
from psycopg_pool import PoolTimeout
from websockets.asyncio.client import connect

from cloud.access.access import hash_secret
from cloud.broker import Address, gateway_verifiers, new_secret
from cloud.config import write_private
from cloud.database.pool import Connection, Pool
from cloud.downlink.mqtt_publisher import MqttPublisher, NotPublished
from cloud.supervision import canaries, ourselves
from cloud.supervision.canaries import DEVICE, GATEWAY, LIMIT_MS, Run
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import Event, encode

logger = logging.getLogger(__name__)

EVERY_S: Final = 60.0
_LEAST_REAL_S: Final = 5.0
_PATIENCE_S: Final = 20.0
"""How long a press that is late already may still come, to be told how late."""
_FIRST_WAIT_S: Final = 30.0
_RETRY_S: Final = 1.0


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What the canary signs in with: its gateway's secret with the verifiers, its feed client's token."""

    secret: str
    bcrypt: str
    pbkdf2: str
    token: str


def keys_in(path: Path) -> Keys:
    """The keys of a private file, made at the first start; raises ValueError for one that is damaged."""
    if not path.exists():
        secret = new_secret()
        bcrypt, pbkdf2 = gateway_verifiers(secret)
        made = Keys(secret=secret, bcrypt=bcrypt, pbkdf2=pbkdf2, token=secrets.token_urlsafe(32))
        write_private(path, msgspec.to_builtins(made))
    try:
        return msgspec.json.decode(path.read_bytes(), type=Keys)
    except msgspec.DecodeError as error:
        raise ValueError(f"{path}: {error}") from error


@dataclass
class Sight:
    """The hidden client of the feed: which events it has seen, and when (seconds of the event loop)."""

    url: str
    token: str
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    _awaited: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    def expect(self, event_id: UUID) -> "asyncio.Future[float]":
        """The moment when the event comes; call before it is pressed."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited[str(event_id)] = future
        return future

    def forget(self, event_id: UUID) -> None:
        """It is not waited for any more."""
        self._awaited.pop(str(event_id), None)

    async def follow(self) -> None:
        """Endless: read the feed, and come again after each loss."""
        address = self.url.replace("http", "ws", 1) + "/api/v1/ws"
        headers = {"Authorization": f"Bearer {self.token}"}
        lost = False
        while True:
            try:
                async with connect(address, additional_headers=headers, proxy=None) as socket:
                    if lost:
                        logger.info("feed is back", extra={"action": "canary_feed_back"})
                    lost = False
                    async for text in socket:
                        self._read(text)
            except (OSError, websockets.WebSocketException, TimeoutError) as error:
                if not lost:
                    extra = {"action": "canary_feed_lost", "error": type(error).__name__}
                    logger.warning("feed is lost", extra=extra)
                lost = True
            finally:
                self.connected.clear()
            await asyncio.sleep(_RETRY_S)

    def _read(self, text: str | bytes) -> None:
        frame = json.loads(text)
        if frame.get("type") == "hello":
            self.connected.set()
        if frame.get("type") != "canary":
            return
        seen_at = asyncio.get_running_loop().time()
        for event_id in frame["data"].get("event_ids", ()):
            future = self._awaited.get(event_id)
            if future is not None and not future.done():
                future.set_result(seen_at)


class Canary:
    """Presses for ever; `publisher` speaks for the synthetic gateway."""

    def __init__(self, pool: Pool, clock: Clock, publisher: MqttPublisher, sight: Sight) -> None:
        self._pool = pool
        self._clock = clock
        self._publisher = publisher
        self._sight = sight
        self._run_id = new_run()
        self._seq = 0
        self._unsaid = False

    async def run(self) -> None:
        """Wait for both ends (half a minute at most), then press each minute, sooner after a failure."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_WAIT_S):
                await self._publisher.wait_connected()
                await self._sight.connected.wait()
        while True:
            run = await self.once()
            least_s = _LEAST_REAL_S * self._clock.rate
            await self._clock.sleep(max(EVERY_S, least_s) if run.ok else least_s)

    async def once(self) -> Run:
        """One press over the whole road, and what came of it, written down."""
        now = self._clock.now()
        event_id = uuid7(self._clock.now_ms())
        await self._kept(lambda conn: self._begin(conn, now))
        expected = self._sight.expect(event_id)
        pressed = asyncio.get_running_loop().time()
        try:
            reason = await self._press(event_id)
            took = await _within(expected, LIMIT_MS / 1000, pressed)
            run = self._result(event_id, now, took, reason)
            await self._kept(lambda conn: self._end(conn, run))
            if took is None and (took := await _within(expected, _PATIENCE_S, pressed)) is not None:
                late = self._result(event_id, now, took, reason)
                await self._kept(lambda conn: canaries.came_late(conn, late))
                return late
            return run
        finally:
            self._sight.forget(event_id)

    async def _press(self, event_id: UUID) -> str:
        """Publish the event; returns why it could not be, "" when it was."""
        self._seq += 1
        event = Event(
            id=str(event_id),
            run=self._run_id,
            boot=self._run_id,
            seq=self._seq,
            kind="sos",
            device=DEVICE,
            at=self._clock.now_ms(),
            test=True,
        )
        try:
            await self._publisher.publish(topics.up(GATEWAY, "event"), encode(event))
        except NotPublished:
            return "broker_lost"
        return ""

    def _result(self, event_id: UUID, now: datetime, took: float | None, reason: str) -> Run:
        if took is None:
            reason = reason or ("not_seen" if self._sight.connected.is_set() else "feed_lost")
            return Run(id=event_id, pressed_at=now, reason=reason)
        took_ms = round(took * 1000)
        reason = "slow" if took_ms > LIMIT_MS else ""
        return Run(id=event_id, pressed_at=now, seen_at=self._clock.now(), took_ms=took_ms, reason=reason)

    async def _begin(self, conn: Connection, now: datetime) -> None:
        await ourselves.note_alive(conn, "canary", now=now)
        await canaries.open_window(conn, now=now)

    async def _end(self, conn: Connection, run: Run) -> None:
        now = self._clock.now()
        await ourselves.note_alive(conn, "canary", now=now)
        await canaries.close_own(conn, now=now)
        turned = await canaries.note_run(conn, run, now=now)
        if turned is not None:
            extra = {"action": "canary_red" if turned else "canary_ok", "reason": run.reason}
            logger.log(
                logging.ERROR if turned else logging.INFO,
                "the road is broken or slow" if turned else "the road is good",
                extra=extra | {"took_ms": run.took_ms},
            )

    async def _kept(self, act: Any) -> None:
        """Do something in a transaction; a database that is away is said once."""
        try:
            async with self._pool.connection(timeout=LIMIT_MS / 1000) as conn, conn.transaction():
                await act(conn)
        except (psycopg.OperationalError, PoolTimeout) as error:
            if not self._unsaid:
                extra = {"action": "canary_database_lost", "error": type(error).__name__}
                logger.error("the road is broken: database", extra=extra)
            self._unsaid = True
        else:
            self._unsaid = False


@asynccontextmanager
async def a_canary(
    pool: Pool, clock: Clock, *, broker: Address, api_url: str, keys: Keys
) -> AsyncIterator[Canary]:
    """A canary that is founded and whose two ends connect; it has not pressed yet."""
    async with pool.connection() as conn, conn.transaction():
        await canaries.found(
            conn,
            now=clock.now(),
            verifiers=(keys.bcrypt, keys.pbkdf2),
            token_hash=hash_secret(keys.token),
        )
    address = Address(broker.host, broker.port, GATEWAY, keys.secret, broker.tls)
    sight = Sight(api_url, keys.token)
    async with MqttPublisher(address, GATEWAY) as publisher:
        following = asyncio.create_task(sight.follow(), name="canary-sight")
        try:
            yield Canary(pool, clock, publisher, sight)
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following


async def say_ended(pool: Pool) -> None:
    """The canary ends as it should: nobody misses it."""
    with contextlib.suppress(psycopg.OperationalError, PoolTimeout):
        async with pool.connection(timeout=1.0) as conn:
            await ourselves.note_ended(conn, "canary")


async def _within(expected: "asyncio.Future[float]", limit_s: float, pressed: float) -> float | None:
    """Seconds from the press to its sight; None when that has not come within the limit from now."""
    try:
        return await asyncio.wait_for(asyncio.shield(expected), limit_s) - pressed
    except TimeoutError:
        return None
