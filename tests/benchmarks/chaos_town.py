"""What chaos plays on: a cloud, one real agent with many watches, light gateways with readings, a screen."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg

from cloud.config import DataDir
from firmware_specs.clock import Clock
from firmware_specs.messages import Event
from simulators.cloud_api import CloudApi, LiveCases
from simulators.devices.watch import SOS
from simulators.fleet import Fleet
from simulators.fleet_town import register_fleet
from simulators.ledger import Ledger
from simulators.processes import SimulatorError
from simulators.stage import OwnCloud
from tests.benchmarks.chaos_disk import SmallDisk
from tests.benchmarks.chaos_proxy import Line
from tests.benchmarks.watch_post import WatchPost, register_watch_homes

LIMIT_S: Final = 180.0
ROWS: Final = 20
_LIGHT_HOMES: Final = 6


@dataclass
class Town:
    """Everything that runs, and what light gateways sent: `events` by id and phase, `batches` by device and
    first time (ms), with gateway, run and number.
    """

    cloud: OwnCloud
    post: WatchPost
    fleet: Fleet
    live: LiveCases
    api: CloudApi
    clock: Clock
    line: Line
    cloud_disk: SmallDisk
    post_disk: SmallDisk
    chance: Random
    homes: list[str]
    readings: int = 0
    batches: dict[tuple[str, int], tuple[str, str, int]] = field(default_factory=dict)
    until_ms: dict[str, int] = field(default_factory=dict)
    events: Counter[tuple[str, str]] = field(default_factory=Counter)
    smoke: dict[str, Event] = field(default_factory=dict)
    pressed: list[str] = field(default_factory=list)
    presses: set["asyncio.Task[None]"] = field(default_factory=set)

    @property
    def database_url(self) -> str:
        """The cloud's own database."""
        return str(DataDir(self.cloud.folder).running()["database_url"])

    def press(self) -> str:
        """One press in a home of its own; the watch repeats it until it is answered. Returns the home."""
        home = self.homes.pop()
        self.pressed.append(home)
        task = asyncio.create_task(self._press(home, self.clock.now_ms()), name=f"press {home}")
        self.presses.add(task)
        task.add_done_callback(self.presses.discard)
        return home

    async def _press(self, home: str, at: int) -> None:
        answered = False
        while not answered:
            try:
                answered = await self.post.watches[home].alarm(SOS, at=at, tries=1)
            except OSError:
                await asyncio.sleep(0.1)  # its line is dead, and it does not know yet

    def rang(self, homes: list[str]) -> bool:
        """Whether a screen has a case of each of these homes."""
        seen = {seen.summary["subject_id"] for seen in self.live.cases.values()}
        return seen.issuperset(homes)

    def batch(self, home: Any) -> bool:
        """One batch of a light gateway, each reading with a time of its own; False: it holds enough."""
        device = home.entry.devices["watch"]
        start = max(self.clock.now_ms(), self.until_ms.get(device, 0))
        self.until_ms[device] = start + ROWS
        before = self.fleet.ledger.batches_sent
        home.gateway.telemetry((device, "heart_rate", start + n, 70.0 + n) for n in range(ROWS))
        taken = self.fleet.ledger.batches_sent > before
        if taken:
            self.readings += ROWS
            self.batches[device, start] = (home.entry.id, *home.gateway.last_batch)
        return taken

    def burn(self, home: Any) -> None:
        """Smoke in the home of a light gateway, or the end of it."""
        before = self.smoke.pop(home.entry.id, None)
        device = next(iter(home.entry.devices.values()))
        if before is None:
            event = self.smoke[home.entry.id] = home.gateway.event("smoke", device=device)
        else:
            event = home.gateway.event("smoke", phase="cleared", event_id=before.id, device=device)
        self.events[event.id, event.phase] += 1

    async def flow(self) -> None:
        """Endless: each light gateway sends a batch a second, and one of them smoke or the end of it."""
        homes = list(self.fleet.homes.values())
        while True:
            for home in homes:
                self.batch(home)
            self.burn(self.chance.choice(homes))
            await asyncio.sleep(1)

    async def normal(self) -> float:
        """Seconds until a press made now rings and a batch of every gateway made now is stored."""
        loop = asyncio.get_running_loop()
        began, home = loop.time(), self.press()
        ledger = self.fleet.ledger
        wanted = ledger.batches_acked + sum(self.batch(each) for each in self.fleet.homes.values())
        await self.until(lambda: self.rang([home]) and ledger.batches_acked >= wanted)
        return loop.time() - began

    async def settle(self) -> str:
        """Wait until everything that was sent is on the screen or acknowledged, at most three minutes; says
        what is not.
        """
        ledger = self.fleet.ledger

        def open_ends() -> dict[str, object]:
            homes = self.fleet.homes.values()
            silent = [home for home in self.pressed if not self.rang([home])]
            waiting = {home.gateway.id: home.gateway.unanswered for home in homes if home.gateway.unanswered}
            batches = ledger.batches_sent - ledger.batches_acked
            found: dict[str, object] = {"silent": silent, "unanswered": waiting, "batches": batches}
            return {name: value for name, value in found.items() if value}

        with contextlib.suppress(TimeoutError):
            await self.until(lambda: not open_ends())
        return str(open_ends() or "")

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait; raises TimeoutError after three minutes."""
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                await asyncio.sleep(0.05)

    def family(self, target: str) -> list[int]:
        """The pids of a target, the one that is watched first: `agent`, `up`, or a child of `up` by name."""
        if target == "agent":
            return [self.post.agent.pid] if self.post.agent.running else []
        if target == "up":
            return [self.cloud.child.pid, *(pid for pid, _ in children(self.cloud.child.pid))]
        first = next((pid for pid, line in children(self.cloud.child.pid) if is_target(target, line)), None)
        return [] if first is None else [first, *(pid for pid, _ in children(first))]

    async def healthy(self) -> bool:
        """Whether the API answers from the database."""
        try:
            await self.api.get("cases", state="live", limit=1)
        except SimulatorError:
            return False
        return True


def is_target(target: str, line: list[str]) -> bool:
    """Whether a child of `carebed-cloud up` with this command line is the target."""
    program = Path(line[0]).name
    match target:
        case "broker":
            return program in {"nats-server", "mosquitto"}
        case "postgres":
            return program == "postgres" and "-D" in line
        case _:
            return "cloud" in line and target in line


def children(parent: int) -> list[tuple[int, list[str]]]:
    """The child processes of a process, with their command lines, the oldest first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                line = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if int(status[1]) == parent and line[0]:
                    found.append((int(entry.name), line))
    return sorted(found)


