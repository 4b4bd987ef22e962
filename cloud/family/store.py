"""Families in PostgreSQL: who may see whom, and what they see of one elder."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from psycopg.rows import dict_row

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput, NotFound
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.family import family as rules
from cloud.family.family import Call, Device, Help, Thread, Told
from cloud.feed.store import NewFrame
from firmware_specs.ids import uuid7

_SQL: Final = queries.load(__package__ or "cloud.family")
_PAST: Final = timedelta(days=7)
_LOOKS: Final = timedelta(days=30)
_LATELY: Final = timedelta(hours=1)
LOOKS_SHOWN: Final = 30
# What is written down when somebody looks, and what that is to a family.
LOOKED_AT: Final = {
    "health_viewed": "health",
    "resident_viewed": "record",
    "case_viewed": "case",
    "dispatch_viewed": "address",
    "door_code_viewed": "door_code",
    "way_in_viewed": "door_code",
    "photos_viewed": "photo",
    "photo_viewed": "photo",
    "family_viewed": "family",
    "place_viewed": "place",
}
NOW_KINDS: Final = ("in_bed", "motion", "presence", "heart_rate", "worn", "charging")


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """What binds an account to an elder: which contact it is, how the elder agreed, and whether also that
    the account sees where they are.
    """

    username: str
    resident_id: UUID
    contact: str
    consent: str
    consented_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    location: bool = False


class Elder(msgspec.Struct, frozen=True):
    """An elder that an account sees."""

    id: UUID
    name: str
    sex: str
    relation: str
    state: str
    in_hand: bool
    location: bool


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody looked, `times` within an hour; `at` the last time."""

    role: str
    who: str
    what: str
    since: datetime
    at: datetime
    times: int


class Newest(msgspec.Struct, frozen=True):
    """The newest value of a kind from a device; `own` of the elder's bed, else of the home."""

    kind: str
    value: float
    at: datetime
    device_key: int
    own: bool


async def bind(conn: Connection, given: Binding, *, recorded_by: str, now: datetime) -> UUID:
    """An account of the role `family` sees an elder whose contact it is; raises InvalidInput, Conflict."""
    account = await (await conn.execute(_SQL["find_account"], {"username": given.username})).fetchone()
    if account is None or account[1] != "family" or not account[2]:
        raise InvalidInput(
            f"没有家属账号 {given.username}", f"there is no family account {given.username}", field="username"
        )
    values: dict[str, Any] = {"resident_id": given.resident_id, "name": given.contact}
    contact = await (await conn.execute(_SQL["find_contact"], values)).fetchone()
    if contact is None:
        raise InvalidInput(
            f"{given.contact} 不是该老人的联系人，请先登记",
            f"{given.contact} is not a contact of this elder; enter them first",
            field="contact",
        )
    since = given.since or now
    if given.until is not None and given.until <= since:
        raise InvalidInput("结束时间须晚于开始", "`until` must lie after the beginning", field="until")
    row = {"id": uuid7(round(now.timestamp() * 1000)), "staff_id": account[0], "person_id": contact[0]}
    row |= {"resident_id": given.resident_id, "relation": contact[1], "from": since, "until": given.until}
    row |= {"consent": given.consent, "consented_at": given.consented_at or now, "recorded_by": recorded_by}
    row["location"] = given.location
    made = await (await conn.execute(_SQL["insert_access"], row)).fetchone()
    if made is None:
        raise Conflict("该账号已绑定这位老人", "this account sees this elder already")
    return UUID(str(made[0]))


async def unbind(conn: Connection, access_id: UUID, editor: Identity, *, now: datetime) -> None:
    """The account sees the elder no more; raises NotFound, also outside of the editor's area."""
    row = await (await conn.execute(_SQL["lock_access"], {"id": access_id, "now": now})).fetchone()
    if row is None or not editor.sees(row[1], row[2]):
        raise NotFound("没有这个绑定", "there is no such binding")
    await conn.execute(_SQL["end_access"], {"id": access_id, "now": now})


async def bindings(
    conn: Connection, reader: Identity, resident_id: UUID | None = None, *, now: datetime
) -> list[dict[str, Any]]:
    """Who sees whom (or this elder), in the reader's area."""
    values = {"area_code": reader.area_code, "org_id": reader.org_id, "resident_id": resident_id, "now": now}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["list_access"], values)
        return await cursor.fetchall()


