"""Does writing stay level as readings grow? The writer alone, fed with a city's batches, without a broker.

Each home sends a batch of its twenty series in turn; times advance at `--rate` readings a second, so that
partitions are as wide as they would be after a day of that rate. Making the batches is outside the clock.
`make bench-growth` prints one line for each block of readings, and last
`growth: readings=… first_per_s=… last_per_s=… ratio=… cpu_ratio=… disk_gib=…`: the first block against the
mean of the last three, by wall time and by CPU time (of writer and database), which other work on the
machine disturbs less. The disk holds about 100 bytes a reading and 2 GiB; `--folder` says where.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, NamedTuple

import msgspec

from cloud.alarms.vitals_store import enqueue
from cloud.database.pool import connect
from cloud.telemetry import last_values, partitions
from cloud.telemetry.columns import Incoming, from_ms, to_ms
from cloud.telemetry.writer import TelemetryWriter
from simulators.batches import batch_of
from tests.benchmarks import ingest_stage as stages

_AT_ONCE: Final = 2000
_SERIES: Final = 20
_SAY: Final = sys.stdout.write


class Block(NamedTuple):
    """What some millions of readings took: seconds of wall and of CPU."""

    readings: int
    wall_s: float
    cpu_s: float


def city(homes: int, readings: int, *, start_ms: int, rate: float) -> Iterator[list[Incoming]]:
    """Batches of all homes in turn, as many at once as the ingestor takes."""
    chance = Random(2)
    first = [
        batch_of(
            stages.rows_of(home, start_ms, chance),
            run=stages.run_of(home),
            boot="b",
            seq=1,
            sent_at=start_ms + 60_000,
        )
        for home in range(homes)
    ]
    taken: list[Incoming] = []
    for n in range(readings // _SERIES):
        home, turn = n % homes, n // homes
        later = round(n * _SERIES / rate * 1000)
        batch = msgspec.structs.replace(
            first[home], seq=turn + 1, t0=start_ms + later, sent_at=start_ms + later + 60_000
        )
        taken.append(Incoming(stages.gateway(home), batch.sent_at + 900_000, batch))
        if len(taken) == _AT_ONCE:
            yield taken
            taken = []
    if taken:
        yield taken


async def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Write, a line for each block, and the last line."""
    now = datetime.now(UTC)  # noqa: TID251 - a benchmark's own clock
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    width = partitions.width_for(arguments.rate * 86_400)
    blocks: list[Block] = []
    async with stages.database(folder, start - timedelta(days=3), arguments.homes) as stage:
        conn = await connect(stage.database_url)
        days = {(start + timedelta(days=n)).date() for n in range(2)}
        with stage.connect() as admin:
            admin.execute("drop table reading")
        await partitions.prepare(conn, start - timedelta(days=9))
        await partitions.ensure_days(conn, days, width=width)
        moving = asyncio.create_task(last_values.keep_moving(stage.database_url))
        writer = TelemetryWriter(follow=enqueue)
        writer.homes.remembering = True
        wall = making = 0.0
        stored = told = 0
        used = time.process_time() + stages.cpu_s(stage.pid)
        batches = city(arguments.homes, arguments.readings, start_ms=to_ms(start), rate=arguments.rate)
        while True:
            began = time.process_time()
            if (taken := next(batches, None)) is None:
                break
            making += time.process_time() - began
            started = time.monotonic()
            stored += await writer.write(conn, taken, from_ms(taken[-1].received_ms))
            wall += time.monotonic() - started
            if stored - told >= arguments.block or stored == arguments.readings:
                total = time.process_time() + stages.cpu_s(stage.pid)
                blocks.append(Block(stored - told, wall, total - used - making))
                _tell(blocks[-1], stored)
                told, wall, making, used = stored, 0.0, 0.0, total
        moving.cancel()
        await asyncio.gather(moving, return_exceptions=True)
        size = await (await conn.execute("select pg_database_size(current_database())")).fetchone()
        assert size is not None
        await conn.close()
    first, last = blocks[0], blocks[-3:]
    rates = [block.readings / block.wall_s for block in last]
    costs = [block.cpu_s / block.readings for block in last]
    mean_rate, mean_cost = sum(rates) / len(rates), sum(costs) / len(costs)
    _SAY(
        f"growth: readings={stored} first_per_s={first.readings / first.wall_s:.0f} "
        f"last_per_s={mean_rate:.0f} ratio={mean_rate * first.wall_s / first.readings:.2f} "
        f"cpu_ratio={first.cpu_s / first.readings / mean_cost:.2f} disk_gib={size[0] / 2**30:.1f}\n"
    )


def _tell(block: Block, stored: int) -> None:
    rate, cost = block.readings / block.wall_s, block.cpu_s / block.readings * 1e6
    _SAY(f"  {stored:>12,}: {rate:,.0f} readings/s, {cost:.2f} us of CPU each\n")
    sys.stdout.flush()


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=100_000_000)
    parser.add_argument("--block", type=int, default=5_000_000)
    parser.add_argument("--homes", type=int, default=14_800)
    parser.add_argument("--rate", type=float, default=5427, help="readings a second of the city")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-growth-", dir=arguments.folder) as name:
        Path(name).chmod(0o711)
        asyncio.run(measure(arguments, Path(name)))


if __name__ == "__main__":
    main()
