"""The desk under test: a database with its town, everybody who works on it, and what was true a step ago."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from cloud.access import store as access
from cloud.access.access import Identity, Session
from cloud.access.errors import CareBedError, Conflict
from cloud.cases import handing, store
from cloud.cases.case import HELD, WAITING, Actor
from cloud.database.pool import Connection
from cloud.ingest import life
from cloud.ingest.ingestor import ingest_event
from cloud.ingest.states import take_state
from cloud.timers import JOBS
from firmware_specs import topics
from tests.cloud.desk import invariants, people
from tests.cloud.desk.gateways import Gateways, Sent
from tests.cloud.desk.lines import NEVER
from tests.cloud.desk.people import Turn
from tests.cloud.desk.ward import Ward
from tests.cloud.desk.workers import CARING, Complaints, FarEnd, run_sender, run_timers
from tests.cloud.town import NOW, encoded

COMPLAINTS = Complaints()
_MARKS = """
    select (select count(*) from event), (select count(*) from alarm), (select count(*) from case_entry),
        (select coalesce(sum(rings + repeats + alarm_count), 0) from cases), (select seq from feed_counter),
        (select count(*) from suspicion), (select coalesce(sum(times), 0) from quarantine)
"""


class Violation(AssertionError):
    """The desk broke a promise."""


@dataclass
class Operator:
    """Somebody at a screen; `alive` while it says so."""

    identity: Identity
    session: Session | None = None
    alive: bool = True

    @property
    def actor(self) -> Actor:
        """As the timeline names them."""
        seat = None if self.session is None else self.session.identity.seat_id
        return Actor(id=self.identity.id, name=self.identity.name, seat_id=seat)


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
class Desk:
    """One run of the model."""

    ward: Ward
    now: datetime = NOW
    gateways: Gateways = field(init=False)
    operators: list[Operator] = field(init=False)
    providers: list[FarEnd] = field(default_factory=lambda: [FarEnd("voice"), FarEnd("sms")])
    undelivered: list[Sent] = field(default_factory=list)
    chains: invariants.Chains = field(default_factory=invariants.Chains)
    view: list[dict[str, Any]] = field(default_factory=list)
    acted: set[UUID] = field(default_factory=set)
    cared: bool = False
    deadlocks: int = 0

    def __post_init__(self) -> None:
        """Nobody is signed in, nothing has happened."""
        self.gateways = Gateways(self.ward)
        self.operators = [Operator(identity) for identity in self.ward.operators]

    async def begin(self) -> None:
        """The first morning: the ingestor listens."""
        await self.ward.reset()
        COMPLAINTS.heard.clear()

    # Gateways

    async def deliver(self, sent: Sent, cut_at: int = NEVER) -> bool:
        """The event lane takes a message; the broker keeps what was not acknowledged."""

        async def take(conn: Connection) -> None:
            await ingest_event(
                conn,
                topic=sent.topic,
                gateway_id=sent.gateway,
                payload=sent.payload,
                received_at=self.now,
                now=self.now,
            )

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

    # People

    async def act(self, who: int, deed: str, pick: int, n: int, cut_at: int = NEVER) -> str:
        """Somebody does something to a case: `done`, `refused`, `lost` (a line was cut), `idle` (no case)."""
        operator = self.operators[who]
        if deed in people.SUPERVISORS:
            operator = self.operators[-1]
        kind, do = people.DEEDS[deed]
        await self._at_the_desk(operator)
        case_id = self._pick(kind, operator, pick)
        if case_id is None and kind == "own":
            case_id = self._pick("waiting", operator, pick)
            if case_id is not None:
                await self._claim(operator, case_id)
        if case_id is None:
            return "idle"
        other = self._pick("own", operator, n) or case_id
        colleague = self.operators[n % len(self.operators)].identity.id
        turn = Turn(self.now, n, other, colleague)
        self.acted.add(operator.identity.id)
        return await self._try(lambda conn: do(conn, case_id, operator.actor, turn), cut_at)

    async def answer(self, saying: str, pick: int, n: int, cut_at: int = NEVER) -> str:
        """A responder, or the operator about them, says how a dispatch goes."""
        dispatches = [id for row in self.view for id in row["dispatches"] or ()]
        if not dispatches:
            return "idle"
        dispatch_id = dispatches[-1 - pick % len(dispatches)]
        who = self.ward.responders[n % 2]
        turn = Turn(self.now, n, dispatch_id, who.id)
        do, actor = people.ANSWERS[saying], Actor(id=who.id, name=who.name)
        return await self._try(lambda conn: do(conn, dispatch_id, actor, turn), cut_at)

    async def _claim(self, operator: Operator, case_id: UUID) -> None:
        """Take a case in order to work on it."""
        self.acted.add(operator.identity.id)
        await self._try(lambda conn: store.claim(conn, case_id, operator.actor, now=self.now), NEVER)

    async def claim_together(self, pick: int) -> None:
        """All operators claim one case at once: exactly one gets it, the others are told who."""
        case_id = self._pick("waiting", self.operators[0], pick)
        if case_id is None:
            return
        for operator in self.operators:
            await self._at_the_desk(operator)
        before = next(row for row in self.view if row["id"] == case_id)

        async def claim(operator: Operator) -> str:
            async with self.ward.lines.connection() as conn, conn.transaction():
                try:
                    await store.claim(conn, case_id, operator.actor, now=self.now)
                except Conflict as conflict:
                    return str(conflict.members.get("owner_name", ""))
            return ""

        told = await asyncio.gather(*(claim(operator) for operator in self.operators))
        self.acted |= {operator.identity.id for operator in self.operators}
        if before["state"] in WAITING:
            winners = [one.identity.name for one, name in zip(self.operators, told, strict=True) if not name]
            if len(winners) != 1 or {name for name in told if name} != set(winners):
                raise Violation(f"claimed together: {winners} won, the others were told {told}")

    async def sign_off(self, who: int, to: int, cut_at: int = NEVER) -> None:
        """The seat is closed, then each case goes to who was named, or to the queue."""
        operator = self.operators[who]
        if operator.session is None:
            return
        identity, actor = operator.session.identity, operator.actor
        assert identity.seat_id is not None
        self.acted.add(identity.id)
        colleague = self.operators[to].identity.id if to < len(self.operators) else None
        operator.session = None
        try:
            await self.ward.lines.transact(
                lambda conn: access.close_session(conn, now=self.now, identity=identity)
            )
            async with self.ward.lines.connection(cut_at) as conn:
                for case_id in await store.held_by_seat(conn, identity.seat_id):
                    async with conn.transaction():
                        await handing.sign_off(conn, case_id, actor, colleague, now=self.now)
        except Conflict:
            pass
        except psycopg.OperationalError as error:
            self._may_fail(error, cut_at)

    async def _at_the_desk(self, operator: Operator) -> None:
        """Signed in, and seen by the request that follows."""
        async with self.ward.lines.connection() as conn:
            session = operator.session
            if session is not None:
                session = await access.find_session(
                    conn, now=self.now, credential=session.identity.credential
                )
            if session is None:
                async with conn.transaction():
                    await access.end_expired(conn, now=self.now, staff_id=operator.identity.id)
                    _, session = await access.open_session(conn, now=self.now, user=operator.identity)
            assert session.identity.seat_id is not None
            await access.see_seat(conn, now=self.now, seat_id=session.identity.seat_id)
        operator.session, operator.alive = session, True

    def _pick(self, kind: people.Kind, operator: Operator, pick: int) -> UUID | None:
        """A case of a kind for somebody, or now and then any."""
        me = operator.identity.id
        fits: dict[people.Kind, Callable[[dict[str, Any]], bool]] = {
            "own": lambda row: row["owner_id"] == me and row["state"] in HELD,
            "waiting": lambda row: row["state"] in WAITING,
            "others": lambda row: row["owner_id"] != me and row["state"] in HELD,
            "over": lambda row: row["state"] in ("resolved", "followed_up"),
        }
        found = [row["id"] for row in self.view if fits[kind](row)]
        if not found or pick % 7 == 6:
            found = [row["id"] for row in self.view]
        return found[-1 - pick % len(found)] if found else None

    async def _try(self, act: Any, cut_at: int) -> str:
        try:
            await self.ward.lines.transact(act, cut_at)
        except CareBedError as error:
            if error.status >= 500:
                raise
            return "refused"
        except psycopg.OperationalError as error:
            self._may_fail(error, cut_at)
            return "lost"
        return "done"

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
        """Several at once."""
        await asyncio.gather(*acts)

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

    def _may_fail(self, error: psycopg.OperationalError, cut_at: int) -> None:
        """A cut line is the model's own; two transactions that wait for each other are counted."""
        if isinstance(error, psycopg.errors.DeadlockDetected):
            self.deadlocks += 1
        elif cut_at == NEVER:
            raise error


logging.getLogger("cloud").addHandler(COMPLAINTS)
