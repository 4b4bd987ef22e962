"""A desk for tests: cases in each stage, staff, responders, steps that were taken."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cloud.cases import acting, detail, dispatching, store
from cloud.cases.case import Actor, State
from cloud.cases.summary import CaseDetail
from cloud.database.pool import Connection
from cloud.desk_jobs import escalate_unclaimed, follow_dispatches
from cloud.timers import hold_claims
from cloud.timing import Moment
from tests.cloud import town
from tests.cloud.town import LONG_AGO, NOW, Home, event, seconds

STAGES = (State.CLAIMED, State.CONTACTING, State.DISPATCHED, State.ON_SCENE)


@dataclass
class Desk:
    """A home with an open P1, and somebody who could take it."""

    conn: Connection
    home: Home
    case_id: UUID
    owner: Actor

    async def look(self, case_id: UUID | None = None) -> CaseDetail:
        return await detail.detail(self.conn, case_id or self.case_id, town.EVERYONE)

    async def kinds(self) -> list[str]:
        return [entry.kind for entry in (await self.look()).timeline]

    async def claim(self, at: float = 0) -> None:
        async with self.conn.transaction():
            await store.claim(self.conn, self.case_id, self.owner, now=NOW + seconds(at))

    async def reach(self, stage: State, at: float = 0) -> None:
        """Claim it and bring it to a stage."""
        await self.claim(at)
        if stage is not State.CLAIMED:
            async with self.conn.transaction():
                row = await acting.lock(self.conn, self.case_id)
                promised = NOW + seconds(at + 600)
                await acting.enter(self.conn, row, stage, now=NOW + seconds(at), promised_at=promised)
                await acting.done(self.conn, self.case_id, NOW + seconds(at))

    async def see(self, at: float, actor: Actor | None = None) -> None:
        """A sign of life of a seat."""
        seat = (actor or self.owner).seat_id
        await self.conn.execute("update seat set last_seen_at = %s where id = %s", (NOW + seconds(at), seat))

    async def hold(self, at: float) -> None:
        """What the timers do to claims at a moment."""
        await hold_claims(self.conn, Moment(now=NOW + seconds(at), started_at=LONG_AGO))

    async def escalate(self, at: float) -> None:
        """What the timers do to cases that nobody has."""
        await escalate_unclaimed(self.conn, Moment(now=NOW + seconds(at), started_at=LONG_AGO))

    async def dispatches(self, at: float) -> None:
        """What the timers do to dispatches."""
        await follow_dispatches(self.conn, Moment(now=NOW + seconds(at), started_at=LONG_AGO))

    async def steps(self) -> list[tuple[int, int, int, str]]:
        """(round, cycle, step, outcome) of steps that were taken, in order."""
        cursor = await self.conn.execute(
            "select round, cycle, step, outcome from escalation_due"
            " where case_id = %s and done_at is not null order by round, cycle, step",
            (self.case_id,),
        )
        return [(row[0], row[1], row[2], row[3]) for row in await cursor.fetchall()]

    async def queued(self) -> list[tuple[str, str, str]]:
        """(template, recipient kind, channel) in the outbox."""
        cursor = await self.conn.execute(
            "select template, recipient_kind, channel from notification order by step_key, template, channel"
        )
        return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def a_desk(conn: Connection, kind: str = "sos") -> Desk:
    """An open case of a home."""
    home = await town.add_home(conn)
    device = f"zb-{uuid.uuid4().hex[:12]}"
    await town.add_device(conn, device, home)
    await town.send(conn, home.gateway, event(kind, device=device))
    owner = await town.add_operator(conn, "甲")
    found = [case for case in await town.all_cases(conn) if case.subject_id == str(home.id)]
    return Desk(conn, home, found[0].id, owner)


async def add_staff(
    conn: Connection, name: str, role: str, *, phone: str | None = "13900000000", area: str = ""
) -> UUID:
    """A member of staff without a seat, with a telephone unless None."""
    staff_id = uuid.uuid4()
    await conn.execute(
        "insert into staff (id, username, name, role, password_hash, area_code, created_at)"
        " values (%s, %s, %s, %s, '', %s, %s)",
        (staff_id, f"{name}-{staff_id}", name, role, area, LONG_AGO),
    )
    if phone is not None:
        await conn.execute(
            "insert into notification_address (recipient_kind, recipient_id, channel, address, changed_at)"
            " values ('staff', %s, 'voice', %s, %s)",
            (staff_id, phone, LONG_AGO),
        )
    return staff_id


async def add_senders(conn: Connection, *, alive: datetime = NOW) -> None:
    """Providers of calls and messages that are alive for long."""
    for name, channel in (("voice-1", "voice"), ("sms-1", "sms")):
        await conn.execute(
            "insert into notification_provider (name, channel, position, alive_until) values (%s, %s, 1, %s)"
            " on conflict (name) do update set alive_until = excluded.alive_until",
            (name, channel, alive),
        )


async def add_responder(conn: Connection, name: str, **fields: Any) -> Actor:
    """A responder with a telephone; fields of the table `responder`."""
    staff_id = await add_staff(conn, name, "responder")
    values = {"lat": 37.431, "lon": 118.67, "available": True, "most_cases": 1} | fields
    await conn.execute(
        "insert into responder (staff_id, lat, lon, position_at, available, most_cases, changed_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        (staff_id, values["lat"], values["lon"], NOW, values["available"], values["most_cases"], LONG_AGO),
    )
    return Actor(id=staff_id, name=name)


async def send(desk: Desk, staff: Actor | None = None, at: float = 0, *, chain: bool = True) -> UUID:
    """The owner sends somebody."""
    async with desk.conn.transaction():
        _, dispatch_id = await dispatching.offer(
            desk.conn,
            desk.case_id,
            desk.owner,
            None if staff is None else staff.id,
            chain=chain,
            now=NOW + seconds(at),
        )
    return dispatch_id
