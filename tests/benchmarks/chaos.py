"""Every fault of chaos_faults.FAULTS in a seeded order, while presses, events and readings flow.

Each press is made in a home of its own, so that it must end as one case with one alarm: a missing case is a
lost press, a second event id or a counted repeat a doubled one. Events of light gateways are counted by id
and phase, readings row by row in the database. After each fault the seconds are measured until a press made
after it rings on a screen and a batch of every gateway made after it is acknowledged: back to normal.

`make chaos` plays one seed (`SEEDS=1,2,3` more) within 20 minutes each; the last line is
`chaos: cases=… sent=… lost=0 doubled=0 late=… quarantined=…`. It fails when anything was lost or doubled.
"""

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from statistics import mean
from typing import Final

from tests.benchmarks.chaos_faults import FAULTS, Fault
from tests.benchmarks.chaos_judge import judge
from tests.benchmarks.chaos_town import LIMIT_S, Town, a_town

_LIMIT_S: Final = 20 * 60
_PRESSES: Final = 2  # made during each fault
_MORE_HOMES: Final = 16  # that some faults themselves press in
_WRONG: Final = ("lost", "doubled", "chains_broken", "stuck")


def say(words: str) -> None:
    """One line."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


async def play(town: Town, fault: Fault) -> float:
    """One fault with presses during it; returns the seconds from its end to normal."""

    async def presses() -> None:
        for _ in range(_PRESSES):
            town.press()
            await asyncio.sleep(town.chance.uniform(0.1, 1.5))

    loop = asyncio.get_running_loop()
    began = loop.time()
    pressing = asyncio.create_task(presses(), name="presses")
    await fault.do(town)
    held_s = loop.time() - began
    try:
        normal_s = await town.normal()
    except TimeoutError:
        say(f"  {fault.name}: NOT normal {LIMIT_S:.0f} s after it was over")
        return LIMIT_S
    await pressing
    say(f"  {fault.name}: {held_s:.1f} s, normal after {normal_s:.1f} s")
    return normal_s


async def run(
    seed: int, faults: Sequence[Fault], chosen: argparse.Namespace, folder: Path
) -> dict[str, float]:
    """One seed: start everything, play every fault, wait, judge."""
    order = list(faults)
    Random(seed).shuffle(order)
    homes = len(order) * (_PRESSES + 1) + _MORE_HOMES
    async with asyncio.timeout(_LIMIT_S), a_town(folder, seed, homes, chosen.members, chosen.broker) as town:
        flow = asyncio.create_task(town.flow(), name="readings")
        await town.normal()
        times = []
        for fault in order:
            if fault.needs_disk and not town.cloud_disk.mounted:
                say(f"  {fault.name}: skipped, a small disk can be mounted as root only")
            else:
                times.append((await play(town, fault), fault.name))
        flow.cancel()
        if left := await town.settle():
            say(f"  open in spite of {LIMIT_S:.0f} s: {left}")
        counts = await judge(town)
    counts["stuck"] = sum(seconds >= LIMIT_S for seconds, _ in times)
    return {"cases": len(times), **counts, "normal_s": mean(t for t, _ in times), "worst_s": max(times)[0]}


@contextlib.contextmanager
def a_folder(*, keep: bool) -> Iterator[Path]:
    """A temporary folder that `nobody` may pass through, left behind when it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="carebed-chaos-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        if keep:
            say(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Play the seeds and print the counts; exit 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1", help="comma list")
    parser.add_argument("--members", type=int, default=2, help="processes each of ingest and telemetry")
    parser.add_argument("--broker", choices=("nats", "mosquitto"), default="nats", help="of `up`")
    parser.add_argument("--only", default="", help="faults whose name contains this")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    arguments = parser.parse_args()
    faults = [fault for fault in FAULTS if arguments.only in fault.name]
    total: Counter[str] = Counter()
    means = []
    for seed in map(int, arguments.seeds.split(",")):
        say(f"seed {seed}")
        with a_folder(keep=arguments.keep) as folder:
            counts = asyncio.run(run(seed, faults, arguments, folder))
        means.append(counts.pop("normal_s"))
        say(f"seed {seed}: worst_s={counts.pop('worst_s'):.1f} mean_s={means[-1]:.1f} {_words(counts)}")
        total.update({name: int(value) for name, value in counts.items()})
    say(f"mean time from the end of a fault to normal: {mean(means):.1f} s")
    shown = ("cases", "sent", "lost", "doubled", "late", "quarantined")
    say("chaos: " + " ".join(f"{name}={total[name]}" for name in shown))
    sys.exit(any(total[name] for name in _WRONG))


def _words(counts: dict[str, float]) -> str:
    return " ".join(f"{name}={int(value)}" for name, value in counts.items())


if __name__ == "__main__":
    main()
