"""A month of one bed, and the last values of every bed in a city.

The database holds 14,800 homes with twenty series each: their last values, and thirty days of hours of
`--drawn` homes as the worker rolls them up. Asked are: the trend of a resident over thirty days by the
functions that the API uses, of another resident each time; and the newest value of one kind, and of four, of
all beds. `make bench-trend` prints one last line
`trend: month_p50_ms=… month_p99_ms=… map_p50_ms=… map_p99_ms=… map_rows=… four_kinds_p50_ms=…`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from cloud.database.pool import Connection, connect
from cloud.telemetry import partitions, store, trends
from firmware_specs.clock import Clock
from tests.benchmarks import ingest_stage as stages

_MONTH: Final = timedelta(days=30)
_KINDS: Final = ["heart_rate", "resp_rate", "in_bed", "spo2"]
_SAY: Final = sys.stdout.write
_LAST: Final = """
insert into reading_last (device_key, kind_id, measured_at, value)
select d.key, k.id, %(now)s, 70 from device d
join unnest(%(devices)s::text[], %(kinds)s::text[]) as s (device, kind) on d.id like s.device || '-%%'
join reading_kind k on k.name = s.kind
"""
_HOURS: Final = """
insert into reading_hour (device_key, kind_id, at, first_at, count, mean, low, high, last)
select l.device_key, l.kind_id, %(at)s, %(at)s, 60, 70, 60, 80, 70
from reading_last l join device d on d.key = l.device_key where right(d.id, 5)::int < %(drawn)s
order by 1, 2
"""


async def fill_last(conn: Connection, now: datetime) -> None:
    """The last values of every home's series."""
    series = [(device, kind) for device, kinds in stages.DEVICES.items() for kind in kinds]
    await store.kind_ids(conn, {kind for _, kind in series}, now)
    devices, kinds = zip(*series, strict=True)
    await conn.execute(_LAST, {"now": now, "devices": list(devices), "kinds": list(kinds)})


async def fill(conn: Connection, now: datetime, drawn: int) -> None:
    """Last values of all, hours of some."""
    await fill_last(conn, now)
    first = (now - _MONTH).replace(minute=0, second=0, microsecond=0)
    hours = [first + timedelta(hours=n) for n in range(30 * 24)]
    await partitions.ensure_days(conn, {at.date() for at in hours})
    for at in hours:
        await conn.execute(_HOURS, {"at": at, "drawn": drawn})
    await conn.execute("insert into rollup (until) values (%s)", (hours[-1] + timedelta(hours=1),))
    await conn.execute("vacuum analyze")


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Fill, ask, and print the last line."""
    now = Clock().now()
    async with (
        stages.database(folder, now, arguments.homes) as stage,
        await connect(stage.database_url) as conn,
    ):
        await fill(conn, now, arguments.drawn)
        months = await ask_months(conn, now, arguments.drawn)
        one, rows = await ask_maps(conn, now, _KINDS[:1], arguments.maps)
        four, _ = await ask_maps(conn, now, _KINDS, arguments.maps)
    _SAY(
        f"trend: month_p50_ms={np.percentile(months, 50):.1f} month_p99_ms={np.percentile(months, 99):.1f} "
        f"map_p50_ms={np.percentile(one, 50):.1f} map_p99_ms={np.percentile(one, 99):.1f} map_rows={rows} "
        f"four_kinds_p50_ms={np.percentile(four, 50):.1f}\n"
    )


async def ask_months(conn: Connection, now: datetime, drawn: int) -> list[float]:
    """Milliseconds of each resident's month."""
    query = "select h.id from home h where h.room::int < %s order by h.room::int"
    months = []
    for (resident_id,) in await (await conn.execute(query, (drawn,))).fetchall():
        started = time.monotonic()
        points = await trends.trend(
            conn, resident_id=resident_id, kind="heart_rate", start=now - _MONTH, end=now, points=300
        )
        months.append((time.monotonic() - started) * 1000)
        assert len(points) >= 299, len(points)
    return months


async def ask_maps(conn: Connection, now: datetime, kinds: list[str], times: int) -> tuple[list[float], int]:
    """Milliseconds of each map, and how many rows it has."""
    maps, rows = [], 0
    for _ in range(times):
        started = time.monotonic()
        found = [
            await trends.last_of_beds(conn, kind=kind, area_code="", org_id=None, now=now) for kind in kinds
        ]
        rows = sum(map(len, found))
        maps.append((time.monotonic() - started) * 1000)
    return maps, rows


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=14_800)
    parser.add_argument("--drawn", type=int, default=200, help="homes with hours")
    parser.add_argument("--maps", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-trend-") as name:
        Path(name).chmod(0o711)
        asyncio.run(measure(arguments, Path(name)))


if __name__ == "__main__":
    main()
