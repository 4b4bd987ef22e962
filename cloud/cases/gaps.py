"""Holes in the chain: somebody that a step relies on, who is not there or cannot be reached. Looked for each
minute, shown while they last; and the hours of the next 30 days that no schedule covers.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from cloud.access.access import Identity
from cloud.cases import escalation, policies, schedule
from cloud.cases.case import SEAT_DEAD_AFTER
from cloud.cases.escalation import DUTY_ROLE, TEMPLATE, Policy, Step
from cloud.cases.schedule import Schedule
from cloud.cases.summary import iso
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.feed import store as feed
from cloud.notifications.notification import Recipient
from cloud.notifications.reach import reachable

_SQL: Final = queries.load(__package__ or "cloud.cases", "escalation.sql")


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """One hole: no_seat, nobody_scheduled, nobody_on_duty, unreachable, partly_unreachable, no_contact,
    no_policy.
    """

    key: str
    kind: str
    area_code: str = ""
    org_id: UUID | None = None
    data: dict[str, Any] = {}


class GapShown(Gap, frozen=True, kw_only=True):
    """A hole, and since when."""

    since: str


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """Hours to come in which nobody is on duty; without a schedule, all of them."""

    schedule_id: UUID | None
    name: str
    role: str
    area_code: str
    org_id: UUID | None
    starts_at: str
    ends_at: str


class _Looker:
    """One look at every chain: what was read once is not read again."""

    def __init__(
        self,
        conn: Connection,
        all_policies: list[Policy],
        all_schedules: list[Schedule],
        now: datetime,
    ) -> None:
        self._conn = conn
        self._policies = all_policies
        self._schedules = all_schedules
        self._now = now
        self._reached: dict[tuple[UUID, str, str], tuple[str, ...]] = {}

    async def place(self, area_code: str, org_id: UUID | None) -> list[Gap]:
        """The holes of a district's chains."""
        found = []
        values = {"area_code": area_code, "org_id": org_id, "alive_since": self._now - SEAT_DEAD_AFTER}
        row = await (await self._conn.execute(_SQL["seats_that_see"], values)).fetchone()
        if row is None or row[0] == 0:
            found.append(_gap("no_seat", "all_seats", area_code, org_id))
        steps: dict[tuple[str, tuple[str, ...]], Step] = {}
        for priority in (1, 2):
            policy = escalation.choose(
                self._policies, priority=priority, area_code=area_code, org_id=org_id, resident_id=None
            )
            if policy is None:
                found.append(_gap("no_policy", f"p{priority}", area_code, org_id))
                continue
            steps |= {(step.target, step.channels): step for step in policy.steps}
        for step in steps.values():
            if step.target in DUTY_ROLE:
                found += await self._duty(step, area_code, org_id)
        return found

    async def _duty(self, step: Step, area_code: str, org_id: UUID | None) -> list[Gap]:
        role = DUTY_ROLE[step.target]
        people = await policies.on_duty(self._conn, role, area_code=area_code, org_id=org_id, now=self._now)
        if not people:
            planned = schedule.choose(self._schedules, role=role, area_code=area_code, org_id=org_id)
            kind = "nobody_scheduled" if planned is None else "nobody_on_duty"
            return [_gap(kind, step.target, area_code, org_id)]
        holes: dict[str, list[str]] = {}
        for person in people:
            found = {channel: await self._holes(person, channel, step.target) for channel in step.channels}
            if all(found.values()):
                reasons = {f"{channel}:{hole}" for channel, some in found.items() for hole in some}
                holes[str(person)] = sorted(reasons)
        if not holes:
            return []
        kind = "unreachable" if len(holes) == len(people) else "partly_unreachable"
        return [_gap(kind, step.target, area_code, org_id, people=await self._named(holes))]

    async def _holes(self, person: UUID, channel: Any, target: str) -> tuple[str, ...]:
        key = (person, channel, target)
        if key not in self._reached:
            found = await reachable(
                self._conn, Recipient.staff(person), channel, now=self._now, template=TEMPLATE[target]
            )
            self._reached[key] = found.reasons
        return self._reached[key]

    async def _named(self, holes: dict[str, list[str]]) -> list[dict[str, Any]]:
        ids = [UUID(person) for person in holes]
        rows = await (await self._conn.execute(_SQL["staff_names"], {"ids": ids})).fetchall()
        names = {str(row[0]): row[1] for row in rows}
        return [
            {"staff_id": person, "name": names.get(person, ""), "reasons": reasons}
            for person, reasons in sorted(holes.items())
        ]


