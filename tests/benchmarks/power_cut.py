"""Two hundred power cuts: kill -9, and the disk forgets what was not synchronised. No event lost or doubled.

Gateways live one after the other, each with the real agent on a recorded disk (`tests/edge/power`), each
cut off again and again, while starting and under load. Every third (`--away`: every one) is away from its
cloud for 72 hours of its own clock, with room for 1 MiB of readings, so that the oldest are thinned out; the
cloud is told how many. A watch whose SOS got no answer before the cut presses again afterwards. Last line:
`power_cut: cuts=... sent=... lost=0 doubled=0 thinned=...`.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge.agent import COMMIT_S
from firmware_specs.clock import Clock
from firmware_specs.messages import Position
from tests.edge.power.disk import Disk, recorder
from tests.edge.stand import AgentProcess, Broker, FakeCloud, watch, write_config
from tests.ports import free_port
from tests.waiting import until

WATCHES = [f"8611000000{n:05}" for n in range(40)]
AWAY_MS = 72 * 3_600_000
AWAY_RATE = 7200.0
CUTS_A_LIFE = 20
PER_DEGREE = 1_000_000
SOS = "00010000"
DELIVERED_S = 60.0


@dataclass
class Total:
    """What all lives came to."""

    cuts: int = 0
    unsynced: int = 0
    sent: int = 0
    lost: int = 0
    doubled: int = 0
    thinned: int = 0
    readings: int = 0
    received: int = 0


@dataclass
class Life:
    """One gateway from its first start on, and its watches; `answered` has the calls that it took."""

    home: Path
    disk: Disk
    broker: Broker
    cloud: FakeCloud
    chance: Random
    mishap: Random
    clock: Clock
    total: Total
    agent: AgentProcess = field(init=False)
    port: int = field(default_factory=free_port)
    pressed: int = 0
    answered: set[int] = field(default_factory=set)
    waiting: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    works_s: float = 1.0
    pause_s: float = 0.0

    def __post_init__(self) -> None:
        more = "[storage]\ntelemetry_mib = 1"
        batch_s = 0.2 if self.clock.rate == 1.0 else 600
        if self.clock.rate != 1.0:  # readings are committed each few seconds: some cuts must come later
            self.works_s, self.pause_s = 3 * COMMIT_S, 0.25
        path = write_config(self.home, self.broker, more=more, batch_s=batch_s, port=self.port)
        text = path.read_text(encoding="utf-8").replace('"data"', f'"{self.disk.folder}/data"')
        path.write_text(text, encoding="utf-8")
        self.agent = AgentProcess(path, self.clock.arguments(), environment=self.disk.environment())

    async def cut(self) -> None:
        """Start, let the watches press and measure, cut the power at some moment."""
        self.disk.begin()
        self.cloud.acking = self.chance.random() < 0.7
        starting = asyncio.create_task(self.agent.start())
        if self.chance.random() < 0.2:
            await asyncio.wait({starting}, timeout=self.chance.uniform(0.1, 1.5))
        else:
            await starting
            before = len(self.answered)
            async with self._in_use():
                await until(lambda: len(self.answered) > before)
                await asyncio.sleep(self.chance.uniform(0.0, self.works_s))
        await until(lambda: self.agent.process is not None)
        await self.agent.kill()
        await asyncio.wait({starting})
        starting.exception()
        self.total.unsynced += self.disk.cut(self.mishap)
        self.total.cuts += 1

    async def recover(self) -> None:
        """Power and cloud are back for good: everything that was answered for must arrive, once."""
        self.cloud.acking = True
        self.agent.environment = None
        await self.agent.start()
        if self.clock.rate == 1.0:  # else hours have passed, and the same words are a new call for help
            async with contextlib.AsyncExitStack() as stack:
                for marker, said in self.waiting.values():
                    await (await stack.enter_async_context(watch(self.port))).ask(said)
                    self.answered.add(marker)
        await self._arrive()
        assert await self.agent.terminate() == 0
        self._count()

    @contextlib.asynccontextmanager
    async def _in_use(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._press(name)) for name in WATCHES[:4]]
        tasks.append(asyncio.create_task(self._measure()))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _press(self, name: str) -> None:
        """SOS after SOS, the next one when the last has an answer; what had none is said again."""
        with contextlib.suppress(OSError, EOFError):
            async with watch(self.port) as device:
                while True:
                    if name not in self.waiting or self.clock.rate != 1.0:
                        self.pressed += 1
                        said = place("AL", 30 + self.pressed / PER_DEGREE, self.clock, SOS)
                        self.waiting[name] = (self.pressed, frame(name, said))
                    marker, said = self.waiting[name]
                    await device.ask(said)
                    self.answered.add(marker)
                    del self.waiting[name]
                    await asyncio.sleep(self.pause_s)

    async def _measure(self) -> None:
        """Every watch's pulse and place, many times a second."""
        with contextlib.suppress(OSError):
            async with watch(self.port) as device:
                for round_ in range(1_000_000):
                    moved = 30 + 0.001 * (round_ % 2)
                    said = [b"PULSE,%d" % (60 + 30 * (round_ % 2)), place("UD", moved, self.clock)]
                    await device.say(b"".join(frame(name, body) for name in WATCHES for body in said))
                    self.total.readings += len(WATCHES)
                    await asyncio.sleep(0.05)

    async def _arrive(self) -> None:
        """Wait until every call that was answered has arrived, or none has for a minute."""
        last, came = -1, len(self._came())

        def more() -> bool:
            return len(self._came()) > last or self._delivered()

        while last < came and not self._delivered():
            last = came
            with contextlib.suppress(TimeoutError):
                await until(more, DELIVERED_S)
            came = len(self._came())

    def _came(self) -> set[int]:
        return {marker_of(event.position) for event in self.cloud.events.values() if event.position}

    def _delivered(self) -> bool:
        births = [said for channel, said in self.cloud.said if channel == "birth"]
        return bool(births) and self.answered <= self._came()

    def _count(self) -> None:
        ids: dict[int, set[str]] = defaultdict(set)
        rows: dict[int, int] = defaultdict(int)
        for event in self.cloud.events.values():
            if event.position is not None:
                ids[marker_of(event.position)].add(event.id)
                rows[marker_of(event.position)] += 1
        total = self.total
        total.sent += len(self.answered)
        total.lost += len(self.answered - ids.keys())
        total.doubled += sum(len(ids[marker]) > 1 or rows[marker] > 1 for marker in ids)
        batches = self.cloud.batches.values()
        total.thinned += sum(gap.count for batch in batches for gap in batch.gaps)
        total.received += sum(batch.kinds[k] == "heart_rate" for batch in batches for k in batch.k)


