"""Unstored batches -> up/telemetry: what is new at once, what an outage left behind after it, slowly."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from edge.outbox import batches
from edge.outbox.events import Key
from edge.outbox.outbox import Outbox
from edge.uplink.event_lane import Publish
from edge.uplink.schedule import LOOK_S, Timings, batch_wait_s
from firmware_specs.batches import encode_batch
from firmware_specs.messages import Ack, TelemetryBatch

log = logging.getLogger(__name__)

_EVERYTHING = 1 << 62
_PAGE = 10


@dataclass
class InFlight:
    """A batch that was sent and is not acked: how often, and when it is due again (loop seconds)."""

    sent: int
    due_at: float


@dataclass
class TelemetryLane:
    """Batches of the outbox, at most `batches_in_flight` sent and unacked.

    Batches written since the connection began are live; older ones are backfill. `moved` turns times since
    boot into time of day; `now` is ms; `rate` is the speed of the clock.
    """

    outbox: Outbox
    timings: Timings
    moved: Callable[[TelemetryBatch], TelemetryBatch]
    now: Callable[[], int]
    compress: bool = False
    rate: float = 1.0
    _flight: dict[Key, InFlight] = field(default_factory=dict)
    beat: Callable[[], None] = lambda: None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _looked: bool = False
    _live_after: int = 0
    _backfill_after: int = 0
    _backfill_up_to: int = 0
    _backfill_at: float = 0.0

    def look(self) -> None:
        """Batches were written."""
        self._looked = False
        self._changed.set()

    def look_again(self) -> None:
        """Batches of the outbox wait again (a replay)."""
        self._backfill_after = 0
        self._backfill_up_to = self._live_after
        self._changed.set()

    def acked(self, ack: Ack) -> None:
        """Strike off what the cloud has stored."""
        keys = [(ack.run, seq) for seq in ack.telemetry]
        for key in keys:
            self._flight.pop(key, None)
        self.outbox.mark_batches(keys)
        self._changed.set()

    def idle(self) -> bool:
        """Whether no new batch waits to be sent, and every one that was sent is stored."""
        return self._looked and not self._flight

    async def run(self, publish: Publish) -> None:
        """Send, for one connection: live batches, then due resends, then backfill at its own pace."""
        loop = asyncio.get_running_loop()
        self._flight.clear()
        self._live_after = self._backfill_up_to = await self.outbox.last_batch_n()
        self._backfill_after = 0
        while True:
            self.beat()
            self._changed.clear()
            if (
                await self._send_live(publish)
                or await self._send_due(publish)
                or await self._send_backfill(publish)
            ):
                continue
            self._looked = not self._changed.is_set()
            try:
                async with asyncio.timeout(max(self._next_at() - loop.time(), 0.01)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _send_live(self, publish: Publish) -> bool:
        room = self.timings.batches_in_flight - len(self._flight)
        if room <= 0:
            return False
        found = await self.outbox.waiting_batches(self._live_after, _EVERYTHING, min(room, _PAGE))
        for kept in found:
            self._live_after = kept.n
            await self._send(kept.batch, publish)
        return bool(found)

    async def _send_due(self, publish: Publish) -> bool:
        """Send again the batch whose ack is most overdue."""
        now = asyncio.get_running_loop().time()
        key = min(self._flight, key=lambda k: self._flight[k].due_at, default=None)
        if key is None or self._flight[key].due_at > now:
            return False
        batch = await self.outbox.find_batch(key)
        if batch is None:
            self._flight.pop(key, None)
        else:
            await self._send(batch, publish)
        return True

    async def _send_backfill(self, publish: Publish) -> bool:
        """Send the oldest batch left behind, at most `backfill_per_s`; a fifth of the window is kept free."""
        loop = asyncio.get_running_loop()
        full = len(self._flight) >= self.timings.batches_in_flight * 4 // 5
        if self._backfill_after >= self._backfill_up_to or full or loop.time() < self._backfill_at:
            return False
        found = await self.outbox.waiting_batches(self._backfill_after, self._backfill_up_to, 1)
        if not found:
            self._backfill_after = self._backfill_up_to
            return False
        self._backfill_after = found[0].n
        self._backfill_at = loop.time() + 1 / self.timings.backfill_per_s
        if (found[0].batch.run, found[0].batch.seq) not in self._flight:
            await self._send(found[0].batch, publish)
        return True

    async def _send(self, batch: TelemetryBatch, publish: Publish) -> None:
        key = (batch.run, batch.seq)
        sent = self._flight[key].sent + 1 if key in self._flight else 1
        due_at = asyncio.get_running_loop().time() + batch_wait_s(sent, self.timings)
        self._flight[key] = InFlight(sent, due_at)
        await publish("telemetry", self._encode(batch))

    def _encode(self, batch: TelemetryBatch) -> bytes:
        """The payload as it is sent now: time of day where known, `late` when its newest reading is old."""
        now = self.now()
        moved = self.moved(batch)
        age_s = (now - batches.newest_ms(moved)) / 1000 / self.rate
        late = moved.late or (moved.clock.source != "none" and age_s > self.timings.late_after_s)
        return encode_batch(msgspec.structs.replace(moved, sent_at=now, late=late), compress=self.compress)

    def _next_at(self) -> float:
        """When the lane has something to do without being told (loop seconds)."""
        times = [flight.due_at for flight in self._flight.values()]
        times.append(asyncio.get_running_loop().time() + LOOK_S)
        if (
            self._backfill_after < self._backfill_up_to
            and len(self._flight) < self.timings.batches_in_flight * 4 // 5
        ):
            times.append(self._backfill_at)
        return min(times)
