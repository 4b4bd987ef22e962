"""A home with two residents, a gateway and devices, as rows; and batches as a gateway sends them."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from cloud.database.pool import Connection
from cloud.telemetry.columns import Incoming, to_ms
from firmware_specs.messages import TelemetryBatch
from tests.conftest import START

RUN = "0123456789abcdef"
NAMES = UUID(int=7)
START_MS = to_ms(START)


def uid(name: str) -> UUID:
    """A fixed id for a name."""
    return uuid5(NAMES, name)


async def place(conn: Connection) -> None:
    """An area and an organisation."""
    await conn.execute("insert into area (code, name) values ('370502', 'Dongying')")
    await conn.execute("insert into org (id, name, created_at) values (%s, 'org', %s)", (uid("org"), START))


async def home(conn: Connection, name: str, gateway: str, kind: str = "home") -> None:
    """A home with one bed and one resident of the same name, and its gateway."""
    await conn.execute(
        "insert into home (id, area_code, org_id, created_at) values (%s, '370502', %s, %s)",
        (uid(name), uid("org"), START),
    )
    await conn.execute(
        "insert into gateway (id, kind, home_id, area_code, org_id, secret_bcrypt, secret_pbkdf2, created_at)"
        " values (%s, %s, %s, '370502', %s, '', '', %s)",
        (gateway, kind, uid(name) if kind == "home" else None, uid("org"), START),
    )
    await conn.execute(
        "insert into person (id, name, created_at) values (%s, %s, %s)", (uid(f"p-{name}"), name, START)
    )
    await conn.execute(
        "insert into resident (id, person_id, area_code, org_id, created_at)"
        " values (%s, %s, '370502', %s, %s)",
        (uid(f"r-{name}"), uid(f"p-{name}"), uid("org"), START),
    )
    await conn.execute("insert into bed (id, home_id) values (%s, %s)", (uid(f"b-{name}"), uid(name)))
    await conn.execute(
        "insert into bed_stay (bed_key, resident_id, valid)"
        " select key, %s, tstzrange('2025-01-01', null) from bed where id = %s",
        (uid(f"r-{name}"), uid(f"b-{name}")),
    )


async def install(
    conn: Connection, device: str, name: str, start: datetime | None = None, end: datetime | None = None
) -> None:
    """Install a device on the bed of a home for a time."""
    await conn.execute(
        "insert into device (id, created_at) values (%s, %s) on conflict do nothing", (device, START)
    )
    await conn.execute(
        "insert into installation (id, device_key, home_id, bed_key, valid, installed_at)"
        " select gen_random_uuid(), d.key, %s, b.key, tstzrange(%s, %s), %s from device d, bed b"
        " where d.id = %s and b.id = %s",
        (uid(name), start, end, START, device, uid(f"b-{name}")),
    )


def batch(seq: int, *values: float, at_ms: int = START_MS, **fields: Any) -> TelemetryBatch:
    """Heart rates of watch-1, one a second from `at_ms`."""
    count = len(values)
    given: dict[str, Any] = {
        "run": RUN,
        "boot": "boot-1",
        "seq": seq,
        "sent_at": START_MS,
        "t0": at_ms,
        "devices": ["watch-1"],
        "kinds": ["heart_rate"],
        "d": [0] * count,
        "k": [0] * count,
        "dt": [n * 1000 for n in range(count)],
        "value": list(values),
    }
    return TelemetryBatch(**given | fields)


def incoming(message: TelemetryBatch, gateway: str = "gw-1", received_ms: int = START_MS) -> Incoming:
    """A batch that has just arrived."""
    return Incoming(gateway, received_ms, message)


async def rows(conn: Connection, query: str, *arguments: object) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return await (await conn.execute(query, arguments)).fetchall()
