"""kill -9 of agent, nats, postgres and every program in turn, while 500 presses and telemetry flow.

Each press is made in a home of its own, so that it must end as one case with one alarm: a missing case is
a lost press, a second event id or a counted repeat a doubled one. Telemetry is counted row by row in the
database. The order and the moments follow `--seed`. `make chaos` prints one last line
`chaos: cases=… sent=… lost=0 doubled=0` and fails when a press or a reading was lost or doubled.
"""

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from cloud.config import DataDir
from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi, LiveCases
from simulators.devices.watch import SOS
from simulators.fleet import Fleet
from simulators.fleet_town import register_fleet
from simulators.ledger import Ledger
from simulators.processes import SimulatorError
from simulators.registration import HomeRecord
from simulators.stage import OwnCloud
from tests.benchmarks.watch_post import WatchPost, register_watch_homes

TARGETS: Final = ("agent", "nats", "postgres", "ingest", "telemetry", "api", "work")
_LIGHT_HOMES: Final = 10
_RECOVERY_S: Final = 180.0
_BATCH_ROWS: Final = 20
_SAY: Final = sys.stdout.write


@dataclass
class Town:
    """What runs: the cloud, the watches' agent, light gateways that send telemetry, a screen."""

    cloud: OwnCloud
    post: WatchPost
    fleet: Fleet
    live: LiveCases
    api: CloudApi
    clock: Clock
    readings_sent: int = 0
    unanswered: set[str] = field(default_factory=set)

    def pid_of(self, target: str) -> int | None:
        """The process that a target's name means; None while it is away."""
        if target == "agent":
            return self.post.agent.pid if self.post.agent.running else None
        return next((pid for pid, line in _children(self.cloud.child.pid) if _is(target, line)), None)

    async def press(self, home: str) -> None:
        """One press; the watch sends the same frame until it is answered, whatever its connection does."""
        watch = self.post.watches[home]
        at = self.clock.now_ms()
        self.unanswered.add(home)
        while home in self.unanswered:
            with contextlib.suppress(OSError):
                if await watch.alarm(SOS, at=at, tries=1):
                    self.unanswered.discard(home)

    async def telemetry(self) -> None:
        """Each light gateway sends a batch a second, each reading with a time of its own."""
        while True:
            for home in self.fleet.homes.values():
                start = self.clock.now_ms()
                device = home.entry.devices["watch"]
                before = home.gateway.ledger.batches_sent
                home.gateway.telemetry(
                    (device, "heart_rate", start + n, 70.0 + n) for n in range(_BATCH_ROWS)
                )
                if home.gateway.ledger.batches_sent > before:
                    self.readings_sent += _BATCH_ROWS
            await asyncio.sleep(1)


def _is(target: str, line: list[str]) -> bool:
    """Whether a child of `carebed-cloud up` with this command line is the target."""
    program = Path(line[0]).name
    match target:
        case "nats":
            return program == "nats-server"
        case "postgres":
            return program == "postgres" and "-D" in line
        case _:
            return "cloud" in line and target in line