@asynccontextmanager
async def a_town(folder: Path, seed: int, homes: int, members: int, broker: str) -> AsyncIterator[Town]:
    """Start everything; as root on small disks of memory that can be filled."""
    clock, chance = Clock(), Random(seed)
    async with AsyncExitStack() as stack:
        cloud_disk = stack.enter_context(SmallDisk(folder / "cloud", megabytes=1200))
        post_disk = stack.enter_context(SmallDisk(folder / "post", megabytes=48))
        options = ("--members", str(members), "--broker", broker, "--no-canary")
        cloud = OwnCloud(folder / "cloud", clock, options=options)
        stack.push_async_callback(cloud.stop)
        await cloud.start(LIMIT_S)
        line = await stack.enter_async_context(Line(lambda: cloud.mqtt_port, chance).open())
        api = await stack.enter_async_context(CloudApi(cloud.api_url, await cloud.token("chaos", "admin")))
        entries, _ = await register_fleet(api, _LIGHT_HOMES, first_seed=900_000, prefix="gw-light")
        records, secret = await register_watch_homes(api, homes, 500_000)
        await _live_here_since_yesterday(str(DataDir(cloud.folder).running()["database_url"]))
        post = WatchPost(records, folder / "post", clock, report_s=30)
        fleet = Fleet(entries, ("127.0.0.1", line.port), clock, Ledger())
        live, order = LiveCases(), list(post.watches)
        chance.shuffle(order)
        town = Town(
            cloud, post, fleet, live, api, clock, line, cloud_disk, post_disk, chance, order
        )  # fmt: skip
        tasks = [asyncio.create_task(home.gateway.run()) for home in fleet.homes.values()]
        stack.push_async_callback(_end, tasks)
        stack.push_async_callback(post.stop)
        await post.start(secret, f"mqtt://127.0.0.1:{line.port}")
        await fleet.online(60)
        await stack.enter_async_context(live.follow(api))
        yield town


async def _live_here_since_yesterday(database_url: str) -> None:
    """A gateway whose clock is hours behind speaks of a time before a home of this minute was registered."""
    async with await psycopg.AsyncConnection.connect(database_url) as conn:
        for table in ("installation", "bed_stay"):
            move = "update {} set valid = tstzrange(lower(valid) - interval '1 day', upper(valid))"
            await conn.execute(psycopg.sql.SQL(move).format(psycopg.sql.Identifier(table)))


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
