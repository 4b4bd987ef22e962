"""Is a backlog of telemetry visible to an SOS? From publishing an event to its commit, calm and in a drain.

An SOS of another home each, one after the other; the moment of its commit is the NOTIFY of its transaction.
First with both ingestors idle, then from the start of `carebed-cloud telemetry` on a prepared backlog until
that is drained. `make bench-lanes` prints one last line
`lanes: calm_p50_ms=… calm_p99_ms=… drain_p50_ms=… drain_p99_ms=… drain_max_ms=… n=…`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import numpy as np
import psycopg

from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.ids import uuid7
from firmware_specs.messages import Event, encode
from tests.benchmarks import ingest_stage as stages
from tests.benchmarks.ingest_stage import Broker, Stage
from tests.ports import free_port

_PAUSE_S: Final = 0.05
_LIMIT_S: Final = 60.0
_SAY: Final = sys.stdout.write


class Presses:
    """One SOS after the other, each timed until its commit."""

    def __init__(
        self, broker: Broker, conn: psycopg.AsyncConnection[tuple[object, ...]], clock: Clock
    ) -> None:
        """Keep the arguments; `conn` listens."""
        self._broker = broker
        self._conn = conn
        self._clock = clock
        self._homes = count()

    async def press(self) -> float:
        """Milliseconds from publishing to the commit."""
        at, home = self._clock.now_ms(), next(self._homes)
        event = Event(
            id=str(uuid7(at)), run=stages.run_of(home, "e"), boot="b", seq=1, kind="sos",
            device=f"watch-{home:05d}", at=at,
        )  # fmt: skip
        message = topics.up(stages.gateway(home), "event"), encode(event)
        sender = f"bench-press-{home}"
        started = time.monotonic()
        sent = asyncio.create_task(stages.publish(self._broker, [message], sender))
        async for _ in self._conn.notifies(timeout=_LIMIT_S, stop_after=1):
            took = (time.monotonic() - started) * 1000
            await sent
            return took
        raise SystemExit(f"an event was not committed within {_LIMIT_S:g} s")


@asynccontextmanager
async def listening(stage: Stage) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    """A connection that hears of each committed event."""
    conn = await psycopg.AsyncConnection.connect(stage.database_url, autocommit=True)
    async with conn:
        await conn.execute("listen carebed_acks")
        yield conn


async def measure(arguments: argparse.Namespace, folder: Path) -> tuple[list[float], list[float], float]:
    """Milliseconds calm, milliseconds in the drain, seconds that the drain took."""
    clock = Clock()
    messages = list(
        stages.batches(
            arguments.messages, arguments.homes, end_ms=clock.now_ms() - 15 * 60_000, compressed=0.5
        )
    )
    async with (
        stages.database(folder, clock.now(), arguments.homes) as stage,
        stages.nats_broker(folder, free_port()) as broker,
        listening(stage) as conn,
    ):
        await stages.open_session(broker)
        await stages.publish(broker, messages)
        with stages.ingestor(stage, broker, "ingest") as ingest:
            presses = Presses(broker, conn, clock)
            calm, drain = [], []
            await asyncio.to_thread(stages.wait_ready, ingest)
            for _ in range(arguments.calm):
                calm.append(await presses.press())
                await asyncio.sleep(_PAUSE_S)
            with stages.ingestor(stage, broker), stage.connect() as looking:
                started = time.monotonic()
                while looking.execute(
                    "select count(*) from ack_queue where batch_seq is not null"
                ).fetchone() != (len(messages),):
                    drain.append(await presses.press())
                    await asyncio.sleep(_PAUSE_S)
                return calm, drain, time.monotonic() - started


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--homes", type=int, default=14_800)
    parser.add_argument("--calm", type=int, default=100, help="presses before the drain")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-lanes-") as name:
        Path(name).chmod(0o711)
        calm, drain, took = asyncio.run(measure(arguments, Path(name)))
    _SAY(f"drained {arguments.messages / took:,.0f} messages/s\n")
    _SAY(
        f"lanes: calm_p50_ms={np.percentile(calm, 50):.1f} calm_p99_ms={np.percentile(calm, 99):.1f} "
        f"drain_p50_ms={np.percentile(drain, 50):.1f} drain_p99_ms={np.percentile(drain, 99):.1f} "
        f"drain_max_ms={max(drain):.1f} n={len(drain)}\n"
    )


if __name__ == "__main__":
    main()
