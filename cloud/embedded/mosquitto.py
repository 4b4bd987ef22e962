"""The mosquitto that is installed on this machine, run as our own child: the broker of a whole city.

It holds a connection in 4 KiB where nats-server needs 130. What it has queued it writes down once a minute
and when it ends; what a crash takes with it the contract sends again (wire: everything is repeated until it
is answered).
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud.embedded import process
from cloud.texts import text

_CONF: Final = "carebed.conf"
# Before the listeners of the generated file; `user` has a meaning for root only, who stays root.
_OWN: Final = """user root
persistence_location {folder}/
log_dest stderr
log_type error
log_type warning
connection_messages false
"""


@dataclass(frozen=True)
class Broker:
    """Where one mosquitto lives: its program; its folder of configuration, users and store."""

    program: Path
    folder: Path


def prepare(data_dir: Path) -> Broker:
    """Find the program and make its folder; raises ProgramError when it is not installed."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise process.ProgramError(text("mosquitto_missing"))
    folder = data_dir.resolve() / "mosquitto"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Broker(Path(found), folder)


def write_config(broker: Broker, files: Mapping[str, str]) -> bool:
    """Replace what `mosquitto_files` made, file by file; False when all stands there already."""
    own = _OWN.format(folder=broker.folder)
    texts = {**files, _CONF: own + files[_CONF]}
    return any([process.replace_text(broker.folder / name, said) for name, said in texts.items()])


async def start(broker: Broker, *, log: Path) -> asyncio.subprocess.Process:
    """Start the broker as our child; see `process.wait_listening`."""
    with log.open("ab") as errors:
        return await process.start(
            [str(broker.program), "-c", str(broker.folder / _CONF)],
            on_parent_death=signal.SIGTERM,  # it writes down what it holds
            output=errors,
            errors=errors,
            directory=str(broker.folder),
        )
