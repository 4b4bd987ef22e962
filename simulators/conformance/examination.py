"""The examination of a gateway, act by act: what the kit does and asks for. Judging it is `checks.py`'s.

Nothing here decides what is right; each act waits for what the contract promises, and goes on without it.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from firmware_specs import topics
from firmware_specs.ids import uuid7
from firmware_specs.messages import Command, Config, Event, encode
from simulators.conformance.evidence import OLDER_ROOM, RESENDS_S, ROOM, Evidence, Pace, Pressed, missing
from simulators.conformance.hands import Hands
from simulators.conformance.played_cloud import Key, PlayedCloud, Wire
from simulators.conformance.record import Record

PROBE: Final = "conformance-probe"
STRANGE_RUN: Final = "conformance0"
METERED_S: Final = 60.0  # batches of a metered link
_GARBAGE: Final = (b"", b"{", b"\xff\xfe\x00", b"[]", b'{"run":1}', b"[" * 5000)


class Examination:
    """One gateway on one wire; `run` once."""

    def __init__(self, wire: Wire, hands: Hands, pace: Pace, now_ms: Callable[[], int]) -> None:
        self._wire = wire
        self._hands = hands
        self._pace = pace
        self._now_ms = now_ms
        self._record = wire.record
        self._cloud = PlayedCloud(wire, now_ms)
        self._evidence = Evidence(wire.record, pace)
        self._record.arrived = self._cloud.arrived

    async def run(self) -> Evidence:
        """All acts in order."""
        playing = asyncio.create_task(self._cloud.run(), name="played-cloud")
        try:
            if await self._meet() and await self._loses_nothing():
                await self._configure()
                await self._settle()
                await self._replay()
                self._evidence.retained = dict(await self._wire.retained())
                await self._power_cut()
        finally:
            playing.cancel()
            await asyncio.wait({playing})
        self._evidence.ended_at = _time()
        return self._evidence

    async def _loses_nothing(self) -> bool:
        """The acts of the first event; False when the gateway is not there any more."""
        if not await self._first_press():
            return True
        here = await self._outage()
        await self._store()
        return here

    async def _meet(self) -> bool:
        """Wait until the gateway has said what it is and that it is online."""
        said = self._record
        return await said.until(lambda: bool(said.births and said.onlines), self._hands.limit_s)

    async def _press(self) -> Pressed | None:
        """Ask for an SOS; the event that comes of it."""
        known, asked_ms = {(event.run, event.seq) for _, event in self._record.events}, self._now_ms()

        def new() -> tuple[float, Event] | None:
            for seen, event in self._record.events:
                if (event.run, event.seq) not in known and (event.kind, event.phase) == ("sos", "raised"):
                    return seen.at, event
            return None

        await self._hands.press()
        await self._record.until(lambda: new() is not None, self._hands.limit_s)
        if (found := new()) is None:
            return None
        pressed = Pressed(found[1], asked_ms, self._now_ms() - round((_time() - found[0]) * 1000), found[0])
        self._evidence.presses.append(pressed)
        return pressed

    async def _first_press(self) -> bool:
        """No answer at all, then two that are none: another run's, and `claimed`."""
        self._cloud.holding = True
        if (pressed := await self._press()) is None:
            await self._cloud.release()
            return False
        await self._copies(pressed.event, 1 + len(RESENDS_S), RESENDS_S[-1])
        await self._cloud.release(run=STRANGE_RUN)
        await self._cloud.release(stage="claimed")
        self._evidence.false_ack_at = _time()
        seen = len(self._record.copies(pressed.event.run, pressed.event.seq))
        await self._copies(pressed.event, seen + 1, 30)
        return True

    async def _outage(self) -> bool:
        """Break the connection while the event waits; False when no new one is made."""
        event, before = self._evidence.presses[0].event, self._record.session
        if not (await self._wire.cut() or await self._hands.cut()):
            return True
        self._evidence.cut_session = before
        limit_s = self._pace.limit(60)
        if not await self._record.until(lambda: self._record.session > before, limit_s):
            return False
        await self._record.until(
            lambda: self._record.copies(event.run, event.seq)[-1][0].session > before, limit_s
        )
        return True

    async def _store(self) -> None:
        """Now it is stored: nothing of it may come any more."""
        event = self._evidence.presses[0].event
        await self._cloud.release()
        since = _time() + self._pace.settle_s
        await asyncio.sleep(self._pace.settle_s + self._pace.s(10))
        self._evidence.quiet = (event.run, event.seq), since, _time()

    async def _configure(self) -> None:
        """A configuration, an older one, garbage; then orders, whose answers show that all that was read."""
        self._cloud.withhold = True
        device = self._evidence.presses[0].event.device if self._evidence.presses else None
        if device is not None:
            for version, room in ((2, ROOM), (1, OLDER_ROOM)):
                config = Config(version=version, rooms={device: room})
                await self._down("config", encode(config), retain=version == 2)
        for channel in ("ack", "command", "config"):
            for payload in _GARBAGE:
                await self._down(channel, payload)
        await self._orders()
        if not self._evidence.presses:
            return
        pressed = await self._press()
        self._evidence.garbage_answered = pressed is not None
        self._evidence.configured = pressed if device is not None else None

    async def _orders(self) -> None:
        """An order nobody knows, the same again, and one that is too late."""
        evidence = self._evidence
        evidence.expired = await self._order(PROBE, {}, expires_in_ms=-60_000)
        evidence.probe = probe = await self._order(PROBE, {})
        if self._answers(probe):
            evidence.probe_again_at = _time()
            await self._down("command", encode(probe))
            await self._record.until(lambda: len(self._answers(probe)) > 1, self._pace.limit(5))

    async def _order(self, op: str, args: dict[str, Any], *, expires_in_ms: int = 3_600_000) -> Command:
        """Send an order and wait for its answer."""
        order = Command(
            id=str(uuid7(self._now_ms())),
            op=op,
            args=args,
            expires_at=self._now_ms() + expires_in_ms,
            by="conformance",
        )
        await self._down("command", encode(order))
        await self._record.until(lambda: bool(self._answers(order)), self._pace.limit(5))
        return order

    def _answers(self, order: Command) -> list[str]:
        return [result.status for _, result in self._record.results if result.id == order.id]

    async def _replay(self) -> None:
        """Everything of this examination that is stored, sent again."""
        evidence, record = self._evidence, self._record
        evidence.replayed_events = [pressed.event for pressed in evidence.presses]
        keys = {(b.run, b.seq): b for _, b in record.batches if b.run == self._run()}
        stored = [key for key in keys if key in self._cloud.stored_batches and key != self._cloud.withheld]
        evidence.replayed_batches = stored[-2:]
        times = [e.at for e in evidence.replayed_events]
        times += [keys[key].t0 + dt for key in evidence.replayed_batches for dt in (0, *keys[key].dt)]
        if not times:
            return
        args = {"stream": "all", "from": max(min(times) - 1000, 0), "to": max(times) + 1000}
        evidence.replay_at = _time()
        evidence.replay = await self._order("replay", args)
        await record.until(self._all_replayed, self._pace.limit(15))

    def _all_replayed(self) -> bool:
        return not (missing(self._evidence, "event") or missing(self._evidence, "telemetry"))

    async def _settle(self) -> None:
        """Wait for what takes half a minute: the withheld batch again, the next heartbeat."""
        record, pace = self._record, self._pace
        await record.until(lambda: self._cloud.withheld is not None, pace.limit(METERED_S))
        if self._cloud.withheld is not None:
            key = self._cloud.withheld
            first = next(seen.at for seen, batch in record.batches if (batch.run, batch.seq) == key)
            self._evidence.withheld = key, first
            left_s = first + pace.limit(30) - _time()
            copies = [0.0, 0.0]
            await record.until(lambda: len(_times(record, key)) >= len(copies), max(left_s, 0))
        session = record.session

        def beats() -> bool:
            return sum(seen.session == session for seen, _ in record.onlines) > 1

        await record.until(beats, pace.limit(30))

    async def _power_cut(self) -> None:
        """The plug is pulled while an event waits."""
        if not self._hands.can_power_cycle:
            return
        self._cloud.holding = True
        pressed, before = await self._press(), self._record.session
        if pressed is not None and await self._hands.power_cycle():
            self._evidence.power = pressed, before
            record, event = self._record, pressed.event
            reborn = await record.until(
                lambda: any(seen.session > before for seen, _ in record.births), self._hands.limit_s
            )
            if reborn:
                await record.until(
                    lambda: record.copies(event.run, event.seq)[-1][0].session > before, self._pace.limit(60)
                )
        await self._cloud.release()

    async def _copies(self, event: Event, count: int, due_s: float) -> None:
        """Wait for so many arrivals of an event."""
        record = self._record
        await record.until(lambda: len(record.copies(event.run, event.seq)) >= count, self._pace.limit(due_s))

    async def _down(self, channel: str, payload: bytes, *, retain: bool = False) -> None:
        await self._wire.publish(topics.down(self._record.gateway, channel), payload, retain=retain)

    def _run(self) -> str:
        return self._record.births[-1][1].run


def _times(record: Record, key: Key) -> list[float]:
    return [seen.at for seen, batch in record.batches if (batch.run, batch.seq) == key]


def _time() -> float:
    return asyncio.get_running_loop().time()
