"""Zones, responders and dispatches as rows. What a dispatch does to its case is the case room's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput, NotAllowed, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.registry.changes import changed_meanwhile
from cloud.responders.responder import Point, Responder, Zone

_SQL: Final = queries.load(__package__ or "cloud.responders")


async def zones(conn: Connection, reader: Identity) -> list[Zone]:
    """Zones that the reader may see."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id}
    rows = await _dicts(conn, "zones", values)
    return [Zone(**row) for row in rows]


async def known_zone(conn: Connection, zone_id: UUID) -> None:
    """Raises NotFound for a zone that is not there."""
    if not await _dicts(conn, "find_zone", {"id": zone_id}):
        raise NotFound("没有这个片区", "there is no such zone")


async def write_zone(
    conn: Connection, zone: Zone, editor: Identity, *, now: datetime, revision: int | None = None
) -> Zone:
    """Add or change a zone: as it is then. Raises NotAllowed outside the editor's area, before and after,
    Conflict where `revision` is given and old.
    """
    before = await _dicts(conn, "find_zone", {"id": zone.id})
    places = [(row["area_code"], row["org_id"]) for row in before] + [(zone.area_code, zone.org_id)]
    if not all(editor.sees(*place) for place in places):
        raise NotAllowed("不在您的管辖范围内", "it is outside your area or organisation")
    if before and revision not in (None, before[0]["revision"]):
        raise await changed_meanwhile(conn, zone.id, before[0]["revision"])
    row = await (await conn.execute(_SQL["set_zone"], msgspec.structs.asdict(zone) | {"now": now})).fetchone()
    return msgspec.structs.replace(zone, revision=row[0] if row else 1)


async def covering(conn: Connection, area_code: str, org_id: UUID | None) -> list[Responder]:
    """Responders whose own area covers a place."""
    return await _responders(conn, covers=area_code, org_id=org_id)


async def visible(conn: Connection, reader: Identity) -> list[Responder]:
    """Responders that the reader may see."""
    return await _responders(conn, area_code=reader.area_code, org_id=reader.org_id)


async def find(conn: Connection, staff_id: UUID) -> Responder:
    """One responder; raises NotFound."""
    found = await _responders(conn, staff_id=staff_id)
    if not found:
        raise NotFound("没有这名响应人员", "there is no such responder")
    return found[0]


async def write_responder(
    conn: Connection,
    staff_id: UUID,
    editor: Identity,
    *,
    zone_id: UUID | None,
    skills: Sequence[str],
    speed_kmh: float,
    most_cases: int,
    now: datetime,
) -> None:
    """Say what is known of a member of staff who goes out; raises NotFound, NotAllowed, InvalidInput."""
    row = await (await conn.execute(_SQL["find_staff"], {"id": staff_id})).fetchone()
    if row is None or not editor.sees(row[2], row[3]):
        raise NotFound("没有这名员工", "there is no such member of staff")
    if row[1] != "responder":
        raise InvalidInput("该员工不是响应人员", "this member of staff is not a responder")
    if zone_id is not None:
        zone = await _dicts(conn, "find_zone", {"id": zone_id})
        if not zone or not editor.sees(zone[0]["area_code"], zone[0]["org_id"]):
            raise InvalidInput("没有这个片区", "there is no such zone")
    values = {"staff_id": staff_id, "zone_id": zone_id, "skills": sorted(set(skills)), "now": now}
    await conn.execute(_SQL["set_responder"], values | {"speed_kmh": speed_kmh, "most_cases": most_cases})


async def set_available(conn: Connection, staff_id: UUID, *, available: bool, now: datetime) -> None:
    """Whether somebody can be asked; raises NotFound."""
    values = {"staff_id": staff_id, "available": available, "now": now}
    if await (await conn.execute(_SQL["set_available"], values)).fetchone() is None:
        raise NotFound("没有这名响应人员", "there is no such responder")


async def set_position(conn: Connection, staff_id: UUID, point: Point, *, now: datetime) -> None:
    """Where somebody is now; raises NotFound."""
    values = {"staff_id": staff_id, "lat": point.lat, "lon": point.lon, "now": now}
    if await (await conn.execute(_SQL["set_position"], values)).fetchone() is None:
        raise NotFound("没有这名响应人员", "there is no such responder")


