"""Two hundred calls for help at once, from different homes: how long until the last is stored and answered.

The lane of events alone, without a broker, on the embedded PostgreSQL with 3,000 homes registered. Each burst
is of homes that have no open case. `make bench-burst` prints one last line `burst: events=… max_ms=…
events_per_s=… cpu_us=… database_us=…`: the last acknowledgement of the median burst, and the CPU of one event
in the ingestor and in its backends.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cloud.database.pool import Pool, open_pool
from cloud.ingest.event_lane import event_lane
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import Event, encode
from tests.benchmarks import ingest_stage as stages

_BURST: Final = 200
_HOMES: Final = 3000
_NAME: Final = "bench-burst"
_TICK_S: Final = 0.01  # of /proc/<pid>/stat


@dataclass
class _Press:
    """An SOS as the broker delivers it; notes when it was answered."""

    topic: str
    payload: bytes
    received_at: datetime
    retained: bool = False
    acked_s: float = 0.0

    def ack(self) -> None:
        self.acked_s = time.monotonic()


def press(home: int, now: datetime) -> _Press:
    """The button of one home."""
    at = round(now.timestamp() * 1000)
    said = Event(
        id=str(uuid7(at)), run=new_run(), boot="b", seq=1, kind="sos", phase="raised",
        device=f"watch-{home:05d}", at=at,
    )  # fmt: skip
    return _Press(topics.up(stages.gateway(home), "event"), encode(said), now)


async def all_at_once(presses: Sequence[_Press]) -> AsyncIterator[_Press]:
    """What a broker delivers in one read."""
    for one in presses:
        yield one


def cpu_s(pids: Sequence[int]) -> float:
    """CPU of processes so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum((int(each[11]) + int(each[12])) * _TICK_S for each in fields)


async def measure(stage: stages.Stage, pool: Pool, bursts: int) -> str:
    """The last line."""
    clock, took = Clock(), list[float]()
    backends = "select pid from pg_stat_activity where application_name = %s"
    own, theirs = 0.0, 0.0
    for turn in range(bursts + 1):
        with stage.connect() as conn:
            pids = [int(str(row[0])) for row in conn.execute(backends, [_NAME])]
        presses = [press(turn * _BURST + n, clock.now()) for n in range(_BURST)]
        before = time.process_time(), cpu_s(pids), time.monotonic()
        await event_lane(pool, clock.now).run(all_at_once(presses))
        if turn:  # the first one warms up
            own += time.process_time() - before[0]
            theirs += cpu_s(pids) - before[1]
            took.append(max(one.acked_s for one in presses) - before[2])
    last, events = statistics.median(took), bursts * _BURST
    return (
        f"burst: events={_BURST} max_ms={last * 1000:.0f} events_per_s={_BURST / last:.0f}"
        f" cpu_us={own / events * 1e6:.0f} database_us={theirs / events * 1e6:.0f}"
    )


async def run(folder: Path, bursts: int) -> str:
    """Set the stage and measure."""
    async with stages.database(folder, Clock().now(), _HOMES) as stage:
        with stage.connect() as conn:
            conn.execute("analyze")
        async with open_pool(stage.database_url, name=_NAME, min_size=6) as pool:
            return await measure(stage, pool, bursts)


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bursts", type=int, default=10, choices=range(1, _HOMES // _BURST))
    bursts = parser.parse_args().bursts
    with tempfile.TemporaryDirectory(prefix="carebed-burst-") as name:
        Path(name).chmod(0o711)
        sys.stdout.write(asyncio.run(run(Path(name), bursts)) + "\n")


if __name__ == "__main__":
    main()
