"""The model of the desk, very many times: `make soak-desk` prints one last line `soak: runs=… violations=0`.

Each process has a database of its own on one embedded PostgreSQL, emptied between runs. Only runs of 30 steps
and more count. A broken promise is printed with the seed of its batch; `--seed N --runs 50 --processes 1
--shrink` finds the shortest story that breaks it. A soak that was stopped goes on with the next `--seed`.
"""

import argparse
import asyncio
import gc
import multiprocessing
import signal
import sys
import tempfile
import time
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cloud.embedded import postgres
from cloud.preparation import prepare_database
from tests.cloud.desk.machine import STEPS, Tally, play
from tests.cloud.desk.ward import found
from tests.scratch import prefer_memory

_BATCH: Final = 50
_START: Final = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)


class Soak:
    """The figures of all processes together."""

    def __init__(self, runs: int) -> None:
        self.wanted = runs
        self.runs = self.short = self.steps = self.deadlocks = self.violations = 0
        self.deeds: dict[str, int] = {}
        self._started = time.monotonic()

    def add(self, tally: Tally, story: str | None) -> None:
        """One batch came to its end."""
        self.runs += tally.runs - tally.short
        self.short += tally.short
        self.steps += tally.steps
        self.deadlocks += tally.deadlocks
        for deed, times in tally.deeds.items():
            self.deeds[deed] = self.deeds.get(deed, 0) + times
        if story is not None:
            self.violations += 1
            sys.stderr.write(f"{story}\n")
        rate = self.runs / self.seconds
        left = (self.wanted - self.runs) / rate / 60 if rate else 0.0
        sys.stderr.write(
            f"{self.runs}/{self.wanted} {self.seconds:.0f} s, {rate * 60:.0f} runs/min, {left:.0f} min left,"
            f" violations={self.violations}\n"
        )
        sys.stderr.flush()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started


def worker(
    url: str,
    seeds: "multiprocessing.Queue[tuple[int, int]]",
    results: "multiprocessing.Queue[tuple[Tally, str | None]]",
    shrink: bool,
) -> None:
    """Batches in a database of its own while the parent lives: figures, and any broken promise."""
    gc.freeze()  # what was imported stays: looking at it again and again costs a tenth of the time
    gc.set_threshold(50_000, 20, 100)
    with asyncio.Runner() as loop:
        ward = loop.run(found(url))
        while (parent := multiprocessing.parent_process()) is not None and parent.is_alive():
            seed, runs = seeds.get()
            tally, story = Tally(), None
            try:
                play(ward, loop, runs=runs, seed=seed, shrink=shrink, tally=tally)
            except Exception:
                story = f"--seed {seed}\n{traceback.format_exc()}"
            results.put((tally, story))


async def serve(cluster: postgres.Cluster, log: Path, databases: list[str]) -> asyncio.subprocess.Process:
    """Start PostgreSQL with a migrated database for each process."""
    server = await postgres.start(cluster, log=log)
    await postgres.wait_ready(cluster, server, limit_s=30)
    for name in databases:
        await postgres.create_database(cluster, name)
        await prepare_database(cluster.url(name), _START)
    return server


def soak(cluster: postgres.Cluster, databases: list[str], given: argparse.Namespace) -> Soak:
    """Let the processes play; the figures."""
    figures = Soak(given.runs)
    context = multiprocessing.get_context("spawn")
    seeds: multiprocessing.Queue[tuple[int, int]] = context.Queue()
    results: multiprocessing.Queue[tuple[Tally, str | None]] = context.Queue()
    sizes = [min(_BATCH, given.runs - at) for at in range(0, given.runs, _BATCH)]
    for seed, size in enumerate(sizes, given.seed):
        seeds.put((seed, size))
    players = [
        context.Process(target=worker, args=(cluster.url(name), seeds, results, given.shrink), daemon=True)
        for name in databases
    ]
    for player in players:
        player.start()
    waiting, next_seed = len(sizes), given.seed + len(sizes)
    while waiting:
        figures.add(*results.get())
        waiting -= 1
        if given.minutes is not None and figures.seconds > given.minutes * 60:
            break
        if not waiting and figures.runs < given.runs and figures.violations == 0:
            seeds.put((next_seed, min(_BATCH, given.runs - figures.runs)))  # for runs that were too short
            waiting, next_seed = 1, next_seed + 1
    for player in players:
        player.terminate()
        player.join()
    return figures


def main() -> int:
    """Exit code 1 where a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=None, help="stop after so long, however many runs")
    parser.add_argument("--shrink", action="store_true", help="look for the shortest story")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left behind
    prefer_memory()
    databases = [f"soak_{n}" for n in range(given.processes)]
    with tempfile.TemporaryDirectory(prefix="carebed-soak-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        cluster = postgres.prepare(folder)
        with asyncio.Runner() as loop:
            server = loop.run(serve(cluster, folder / "postgres.log", databases))
            try:
                figures = soak(cluster, databases, given)
            finally:
                loop.run(postgres.stop(server))
                postgres.remove_sockets(cluster)
    for deed, times in sorted(figures.deeds.items()):
        sys.stdout.write(f"{deed}: {times}\n")
    sys.stdout.write(
        f"soak: runs={figures.runs} violations={figures.violations} steps={figures.steps}"
        f" shorter_than_{STEPS}={figures.short} deadlocks={figures.deadlocks} seconds={figures.seconds:.0f}\n"
    )
    return int(figures.violations > 0 or figures.runs == 0)


if __name__ == "__main__":
    sys.exit(main())
