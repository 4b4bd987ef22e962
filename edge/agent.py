"""The running agent: its tasks, from the first to a clean goodbye."""

import asyncio
import errno
import fcntl
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import msgspec

from edge import supervisor
from edge.config import Config, ConfigError
from edge.desired import Desired
from edge.effects import Effects
from edge.intake import PIPELINE_NOTE, Intake
from edge.outbox.outbox import Outbox
from edge.pipeline import steps
from edge.supervisor import Pulse
from edge.texts import say
from edge.timekeeping import Timekeeper
from edge.uplink.link import Link

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
COMMIT_S: Final = 5.0  # each commit rewrites pages of the card; a power cut costs more readings anyway
AGAIN_S: Final = 2.0
SHORTEST_SLEEP_S: Final = 0.02
GOODBYE_S: Final = 12.0
END_S: Final = 1.0


class Transport(Protocol):
    """Where devices come in. `tried` is set once it works or has failed for the first time."""

    name: str
    status: str
    tried: asyncio.Event

    async def run(self) -> None:
        """Serve until cancelled."""


@dataclass
class Agent:
    """Everything that one gateway runs. `run` returns True when it should be started again."""

    config: Config
    time: Timekeeper
    outbox: Outbox
    intake: Intake
    link: Link
    transports: list[Transport]
    help: Effects
    desired: Desired
    batch_s: float
    pulse: Pulse = field(default_factory=Pulse)
    problems: list[tuple[str, str]] = field(default_factory=list)
    trouble: asyncio.Event = field(default_factory=asyncio.Event)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _again: bool = False

    def stop(self, *, again: bool = False) -> None:
        """End cleanly; `again` asks for a new start."""
        self._again = self._again or again
        self._stop.set()

    def problem(self, kind: str, detail: str) -> None:
        """Something is wrong with the agent itself: a technical event."""
        self.problems.append((kind, detail))
        self.trouble.set()

    async def run(self, ready: Callable[[str], None]) -> bool:
        """Run until `stop`; `ready` gets one line once everything is up or declared failed."""
        await self.outbox.open()
        await self._restore()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._announce(ready), name="announce")
            watchdog = group.create_task(self.pulse.run(), name="watchdog")
            background = [
                group.create_task(self._turning(name, run), name=name)
                for name, run in (
                    ("outbox-events", self.outbox.commit_loop),
                    ("outbox-upkeep", self.outbox.upkeep_loop),
                    ("outbox-telemetry", self._telemetry_loop),
                    ("pipeline-tick", self._tick_loop),
                    ("problems", self._problem_loop),
                    ("help-home", self.help.home_loop),
                    ("help-speech", self.help.speech_loop),
                    ("help-phone", self.help.phone_loop),
                )
            ]
            link = group.create_task(self._turning("uplink", self.link.run), name="uplink")
            doors = [
                group.create_task(self._lasting(door.name, door.run), name=door.name)
                for door in self.transports
            ]
            await self._stop.wait()
            if not self._again:
                supervisor.notify("STOPPING=1")
            await _end(set(doors))
            await self.outbox.commit_telemetry(seal=True)
            self.link.stop()
            await asyncio.wait([link], timeout=GOODBYE_S)
            for task in [*background, link, watchdog]:
                task.cancel()
        await self.outbox.close()
        return self._again

    async def _turning(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """A loop that the watchdog expects to turn."""
        with self.pulse.loop(name):
            await self._lasting(name, run)

    async def _lasting(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run until it returns; a fault of ours ends neither it nor the others, and is never silent."""
        while True:
            try:
                await run()
            except Exception:
                log.exception("started again after a fault", extra={"action": "task_failed", "task": name})
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _announce(self, ready: Callable[[str], None]) -> None:
        """Say `ready` when every transport and the broker have been tried."""
        for door in self.transports:
            await door.tried.wait()
        await self.link.tried.wait()
        broker = "connected" if self.link.connected.is_set() else "away"
        doors = [f"{door.name}={door.status}" for door in self.transports]
        ready(" ".join(["ready", self.config.gateway, f"broker={broker}", *doors]))
        supervisor.notify("READY=1")

    async def _restore(self) -> None:
        """Give the pipeline and local help what they knew before the restart."""
        await self.desired.restore()
        await self.help.restore()
        kept = await self.outbox.note(PIPELINE_NOTE)
        if kept is None:
            return
        try:
            state = msgspec.json.decode(kept, type=dict)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        steps.restore(self.intake.pipeline, state)

    async def _problem_loop(self) -> None:
        """Make a technical event of each problem of the agent itself."""
        while True:
            await self.pulse.wait("problems", self.trouble)
            self.trouble.clear()
            while self.problems:
                kind, detail = self.problems.pop(0)
                await self.intake.report(kind, {"detail": detail})

    async def _tick_loop(self) -> None:
        """Let time pass for drivers and steps, each second of the agent's clock."""
        while True:
            await asyncio.sleep(max(TICK_S / self.time.clock.rate, SHORTEST_SLEEP_S))
            await self.intake.tick()
            self.pulse.beat("pipeline-tick")

    async def _telemetry_loop(self) -> None:
        """Commit readings each five seconds, seal a batch each `batch_s` of the agent's clock."""
        open_s = 0.0
        while True:
            batch_s = self.batch_s
            step_s = min(COMMIT_S, batch_s)
            await asyncio.sleep(max(step_s / self.time.clock.rate, SHORTEST_SLEEP_S))
            open_s += max(step_s, SHORTEST_SLEEP_S * self.time.clock.rate)
            seal = open_s >= batch_s
            await self.outbox.commit_telemetry(seal=seal)
            open_s = 0.0 if seal else open_s
            self.pulse.beat("outbox-telemetry")


def lock(folder: Path) -> int:
    """Make the data folder and hold it for this process; returns what holds it. Raises ConfigError.

    A worn-out card that can only be read stops no alarm: then the agent runs from memory.
    """
    try:
        _made(folder)
        held = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EIO):
            raise ConfigError(say("data_dir_unusable", path=folder, reason=error)) from error
        log.error("read only: nothing is kept", extra={"action": "data_dir_read_only", "reason": str(error)})
        held = os.memfd_create("lock")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = os.read(held, 20).decode(errors="replace").strip() or "?"
        os.close(held)
        raise ConfigError(say("already_running", path=folder, pid=pid)) from error
    os.ftruncate(held, 0)
    os.write(held, f"{os.getpid()}\n".encode())
    return held


def _made(folder: Path) -> None:
    """Make a folder that a power cut in the next moment does not take back. Raises OSError."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        parent = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)


async def _end(tasks: set["asyncio.Task[None]"]) -> None:
    """Cancel until all have ended: a task group that fails in the same moment swallows a cancellation."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=END_S)
