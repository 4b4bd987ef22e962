"""Twelve hours of live traffic in one browser tab, compressed by the clock's rate: does its heap grow?

The demo town runs with a fast clock, and each simulated minute a watch calls: the case is opened at the
screen and another operator ends it. After half an hour (the caches are full) and at the end the garbage is
collected and the heap read. `make soak-screen` prints one last line
`tab: hours=… calls=… heap_first_mb=… heap_last_mb=… nodes_first=… nodes_last=…`.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import CDPSession

from firmware_specs.clock import Clock, add_clock_arguments, clock_from
from tests.benchmarks.bench_screen import Bench, bench_in_town

_WARM_H: Final = 0.5
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


async def soak(hours: float, clock: Clock, folder: Path) -> tuple[int, Heap, Heap]:
    """Calls, and the heap after warming up and at the end."""
    async with bench_in_town(folder, clock) as (bench, homes):
        devtools = await bench.page.context.new_cdp_session(bench.page)
        calls = await _work(bench, homes, clock, _WARM_H)
        first = await heap(devtools)
        calls += await _work(bench, homes, clock, hours - _WARM_H)
        return calls, first, await heap(devtools)


def main() -> None:
    """Run and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=12)
    add_clock_arguments(parser)
    parser.set_defaults(clock_rate=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-bench-") as name:
        Path(name).chmod(0o711)
        calls, first, last = asyncio.run(soak(arguments.hours, clock_from(arguments), Path(name)))
    _SAY(
        f"tab: hours={arguments.hours:g} calls={calls} heap_first_mb={first.megabytes:.1f}"
        f" heap_last_mb={last.megabytes:.1f} nodes_first={first.nodes} nodes_last={last.nodes}\n"
    )


if __name__ == "__main__":
    main()
