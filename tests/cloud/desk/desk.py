"""The desk under test: a database with its town, everybody who works on it, and what was true a step ago."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cloud.access import store as access
from cloud.cases.case import HELD
from cloud.database.pool import Connection
from cloud.ingest import life
from cloud.ingest.ingestor import ingest_events
from cloud.ingest.passage import Message
from cloud.ingest.states import take_state
from cloud.timers import JOBS
from firmware_specs import topics
from tests.cloud.desk import invariants
from tests.cloud.desk.crew import Crew, Violation
from tests.cloud.desk.gateways import Gateways, Sent
from tests.cloud.desk.lines import NEVER
from tests.cloud.desk.workers import CARING, Complaints, FarEnd, run_sender, run_timers
from tests.cloud.town import encoded

COMPLAINTS = Complaints()
_MARKS = """
    select (select count(*) from event), (select count(*) from alarm), (select count(*) from case_entry),
        (select coalesce(sum(rings + repeats + alarm_count), 0) from cases), (select seq from feed_counter),
        (select count(*) from suspicion), (select coalesce(sum(times), 0) from quarantine)
"""


@dataclass(frozen=True)
class Arrived:
    """A message as the lanes get it."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False

    def ack(self) -> None:
        """The model's broker keeps what is not stored itself."""


@dataclass
class Desk(Crew):
    """One run of the model."""

    gateways: Gateways = field(init=False)
    providers: list[FarEnd] = field(default_factory=lambda: [FarEnd("voice"), FarEnd("sms")])
    undelivered: list[Sent] = field(default_factory=list)
    chains: invariants.Chains = field(default_factory=invariants.Chains)
    cared: bool = False

    def __post_init__(self) -> None:
        """Nobody is signed in, nothing has happened."""
        super().__post_init__()
        self.gateways = Gateways(self.ward)

    async def begin(self) -> None:
        """The first morning: the ingestor listens."""
        await self.ward.reset()
        COMPLAINTS.heard.clear()

    # Gateways

    async def deliver(self, sent: Sent, cut_at: int = NEVER) -> bool:
        """The event lane takes a message; the broker keeps what was not acknowledged."""

        async def take(conn: Connection) -> None:
            message = Message(sent.topic, sent.gateway, sent.payload, self.now)
            await ingest_events(conn, [message], now=self.now)

        try:
            await self.ward.lines.transact(take, cut_at)
        except psycopg.OperationalError as error:
            self._may_fail(error, cut_at)
            self.undelivered.append(sent)
            return False
        return True

    async def deliver_twice(self, sent: Sent) -> None:
        """A message that is stored changes nothing when it comes again."""
        if not await self.deliver(sent):
            raise Violation("not delivered over a whole line")
        marks = await self._marks()
        await self.deliver(sent)
        after = await self._marks()
        if marks[:-1] != after[:-1]:
            raise Violation(f"doubled by a duplicate: {marks} -> {after}")

    async def deliver_waiting(self) -> None:
        """The broker delivers again what nobody acknowledged."""
        waiting, self.undelivered = self.undelivered, []
        for sent in waiting:
            await self.deliver(sent)

    async def link(self, home: int, *, online: bool, cut_at: int = NEVER) -> None:
        """A gateway's heartbeat, or its last will."""
        gateway = self.ward.homes[home].gateway
        message = {"v": 1, "online": online, "run": "0123456789abcdef"}
        arrived = Arrived(topics.state(gateway, "online"), encoded(message), self.now)
        try:
            await self.ward.lines.transact(lambda conn: take_state(conn, arrived, self.now), cut_at)
        except psycopg.OperationalError as error:
            self._may_fail(error, cut_at)

    # Programs

    async def work(self, workers: int, *, everything: bool, cut_at: int = NEVER) -> None:
        """Workers run their timers at once; the first one's line may be cut."""
        jobs = JOBS if everything else CARING
        cuts = [cut_at] + [NEVER] * (workers - 1)
        rounds = await asyncio.gather(
            *(run_timers(self.ward.lines, jobs, now=self.now, cut_at=cut) for cut in cuts)
        )
        self.cared = set[str]().union(*rounds) == {job.name for job in jobs} and cut_at == NEVER

    async def care(self) -> None:
        """The one worker's round."""
        await run_timers(self.ward.lines, CARING, now=self.now, alone=True)
        self.cared = True

    async def send(self, senders: int, endings: Sequence[str], nth: int, cut_at: int = NEVER) -> None:
        """Senders send what is due; the first one's nth line may be cut."""
        for provider in self.providers:
            provider.endings = list(endings)
        cuts = [(nth, cut_at)] + [(0, NEVER)] * (senders - 1)
        whole = await asyncio.gather(
            *(
                run_sender(self.ward.lines, self.providers, now=self.now, nth=nth, cut_at=cut)
                for nth, cut in cuts
            )
        )
        if all(whole):
            async with self.ward.lines.connection() as conn:
                cursor = await conn.execute(
                    "select id from notification where state in ('sent', 'delivered')"
                )
                gone = {row[0] for row in await cursor.fetchall()}
            for provider in self.providers:
                provider.gone = gone

    async def pass_time(self, by: timedelta) -> None:
        """The clock goes on; whoever is alive says so."""
        self.now += by
        async with self.ward.lines.connection() as conn:
            await life.note_life(conn, listening=True, now=self.now)
            for operator in self.operators:
                if operator.alive and operator.session is not None and operator.session.identity.seat_id:
                    await access.see_seat(conn, now=self.now, seat_id=operator.session.identity.seat_id)

    async def together(self, acts: Iterable[Awaitable[object]]) -> None:
        """Several at once; a worker among them may have looked before the others acted."""
        await asyncio.gather(*acts)
        self.cared = False

    # Promises

    async def check(self) -> None:
        """Every promise, after every step."""
        cared, self.cared = self.cared, False
        acted, self.acted = self.acted, set()
        async with self.ward.lines.connection() as conn:
            found = await invariants.broken(conn, cared=cared, now=self.now)
            found += await self.chains.check(conn)
            before, self.view = self.view, await invariants.view(conn)
        found += self._lost_while_talking(before, acted)
        found += COMPLAINTS.heard
        if found:
            raise Violation("\n".join(found))

    def _lost_while_talking(self, before: list[dict[str, Any]], acted: set[UUID]) -> list[str]:
        owners = {row["id"]: row["owner_id"] for row in self.view if row["state"] in HELD}
        return [
            f"lost while talking: {row['id']}"
            for row in before
            if row["state"] in HELD
            and row["call_until"] is not None
            and row["call_until"] > self.now
            and row["owner_id"] not in acted
            and owners.get(row["id"]) != row["owner_id"]
        ]

    async def end(self) -> None:
        """All is well again for an hour: everything is stored, nothing is held, nothing is overdue."""
        while self.undelivered:
            await self.deliver_waiting()
        for operator in self.operators:
            operator.alive = False
        for seconds in (0, 7200, 31):
            await self.pass_time(timedelta(seconds=seconds))
            await self.care()
            await self.check()
        await self.work(1, everything=True)
        await self.check()
        if any(row["state"] in HELD for row in self.view):
            raise Violation("a case is held for ever by somebody who is gone")
        async with self.ward.lines.connection() as conn:
            found = await self.chains.check_again(conn)
        if found:
            raise Violation("\n".join(found))

    async def _marks(self) -> tuple[Any, ...]:
        async with self.ward.lines.connection() as conn:
            row = await (await conn.execute(_MARKS)).fetchone()
        assert row is not None
        return row
