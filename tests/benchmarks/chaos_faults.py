"""The table of faults: what each does to the town, and when it is over. A new fault is one line in FAULTS."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any, Final, LiteralString

import psycopg

from firmware_specs.batches import encode_batch
from firmware_specs.clock import Clock
from firmware_specs.ids import new_run, uuid7
from firmware_specs.messages import Event, encode
from simulators.batches import batch_of
from tests.benchmarks.chaos_town import LIMIT_S, Town

_HELD_S: Final = 8.0
_AGAIN_S: Final = 5.0
_EVENTS: Final = "select count(*) from event where run = any(%s)"
_BATCHES: Final = (
    "select sum(upper(part) - lower(part)) from batch_seen, unnest(seen) part where run = any(%s)"
)
Do = Callable[[Town], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """`do` returns when the fault is over; `needs_disk`: only where small disks can be mounted."""

    name: str
    do: Do
    needs_disk: bool = False


async def kill(town: Town, target: str, sent: signal.Signals = signal.SIGKILL) -> None:
    """A process dies; over when another is in its place: from here for the agent and `up`, else from `up`."""
    pid = await _first(town, target)
    os.kill(pid, sent)
    if target == "agent":
        await _agent_again(town)
    elif target == "up":  # all that it started ends with it: as a power cut of the cloud's machine
        await town.cloud.child.wait()
        await town.cloud.child.start()
    await _until(lambda: (family := town.family(target)) != [] and family[0] != pid)


async def stop(town: Town, target: str) -> None:
    """A process and its children stand still for some seconds: nothing is closed, nobody answers."""
    await _first(town, target)
    pids = town.family(target)
    _signal(pids, signal.SIGSTOP)
    await asyncio.sleep(_HELD_S)
    _signal(pids, signal.SIGCONT)


async def stall(town: Town, target: str) -> None:
    """A disk that stalls: whoever writes there stands still nine tenths of the time."""
    await _first(town, target)
    for _ in range(20):
        pids = town.family(target)
        _signal(pids, signal.SIGSTOP)
        await asyncio.sleep(0.45)
        _signal(pids, signal.SIGCONT)
        await asyncio.sleep(0.05)


async def cut(town: Town) -> None:
    """Every connection of the gateways is cut, again and again."""
    for _ in range(5):
        town.line.cut()
        await asyncio.sleep(town.chance.uniform(0.2, 1.5))


async def delay(town: Town) -> None:
    """Everything takes up to a second, each way."""
    town.line.delay_s = 0.5
    await asyncio.sleep(_HELD_S)
    town.line.delay_s = 0.0


async def half_open(town: Town) -> None:
    """What is sent goes nowhere and nobody says so; the lines are dead afterwards, too."""
    town.line.swallows = True
    await asyncio.sleep(_HELD_S)
    town.line.swallows = False
    town.line.cut()


async def overtaking(town: Town) -> None:
    """New connections arrive in another order than they were made, while the old ones are cut."""
    town.line.hold_s = 2.0
    for _ in range(4):
        town.line.cut()
        await asyncio.sleep(1.5)
    town.line.hold_s = 0.0


async def clock_jump(town: Town, hours: int) -> None:
    """The gateway's clock is wrong by hours after a start, and right again after the next."""
    real = town.clock.now_ms()
    wrong = Clock(real + hours * 3_600_000, real, 1.0)
    command = list(town.post.agent.command)
    town.post.agent.command = [*command, *wrong.arguments()]
    await kill(town, "agent")
    waiting = [town.press() for _ in range(2)]
    await _until(lambda: town.rang(waiting))
    town.post.agent.command = command
    await kill(town, "agent")


async def old_card(town: Town) -> None:
    """The gateway goes on from an image of its card that was taken some alarms ago."""
    image = town.post_disk.folder.with_name("image")
    await town.post.agent.stop()
    town.post_disk.copy("edge-data", image)
    await town.post.start_agent()
    waiting = [town.press() for _ in range(3)]
    await _until(lambda: town.rang(waiting) and not town.presses)
    town.post.agent.send(signal.SIGKILL)
    await town.post.agent.wait()
    town.post_disk.restore("edge-data", image)
    await town.post.start_agent()


