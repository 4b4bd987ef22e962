"""The outbox as the event loop sees it: each SQLite file behind its own worker thread, commits grouped."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, TypeVar

from edge.outbox import batches
from edge.outbox.batches import Sample
from edge.outbox.database import Reserve
from edge.outbox.events import EventStore, Key
from edge.outbox.telemetry import Kept, TelemetryStore
from edge.supervisor import Pulse
from firmware_specs.messages import ClockState, Event, TelemetryBatch

log = logging.getLogger(__name__)

GROUP_S: Final = 1.0
RETRY_S: Final = 30.0
PURGE_S: Final = 600.0
# So long an event waits for its commit, then it goes from memory: a card that hangs keeps no call for help.
PATIENCE_S: Final = 5.0
STUCK_S: Final = 30.0
MEMORY_SAMPLES: Final = 20_000
T = TypeVar("T")
Problem = Literal["outbox_damaged", "storage_full"]


@dataclass(frozen=True)
class Limits:
    """How much the outbox may keep on disk, in bytes, and how much it reserves for a full disk."""

    events_bytes: int = 64 * 1024 * 1024
    telemetry_bytes: int = 256 * 1024 * 1024
    reserve_bytes: int = 4 * 1024 * 1024


class Outbox:
    """Events and telemetry of one run. `now` gives ms; `clock` and `boot` describe them in the rows; `steady`
    counts ms and is never set: rows age by it.

    `on_events` is called with numbered events after their commit, `on_batches` when batches were sealed,
    `on_problem` when a file was damaged or the disk is full.
    """

    def __init__(
        self,
        folder: Path,
        run: str,
        *,
        boot: str,
        now: Callable[[], int],
        steady: Callable[[], int],
        clock: Callable[[], ClockState],
        limits: Limits = Limits(),
        pulse: Pulse | None = None,
    ) -> None:
        reserve = Reserve(folder / "reserved-space", limits.reserve_bytes)
        self.run_id = run
        self._pulse = pulse or Pulse()
        self._boot = boot
        self._now = now
        self._clock = clock
        self._events = EventStore(
            folder / "events.db", run, reserve, steady=steady, max_bytes=limits.events_bytes
        )
        second = Reserve(folder / "reserved-for-telemetry", limits.reserve_bytes // 4)
        self._telemetry = TelemetryStore(
            folder / "telemetry.db", run, second, steady=steady, max_bytes=limits.telemetry_bytes
        )
        self._event_thread = ThreadPoolExecutor(1, thread_name_prefix="events-db")
        self._telemetry_thread = ThreadPoolExecutor(1, thread_name_prefix="telemetry-db")
        self._queue: list[tuple[list[Event], dict[str, bytes], asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()
        self._samples: list[Sample] = []
        self._stored_events: list[Key] = []
        self._stored_batches: list[Key] = []
        self._stages: list[tuple[list[str], str]] = []
        self._saving: set[asyncio.Future[None]] = set()
        self._was_full = False
        self._damage_seen: set[str] = set()
        self.on_events: Callable[[list[Event]], None] = lambda events: None
        self.on_batches: Callable[[], None] = lambda: None
        self.on_problem: Callable[[Problem, str], None] = lambda problem, detail: None

    async def open(self) -> None:
        """Open both files; a damaged one is set aside."""
        await self._on_events_db(self._events.open)
        await self._on_telemetry_db(self._telemetry.open)
        self._report()

    async def close(self) -> None:
        """Commit everything that waits, seal the open telemetry, close the files."""
        await self._commit_events()
        await self.commit_telemetry(seal=True)
        await self.flush_marks()
        await asyncio.to_thread(self._event_thread.submit(self._events.close).result)
        await asyncio.to_thread(self._telemetry_thread.submit(self._telemetry.close).result)
        self._event_thread.shutdown()
        self._telemetry_thread.shutdown()

    async def keep(self, events: list[Event], notes: dict[str, bytes]) -> None:
        """Return when the events (and notes) are committed, or held in memory because no disk takes them."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((events, notes, done))
        self._arrived.set()
        await asyncio.shield(done)

    def add(self, samples: list[Sample]) -> None:
        """Take readings and positions; they are committed within a few seconds."""
        self._samples += samples
        if len(self._samples) > MEMORY_SAMPLES:
            del self._samples[: len(self._samples) - MEMORY_SAMPLES]

    async def commit_loop(self) -> None:
        """Commit events as they come, all that wait in one transaction."""
        while True:
            await self._pulse.wait("outbox-events", self._arrived)
            self._arrived.clear()
            await self._commit_events()

    async def upkeep_loop(self, group_s: float = GROUP_S, retry_s: float = RETRY_S) -> None:
        """Write down what was stored each `group_s`, save what only memory has each `retry_s`; purge."""
        loop = asyncio.get_running_loop()
        retry_at, purge_at = loop.time() + retry_s, loop.time()
        while True:
            await asyncio.sleep(group_s)
            self._pulse.beat("outbox-upkeep")
            await self.flush_marks()
            if loop.time() >= retry_at:
                retry_at = loop.time() + retry_s
                await self._on_events_db(self._events.save)
                self._report()
            if loop.time() >= purge_at:
                purge_at = loop.time() + PURGE_S
                await self.purge()

    async def purge(self) -> None:
        """Forget what the cloud has stored and nobody will ask for any more."""
        await self._on_events_db(self._events.purge)
        await self._on_telemetry_db(self._telemetry.purge)

    async def commit_telemetry(self, *, seal: bool) -> None:
        """Commit the samples since the last call; with `seal`, make numbered batches of all that is open."""
        samples, self._samples = self._samples, []
        early, piece = batches.pieces(samples, self._boot, self._clock())
        if early.readings or early.fixes:
            await self._on_telemetry_db(lambda now: self._telemetry.keep(early, seal=False, now=now))
        if await self._on_telemetry_db(lambda now: self._telemetry.keep(piece, seal=seal, now=now)):
            self.on_batches()
        self._report()

    def open_samples(self) -> int:
        """Samples in memory that no commit has taken yet."""
        return len(self._samples)

    def mark_events(self, keys: list[Key]) -> None:
        """The cloud has stored these; written down within a second."""
        self._stored_events += keys

    def mark_batches(self, keys: list[Key]) -> None:
        """The cloud has stored these; written down within a second."""
        self._stored_batches += keys

    async def flush_marks(self) -> None:
        """Write down now what the cloud has stored."""
        if events := self._stored_events:
            self._stored_events = []
            await self._on_events_db(lambda now: self._events.mark_stored(events, now))
        while self._stages:
            ids, stage = self._stages.pop(0)
            await self._on_events_db(partial(self._events.note_stage, ids, stage))
        if stored := self._stored_batches:
            self._stored_batches = []
            await self._on_telemetry_db(lambda now: self._telemetry.mark_stored(stored, now))

    async def note_stage(self, ids: list[str], stage: str) -> None:
        """What became of events; written down within a second."""
        self._stages.append((ids, stage))

    async def waiting_events(self, limit: int) -> list[Event]:
        """Events without `stored`, most urgent first, then oldest."""
        await self.flush_marks()
        return await self._on_events_db(lambda now: self._events.waiting(limit, now))

    async def waiting_batches(self, after_n: int, up_to_n: int, limit: int) -> list[Kept]:
        """Batches without `stored` in (after_n, up_to_n], oldest first."""
        return await self._on_telemetry_db(lambda now: self._telemetry.waiting(after_n, up_to_n, limit, now))

    async def find_batch(self, key: Key) -> TelemetryBatch | None:
        """A batch that still waits."""
        return await self._on_telemetry_db(lambda now: self._telemetry.find(key, now))

    async def last_batch_n(self) -> int:
        """The place of the newest batch."""
        return await self._on_telemetry_db(self._telemetry.last_n)

    async def counts(self) -> tuple[int, int]:
        """How many events and batches wait for `stored`."""
        await self.flush_marks()
        events = await self._on_events_db(self._events.count_waiting)
        return events, await self._on_telemetry_db(self._telemetry.count_waiting)

    async def waits_s(self) -> tuple[float, float]:
        """Seconds that the oldest event and the oldest batch have waited for `stored`; 0 when none does."""
        await self.flush_marks()
        event_ms = await self._on_events_db(self._events.oldest_wait_ms)
        return event_ms / 1000, await self._on_telemetry_db(self._telemetry.oldest_wait_ms) / 1000

    async def send_again(self, stream: str, from_ms: int, to_ms: int) -> int:
        """Let kept rows of a stream (`event`, `telemetry`, `all`) wait again; returns how many."""
        await self.flush_marks()
        rows = 0
        if stream in ("event", "all"):
            rows += await self._on_events_db(lambda now: self._events.send_again(from_ms, to_ms, now))
        if stream in ("telemetry", "all"):
            rows += await self._on_telemetry_db(lambda now: self._telemetry.send_again(from_ms, to_ms, now))
        return rows

    async def note(self, name: str) -> bytes | None:
        """A note kept with `keep`."""
        return await self._on_events_db(lambda now: self._events.note(name, now))

    async def answer(self, command: str) -> bytes | None:
        """The answer already given to a command."""
        return await self._on_events_db(lambda now: self._events.answer(command, now))

    async def keep_answer(self, command: str, payload: bytes) -> None:
        """Remember an answer through restarts."""
        await self._on_events_db(lambda now: self._events.keep_answer(command, payload, now))

    async def _commit_events(self) -> None:
        """Write all that waits in one transaction, then tell those who asked, then the uplink."""
        queue, self._queue = self._queue, []
        if not queue:
            return
        events = self._events.number(event for batch, _, _ in queue for event in batch)
        notes = {name: value for _, kept, _ in queue for name, value in kept.items()}
        try:
            await self._save(events, notes)
        except Exception as error:
            log.exception("events could not be kept", extra={"action": "events_lost", "count": len(events)})
            for _, _, done in queue:
                done.set_exception(error)
            return
        for _, _, done in queue:
            done.set_result(None)
        if events:
            self.on_events(events)
        self._report()

    async def _save(self, events: list[Event], notes: dict[str, bytes]) -> None:
        """Return when they are committed, or when the disk hangs: it gets them as soon as it answers."""
        loop, hangs = asyncio.get_running_loop(), bool(self._saving)
        saving = asyncio.ensure_future(
            self._on_events_db(lambda now: self._events.append(events, notes, now))
        )
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        await asyncio.wait({saving}, timeout=PATIENCE_S / 10 if hangs else PATIENCE_S)
        if saving.done():
            saving.result()
        elif not hangs:
            log.error("the disk hangs: events go from memory", extra={"action": "disk_hangs"})
            loop.call_later(STUCK_S, self._tell_stuck, saving)

    def _tell_stuck(self, saving: "asyncio.Future[None]") -> None:
        if not saving.done():
            self.on_problem("outbox_damaged", "events.db: the disk does not answer")

    def _report(self) -> None:
        """Tell once of each damaged file and each time that the disk becomes full."""
        damaged = [*self._events.damaged, *(path.name for path in self._telemetry.damaged)]
        for detail in damaged:
            if detail not in self._damage_seen:
                self.on_problem("outbox_damaged", detail)
        self._damage_seen |= set(damaged)
        full = self._events.full or self._telemetry.full
        if full and not self._was_full:
            self.on_problem("storage_full", "events" if self._events.full else "telemetry")
        self._was_full = full

    async def _on_events_db(self, work: Callable[[int], T]) -> T:
        return await _run(self._event_thread, work, self._now())

    async def _on_telemetry_db(self, work: Callable[[int], T]) -> T:
        return await _run(self._telemetry_thread, work, self._now())


async def _run(thread: ThreadPoolExecutor, work: Callable[[int], T], now: int) -> T:
    """The result of `work`, which is done also when nobody waits for it any more."""
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(thread, work, now))
