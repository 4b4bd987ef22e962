"""The cloud as the kit plays it: alive, acknowledging, except for what an examination wants to wait."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from firmware_specs import topics
from firmware_specs.messages import Ack, CloudStatus, Event, TelemetryBatch, encode
from simulators.conformance.record import Record, Seen

Key = tuple[str, int]
_STATUS_S: Final = 15.0


class Wire(Protocol):
    """A broker between the kit and the gateway."""

    record: Record

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send as the cloud."""

    async def cut(self) -> bool:
        """Break the gateway's connection; False where only somebody at the gateway can."""

    async def retained(self) -> dict[str, bytes]:
        """What the gateway left retained at the broker."""


@dataclass
class PlayedCloud:
    """Answers every copy of every event and batch with `stored`.

    While `holding`, new events wait; the batch `withheld` waits until it has come twice: `withhold` takes
    the next new one. `now_ms` is ms UTC.
    """

    wire: Wire
    now_ms: Callable[[], int]
    holding: bool = False
    withhold: bool = False
    withheld: Key | None = None
    held: set[Key] = field(default_factory=set)
    stored: dict[Key, float] = field(default_factory=dict)
    stored_batches: dict[Key, float] = field(default_factory=dict)
    _todo: "asyncio.Queue[Event | TelemetryBatch]" = field(default_factory=asyncio.Queue)

    def arrived(self, seen: Seen) -> None:
        """A message came; for `Record.arrived`."""
        record = self.wire.record
        if record.events and record.events[-1][0] is seen:
            self._todo.put_nowait(record.events[-1][1])
        elif record.batches and record.batches[-1][0] is seen:
            self._todo.put_nowait(record.batches[-1][1])

    async def run(self) -> None:
        """Answer until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._say_alive())
            while True:
                message = await self._todo.get()
                if isinstance(message, Event):
                    await self._event(message)
                else:
                    await self._batch(message)

    async def release(self, *, stage: str = "stored", run: str | None = None) -> None:
        """Answer the events that wait; with another stage or run they go on waiting."""
        known = {(event.run, event.seq): event.id for _, event in self.wire.record.events}
        if genuine := stage == "stored" and run is None:
            self.holding = False
        for key in sorted(self.held):
            claimed = Ack(
                run=run or key[0],
                events=[known[key]],
                event_seqs=[key[1]],
                stage="stored" if stage == "stored" else "claimed",
                cloud_at=self.now_ms(),
            )
            await self._say(claimed)
            if genuine:
                self.stored[key] = asyncio.get_running_loop().time()
        if genuine:
            self.held.clear()

    async def _event(self, event: Event) -> None:
        key = event.run, event.seq
        if (self.holding and key not in self.stored) or key in self.held:
            self.held.add(key)
            return
        self.stored.setdefault(key, asyncio.get_running_loop().time())
        await self._say(Ack(run=event.run, events=[event.id], event_seqs=[event.seq], cloud_at=self.now_ms()))

    async def _batch(self, batch: TelemetryBatch) -> None:
        key = batch.run, batch.seq
        if self.withhold and key not in self.stored_batches:
            self.withhold, self.withheld = False, key
            return
        self.stored_batches.setdefault(key, asyncio.get_running_loop().time())
        await self._say(Ack(run=batch.run, telemetry=[batch.seq], cloud_at=self.now_ms()))

    async def _say(self, ack: Ack) -> None:
        await self.wire.publish(topics.down(self.wire.record.gateway, "ack"), encode(ack))

    async def _say_alive(self) -> None:
        while True:
            status = CloudStatus(alive=True, at=self.now_ms())
            await self.wire.publish(topics.CLOUD_STATUS, encode(status), retain=True)
            await asyncio.sleep(_STATUS_S)