async def disorder(town: Town) -> None:
    """Smoke that clears, of every light gateway: each message three times, in any order."""
    messages: list[tuple[Any, bytes]] = []
    runs: list[str] = []
    for home in town.fleet.homes.values():
        now, run = town.clock.now_ms(), new_run()
        runs.append(run)
        id, device = str(uuid7(now)), next(iter(home.entry.devices.values()))
        for seq, phase in ((1, "raised"), (2, "cleared")):
            event = Event(id=id, run=run, boot="b", seq=seq, kind="smoke", phase=phase, device=device, at=now)  # type: ignore[arg-type]  # of two literals
            town.events[id, phase] += 1
            messages += [(home.gateway, encode(event))] * 3
    town.chance.shuffle(messages)
    await _send(town, "event", messages)
    await _repeat(town, "event", messages, _EVENTS, runs)


async def twins(town: Town) -> None:
    """The same batches at two readers at once, and again in another order."""
    messages: list[tuple[Any, bytes]] = []
    runs: list[str] = []
    for home in town.fleet.homes.values():
        run, device = new_run(), home.entry.devices["watch"]
        runs.append(run)
        for seq in range(1, 31):
            at = town.clock.now_ms() - 3_600_000 + seq * 1000
            rows = [(device, "spo2", at + n, 97.0) for n in range(5)]
            batch = batch_of(rows, run=run, boot="b", seq=seq, sent_at=town.clock.now_ms())
            messages += [(home.gateway, encode_batch(batch))] * 2
            town.readings += len(rows)
    await _send(town, "telemetry", messages)
    town.chance.shuffle(messages)
    await _send(town, "telemetry", messages)
    await _repeat(town, "telemetry", messages, _BATCHES, runs)


async def full_disk(town: Town, whose: str) -> None:
    """Not one byte is left for some seconds."""
    disk = town.post_disk if whose == "agent" else town.cloud_disk
    disk.fill()
    await asyncio.sleep(_HELD_S)
    disk.free()


async def _send(town: Town, channel: str, messages: list[tuple[Any, bytes]]) -> None:
    """From lines that hold."""
    await town.fleet.online(LIMIT_S)
    for n, (gateway, payload) in zip(cycle(range(20)), messages, strict=False):
        gateway.raw(channel, payload)
        if n == 19:
            await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)


async def _repeat(
    town: Town, channel: str, messages: list[tuple[Any, bytes]], stored: LiteralString, runs: list[str]
) -> None:
    """As every gateway does, send again what is not stored: a broker may forget what it has not passed on.
    `stored` counts what is, of the messages' own runs.
    """
    async with asyncio.timeout(LIMIT_S), await psycopg.AsyncConnection.connect(town.database_url) as conn:
        while True:
            row = await (await conn.execute(stored, [runs])).fetchone()
            await conn.commit()
            if row is not None and row[0] == len({payload for _, payload in messages}):
                return
            await asyncio.sleep(_AGAIN_S)
            await _send(town, channel, messages)


async def _agent_again(town: Town) -> None:
    await town.post.agent.wait()
    await town.post.start_agent()


async def _first(town: Town, target: str) -> int:
    await _until(lambda: town.family(target) != [])
    return town.family(target)[0]


def _signal(pids: list[int], sent: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sent)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(0.05)


TARGETS: Final = ("agent", "up", "broker", "postgres", "ingest", "telemetry", "api", "work")
FAULTS: Final = (
    *(Fault(f"kill -9 {name}", partial(kill, target=name)) for name in TARGETS),
    *(Fault(f"SIGSTOP {name}", partial(stop, target=name)) for name in TARGETS),
    Fault("restart broker", partial(kill, target="broker", sent=signal.SIGTERM)),
    Fault("restart postgres", partial(kill, target="postgres", sent=signal.SIGINT)),
    Fault("slow disk postgres", partial(stall, target="postgres")),
    Fault("slow disk broker", partial(stall, target="broker")),
    Fault("slow disk agent", partial(stall, target="agent")),
    Fault("full disk agent", partial(full_disk, whose="agent"), needs_disk=True),
    Fault("full disk cloud", partial(full_disk, whose="cloud"), needs_disk=True),
    Fault("lines cut", cut),
    Fault("lines slow", delay),
    Fault("lines half open", half_open),
    Fault("lines overtaking", overtaking),
    Fault("clock 3 h ahead", partial(clock_jump, hours=3)),
    Fault("clock 3 h behind", partial(clock_jump, hours=-3)),
    Fault("old card", old_card),
    Fault("events thrice in disorder", disorder),
    Fault("batches at two readers", twins),
)
