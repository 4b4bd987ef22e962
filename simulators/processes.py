"""Child processes that end with their parent, their output in a file, their readiness awaited."""

import asyncio
import contextlib
import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from simulators.texts import say

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class SimulatorError(Exception):
    """Something that a person must know: says what is wrong, where, and what to do."""


def free_port() -> int:
    """A TCP port on loopback that is free now, below those that outgoing connections are given."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def require_free(port: int, what: str, option: str) -> None:
    """Raise SimulatorError that names the port, its use and the option, when somebody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SimulatorError(say("port_busy", port=port, what=what, option=option)) from error


def nats_server() -> Path:
    """The nats-server program of the wheel; raises SimulatorError when it is not installed."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise SimulatorError(say("program_missing", program="nats-server"))
    return Path(found)


def _dies_with_parent(sent: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def arm() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return arm


class Child:
    """One child process in its own session; stdout and stderr go to `log`."""

    def __init__(self, name: str, command: Sequence[str], log: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process id. Raises SimulatorError when it was never started."""
        if self._process is None:
            raise SimulatorError(say("child_not_started", name=self.name))
        return self._process.pid

    async def start(self, *, on_parent_death: signal.Signals = signal.SIGTERM) -> None:
        """Start the process; returns at once."""
        self._ready.clear()
        with self.log.open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                preexec_fn=_dies_with_parent(on_parent_death),
            )
        self._reader = asyncio.create_task(self._read(self._process), name=f"{self.name}-output")

    async def ready(self, limit_s: float) -> None:
        """Wait for a line of output that begins with `ready`; raises SimulatorError with the log's end."""
        waiting = asyncio.create_task(self._ready.wait())
        ended = asyncio.create_task(self.wait())
        try:
            await asyncio.wait({waiting, ended}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if not self._ready.is_set():
                key = "child_ended" if ended.done() else "child_slow"
                raise SimulatorError(say(key, name=self.name, limit=limit_s, log=self.log, tail=self.tail()))
        finally:
            waiting.cancel()
            ended.cancel()

    async def wait(self) -> int:
        """Wait until the process has ended."""
        assert self._process is not None
        return await self._process.wait()

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to this process only."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(sent)

    async def stop(self, limit_s: float = 10.0) -> None:
        """SIGTERM, and after `limit_s` SIGKILL; safe to call twice."""
        if self._process is None:
            return
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), limit_s)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self._process.wait()
        if self._reader is not None:
            await asyncio.wait({self._reader}, timeout=1)

    def tail(self, lines: int = 12) -> str:
        """The last lines of the log."""
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with self.log.open("ab") as log:
            while line := await process.stdout.readline():
                log.write(line)
                log.flush()
                if line.startswith(b"ready"):
                    self._ready.set()


def python_module(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of this installation with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
