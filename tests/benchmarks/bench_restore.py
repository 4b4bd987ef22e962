"""How long a city is without its desk when its machine is lost: restore for the desk, start; readings after.

The database holds 14,800 homes, their twenty last values each, a month of events and cases, and readings at
the rate of a city, as many as `--readings` says: a day of them are 469 million. What a copy takes is told
beside; it is made while the cloud works. The gateways' replay is not in it: `make bench-ingest` tells how
many readings a second are taken. `make bench-restore` prints one last line
`restore: homes=… events=… readings=… make_s=… copy_mib=… desk_s=… ready_s=… back_per_s=…`: seconds until the
database can be started on, until all programs are ready, and how many readings a second come back while they
run.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, LiteralString

from cloud.broker import login, new_secret
from cloud.config import DataDir
from cloud.database.pool import Connection, connect
from cloud.registry.sealing import make_key_file
from cloud.telemetry import partitions
from firmware_specs.clock import Clock
from simulators.stage import OwnCloud
from tests.benchmarks import ingest_stage as stages
from tests.benchmarks.bench_trend import fill_last

_SAY: Final = sys.stdout.write
_A_SECOND: Final = 5427
_READINGS: Final = """
insert into reading (device_key, kind_id, measured_at, received_at, value)
select 1 + n %% (%(homes)s * 4), 1 + n %% 5, %(now)s - n * interval '184.263 microseconds', %(now)s,
    40 + n %% 70
from generate_series(1, %(count)s) n
"""
_EVENTS: Final = """
insert into event (gateway_id, run, seq, id, kind, phase, device_key, occurred_at, received_at, stored_at,
    payload)
select 'gw-' || lpad((n %% %(homes)s)::text, 5, '0'), 'r' || n %% 30, n, gen_random_uuid(), 'sos', 'raised',
    1 + n %% (%(homes)s * 4), at, at, at,
    jsonb_build_object('id', gen_random_uuid(), 'kind', 'sos', 'phase', 'raised', 'seq', n, 'at', n)
from (select n, %(now)s - n * interval '5 seconds' as at from generate_series(1, %(count)s) n) e
"""
_CASES: Final = """
insert into cases (id, subject_kind, subject_id, class, state, priority, home_id, area_code, org_id,
    opened_at, waiting_since, occurred_at, resolved_at, closed_at, disposition, frozen)
select gen_random_uuid(), 'home', h.id::text, 'care', 'closed', 1, h.id, h.area_code, h.org_id,
    %(now)s, %(now)s, %(now)s, %(now)s, %(now)s, 'help_given', jsonb_build_object('address', repeat('x', 500))
from home h, generate_series(1, %(each)s)
"""


async def fill(conn: Connection, now: datetime, arguments: argparse.Namespace) -> None:
    """A month of a city, with as many readings as are asked for."""
    await fill_last(conn, now)
    known = login("gw", new_secret())
    secrets: LiteralString = "update gateway set secret_bcrypt = %s, secret_pbkdf2 = %s"
    await conn.execute(secrets, (known.bcrypt, known.pbkdf2))
    width = partitions.width_for(_A_SECOND * 86_400)
    span = timedelta(seconds=arguments.readings / _A_SECOND)
    days = [now.date() - timedelta(days=n) for n in range(span.days + 2)]
    await conn.execute("drop table reading")
    await partitions.prepare(conn, now - timedelta(days=99))
    await partitions.ensure_days(conn, days, width=width)
    homes = arguments.homes
    for query, count in ((_EVENTS, arguments.events), (_READINGS, arguments.readings)):
        await conn.execute(query, {"now": now, "homes": homes, "count": count})
    await conn.execute(_CASES, {"now": now, "each": 3})


def backup(*arguments: object) -> float:
    """Seconds that `carebed-cloud backup …` takes."""
    began = time.monotonic()
    command = [sys.executable, "-m", "cloud", "backup", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - began


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Fill, copy, lose, restore, start, bring back; print the last line."""
    now, copy, data = Clock().now(), folder / "copy", folder / "second"
    (folder / "first").mkdir(mode=0o711)
    async with stages.database(folder / "first", now, arguments.homes) as stage:
        async with await connect(stage.database_url) as conn:
            await fill(conn, now, arguments)
        _SAY("filled\n")
        make_s = await asyncio.to_thread(backup, "make", copy, "--database-url", stage.database_url)
    mib = sum(file.stat().st_size for file in copy.iterdir()) / 2**20
    data.mkdir(mode=0o711)
    make_key_file(DataDir(data).key_file)
    desk_s = await asyncio.to_thread(backup, "restore", copy, "--desk-first", "--data-dir", data)
    cloud = OwnCloud(data, Clock())
    began = time.monotonic()
    try:
        await cloud.start(300)
        ready_s = time.monotonic() - began
        back_s = await asyncio.to_thread(backup, "readings", copy, "--data-dir", data)
        async with await connect(str(DataDir(data).running()["database_url"])) as conn:
            row = await (await conn.execute("select count(*) from reading")).fetchone()
    finally:
        await cloud.stop()
    assert row == (arguments.readings,), "all readings are back"
    _SAY(
        f"restore: homes={arguments.homes} events={arguments.events} readings={arguments.readings} "
        f"make_s={make_s:.1f} copy_mib={mib:.0f} desk_s={desk_s:.1f} ready_s={ready_s:.1f} "
        f"back_per_s={arguments.readings / back_s:.0f}\n"
    )


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=14_800)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--readings", type=int, default=20_000_000)
    parser.add_argument("--folder", type=Path, help="where the databases are made; the system's else")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-restore-", dir=arguments.folder) as name:
        Path(name).chmod(0o711)
        asyncio.run(measure(arguments, Path(name)))


if __name__ == "__main__":
    main()