def _gap(kind: str, target: str, area_code: str, org_id: UUID | None, **data: Any) -> Gap:
    key = f"{kind}:{target}:{area_code}:{org_id or ''}"
    return Gap(key=key, kind=kind, area_code=area_code, org_id=org_id, data={"target": target} | data)


async def look(conn: Connection, *, now: datetime) -> list[Gap]:
    """Every hole there is now."""
    looker = _Looker(conn, await policies.policies(conn), await policies.schedules(conn), now)
    found: list[Gap] = []
    for area_code, org_id in await (await conn.execute(_SQL["places"])).fetchall():
        found += await looker.place(area_code, org_id)
    rows = await (await conn.execute(_SQL["contactless"], {"now": now})).fetchall()
    for area_code, org_id, count, residents in rows:
        found.append(
            _gap("no_contact", "contacts", area_code, org_id, count=count, residents=list(residents))
        )
    return found


async def keep(conn: Connection, found: Iterable[Gap], *, now: datetime) -> bool:
    """Write down which holes are there; the desk hears where that changed. True when it did."""
    fresh = {gap.key: gap for gap in found}
    known = {gap.key: gap for gap in await _open(conn)}
    gone = known.keys() - fresh.keys()
    new = fresh.keys() - known.keys()
    await conn.execute(_SQL["end_gaps"], {"keys": sorted(gone), "now": now})
    for key in sorted(new):
        values = msgspec.structs.asdict(fresh[key]) | {"now": now, "data": Jsonb(fresh[key].data)}
        await conn.execute(_SQL["open_gap"], values)
    for key in sorted(fresh.keys() & known.keys()):
        if fresh[key].data != known[key].data:
            await conn.execute(_SQL["update_gap"], {"key": key, "data": Jsonb(fresh[key].data)})
    places = {(gap.area_code, gap.org_id) for key in new for gap in [fresh[key]]}
    places |= {(gap.area_code, gap.org_id) for key in gone for gap in [known[key]]}
    for area_code, org_id in sorted(places, key=str):
        here = [gap for gap in fresh.values() if (gap.area_code, gap.org_id) == (area_code, org_id)]
        data = {"kind": "gaps", "count": len(here), "kinds": sorted({gap.kind for gap in here})}
        await feed.append(conn, now=now, type="desk", data=data, area_code=area_code, org_id=org_id)
    return bool(places)


async def shown(conn: Connection, reader: Identity) -> list[GapShown]:
    """Holes that the reader may see."""
    return [gap for gap in await _open(conn) if reader.sees(gap.area_code, gap.org_id)]


async def forecast(conn: Connection, reader: Identity, *, now: datetime) -> list[Forecast]:
    """The hours of the next 30 days without anybody on duty, of schedules that the reader may see; soonest
    first.
    """
    starts_at, ends_at = policies.forecast_from(now)
    calendar = await policies.calendar(conn, now)
    found = [
        Forecast(
            schedule_id=one.id,
            name=one.name,
            role=one.role,
            area_code=one.area_code,
            org_id=one.org_id,
            starts_at=iso(hole.starts_at),
            ends_at=iso(hole.ends_at),
        )
        for one in await policies.schedules(conn)
        if reader.sees(one.area_code, one.org_id)
        for hole in schedule.holes(one.shifts, calendar, starts_at, ends_at)
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.area_code, one.role))


async def _open(conn: Connection) -> list[GapShown]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["open_gaps"])
        return [GapShown(**row | {"since": iso(row["since"])}) for row in await cursor.fetchall()]