async def asked(conn: Connection, case_id: UUID) -> frozenset[UUID]:
    """Who was asked for a case already."""
    rows = await (await conn.execute(_SQL["asked"], {"case_id": case_id})).fetchall()
    return frozenset(row[0] for row in rows)


async def insert_dispatch(conn: Connection, row: dict[str, Any]) -> bool:
    """Ask somebody; False where they are asked or on the way already."""
    return await (await conn.execute(_SQL["insert_dispatch"], row)).fetchone() is not None


async def find_dispatch(conn: Connection, dispatch_id: UUID) -> dict[str, Any]:
    """The row of a dispatch; raises NotFound."""
    rows = await _dicts(conn, "find_dispatch", {"id": dispatch_id})
    if not rows:
        raise no_such_dispatch()
    return rows[0]


async def lock_dispatch(conn: Connection, dispatch_id: UUID) -> dict[str, Any]:
    """The row, held until the transaction ends; the caller holds its case."""
    rows = await _dicts(conn, "lock_dispatch", {"id": dispatch_id})
    if not rows:
        raise no_such_dispatch()
    return rows[0]


async def answer(
    conn: Connection,
    dispatch_id: UUID,
    state: str,
    *,
    eta_at: datetime | None = None,
    reason: str = "",
    ended: bool,
    now: datetime,
) -> None:
    """What the responder said, or that nobody did."""
    values = {"id": dispatch_id, "state": state, "eta_at": eta_at, "reason": reason, "ended": ended}
    await conn.execute(_SQL["answer_dispatch"], values | {"now": now})


async def move(
    conn: Connection,
    dispatch_id: UUID,
    state: str,
    *,
    eta_at: datetime | None = None,
    reason: str | None = None,
    outcome: str | None = None,
    ended: bool = False,
    now: datetime,
) -> None:
    """What became of a dispatch."""
    values = {"id": dispatch_id, "state": state, "eta_at": eta_at, "reason": reason, "outcome": outcome}
    await conn.execute(_SQL["move_dispatch"], values | {"ended": ended, "now": now})


async def of_case(conn: Connection, case_id: UUID) -> list[dict[str, Any]]:
    """Dispatches of a case, in order."""
    return await _dicts(conn, "dispatches_of_case", {"case_id": case_id})


async def of_staff(
    conn: Connection, staff_id: UUID, *, running: bool, limit: int, before: UUID | None = None
) -> list[dict[str, Any]]:
    """A responder's own dispatches, newest first."""
    values = {"staff_id": staff_id, "running": running, "limit": limit, "before": before}
    return await _dicts(conn, "dispatches_of_staff", values)


async def unanswered(conn: Connection, *, now: datetime, limit: int) -> list[UUID]:
    """Offers that nobody answered in time."""
    rows = await (await conn.execute(_SQL["unanswered"], {"now": now, "limit": limit})).fetchall()
    return [row[0] for row in rows]


def no_such_dispatch() -> NotFound:
    """Said also of a dispatch that the caller may not see."""
    return NotFound("没有这个派单", "there is no such dispatch")


async def _responders(
    conn: Connection,
    *,
    covers: str | None = None,
    area_code: str | None = None,
    org_id: UUID | None = None,
    staff_id: UUID | None = None,
) -> list[Responder]:
    values = {"covers": covers, "area_code": area_code, "org_id": org_id, "staff_id": staff_id}
    cursor = await conn.execute(_SQL["responders"], values)
    return [_responder(row) for row in await cursor.fetchall()]


def _responder(row: tuple[Any, ...]) -> Responder:
    staff_id, name, _, _, skills, speed, most, available, lat, lon, position_at = row[:11]
    zone = None
    if row[11] is not None:
        zone = Zone(
            id=row[11],
            name=row[12],
            area_code=row[13],
            org_id=row[14],
            lat=row[15],
            lon=row[16],
            promise_s=row[17],
            revision=row[18],
        )
    return Responder(
        staff_id=staff_id,
        name=name,
        zone=zone,
        skills=tuple(skills),
        speed_kmh=speed,
        most_cases=most,
        available=available,
        position=None if lat is None or lon is None else Point(lat, lon),
        position_at=position_at,
        load=row[19],
    )


async def _dicts(conn: Connection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL[query], values)
        return await cursor.fetchall()
