"""What the demo keeps between two starts: homes, credentials, tokens; one file, only for its user."""

import os
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


class DemoState(msgspec.Struct, kw_only=True):
    """The town: an admin's token, two accounts, homes with an agent, homes with a light gateway."""

    admin_token: str
    operator: Account
    supervisor: Account
    homes: list[HomeRecord]
    fleet: list[HomeRecord]


def data_folder() -> Path:
    """The user's data folder of this product, `demo` in it."""
    if (given := os.environ.get("CAREBED_DATA_DIR")) is not None:
        return Path(given) / "demo"
    if os.geteuid() == 0:
        return Path("/var/lib/carebed/demo")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local/share")
    return Path(base) / "carebed" / "demo"


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