async def elders(conn: Connection, staff_id: UUID, *, now: datetime) -> list[Elder]:
    """The elders that an account sees now."""
    cursor = await conn.execute(_SQL["elders_of"], {"staff_id": staff_id, "now": now})
    return [Elder(*row) for row in await cursor.fetchall()]


async def elder(conn: Connection, staff_id: UUID, resident_id: UUID, *, now: datetime) -> Elder:
    """One of them; raises NotFound for every other elder, whether they exist or not."""
    for one in await elders(conn, staff_id, now=now):
        if one.id == resident_id:
            return one
    raise NotFound("没有这位老人", "there is no such resident")


async def threads(
    conn: Connection, resident_id: UUID, home_id: UUID | None, *, now: datetime
) -> list[Thread]:
    """Cases that go on, gravest first; then those that were over within a week, newest first."""
    values = {"resident_id": resident_id, "home_id": home_id, "since": now - _PAST}
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_SQL["cases_of"], values)
        rows = await cursor.fetchall()
    found = []
    for row in rows:
        case = {"case_id": row["id"]}
        calls = [Call(*one) for one in await (await conn.execute(_SQL["calls_of"], case)).fetchall()]
        helps = [Help(*one) for one in await (await conn.execute(_SQL["help_of"], case)).fetchall()]
        found.append(rules.thread(row, calls, helps))
    return found


async def newest(conn: Connection, resident_id: UUID, *, now: datetime) -> list[Newest]:
    """The newest values of what a family is told, newest of each kind first."""
    values = {"resident_id": resident_id, "now": now, "kinds": list(NOW_KINDS)}
    cursor = await conn.execute(_SQL["newest"], values)
    return [Newest(*row) for row in await cursor.fetchall()]


async def in_bed(conn: Connection, resident_id: UUID, since: datetime, until: datetime) -> list[Told]:
    """What the bed told of being in it, oldest first."""
    values = {"resident_id": resident_id, "from": since, "to": until}
    return [(row[0], row[1]) for row in await (await conn.execute(_SQL["in_bed"], values)).fetchall()]


async def devices(
    conn: Connection, resident_id: UUID, home_id: UUID | None, *, now: datetime
) -> list[Device]:
    """The home's box and the devices of the elder's bed and home."""
    rows = await (await conn.execute(_SQL["gateways_of"], {"home_id": home_id})).fetchall()
    found = [
        Device(n=n, what="gateway", room="", working=row[0], battery_low=False, last_seen_at=row[1])
        for n, row in enumerate(rows, 1)
    ]
    cursor = await conn.execute(_SQL["devices_of"], {"resident_id": resident_id, "now": now})
    for family, role, room, seen_at, offline_at, low_at, kinds in await cursor.fetchall():
        found.append(
            Device(
                n=len(found) + 1,
                what=rules.what_it_is(family, role, kinds),
                room=room,
                working=None if seen_at is None else offline_at is None,
                battery_low=low_at is not None,
                last_seen_at=seen_at,
            )
        )
    return found


async def looks(
    conn: Connection, resident_id: UUID, home_id: UUID | None, reader: Identity, *, now: datetime
) -> list[Look]:
    """Who looked at the elder in the last 30 days, newest first; the reader's own looks are left out."""
    values: dict[str, Any] = {"resident_id": resident_id, "home_id": home_id, "since": now - _LOOKS}
    values |= {"limit": LOOKS_SHOWN, "actions": list(LOOKED_AT), "reader": reader.actor}
    rows = await (await conn.execute(_SQL["looks"], values)).fetchall()
    return [
        Look(role=role, who=who, what=LOOKED_AT[action], since=since, at=at, times=times)
        for role, who, action, since, at, times in rows
    ]


async def news(conn: Connection, case_ids: Iterable[UUID], *, now: datetime) -> list[NewFrame]:
    """Frames for the phones that show these cases: that there is something to read anew, and no more."""
    values = {"case_ids": sorted(set(case_ids)), "now": now, "lately": now - _LATELY}
    rows = await (await conn.execute(_SQL["readers"], values)).fetchall()
    name = {"family": "resident_id", "dispatch": "case_id"}
    return [
        NewFrame(type=kind, data={name[kind]: str(subject)}, reader_ids=tuple(sorted(staff)))
        for kind, subject, staff in rows
    ]
