"""Escalation policies and duty schedules in the database: versions are added, never changed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotAllowed, NotFound
from cloud.cases import escalation, schedule
from cloud.cases.escalation import Policy
from cloud.cases.schedule import ZONE, Schedule
from cloud.database import queries
from cloud.database.pool import Connection

_SQL: Final = queries.load(__package__ or "cloud.cases", "policies.sql")
FORECAST: Final = timedelta(days=30)


class DutyPerson(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff as a planner sees them."""

    id: UUID
    name: str
    role: str
    area_code: str


async def policies(conn: Connection) -> list[Policy]:
    """Every policy in use."""
    return [_policy(row) for row in await _rows(conn, "policies")]


async def policy(conn: Connection, policy_id: UUID, version: int) -> Policy | None:
    """One version of a policy, retired or not."""
    rows = await _rows(conn, "policy", {"id": policy_id, "version": version})
    return _policy(rows[0]) if rows else None


async def schedules(conn: Connection) -> list[Schedule]:
    """Every schedule in use."""
    return [msgspec.convert(row, Schedule) for row in await _rows(conn, "schedules")]


async def calendar(conn: Connection, around: datetime) -> Mapping[date, bool]:
    """Days around a moment, and for a forecast after it, that are not what their weekday says."""
    today = around.astimezone(ZONE).date()
    values = {"from": today - timedelta(days=2), "to": today + FORECAST + timedelta(days=2)}
    rows = await (await conn.execute(_SQL["holidays"], values)).fetchall()
    return {row[0]: row[2] for row in rows}


async def holidays(conn: Connection, year: int) -> list[tuple[date, str, bool]]:
    """(day, name, off) of a year."""
    values = {"from": date(year, 1, 1), "to": date(year, 12, 31)}
    rows = await (await conn.execute(_SQL["holidays"], values)).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


async def write_holidays(conn: Connection, year: int, days: list[tuple[date, str, bool]]) -> None:
    """Replace a year's days; raises InvalidInput for one of another year."""
    if any(day.year != year for day, _, _ in days):
        raise InvalidInput("日期不在该年份内", "a day is not of that year")
    await conn.execute(_SQL["lock_policies"])
    await conn.execute(_SQL["forget_holidays"], {"from": date(year, 1, 1), "to": date(year, 12, 31)})
    for day, name, off in days:
        await conn.execute(_SQL["set_holiday"], {"day": day, "name": name, "off": off})


async def write_policy(
    conn: Connection, given: Policy, editor: Identity, *, retired: bool = False, now: datetime
) -> Policy:
    """One more version of a policy, `given.version` being the one that was edited (0: a new one).

    Raises Conflict where somebody changed it meanwhile, InvalidInput for steps that cannot work, NotAllowed
    outside the editor's area, before and after.
    """
    for zh, en in escalation.mistakes(given.steps):
        raise InvalidInput(zh, en)
    if given.resident_id is not None:
        row = await (await conn.execute(_SQL["known_resident"], {"id": given.resident_id})).fetchone()
        if row is None:
            raise InvalidInput("没有这位老人", "there is no such resident")
        given = msgspec.structs.replace(given, area_code=row[0], org_id=row[1])
    _check_scope(editor, given.area_code, given.org_id)
    version = await _next_version(conn, "policy_version", given.id, given.version, editor)
    await _check_default_stays(conn, given, retired=retired)
    values = msgspec.structs.asdict(given) | {"version": version, "retired": retired}
    await conn.execute(_SQL["insert_policy"], values | {"now": now, "by": editor.name})
    for position, step in enumerate(given.steps, 1):
        row_of = {"id": given.id, "version": version, "position": position, "delay_s": step.delay_s}
        row_of |= {"target": step.target, "channels": list(step.channels), "repeats": step.repeats}
        await conn.execute(_SQL["insert_step"], row_of)
    return msgspec.structs.replace(given, version=version)


