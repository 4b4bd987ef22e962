"""One supervised child: started, awaited until ready, started again with back-off when it ends."""

import asyncio
import contextlib
import errno
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cloud.config import ConfigError, Place
from cloud.embedded import process
from cloud.operations.asking import ask
from cloud.texts import text

logger = logging.getLogger(__name__)

BACK_OFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_HEALTH_LIMIT_S: Final = 600.0
_STEADY_S: Final = 30.0  # a child that lived so long starts again without delay
READY_LINE: Final = b"ready\n"
_OPERATIONS_LINE: Final = b"operations "

Process = asyncio.subprocess.Process


@dataclass(kw_only=True)
class Child:
    """How to start one program, how to know that it is ready, and how to end it."""

    name: str
    start: Callable[[], Awaitable[Process]]
    ready: Callable[[Process], Awaitable[object]]
    stop_with: signal.Signals = signal.SIGTERM
    stop_limit_s: float = 10.0
    process: Process | None = None
    _began: float = field(default=0.0, init=False)

    async def begin(self) -> None:
        """Start it and wait until it is ready; raises what start and ready raise."""
        self._began = asyncio.get_running_loop().time()
        self.process = await self.start()
        await self.ready(self.process)

    async def keep(self) -> None:
        """Endless: start it again whenever it ends. Said once when it is lost and once when it is back."""
        attempt = 0
        while True:
            if self.process is not None:
                code = await self.process.wait()
                extra = {"action": "child_lost", "child": self.name, "code": code}
                logger.warning("child ended", extra=extra)
                lived = asyncio.get_running_loop().time() - self._began
                attempt = 0 if lived >= _STEADY_S else attempt
            while not await self._began_again(attempt):
                attempt += 1
            attempt += 1
            logger.info("child is back", extra={"action": "child_back", "child": self.name})

    async def _began_again(self, attempt: int) -> bool:
        await asyncio.sleep(BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)])
        try:
            await self.begin()
        except Exception as error:  # whatever hinders it, the next attempt may succeed
            extra = {"action": "child_not_started", "child": self.name, "reason": str(error)}
            logger.debug("child did not start", extra=extra)
            await self.end()
            return False
        return True

    async def end(self) -> None:
        """Stop it, by force after its limit, which is said."""
        if self.process is None or self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            code = await process.stop(self.process, self.stop_with, limit_s=self.stop_limit_s)
            if code == -signal.SIGKILL:
                extra = {"action": "child_forced", "child": self.name}
                logger.warning("child did not end in time and was killed", extra=extra)


async def start_program(name: str, arguments: list[str], environment: Mapping[str, str]) -> Process:
    """Start `carebed-cloud NAME` with our own interpreter; it dies with us, whatever happens."""
    return await process.start(
        [sys.executable, "-P", "-m", "cloud", name, *arguments],
        on_parent_death=signal.SIGKILL,
        environment=environment,
        output=asyncio.subprocess.PIPE,
    )


async def answers_health(child: Process, host: str, port: int) -> None:
    """Return when GET /healthz says 200, however late on a busy machine.

    Raises RuntimeError for another answer and for a child that has ended, TimeoutError after ten minutes.
    """
    async with asyncio.timeout(_HEALTH_LIMIT_S):
        while child.returncode is None:
            try:
                status, _ = await ask(Place(host, port), "/healthz")
            except OSError:
                await asyncio.sleep(0.2)
                continue
            if status != 200:
                raise RuntimeError(f"/healthz answered {status}")
            return
    raise RuntimeError(f"ended with code {child.returncode}")


async def said_ready(child: Process) -> int | None:
    """Return when the child has printed `ready`, with the port that it named for operations before; raises
    RuntimeError when it ended before.
    """
    assert child.stdout is not None
    port = None
    async for line in child.stdout:
        if line == READY_LINE:
            return port
        if line.startswith(_OPERATIONS_LINE):
            port = int(line.removeprefix(_OPERATIONS_LINE))
    raise RuntimeError(f"ended with code {await child.wait()} before it was ready")


def try_port(host: str, port: int, what: str, option: str) -> None:
    """Raises ConfigError naming the option for a port that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = errno.errorcode.get(error.errno or 0, "") + " " + (error.strerror or "")
            raise ConfigError(
                text("port_busy", host=host, port=port, what=what, reason=reason.strip(), option=option)
            ) from error


def same_port(path: Path) -> int:
    """The port that a former run wrote there, if nobody has taken it; else another, kept for the next."""
    with contextlib.suppress(OSError, ValueError, OverflowError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port := int(path.read_text(encoding="ascii"))))
        return port
    path.write_text(str(port := free_port()), encoding="ascii")
    return port


def free_port() -> int:
    """A TCP port of loopback that nobody listens on, below those that outgoing connections are given."""
    while True:
        port = 15_000 + secrets.randbelow(15_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
