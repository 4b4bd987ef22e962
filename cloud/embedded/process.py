"""Child processes that end with their parent: own group, parent-death signal, orderly stop with a limit."""

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProgramError(Exception):
    """A program of ours cannot be started, or ended before it was ready; the text says why."""


@dataclass(frozen=True)
class Owner:
    """The user that a child runs as when this process is root."""

    uid: int
    gid: int


def parent_death(sent: signal.Signals) -> Callable[[], None]:
    """What a child does before exec so that it gets `sent` when its parent dies, even by kill -9 (Linux)."""
    parent = os.getpid()

    def arm() -> None:
        if _LIBC is None:
            return
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return arm


def last_line(log: Path) -> str:
    """What a program said last in its log: mostly why it ended. Empty when it said nothing."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 2_000))
            said = file.read().decode(errors="replace").strip()
    except OSError:
        return ""
    return said.rpartition("\n")[2]


async def start(
    command: list[str],
    *,
    on_parent_death: signal.Signals,
    environment: Mapping[str, str] | None = None,
    owner: Owner | None = None,
    output: IO[bytes] | int | None = None,
    errors: IO[bytes] | int | None = None,
    directory: str | None = None,
) -> asyncio.subprocess.Process:
    """Start a child in its own process group; call it from the thread that lives as long as the program.

    Without an environment it inherits this process's own. Raises OSError when the program cannot be started.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env=None if environment is None else dict(environment),
        cwd=directory,
        user=None if owner is None else owner.uid,
        group=None if owner is None else owner.gid,
        extra_groups=None if owner is None else [],
        process_group=0,
        preexec_fn=parent_death(on_parent_death),
    )


async def wait_listening(server: asyncio.subprocess.Process, port: int, *, limit_s: float) -> None:
    """Return when its port of loopback accepts; ProgramError when it ended, TimeoutError at the limit."""
    async with asyncio.timeout(limit_s):
        while True:
            if server.returncode is not None:
                raise ProgramError(f"it ended with code {server.returncode}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


async def hears(server: asyncio.subprocess.Process, sent: signal.Signals) -> None:
    """Return when a signal does no longer end the program: until it has said what to do then, it would.

    Where the system cannot tell, or the program has ended, at once.
    """
    while True:
        if server.returncode is not None or _catches(server.pid, sent):
            return
        await asyncio.sleep(0.02)


def _catches(pid: int, sent: signal.Signals) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return caught is None or bool(int(caught[1], 16) >> (sent - 1) & 1)


def reload(server: asyncio.subprocess.Process) -> None:
    """Let it read its configuration again; see `hears`."""
    if server.returncode is None:
        server.send_signal(signal.SIGHUP)


def replace_text(path: Path, text: str) -> bool:
    """Write a file that only this user reads, in one step; False when it is what stands there already."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return True


async def stop(process: asyncio.subprocess.Process, sent: signal.Signals, *, limit_s: float) -> int:
    """Send a signal, wait, kill when the limit has passed; returns the exit code."""
    if process.returncode is None:
        try:
            process.send_signal(sent)
            await asyncio.wait_for(process.wait(), limit_s)
        except ProcessLookupError:
            pass
        except TimeoutError:
            process.kill()
    return await process.wait()
