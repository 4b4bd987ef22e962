"""The database and what it tells of everything else: migrations, clocks, partitions, programs, gateways."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cloud.database import queries
from cloud.database.migrations import available
from cloud.database.pool import Connection
from cloud.operations.findings import Finding, age, good, wrong
from cloud.supervision import canaries, ourselves
from cloud.supervision.canaries import Latest
from cloud.supervision.ourselves import CANARY_SILENT_AFTER, SILENT_AFTER, allowance
from cloud.telemetry.storage import Disk, Storage, survey
from firmware_specs.clock import Clock

_SQL: Final = queries.load(__package__ or "cloud.operations", "doctor.sql")
_OLDEST: Final = 150_000
_SKEW_ALLOWED_S: Final = 2.0
_AHEAD: Final = timedelta(days=1)
_FULL_SOON: Final = timedelta(days=30)
_SILENT: Final = timedelta(minutes=15)
_LEAST_FREE: Final = 0.1
_LEAST_GIB: Final = 5.0
_NAMED: Final = 5
_EXPECTED: Final = ("ingest", "work")


async def examine(conn: Connection, clock: Clock) -> list[Finding]:
    """Everything that the database knows; its migrations must be there for the most of it."""
    now = clock.now()
    found = await _server(conn)
    row = await (await conn.execute(_SQL["migrations"])).fetchone()
    applied, wanted = (row[0] if row else 0), len(available())
    if applied < wanted:
        return [*found, wrong("migrations", "migrations_missing", missing=wanted - applied, last=applied)]
    if applied > wanted:
        found.append(wrong("migrations", "migrations_newer", last=applied, wanted=wanted))
    else:
        found.append(good("migrations", "migrations_good", last=applied))
    seen = await survey(conn, now)
    found += [_partitions(seen, now), *_filling(seen.disk, now)]
    if missing := next(queue.waiting for queue in seen.queues if queue.name == "pieces_of_copy"):
        found.append(wrong("partitions", "readings_missing", count=missing))
    found += _programs(await ourselves.lives(conn), now, clock.rate)
    found.append(_canary(await canaries.latest(conn), now, clock.rate))
    found += await _gateways(conn, now)
    return found


async def count_gateways(conn: Connection) -> int:
    """Gateways in use."""
    row = await (await conn.execute(_SQL["gateways"], {"canary": canaries.GATEWAY})).fetchone()
    return row[0] if row else 0


async def _server(conn: Connection) -> list[Finding]:
    row = await (await conn.execute(_SQL["server"])).fetchone()
    assert row is not None, "a query without a table always answers"
    here = Clock().now().timestamp()
    number, version, size, folder, there = row
    if number < _OLDEST:
        found = [wrong("database", "database_old", version=version)]
    else:
        found = [good("database", "database_good", version=version, mib=f"{size / 2**20:,.1f}")]
    skew = abs(float(there) - here)
    if skew <= _SKEW_ALLOWED_S:
        found.append(good("clock", "clock_good", skew=f"{skew:.1f}"))
    else:
        found.append(wrong("clock", "clock_off", skew=f"{skew:.1f}"))
    if folder and (disk := space(Path(folder))) is not None:
        found.append(disk)
    return found


def space(path: Path) -> Finding | None:
    """Room on the disk of a folder; None where it is another machine's."""
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    free, share = usage.free / 2**30, usage.free / usage.total
    values = {"path": path, "free": f"{free:,.1f}", "percent": f"{share * 100:.0f}"}
    if free < _LEAST_GIB and share < _LEAST_FREE:
        return wrong("disk", "disk_low", **values)
    return good("disk", "disk_good", **values)


def _filling(disk: Disk | None, now: datetime) -> list[Finding]:
    if disk is None or disk.full_at is None or disk.full_at > now + _FULL_SOON:
        return []
    full_at = f"{disk.full_at.astimezone(UTC):%Y-%m-%d}"
    return [wrong("disk", "disk_fills", path=disk.path, at=full_at, days=max(disk.days_fit or 0, 7))]


def _partitions(seen: Storage, now: datetime) -> Finding:
    ends = {kept.table: kept.until or now for kept in seen.kept}
    table = min(ends, key=lambda name: ends[name])
    until = f"{ends[table].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if ends[table] < now + _AHEAD:
        return wrong("partitions", "partitions_end", table=table, until=until)
    return good("partitions", "partitions_good", until=until)


def _programs(lives: dict[str, datetime], now: datetime, rate: float) -> Iterator[Finding]:
    silent = False
    for program in _EXPECTED:
        at = lives.get(program)
        if at is None:
            yield wrong("programs", "program_never", program=program)
        elif now - at > allowance(SILENT_AFTER, rate):
            yield wrong("programs", "program_silent", program=program, age=age(now - at))
        else:
            continue
        silent = True
    if not silent:
        yield good("programs", "programs_good")


def _canary(road: Latest, now: datetime, rate: float) -> Finding:
    if road.alive_at is None or road.pressed_at is None:
        return wrong("canary", "canary_off")
    if road.red_since is not None:
        since = f"{road.red_since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
        return wrong("canary", "canary_red", since=since, reason=road.reason)
    waited = now - road.pressed_at
    if waited > allowance(CANARY_SILENT_AFTER, rate):
        return wrong("canary", "canary_old", age=age(waited))
    return good("canary", "canary_good", age=age(waited), took=road.took_ms)


async def _gateways(conn: Connection, now: datetime) -> list[Finding]:
    count = await count_gateways(conn)
    found = []
    for key, query in (("gateways_silent", "silent"), ("gateways_never", "never")):
        values = {"before": now - _SILENT, "canary": canaries.GATEWAY}
        ids = [row[0] for row in await (await conn.execute(_SQL[query], values)).fetchall()]
        if ids:
            named = ", ".join(ids[:_NAMED]) + (" …" if len(ids) > _NAMED else "")
            found.append(wrong("gateways", key, count=len(ids), all=count, ids=named))
    return found or [good("gateways", "gateways_good", all=count)]
