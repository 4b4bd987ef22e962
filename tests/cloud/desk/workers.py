"""The workers: timers and senders, several at once, over a provider whose answers are drawn."""

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import psycopg

from cloud.database.pool import Connection, Pool
from cloud.notifications.channel import Incoming, NotSent, OutcomeUnknown, Outgoing, Refused, Report, Sent
from cloud.notifications.notification import Channel, Outcome
from cloud.notifications.sender import Sender
from cloud.timers import JOBS, run_alone
from cloud.timing import Job, Moment
from firmware_specs.clock import Clock
from tests.cloud.desk.lines import NEVER, Lines
from tests.cloud.town import LONG_AGO, ms

# What time does to cases: after a round of these every promise about time holds.
CARING: Final = tuple(
    job
    for job in JOBS
    if job.name in ("suspicions", "urgent-suspicions", "claims", "unclaimed", "dispatches", "shelves")
)
PRESSED: Final[tuple[Outcome, ...]] = ("accepted", "refused", "answered")
ENDINGS: Final = ("sent", "final", "refused", "not_sent", "unknown")


class Doubled(AssertionError):
    """A message went out again although it was known to have gone."""


@dataclass
class FarEnd:
    """A provider that answers as it is told."""

    channel: Channel
    endings: list[str] = field(default_factory=list)
    gone: set[UUID] = field(default_factory=set)
    name: str = ""
    idempotent: bool = False
    can_ask: bool = True
    per_minute: int | None = None
    per_day: int | None = None
    templates: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """One provider a channel."""
        self.name = f"model-{self.channel}"

    def check(self, message: Outgoing) -> None:
        """It has words for everything."""

    async def send(self, message: Outgoing, now: datetime) -> Sent:
        if message.id in self.gone:
            raise Doubled(str(message.id))
        match self.endings.pop() if self.endings else "sent":
            case "sent":
                return Sent(ref=str(message.id))
            case "final":
                return Sent(final=True)
            case "refused":
                raise Refused("busy", permanent=False)
            case "not_sent":
                raise NotSent("connection_refused")
            case _:
                raise OutcomeUnknown("timeout")

    async def query(self, message: Outgoing, now: datetime) -> Report | None:
        """Every other message arrived; whoever was called pressed a key, or none."""
        if message.id.int % 2 == 0:
            return None
        pressed = PRESSED[message.id.int // 2 % 3] if self.channel == "voice" else None
        return Report(status="delivered", id=message.id, outcome=pressed)

    def reports(self, request: Incoming) -> Sequence[Report]:
        return ()

    def receipt_answer(self) -> bytes:
        return b""

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class _Standing(Clock):
    """A clock that stands."""

    at: datetime = LONG_AGO

    def now_ms(self) -> int:
        return ms(self.at)


class _Cutting:
    """A sender's pool: its nth connection is cut at a statement."""

    def __init__(self, lines: Lines, nth: int, cut_at: int) -> None:
        self._lines = lines
        self._nth = nth
        self._cut_at = cut_at

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self._nth -= 1
        async with self._lines.connection(self._cut_at if self._nth == 0 else NEVER) as conn:
            yield conn


class Complaints(logging.Handler):
    """Errors that the programs log instead of raising."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter().format(record))


async def run_timers(
    lines: Lines, jobs: Sequence[Job], *, now: datetime, alone: bool = False, cut_at: int = NEVER
) -> set[str]:
    """One worker's round; the jobs that were run to their end, fewer where its line was cut.

    `alone`: there is no other worker, and so no need for the lock.
    """
    done: set[str] = set()
    try:
        async with lines.connection(cut_at) as conn:
            for job in jobs:
                if alone:
                    await job.run(conn, Moment(now, LONG_AGO))
                    done.add(job.name)
                elif await run_alone(conn, job, Moment(now, LONG_AGO)):
                    done.add(job.name)
    except psycopg.OperationalError:
        if cut_at == NEVER:
            raise
    return done


async def run_sender(
    lines: Lines, providers: Sequence[FarEnd], *, now: datetime, nth: int = 0, cut_at: int = NEVER
) -> bool:
    """One sender until nothing is due; False where its line was cut."""
    pool: Any = _Cutting(lines, nth, cut_at)
    sender = Sender(cast(Pool, pool), providers, _Standing(at=now))
    try:
        await sender.keep()
        while await sender.step():
            pass
    except psycopg.OperationalError:
        if cut_at == NEVER:
            raise
        return False
    return True
