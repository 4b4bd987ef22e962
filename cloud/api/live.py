"""The live feed: one LISTEN a process; sockets are fed from the database by position, so nothing is lost.

A socket first reads what it missed, then joins the hub at exactly that position. Its queue is bounded: who
reads too slowly is cut off and comes back with `after`. The hub keeps no truth; after a break it reads on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

import msgspec
from psycopg import Error
from psycopg_pool import PoolTimeout

from cloud import metrics
from cloud.access.access import Identity
from cloud.api.services import Services
from cloud.database.listen import notifications
from cloud.feed import store as feed
from cloud.feed.store import CHANNEL, FeedRow

logger = logging.getLogger(__name__)

SLOW: Final = 4008
RESTORED: Final = 4009
QUEUE_FRAMES: Final = 2000
REPLAY_FRAMES: Final = 20_000
PAGE: Final = 500
WALL: Final = "wall"
_LOOK_EVERY_S: Final = 1.0
_RETRY_S: Final = 0.5


class Prepared(msgspec.Struct, frozen=True):
    """A feed row, serialised once for all sockets; only `prev` differs."""

    seq: int
    type: str
    area_code: str
    org_id: UUID | None
    tail: str
    seat_id: UUID | None = None
    reader_ids: Sequence[UUID] | None = None

    def text(self, prev: int) -> str:
        """The frame for a client whose last position was `prev`."""
        return f'{{"seq":{self.seq},"prev":{prev},{self.tail}'


def prepare(row: FeedRow) -> Prepared:
    """Serialise a row."""
    tail = f'"type":"{row.type}","data":{row.data}}}'
    return Prepared(row.seq, row.type, row.area_code, row.org_id, tail, row.seat_id, row.reader_ids)


def wall_text(seq: int, prev: int) -> str:
    """The frame of a wall: read the numbers anew."""
    return f'{{"seq":{seq},"prev":{prev},"type":"wall","data":{{}}}}'


class Subscription:
    """One socket's place: `read` is how far the feed was read for it, `sent` the last frame it got.

    A wall's (`wall`) is told that something changed and nothing of it: nobody's name leaves for a wall.
    """

    def __init__(self, identity: Identity, after: int, *, wall: bool = False) -> None:
        self._identity = msgspec.structs.replace(identity, role=WALL, seat_id=None) if wall else identity
        self._wall = wall
        self._waiting: asyncio.Queue[Prepared | None] = asyncio.Queue(QUEUE_FRAMES)
        self.read = after
        self.sent = after
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def entitled(self, frame: Prepared) -> bool:
        """True where the client may see the frame."""
        return feed.is_for(
            frame.type, frame.area_code, frame.org_id, self._identity, frame.seat_id, frame.reader_ids
        )

    def offer(self, frame: Prepared) -> None:
        """Queue a new frame; a full queue ends the subscription."""
        if frame.seq > self.read:
            self.read = frame.seq
            if self.entitled(frame):
                self._put(frame)

    def beat(self) -> None:
        """Queue a heartbeat behind the frames."""
        self._put(None)

    def end(self, code: int) -> None:
        """Have the socket closed with this code."""
        if not self.ended.done():
            metrics.CUT_OFF.labels(str(code)).inc()
            self.ended.set_result(code)

    def _put(self, item: Prepared | None) -> None:
        try:
            self._waiting.put_nowait(item)
        except asyncio.QueueFull:
            self.end(SLOW)

    def take(self, frame: Prepared) -> str:
        """The frame's text, chained to the one before it."""
        text = wall_text(frame.seq, self.sent) if self._wall else frame.text(self.sent)
        self.sent = frame.seq
        return text

    async def next(self) -> str | None:
        """The next frame's text, None for a heartbeat."""
        frame = await self._waiting.get()
        return None if frame is None else self.take(frame)


class LiveFeed:
    """Reads the feed once for all sockets of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._subscriptions: set[Subscription] = set()
        self._position = 0
        self._ready = asyncio.Event()
        self._unread = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the feed for the length of the block."""
        task = asyncio.create_task(self._follow(), name="live-feed")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def follows(self) -> str:
        """What hinders it from following the feed, "" when nothing does."""
        return "" if self._ready.is_set() and not self._unread else "the feed is not read"

    async def _follow(self) -> None:
        heard = notifications(
            self._services.database_url, [CHANNEL], every_s=_LOOK_EVERY_S, name="carebed-live"
        )
        async for _ in heard:
            try:
                await self._read_on()
                self._unread = False
            except (Error, PoolTimeout) as error:
                self._unread = True
                logger.warning(
                    "feed cannot be read", extra={"action": "feed_unread", "error": type(error).__name__}
                )
                await asyncio.sleep(_RETRY_S)

    async def _read_on(self) -> None:
        async with self._services.pool.connection() as conn:
            if not self._ready.is_set():
                self._position = await feed.position(conn)
                self._ready.set()
            while rows := await feed.read_rows(conn, self._position, limit=PAGE):
                now = self._services.clock.now()
                for row in rows:
                    metrics.hop("feed", row.at, now)
                    self._tell(prepare(row))
            head = await feed.position(conn)
            if head < self._position:
                self._restored(head)

    def _tell(self, frame: Prepared) -> None:
        for subscription in self._subscriptions:
            subscription.offer(frame)
        self._position = frame.seq

    def _restored(self, head: int) -> None:
        """The database is older than what was sent: every client must read the lists anew."""
        logger.warning("feed went back: database restored", extra={"action": "feed_went_back"})
        self._position = head
        for subscription in self._subscriptions:
            subscription.end(RESTORED)

    async def start(
        self, identity: Identity, after: int | None, *, wall: bool = False
    ) -> tuple[Subscription, bool]:
        """A subscription after a position (None: now), and whether it is lost (then from now on)."""
        async with self._services.pool.connection() as conn:
            head = await feed.position(conn)
            oldest = await feed.oldest(conn)
        if after is None:
            return Subscription(identity, head, wall=wall), False
        first_kept = oldest if oldest else head + 1
        lost = after > head or after + 1 < first_kept or head - after > REPLAY_FRAMES
        return Subscription(identity, head if lost else after, wall=wall), lost

    async def frames(self, subscription: Subscription) -> AsyncIterator[str | None]:
        """What was missed, from the database; then what comes, from the hub. None is a heartbeat. Endless."""
        async for frame in self._missed(subscription):
            yield subscription.take(frame)
        try:
            while True:
                yield await subscription.next()
        finally:
            self._subscriptions.discard(subscription)

    async def _missed(self, subscription: Subscription) -> AsyncIterator[Prepared]:
        """Frames that the hub has passed; when there are no more the subscription has joined the hub."""
        await self._ready.wait()
        while subscription.read < self._position:
            async with self._services.pool.connection() as conn:
                rows = await feed.read_rows(conn, subscription.read, limit=PAGE)
            if not rows:
                break
            for row in rows:
                subscription.read = row.seq
                frame = prepare(row)
                if subscription.entitled(frame):
                    yield frame
        # No await since the last comparison: the hub cannot have moved on in between.
        self._subscriptions.add(subscription)

    def leave(self, subscription: Subscription) -> None:
        """The socket has gone."""
        self._subscriptions.discard(subscription)