def _children(parent: int) -> list[tuple[int, list[str]]]:
    """The child processes of a process, with their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if int(status[1]) == parent and line[0]:
                    found.append((int(entry.name), line))
    return found


async def kill(town: Town, target: str) -> float:
    """kill -9, and wait until another process has taken the place; returns the seconds that took."""
    pid = town.pid_of(target)
    assert pid is not None, f"{target} does not run"
    os.kill(pid, signal.SIGKILL)
    started = time.monotonic()
    if target == "agent":
        await town.post.agent.wait()
        await town.post.start_agent()
    async with asyncio.timeout(_RECOVERY_S):
        while town.pid_of(target) in (None, pid) or not await _healthy(town.api):
            await asyncio.sleep(0.1)
    return time.monotonic() - started


async def _healthy(api: CloudApi) -> bool:
    try:
        await api.get("cases", state="live", limit=1)
    except SimulatorError:
        return False
    return True


async def storm(town: Town, presses: int, seed: int) -> None:
    """All presses in a seeded order; between them the next target is killed."""
    chance = random.Random(seed)
    homes, targets = list(town.post.watches)[:presses], list(TARGETS)
    chance.shuffle(homes)
    chance.shuffle(targets)
    marks = {round((n + 0.5) * presses / len(targets)): target for n, target in enumerate(targets)}
    async with asyncio.TaskGroup() as group:
        killing: asyncio.Task[float] | None = None
        for n, home in enumerate(homes):
            group.create_task(town.press(home), name=f"press {home}")
            await asyncio.sleep(chance.uniform(0.02, 0.12))
            if n in marks:
                if killing is not None:
                    await killing
                _SAY(f"press {n}: kill -9 {marks[n]}\n")
                killing = group.create_task(kill(town, marks[n]), name=f"kill {marks[n]}")
                killing.add_done_callback(lambda task, name=marks[n]: _report(name, task))  # type: ignore[misc]  # mypy cannot infer a default


def _report(target: str, task: asyncio.Task[float]) -> None:
    if not task.cancelled() and task.exception() is None:
        _SAY(f"{target} back after {task.result():.1f} s\n")


async def settle(town: Town, presses: int) -> None:
    """Wait until every press is on the screen and every batch acknowledged, at most three minutes."""
    own = set(town.post.watches)
    ledger = next(iter(town.fleet.homes.values())).gateway.ledger

    def arrived() -> bool:
        cases = [c.summary for c in town.live.cases.values() if c.summary["subject_id"] in own]
        return len(cases) >= presses and ledger.batches_acked == ledger.batches_sent

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_RECOVERY_S):
            while not arrived():
                await asyncio.sleep(0.2)


async def judge(town: Town, presses: int) -> dict[str, int]:
    """Counts from the public API and, for readings, from the database."""
    own = set(town.post.watches)
    details = [
        await town.api.get(f"cases/{case_id}")
        for case_id, case in list(town.live.cases.items())
        if case.summary["subject_id"] in own and case.summary["class"] == "care"
    ]
    reached = {detail["subject_id"] for detail in details}
    doubled = sum(_extra(detail) for detail in details) + len(details) - len(reached)
    url = str(DataDir(town.cloud.folder).running()["database_url"])
    devices = [home.entry.devices["watch"] for home in town.fleet.homes.values()]
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "select count(*), count(distinct (device_key, measured_at)) from reading r join device d "
            "on d.key = r.device_key where d.id = any(%s)",
            [devices],
        )
        row = await cursor.fetchone()
    assert row is not None
    return {
        "cases": len(details),
        "sent": presses,
        "lost": presses - len(reached),
        "doubled": doubled,
        "chains_broken": sum(not detail["chain_valid"] for detail in details),
        "readings_sent": town.readings_sent,
        "readings_lost": town.readings_sent - int(row[1]),
        "readings_doubled": int(row[0]) - int(row[1]),
    }


def _extra(detail: dict[str, Any]) -> int:
    """Events, alarms or repeats of one home beyond the single press that was made there."""
    return max(len(detail["event_ids"]), int(detail["alarm_count"]), int(detail["repeats"])) - 1


async def run(presses: int, seed: int, folder: Path) -> dict[str, int]:
    """Start everything, press and kill, wait, judge."""
    clock = Clock()
    cloud = OwnCloud(folder / "cloud", clock)
    try:
        await cloud.start()
        async with CloudApi(cloud.api_url, await cloud.token("chaos", "admin")) as api:
            entries, _ = await register_fleet(api, _LIGHT_HOMES, first_seed=900_000, prefix="gw-light")
            records, secret = await register_watch_homes(api, presses, 500_000)
            return await _storm_and_judge(cloud, api, entries, records, secret, clock, folder, presses, seed)
    finally:
        await cloud.stop()


async def _storm_and_judge(
    cloud: OwnCloud,
    api: CloudApi,
    entries: list[Any],
    records: list[HomeRecord],
    secret: str,
    clock: Clock,
    folder: Path,
    presses: int,
    seed: int,
) -> dict[str, int]:
    post = WatchPost(records, folder / "post", clock, report_s=30)
    fleet = Fleet(entries, ("127.0.0.1", cloud.mqtt_port), clock, Ledger())
    live = LiveCases()
    town = Town(cloud, post, fleet, live, api, clock)
    gateways = [asyncio.create_task(home.gateway.run()) for home in fleet.homes.values()]
    try:
        await post.start(secret, cloud.broker_url)
        async with live.follow(api):
            flow = asyncio.create_task(town.telemetry(), name="telemetry")
            await storm(town, presses, seed)
            flow.cancel()
            await settle(town, presses)
            return await judge(town, presses)
    finally:
        for task in gateways:
            task.cancel()
        await post.stop()


@contextlib.contextmanager
def _folder(*, keep: bool) -> Iterator[str]:
    """A temporary folder, left behind when it is to be kept."""
    name = tempfile.mkdtemp(prefix="carebed-chaos-")
    try:
        yield name
    finally:
        if keep:
            _SAY(f"kept: {name}\n")
        else:
            shutil.rmtree(name, ignore_errors=True)


def main() -> None:
    """Run and print the counts; exit 1 when anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presses", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    arguments = parser.parse_args()
    with _folder(keep=arguments.keep) as name:
        Path(name).chmod(0o711)
        counts = asyncio.run(run(arguments.presses, arguments.seed, Path(name)))
    _SAY(" ".join(f"{key}={value}" for key, value in counts.items()) + "\n")
    _SAY("chaos: cases={cases} sent={sent} lost={lost} doubled={doubled}\n".format(**counts))
    wrong = ("lost", "doubled", "chains_broken", "readings_lost", "readings_doubled")
    sys.exit(any(counts[key] for key in wrong))


if __name__ == "__main__":
    main()
