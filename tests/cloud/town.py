"""A small town for tests: homes, residents, devices and gateways as rows, messages as gateways write them."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg import sql
from psycopg.types.json import Jsonb

from cloud.access.access import Identity
from cloud.cases import detail, store
from cloud.cases.case import Actor, State
from cloud.cases.summary import CaseDetail, CaseSummary
from cloud.database.pool import Connection
from cloud.ingest.ingestor import ingest_events
from cloud.ingest.passage import Message
from firmware_specs import topics
from firmware_specs.ids import uuid7

NOW = datetime(2026, 1, 1, 2, 10, tzinfo=UTC)
LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
AREA = "370502"
EVERYONE = Identity(id=uuid.UUID(int=1), name="主管", role="supervisor")
_numbers = iter(range(1, 1_000_000))


def ms(at: datetime) -> int:
    """Milliseconds UTC."""
    return round(at.timestamp() * 1000)


@dataclass(frozen=True)
class Home:
    """One home with one resident and what is installed there."""

    id: uuid.UUID
    bed_key: int
    resident_id: uuid.UUID
    gateway: str


async def add_area(conn: Connection, code: str = AREA, name: str = "东营区") -> uuid.UUID:
    """An area and the one organisation of the tests."""
    await conn.execute("insert into area (code, name) values (%s, %s) on conflict do nothing", (code, name))
    org_id = uuid.uuid5(uuid.NAMESPACE_DNS, "org")
    await conn.execute(
        "insert into org (id, name, created_at) values (%s, 'org', %s) on conflict do nothing",
        (org_id, LONG_AGO),
    )
    return org_id


async def add_gateway(
    conn: Connection, gateway: str, home_id: uuid.UUID | None, *, area: str = AREA, online: bool | None = None
) -> None:
    """A home gateway, or a protocol gateway where there is no home."""
    org_id = await add_area(conn, area)
    kind = "home" if home_id else "protocol"
    await conn.execute(
        "insert into gateway (id, kind, home_id, area_code, org_id, secret_bcrypt, secret_pbkdf2, created_at,"
        " online) values (%s, %s, %s, %s, %s, '', '', %s, %s)",
        (gateway, kind, home_id, area, org_id, LONG_AGO, online),
    )


async def add_resident(
    conn: Connection, home_id: uuid.UUID, name: str, *, area: str = AREA
) -> tuple[int, uuid.UUID]:
    """One more bed of a home with somebody in it: (bed key, resident id)."""
    org_id = await add_area(conn, area)
    person, resident = uuid.uuid4(), uuid.uuid4()
    await conn.execute(
        "insert into person (id, name, sex, birth_date, created_at)"
        " values (%s, %s, 'female', '1943-05-01', %s)",
        (person, name, LONG_AGO),
    )
    await conn.execute(
        "insert into resident (id, person_id, area_code, org_id, risks, created_at)"
        " values (%s, %s, %s, %s, %s, %s)",
        (resident, person, area, org_id, Jsonb(["fall"]), LONG_AGO),
    )
    cursor = await conn.execute(
        "insert into bed (id, home_id, label) values (%s, %s, '1') returning key", (uuid.uuid4(), home_id)
    )
    row = await cursor.fetchone()
    assert row is not None
    await conn.execute(
        "insert into bed_stay (bed_key, resident_id, valid) values (%s, %s, tstzrange(%s, null))",
        (row[0], resident, LONG_AGO),
    )
    contact = uuid.uuid4()
    await conn.execute(
        "insert into person (id, name, created_at) values (%s, '女儿', %s)", (contact, LONG_AGO)
    )
    await conn.execute("insert into person_phone (person_id, phone) values (%s, '13800000000')", (contact,))
    await conn.execute(
        "insert into contact (resident_id, person_id, position, relation, has_key)"
        " values (%s, %s, 1, '女儿', true)",
        (resident, contact),
    )
    return row[0], resident


async def add_home(
    conn: Connection, gateway: str | None = None, *, area: str = AREA, name: str = "王秀英"
) -> Home:
    """A home of its own gateway with one resident."""
    org_id = await add_area(conn, area)
    home_id = uuid.uuid4()
    await conn.execute(
        "insert into home (id, area_code, org_id, compound, building, unit, room, gate_lat, gate_lon,"
        " access_note, created_at)"
        " values (%s, %s, %s, '胜利小区', '3号楼', '2单元', '501', 37.43, 118.67, '门禁 2#', %s)",
        (home_id, area, org_id, LONG_AGO),
    )
    bed_key, resident_id = await add_resident(conn, home_id, name, area=area)
    gateway = gateway or f"gw-{next(_numbers)}"
    await add_gateway(conn, gateway, home_id, area=area)
    return Home(home_id, bed_key, resident_id, gateway)


async def add_device(
    conn: Connection,
    device: str,
    home: Home | None,
    *,
    bed: bool = True,
    room: str = "",
    since: datetime = LONG_AGO,
    until: datetime | None = None,
) -> int:
    """A registered device, installed in a home for its bed (or for nobody); its key."""
    cursor = await conn.execute(
        "insert into device (id, family, created_at) values (%s, 'watch', %s)"
        " on conflict (id) do update set family = excluded.family returning key",
        (device, LONG_AGO),
    )
    row = await cursor.fetchone()
    assert row is not None
    if home is not None:
        await conn.execute(
            "insert into installation (id, device_key, home_id, bed_key, room, valid, installed_at)"
            " values (%s, %s, %s, %s, %s, tstzrange(%s, %s), %s)",
            (uuid.uuid4(), row[0], home.id, home.bed_key if bed else None, room, since, until, since),
        )
    return int(row[0])


async def open_test_window(conn: Connection, device_key: int, *, opens: datetime, ends: datetime) -> None:
    """A technician may test a device between two times."""
    await conn.execute(
        "insert into test_window (id, device_key, opens_at, ends_at, opened_by)"
        " values (%s, %s, %s, %s, 'test')",
        (uuid.uuid4(), device_key, opens, ends),
    )


async def add_operator(conn: Connection, name: str, *, seen: datetime = NOW) -> Actor:
    """A member of staff at an open seat."""
    staff, seat = uuid.uuid4(), uuid.uuid4()
    await conn.execute(
        "insert into staff (id, username, name, role, password_hash, created_at)"
        " values (%s, %s, %s, 'operator', '', %s)",
        (staff, f"{name}-{staff}", name, LONG_AGO),
    )
    await conn.execute(
        "insert into seat (id, staff_id, opened_at, last_seen_at) values (%s, %s, %s, %s)",
        (seat, staff, seen, seen),
    )
    return Actor(id=staff, name=name, seat_id=seat)


def event(kind: str = "sos", *, at: datetime | None = NOW, **fields: Any) -> dict[str, Any]:
    """One event as a gateway writes it, with a number of its own."""
    seq = next(_numbers)
    message: dict[str, Any] = {
        "v": 1,
        "id": str(uuid7(ms(NOW) + seq)),
        "run": "0123456789abcdef",
        "boot": "boot-1",
        "seq": seq,
        "kind": kind,
        "phase": "raised",
        "device": "zb-1",
    }
    if at is not None:
        message["at"] = ms(at)
    return message | fields


def encoded(message: Any) -> bytes:
    """JSON bytes."""
    return msgspec.json.encode(message)


def seconds(count: float) -> timedelta:
    """A shorter word."""
    return timedelta(seconds=count)


async def send(
    conn: Connection, gateway: str, message: dict[str, Any] | bytes, *, at: datetime = NOW
) -> None:
    """What the event lane does with a message that arrives at a moment."""
    payload = message if isinstance(message, bytes) else encoded(message)
    async with conn.transaction():
        await ingest_events(conn, [Message(topics.up(gateway, "event"), gateway, payload, at)], now=at)


async def all_cases(conn: Connection) -> list[CaseSummary]:
    """Every case, oldest first."""
    return (await store.list_cases(conn, EVERYONE, states=State))[::-1]


async def care(conn: Connection) -> CaseDetail:
    """The one care case there is."""
    found = [case for case in await all_cases(conn) if case.class_ == "care"]
    assert len(found) == 1
    return await detail.detail(conn, found[0].id, EVERYONE)


async def count(conn: Connection, table: str) -> int:
    """How many rows a table has."""
    row = await (
        await conn.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(table)))
    ).fetchone()
    assert row is not None
    return int(row[0])
