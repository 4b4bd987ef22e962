"""Twelve hours of live traffic in one browser tab, compressed by the clock's rate: does its heap grow?

The demo town runs with a fast clock, and each simulated minute a watch calls: the case is opened at the
screen and another operator ends it. Each hour the garbage is collected and the heap read. The page's caches
forget what nobody looked at for five minutes of the browser's own clock, which does not run faster: it is
`first` read when these are over. `make soak-screen` prints each hour, and one last line
`tab: hours=… calls=… heap_first_mb=… heap_last_mb=… nodes_first=… nodes_last=…`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import CDPSession

from firmware_specs.clock import Clock, add_clock_arguments, clock_from
from tests.benchmarks.bench_screen import Bench, bench_in_town

_CACHES_S: Final = 330.0
_EVERY_S: Final = 60.0
_SAY = sys.stdout.write


@dataclass(frozen=True)
class Heap:
    """What a tab keeps after its garbage was collected."""

    megabytes: float
    nodes: int


async def heap(devtools: CDPSession) -> Heap:
    """Collect the garbage, then read."""
    await devtools.send("HeapProfiler.collectGarbage")
    used = await devtools.send("Runtime.getHeapUsage")
    counted = await devtools.send("Memory.getDOMCounters")
    return Heap(used["usedSize"] / 1e6, counted["nodes"])


async def _work(bench: Bench, homes: list[str], clock: Clock, hours: float) -> int:
    """One call a simulated minute for `hours`; how many there were."""
    calls, ends_ms = 0, clock.now_ms() + hours * 3_600_000
    while (began_ms := clock.now_ms()) < ends_ms:
        await bench.press(homes[calls % len(homes)], look=True)
        calls += 1
        await clock.sleep(max(0.0, _EVERY_S - (clock.now_ms() - began_ms) / 1000))
    return calls


async def soak(hours: int, clock: Clock, folder: Path) -> tuple[int, Heap, Heap]:
    """Calls, and the heap when the caches have begun to forget and at the end."""
    calls, first = 0, None
    async with bench_in_town(folder, clock) as (bench, homes):
        began = time.monotonic()
        devtools = await bench.page.context.new_cdp_session(bench.page)
        for hour in range(1, hours + 1):
            calls += await _work(bench, homes, clock, 1)
            last = await heap(devtools)
            if first is None and (hour == hours or time.monotonic() - began > _CACHES_S):
                first = last
            _SAY(f"hour {hour}: calls={calls} heap_mb={last.megabytes:.1f} nodes={last.nodes}\n")
            sys.stdout.flush()
    assert first is not None
    return calls, first, last


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=int, default=12)
    add_clock_arguments(parser)
    parser.set_defaults(clock_rate=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-bench-") as name:
        Path(name).chmod(0o711)
        calls, first, last = asyncio.run(soak(arguments.hours, clock_from(arguments), Path(name)))
    _SAY(
        f"tab: hours={arguments.hours} calls={calls} heap_first_mb={first.megabytes:.1f}"
        f" heap_last_mb={last.megabytes:.1f} nodes_first={first.nodes} nodes_last={last.nodes}\n"
    )


if __name__ == "__main__":
    main()
