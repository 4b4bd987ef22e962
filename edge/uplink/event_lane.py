"""Unstored events -> up/event, again and again until the cloud says `stored`."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from edge.outbox.events import Key
from edge.outbox.outbox import Outbox
from edge.uplink.schedule import LOOK_S, Timings, event_due_s
from firmware_specs.kinds import LIFE_SAFETY
from firmware_specs.messages import Ack, ClockState, Event, encode

log = logging.getLogger(__name__)


class Publish(Protocol):
    """Send one message with QoS 1; returns when the broker has it. Raises aiomqtt.MqttError."""

    async def __call__(self, channel: str, payload: bytes) -> None:
        """`channel` is the last part of the topic, such as `event`."""


@dataclass
class Waiting:
    """An event without `stored`: how often this connection sent it, when first, when next (loop seconds)."""

    event: Event
    sent: int = 0
    first_at: float = 0.0
    due_at: float = 0.0


@dataclass
class EventLane:
    """The events in work: all new ones, and as many older ones as the window holds.

    `moved` turns an event counted since boot into time of day, once the time is known; `local` tells what the
    gateway did for an event id; `on_stored` hears which rows the cloud has.
    """

    outbox: Outbox
    timings: Timings
    moved: Callable[[Event], Event]
    local: Callable[[str], dict[str, Any]] = lambda event_id: {}
    on_stored: Callable[[list[Event]], None] = lambda events: None
    _waiting: dict[Key, Waiting] = field(default_factory=dict)
    _more: bool = True
    beat: Callable[[], None] = lambda: None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    urgent: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, events: list[Event]) -> None:
        """Take new events; when the window is full, those that are not about life wait on disk."""
        for event in events:
            if len(self._waiting) >= self.timings.event_window and event.kind not in LIFE_SAFETY:
                self._more = True
            else:
                self._waiting.setdefault((event.run, event.seq), Waiting(event))
        self._signal()

    def look_again(self) -> None:
        """Events of the outbox wait again (a replay)."""
        self._more = True
        self._signal()

    def acked(self, ack: Ack) -> None:
        """Strike off what the cloud has stored: by number, else the oldest sent row of each id."""
        keys = [(ack.run, seq) for seq in ack.event_seqs]
        if not keys:
            for event_id in ack.events:
                rows = [
                    k
                    for k, w in self._waiting.items()
                    if k[0] == ack.run and w.event.id == event_id and w.sent
                ]
                keys += sorted(rows)[:1]
        stored = [waiting.event for key in keys if (waiting := self._waiting.pop(key, None)) is not None]
        self.outbox.mark_events(keys)
        self.on_stored(stored)
        self._signal()

    def idle(self) -> bool:
        """Whether no event waits."""
        return not self._waiting and not self._more

    async def load(self) -> None:
        """Find out whether events wait from before."""
        await self._refill()

    async def run(self, publish: Publish) -> None:
        """Send what is due, for one connection; everything is due at its start."""
        loop = asyncio.get_running_loop()
        for waiting in self._waiting.values():
            waiting.sent, waiting.due_at = 0, 0.0
        while True:
            self.beat()
            self._changed.clear()
            await self._refill()
            due = sorted((w for w in self._waiting.values() if w.due_at <= loop.time()), key=_order)
            if due:
                await asyncio.gather(*(self._send(waiting, publish) for waiting in due[:20]))
                continue
            next_at = min((w.due_at for w in self._waiting.values()), default=loop.time() + LOOK_S)
            try:
                async with asyncio.timeout(max(next_at - loop.time(), 0.01)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _send(self, waiting: Waiting, publish: Publish) -> None:
        if not waiting.sent:
            waiting.first_at = asyncio.get_running_loop().time()
        waiting.sent += 1
        waiting.due_at = waiting.first_at + event_due_s(waiting.sent, self.timings)
        event = self.moved(waiting.event)
        done = self.local(event.id)
        await publish("event", encode(msgspec.structs.replace(event, local=done) if done else event))

    async def _refill(self) -> None:
        """Take older events from the outbox while there is room."""
        if not self._more or len(self._waiting) > self.timings.event_window // 2:
            return
        self._more = False
        found = await self.outbox.waiting_events(self.timings.event_window)
        self._more = self._more or len(found) >= self.timings.event_window
        for event in found:
            self._waiting.setdefault((event.run, event.seq), Waiting(event))
        self._signal()

    def _signal(self) -> None:
        self._changed.set()
        if self._waiting:
            self.urgent.set()
        else:
            self.urgent.clear()


def in_time_of_day(event: Event, boot: str, boot_started_ms: int | None) -> Event:
    """An event counted in milliseconds since this boot, moved to time of day where that is known by now."""
    if event.clock.source != "none" or event.boot != boot or boot_started_ms is None:
        return event
    return msgspec.structs.replace(event, at=event.at + boot_started_ms, clock=ClockState(source="cloud"))


def _order(waiting: Waiting) -> tuple[bool, int, int]:
    """What concerns life first, then by age."""
    return (waiting.event.kind not in LIFE_SAFETY, waiting.sent, waiting.event.at)
