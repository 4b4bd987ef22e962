"""What the demo keeps between two starts: homes, credentials, tokens; one file, only for its user."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from simulators.processes import SimulatorError
from simulators.registration import HomeRecord
from simulators.texts import say

_FILE = "demo.json"


class Account(msgspec.Struct, kw_only=True):
    """Somebody who can sign in at the console."""

    username: str
    password: str
    id: str = ""


class DemoState(msgspec.Struct, kw_only=True):
    """The town: an admin's token, accounts, homes with an agent, homes with a light gateway.

    A town founded by an older version has no telephones. `exchange_port`: where its telephone system takes
    orders; `screen`: a wall screen's token.
    """

    admin_token: str
    operator: Account
    supervisor: Account
    homes: list[HomeRecord]
    fleet: list[HomeRecord]
    family: Account | None = None
    responder: Account | None = None
    admin: Account | None = None
    technician: Account | None = None
    screen: str = ""
    exchange_port: int = 0
    exchange_secret: str = ""


def data_folder() -> Path:
    """The user's data folder of this product, `demo` in it."""
    if (given := os.environ.get("CAREBED_DATA_DIR")) is not None:
        return Path(given) / "demo"
    if os.geteuid() == 0:
        return Path("/var/lib/carebed/demo")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(base) / "carebed" / "demo"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for one demo at a time. Raises SimulatorError when another one has it."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SimulatorError(say("demo_busy", folder=folder)) from error
        yield


def read(folder: Path) -> DemoState | None:
    """The town of a folder; None when there is none yet. Raises SimulatorError for a damaged file."""
    path = folder / _FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=DemoState)
    except (OSError, msgspec.DecodeError) as error:
        raise SimulatorError(say("demo_unreadable", path=path, reason=error)) from error


def write(folder: Path, state: DemoState) -> None:
    """Keep the town, in one step."""
    fresh = folder / (_FILE + ".new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
    fresh.replace(folder / _FILE)
