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
_ROWS: Final = 20
_LIGHT_HOMES: Final = 6


@dataclass
class Town:
    """Everything that runs, and what was sent; `events` by id and phase, of light gateways."""

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
        self.until_ms[device] = start + _ROWS
        before = self.fleet.ledger.batches_sent
        home.gateway.telemetry((device, "heart_rate", start + n, 70.0 + n) for n in range(_ROWS))
        taken = self.fleet.ledger.batches_sent > before
        self.readings += _ROWS if taken else 0
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

    async def settle(self) -> None:
        """Wait until everything that was sent is on the screen or acknowledged, at most three minutes."""
        ledger = self.fleet.ledger
        with contextlib.suppress(TimeoutError):
            await self.until(
                lambda: (
                    self.rang(self.pressed)
                    and ledger.batches_acked == ledger.batches_sent
                    and not any(home.gateway.unanswered for home in self.fleet.homes.values())
                )
            )

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


async def judge(town: Town) -> dict[str, int]:
    """Presses by the public API, events and readings row by row in the database."""
    own = set(town.pressed)
    details = [
        await town.api.get(f"cases/{case_id}")
        for case_id, case in list(town.live.cases.items())
        if case.summary["subject_id"] in own and case.summary["class"] == "care"
    ]
    reached = {detail["subject_id"] for detail in details}
    doubled = sum(_extra(detail) for detail in details) + len(details) - len(reached)
    devices = [home.entry.devices["watch"] for home in town.fleet.homes.values()]
    async with await psycopg.AsyncConnection.connect(town.database_url) as conn:
        rows, different = await _row(conn, _READINGS, [devices])
        (late,) = await _row(conn, _LATE, [])
        (quarantined,) = await _row(conn, "select coalesce(sum(times), 0) from quarantine", [])
        found = await conn.execute("select id::text, phase, count(*) from event group by 1, 2")
        stored = {(row[0], row[1]): int(row[2]) for row in await found.fetchall()}
    lost_events = sum(key not in stored for key in town.events)
    return {
        "sent": len(own) + len(town.events) + town.readings,
        "lost": len(own) - len(reached) + lost_events + town.readings - different,
        "doubled": doubled + sum(stored.get(key, 1) - 1 for key in town.events) + rows - different,
        "late": late,
        "quarantined": quarantined,
        "chains_broken": sum(not detail["chain_valid"] for detail in details),
        "presses": len(own),
        "events": len(town.events),
        "readings": town.readings,
    }


_READINGS: Final = (
    "select count(*), count(distinct (device_key, measured_at)) from reading r join device d "
    "on d.key = r.device_key where d.id = any(%s)"
)
_LATE: Final = (
    "select count(*) from event where stored_at - received_at > '10 s' or received_at - occurred_at > '60 s'"
)


async def _row(conn: psycopg.AsyncConnection[Any], query: Any, values: list[Any]) -> tuple[int, ...]:
    row = await (await conn.execute(query, values)).fetchone()
    assert row is not None
    return tuple(int(value) for value in row)


def _extra(detail: dict[str, Any]) -> int:
    """Events, alarms or repeats of one home beyond the single press that was made there."""
    return max(len(detail["event_ids"]), int(detail["alarm_count"]), int(detail["repeats"])) - 1
