"""Bytes of a connection -> driver -> pipeline -> outbox -> answer. Nothing a device sends stops the agent."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import msgspec

from edge.drivers.orders import Ordering
from edge.events import fitting, identified, is_call, needs_place
from edge.outbox.outbox import Outbox
from edge.pipeline.steps import state as pipeline_state
from edge.readings import (
    SINCE_BOOT_MS,
    Driver,
    Fix,
    Happening,
    IdentifiedEvent,
    Item,
    Reading,
    Sighting,
    Step,
)
from edge.trial import Trial
from edge.uplink.board import Board
from firmware_specs.ids import uuid7, wire_id
from firmware_specs.messages import ClockState, Event, InventoryEntry, decode, encode

log = logging.getLogger(__name__)

PIPELINE_NOTE = "pipeline"
NOTE_EACH_MS = 3_600_000
# What a driver counts when nothing is wrong; all other counts are of bytes that it had to drop.
_ORDINARY = frozenset(
    {"frames", "messages", "hello", "samples", "button", "status", "not_for_us", "replays", "repeats", "gaps"}
    | {"unlisted_device", "clock_wrong", "went_silent", "retained"}
)


@runtime_checkable
class Knowing(Protocol):
    """A driver that knows the models of its devices."""

    def inventory(self) -> list[InventoryEntry]:
        """One entry a device."""


@runtime_checkable
class Locating(Protocol):
    """A driver that can ask a device where it is."""

    def locate(self, device: str) -> bool:
        """Put the question into `replies()`; False when the device is not on this connection."""


@dataclass(eq=False)
class Line:
    """One connection: its driver, where answers go, how many items came; `turn` is held from its bytes to
    their answer, `heard` numbers what came last over all connections.
    """

    driver_name: str
    driver: Driver
    label: str
    send: Callable[[bytes], None]
    items: int = 0
    address: str = ""
    heard: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Intake:
    """The road from all transports to the outbox, one for the agent. `now` is ms, `clock` its source.

    `trace` is shown what came and what it meant; what `trial` covers is marked as a test.
    """

    pipeline: list[Step]
    outbox: Outbox
    board: Board
    boot: str
    now: Callable[[], int]
    clock: Callable[[], ClockState]
    counts: Counter[str] = field(default_factory=Counter)
    trace: Callable[[str, str, bytes, list[Item]], None] = lambda driver, source, data, items: None
    trial: Trial = field(default_factory=lambda: Trial(lambda: 0.0))
    _lines: set[Line] = field(default_factory=set)
    _heard: int = 0
    _noted_at: int = 0

    def connect(self, line: Line) -> Line:
        """A new connection."""
        self._lines.add(line)
        return line

    def disconnect(self, line: Line) -> None:
        """The connection is gone; what it sent that nobody could read is said once."""
        self._lines.discard(line)
        line.driver.finish()
        dropped = {
            what: count for what, count in line.driver.counts.items() if what not in _ORDINARY and count
        }
        if dropped:
            log.warning(
                "a connection sent what cannot be read",
                extra={
                    "action": "unreadable_input",
                    "source": line.label,
                    "driver": line.driver_name,
                    **dropped,
                },
            )

    async def take(self, line: Line, data: bytes) -> None:
        """Decode, judge, keep, then answer: an answer is a promise."""
        async with line.turn:
            await self._take(line, data)

    async def _take(self, line: Line, data: bytes) -> None:
        """A driver that failed lost what it heard: it must not answer, so that the device says it again."""
        now, lost = self.now(), False
        try:
            items = line.driver.receive(data, now)
        except Exception as error:
            self._failed(f"driver {line.driver_name}", line.label, error)
            items, lost = [], True
        if data:
            self._heard += 1
            line.heard = self._heard
            line.items += len(items)
            self._show(line, data, items)
        await self._keep(self._judge(items, now), line)
        try:
            answer = line.driver.replies()
        except Exception as error:
            self._failed(f"driver {line.driver_name}", line.label, error)
            return
        if answer and not lost:
            line.send(answer)

    def _show(self, line: Line, data: bytes, items: list[Item]) -> None:
        """What is only looked at must never cost what was heard."""
        try:
            self.trace(line.driver_name, line.label, data, items)
        except Exception as error:
            self._failed("trace", line.label, error)

    async def tick(self) -> None:
        """Let time pass: for each driver that waits for more, then for the pipeline."""
        for line in [line for line in self._lines if not line.turn.locked()]:
            await self.take(line, b"")
        now = self.now()
        await self._keep(self._judge([], now), None)
        if abs(now - self._noted_at) >= NOTE_EACH_MS:
            await self.outbox.keep([], {PIPELINE_NOTE: self._note(now)})

    async def report(self, kind: str, evidence: dict[str, object]) -> None:
        """Keep a technical event of the agent itself."""
        now = self.now()
        event = IdentifiedEvent(
            id=str(uuid7(now)), device="", kind=kind, phase="raised", at=now, evidence=dict(evidence)
        )
        await self.outbox.keep([self._event(event)], {})

    def inventory(self) -> list[InventoryEntry]:
        """What drivers know of their devices' models."""
        drivers = [line.driver for line in self._lines]
        return [entry for driver in drivers if isinstance(driver, Knowing) for entry in driver.inventory()]

    def locate(self, device: str) -> bool:
        """Ask a connected device where it is; False when none of this id can be asked."""
        for line in self._latest():
            if isinstance(line.driver, Locating) and line.driver.locate(device):
                return self._ask(line)
        return False

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Give a connected device an order; False when none of this id takes orders, OrderRefused says why
        one is not given.
        """
        for line in self._latest():
            if isinstance(line.driver, Ordering) and line.driver.order(device, name, args):
                return self._ask(line)
        return False

    def _latest(self) -> list[Line]:
        """Connections, the one that spoke last first: an older one of that device is probably half open."""
        return sorted(self._lines, key=lambda line: -line.heard)

    def _ask(self, line: Line) -> bool:
        """Send a driver's question now, or with the answer that is on its way."""
        if not line.turn.locked():
            line.send(line.driver.replies())
        return True

    async def _keep(self, items: list[Item], line: Line | None) -> None:
        """Readings and positions to telemetry, sightings to the board, events to disk."""
        samples = [item for item in items if isinstance(item, Reading | Fix)]
        if samples:
            self.outbox.add(samples)
        for item in items:
            if isinstance(item, Sighting):
                self.board.see(item.state, line.driver_name if line else "unknown")
        source = line.address if line else ""
        events = [self._event(item, source) for item in items if isinstance(item, IdentifiedEvent)]
        events += [self._event(identified(item), source) for item in items if isinstance(item, Happening)]
        if events:
            await self.outbox.keep(events, {PIPELINE_NOTE: self._note(self.now())})
            for event in items:
                if isinstance(event, IdentifiedEvent) and needs_place(event):
                    self.locate(event.device)

    def _note(self, now: int) -> bytes:
        """What the steps know, to be kept: with each event, and each hour for what is learned slowly."""
        self._noted_at = now
        return msgspec.json.encode(pipeline_state(self.pipeline))

    def _judge(self, items: list[Item], now: int) -> list[Item]:
        """All steps; one that fails is passed over for the item that it failed on."""
        for step in self.pipeline:
            try:
                items = step(items, now)
            except Exception as error:
                self._failed(f"step {type(step).__name__}", ", ".join(_devices(items)), error)
                items = [result for item in items for result in self._alone(step, item, now)]
        return items

    def _alone(self, step: Step, item: Item, now: int) -> list[Item]:
        """A step that saw this before it failed takes it for a repeat: rather told twice than not at all."""
        try:
            return step([item], now) or ([item] if is_call(item) else [])
        except Exception as error:
            self._failed(f"step {type(step).__name__}", ", ".join(_devices([item])), error)
            return [item]

    def _event(self, item: IdentifiedEvent, source: str = "") -> Event:
        """The message of an event; a field that the wire cannot carry is left out, never the event."""
        evidence = fitting(item.evidence) | ({"source_address": source} if source else {})
        device = wire_id(item.device) if item.device else None
        event = Event(
            id=item.id,
            run=self.outbox.run_id,
            boot=self.boot,
            seq=1,
            kind=item.kind,
            phase=item.phase,
            device=device,
            room=item.room,
            at=item.at,
            device_at=item.device_at,
            clock=ClockState(source="none") if item.at < SINCE_BOOT_MS else self.clock(),
            evidence=evidence,
            position=item.position,
            test=item.test or self.trial.covers(device or ""),
        )
        try:
            return decode(encode(event), Event)
        except (ValueError, TypeError) as error:
            self._failed("event", item.device, error)
            return msgspec.structs.replace(
                event, at=max(self.now(), 0), room=None, device_at=None, evidence={}, position=None
            )

    def _failed(self, where: str, about: str, error: Exception) -> None:
        self.counts[where] += 1
        if self.counts[where] <= 10 or self.counts[where] % 1000 == 0:
            log.error(
                "passed over",
                exc_info=error,
                extra={"action": "passed_over", "where": where, "about": about[:200]},
            )


def _devices(items: list[Item]) -> list[str]:
    """The devices that items are about."""
    found = (
        getattr(item, "device", None) or getattr(getattr(item, "state", None), "device", None)
        for item in items
    )
    return sorted({device for device in found if isinstance(device, str)})