async def write_schedule(
    conn: Connection, given: Schedule, editor: Identity, *, retired: bool = False, now: datetime
) -> Schedule:
    """One more version of a schedule, as `write_policy`; InvalidInput for somebody who works elsewhere."""
    _check_scope(editor, given.area_code, given.org_id)
    wanted = {person for shift in given.shifts for person in shift.staff}
    known = {one.id for one in await duty_staff(conn, given.area_code, given.org_id)}
    if missing := wanted - known:
        raise InvalidInput(f"没有这名员工：{min(missing)}", f"nobody who works here: {min(missing)}")
    version = await _next_version(conn, "schedule_version", given.id, given.version, editor)
    plain = {"id": given.id, "version": version, "name": given.name, "role": given.role, "retired": retired}
    plain |= {"area_code": given.area_code, "org_id": given.org_id, "now": now, "by": editor.name}
    await conn.execute(_SQL["insert_schedule"], plain)
    for position, shift in enumerate(given.shifts, 1):
        values = msgspec.structs.asdict(shift)
        values |= {"weekdays": list(shift.weekdays), "staff": list(shift.staff)}
        values |= {"id": given.id, "version": version, "position": position}
        await conn.execute(_SQL["insert_shift"], values)
    return msgspec.structs.replace(given, version=version)


async def on_duty(
    conn: Connection, role: str, *, area_code: str, org_id: UUID | None, now: datetime
) -> list[UUID]:
    """Who of a duty role answers for a place now. Without a schedule every supervisor of the place does; of
    other roles nobody.
    """
    found = schedule.choose(await schedules(conn), role=role, area_code=area_code, org_id=org_id)
    if found is not None:
        return schedule.on_duty(found.shifts, await calendar(conn, now), now)
    if role != "supervisor":
        return []
    values = {"role": "supervisor", "area_code": area_code, "org_id": org_id}
    return [row[0] for row in await (await conn.execute(_SQL["staff_of_role"], values)).fetchall()]


async def duty_staff(conn: Connection, area_code: str, org_id: UUID | None) -> list[DutyPerson]:
    """Who can be put on duty for a place, by name."""
    values = {"area_code": area_code, "org_id": org_id}
    return [msgspec.convert(row, DutyPerson) for row in await _rows(conn, "duty_staff", values)]


async def _next_version(conn: Connection, query: str, id_: UUID, edited: int, editor: Identity) -> int:
    await conn.execute(_SQL["lock_policies"])
    row = await (await conn.execute(queries.trusted(_SQL[query]), {"id": id_})).fetchone()
    newest = 0 if row is None else int(row[0])
    if row is None and edited != 0:
        raise NotFound("没有这条记录", "there is no such record")
    if row is not None:
        _check_scope(editor, row[1], row[2])
    if newest != edited:
        raise Conflict(
            f"已被他人修改为第 {newest} 版", f"somebody changed it: version {newest}", version=newest
        )
    return newest + 1


async def _check_default_stays(conn: Connection, given: Policy, *, retired: bool) -> None:
    """Raise Conflict where a priority would be left without a policy of everybody's."""
    defaults = [one for one in await policies(conn) if _is_everybodys(one)]
    before = next((one for one in defaults if one.id == given.id), None)
    if before is None or (not retired and _is_everybodys(given) and given.priority == before.priority):
        return
    if sum(one.priority == before.priority for one in defaults) == 1:
        raise Conflict(
            "默认策略不能停用，也不能改到别处",
            "everybody's policy stays everybody's: something must happen to every case",
        )


def _is_everybodys(policy: Policy) -> bool:
    return not policy.area_code and policy.org_id is None and policy.resident_id is None


def _check_scope(editor: Identity, area_code: str, org_id: UUID | None) -> None:
    if not editor.sees(area_code, org_id):
        raise NotAllowed("不在您的管辖范围内", "it is outside your area or organisation")


def _policy(row: dict[str, Any]) -> Policy:
    return msgspec.convert(row, Policy)


async def _rows(conn: Connection, query: str, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[query], values)
        return await cursor.fetchall()


def concerns(reader: Identity, area_code: str, org_id: UUID | None) -> bool:
    """Whether what is in force at a place is in force somewhere in the reader's area, or the other way
    round.
    """
    nested = area_code.startswith(reader.area_code) or reader.area_code.startswith(area_code)
    return nested and (reader.org_id is None or org_id in (None, reader.org_id))


def forecast_from(now: datetime) -> tuple[datetime, datetime]:
    """The 30 days from now."""
    return now, (now + FORECAST).astimezone(UTC)
