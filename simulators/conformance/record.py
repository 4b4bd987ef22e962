"""What was seen of a gateway on the wire, as it arrived. `at` counts seconds of the event loop."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from firmware_specs import topics
from firmware_specs.batches import decode_batch
from firmware_specs.messages import (
    Birth,
    DeviceState,
    Event,
    Log,
    Online,
    Result,
    TelemetryBatch,
    decode,
)


@dataclass(frozen=True)
class Testament:
    """A last will as CONNECT gives it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True)
class Hello:
    """A CONNECT packet."""

    at: float
    client_id: str
    user: str
    level: int
    keep_alive_s: int
    will: Testament | None


@dataclass(frozen=True)
class Seen:
    """A message of the gateway; `session` counts its connections; `retain` is None where it is hidden."""

    at: float
    session: int
    topic: str
    payload: bytes
    qos: int
    retain: bool | None = None


@dataclass
class Record:
    """Everything seen of one gateway. What cannot be decoded is in `seen` and `unreadable` only.

    `counted` is the number of connections where a broker hides CONNECT.
    """

    gateway: str
    hellos: list[Hello] = field(default_factory=list)
    refused: list[tuple[Hello, int]] = field(default_factory=list)
    counted: int = 0
    subscribed: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    retained: dict[str, bytes] = field(default_factory=dict)
    events: list[tuple[Seen, Event]] = field(default_factory=list)
    batches: list[tuple[Seen, TelemetryBatch]] = field(default_factory=list)
    births: list[tuple[Seen, Birth]] = field(default_factory=list)
    onlines: list[tuple[Seen, Online]] = field(default_factory=list)
    results: list[tuple[Seen, Result]] = field(default_factory=list)
    unreadable: list[tuple[Seen, str]] = field(default_factory=list)
    arrived: Callable[[Seen], None] = lambda seen: None
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, seen: Seen) -> None:
        """Keep a message, and wake who waits."""
        self.seen.append(seen)
        found = topics.parse_up(seen.topic)
        try:
            self._decode(seen, found.channel if found else "")
        except ValueError as error:
            self.unreadable.append((seen, str(error)))
        self.arrived(seen)
        await self.wake()

    async def wake(self) -> None:
        """Something happened that somebody may wait for."""
        async with self._news:
            self._news.notify_all()

    async def until(self, holds: Callable[[], bool], limit_s: float) -> bool:
        """Wait until the condition holds; False when it does not within the limit."""
        try:
            async with asyncio.timeout(limit_s), self._news:
                await self._news.wait_for(holds)
        except TimeoutError:
            return holds()
        return True

    def copies(self, run: str, seq: int) -> list[tuple[Seen, Event]]:
        """All arrivals of one event."""
        return [(seen, event) for seen, event in self.events if (event.run, event.seq) == (run, seq)]

    def own_runs(self) -> Iterator[str]:
        """The runs whose birth was seen."""
        return iter(dict.fromkeys(birth.run for _, birth in self.births))

    @property
    def session(self) -> int:
        """The number of the present connection, from 1; 0 before the first."""
        return len(self.hellos) or self.counted

    def _decode(self, seen: Seen, channel: str) -> None:
        match channel:
            case "event":
                self.events.append((seen, decode(seen.payload, Event)))
            case "telemetry":
                self.batches.append((seen, decode_batch(seen.payload)))
            case "birth":
                self.births.append((seen, decode(seen.payload, Birth)))
            case "online":
                self.onlines.append((seen, decode(seen.payload, Online)))
            case "device":
                decode(seen.payload, DeviceState)
            case "log":
                decode(seen.payload, Log)
            case "result":
                self.results.append((seen, decode(seen.payload, Result)))