def place(what: str, lat: float, clock: Clock, status: str = "00000000") -> bytes:
    """A position; of a call for help, a millionth of a degree tells which call it is."""
    return (
        f"{what},{clock.now():%d%m%y,%H%M%S},A,{lat:.6f},N,118.012300,E,"
        f"0.4,90,11,9,80,14,1,2,{status},0,0,12.5"
    ).encode()


def frame(name: str, body: bytes) -> bytes:
    """A watch's message."""
    return b"[3G*%s*%04X*%s]" % (name.encode(), len(body), body)


def marker_of(position: Position) -> int:
    """Which call for help an event's position tells of."""
    return round((position.lat - 30) * PER_DEGREE)


async def live(folder: Path, library: Path, number: int, cuts: int, total: Total, *, away: bool) -> None:
    """One gateway's life of so many cuts; `away`, without its cloud, for 72 h of its clock."""
    broker = Broker(folder / "broker", free_port())
    broker.start()
    await broker.ready()
    cloud = FakeCloud(broker)
    listening = asyncio.create_task(cloud.run())
    await cloud.up.wait()
    now = Clock().now_ms()
    clock = Clock(now, now, AWAY_RATE) if away else Clock()
    cloud.cloud_at = clock.now_ms
    disk = Disk(folder / "disk", folder / "record", library)
    life = Life(folder / "home", disk, broker, cloud, Random(number), Random(-number), clock, total)
    try:
        if away:
            broker.kill()
        done = 0
        while done < cuts or (away and clock.now_ms() < now + AWAY_MS):
            await life.cut()
            done += 1
        if away:
            broker.start()
            await broker.ready()
            cloud.up.clear()
            await cloud.up.wait()
        await life.recover()
    finally:
        if life.agent.process is not None:
            await life.agent.kill()
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
        broker.kill()


async def play(folder: Path, library: Path, cuts: int, seed: int, *, away: bool = False) -> Total:
    """So many cuts, spread over the lives of several gateways, a third of them or all `away`."""
    total, number = Total(), 0
    while total.cuts < cuts:
        share = min(CUTS_A_LIFE, cuts - total.cuts)
        home = folder / str(number)
        (home / "disk").mkdir(parents=True)
        await live(home, library, seed + number, share, total, away=away or number % 3 == 2)
        number += 1
        say(f"gateway {number}: {total}")
    return total


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--away", action="store_true", help="no gateway has a cloud for 72 h of its clock")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carebed-power-", ignore_cleanup_errors=True) as name:
        library = recorder(Path(name))
        if library is None:
            say("需要 C 编译器 cc（如 apt install gcc）/ a C compiler, cc, is needed (apt install gcc)")
            return 2
        total = asyncio.run(play(Path(name), library, given.cuts, given.seed, away=given.away))
    say(f"unsynchronised operations at the cuts: {total.unsynced}")
    say(f"readings sent={total.readings} received={total.received}")
    say(
        f"power_cut: cuts={total.cuts} sent={total.sent} lost={total.lost} doubled={total.doubled} "
        f"thinned={total.thinned}"
    )
    return 0 if total.lost == total.doubled == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
