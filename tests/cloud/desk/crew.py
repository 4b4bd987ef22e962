"""The people of the model: they sign in, act on cases, go home; each as the API's routes do it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from cloud.access import store as access
from cloud.access.access import Identity, Session
from cloud.access.errors import CareBedError, Conflict
from cloud.cases import handing, store
from cloud.cases.case import HELD, WAITING, Actor
from tests.cloud.desk import people
from tests.cloud.desk.lines import NEVER
from tests.cloud.desk.people import Turn
from tests.cloud.desk.ward import Ward
from tests.cloud.town import NOW


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


@dataclass
class Crew:
    """Everybody at the screens; `view` is every case as it was after the last step."""

    ward: Ward
    now: datetime = NOW
    operators: list[Operator] = field(init=False)
    view: list[dict[str, Any]] = field(default_factory=list)
    acted: set[UUID] = field(default_factory=set)
    deadlocks: int = 0

    def __post_init__(self) -> None:
        """Nobody is signed in."""
        self.operators = [Operator(identity) for identity in self.ward.operators]

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
        turn = Turn(self.now, n, other, colleague, self.ward.responders[n % 2].id)
        self.acted.add(operator.identity.id)
        return await self._try(lambda conn: do(conn, case_id, operator.actor, turn), cut_at)

    async def answer(self, saying: str, pick: int, n: int, cut_at: int = NEVER) -> str:
        """A responder, or the operator about them, says how a dispatch goes."""
        dispatches = [id for row in self.view for id in row["dispatches"] or ()]
        if not dispatches:
            return "idle"
        dispatch_id = dispatches[-1 - pick % len(dispatches)]
        who = self.ward.responders[n % 2]
        turn = Turn(self.now, n, dispatch_id, who.id, who.id)
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

    def _may_fail(self, error: psycopg.OperationalError, cut_at: int) -> None:
        """A cut line is the model's own; two transactions that wait for each other are counted."""
        if isinstance(error, psycopg.errors.DeadlockDetected):
            self.deadlocks += 1
        elif cut_at == NEVER:
            raise error
