"""Where the cloud's programs find their database, broker, keys and data folder."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from cloud.broker import SERVICES, Address, Login, login, new_secret
from cloud.texts import text
from firmware_specs.clock import Clock
from firmware_specs.ids import is_wire_id

DATABASE_URL: Final = "CAREBED_DATABASE_URL"
BROKER_URL: Final = "CAREBED_BROKER_URL"
KEY_FILE: Final = "CAREBED_KEY_FILE"
DATA_DIR: Final = "CAREBED_DATA_DIR"
API_URL: Final = "CAREBED_API_URL"
CANARY_FILE: Final = "CAREBED_CANARY_FILE"
NOTIFICATIONS_FILE: Final = "CAREBED_NOTIFICATIONS_FILE"  # providers of calls, SMS, ...; none without it
DESK_PHONE: Final = "CAREBED_DESK_PHONE"  # where families and responders call the desk; 12349 without it
BASEMAP_FILE: Final = "CAREBED_BASEMAP_FILE"  # what maps are drawn on; the built-in schematic without it
GROUP: Final = "CAREBED_GROUP"  # what ingestors that share a broker's messages call themselves together
MEMBER: Final = "CAREBED_MEMBER"  # the name of one of them; without it ingest and telemetry work alone
SIGNING_KEY: Final = "carebed-signing.pem"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class ConfigError(Exception):
    """Something a person must set right; the text says what, where and how."""


class Place(NamedTuple):
    """Where a program tells its figures and whether it is ready; port 0: a free one."""

    host: str
    port: int


@dataclass(frozen=True)
class Settings:
    """What each of the processes ingest, api and work is given."""

    database_url: str
    broker_url: str
    key_file: Path
    clock: Clock
    http_host: str = "127.0.0.1"
    http_port: int = 8420
    operations: Place | None = None
    notifications_file: Path | None = None
    basemap_file: Path | None = None
    # Of the canary alone: where the API answers, and the file of its own keys.
    api_url: str = ""
    canary_file: Path = Path("canary.json")
    desk_phone: str = "12349"
    # Of ingest and telemetry: which group they belong to, and under what name. None: it works alone.
    member: str | None = None
    group: str = "carebed"

    @property
    def signing_key_file(self) -> Path:
        """The key of the daily roots, beside the key of sealed columns."""
        return self.key_file.with_name(SIGNING_KEY)

    @property
    def broker(self) -> Address:
        """The broker's address; raises ConfigError."""
        return broker_address(self.broker_url, BROKER_URL)

    @property
    def reading(self) -> Address:
        """Where messages are read, which may be NATS's own port; raises ConfigError."""
        return broker_address(self.broker_url, BROKER_URL, reader=True)


def variable(name: str) -> str:
    """An environment variable; raises ConfigError naming it when it is missing."""
    value = os.environ.get(name)
    if not value:
        raise ConfigError(text("setting_missing", name=name))
    return value


def from_environment(clock: Clock, **others: Any) -> Settings:
    """Settings of a child process; raises ConfigError naming the variable that is missing."""
    named = os.environ.get(NOTIFICATIONS_FILE)
    basemap = os.environ.get(BASEMAP_FILE)
    return Settings(
        variable(DATABASE_URL),
        variable(BROKER_URL),
        Path(variable(KEY_FILE)),
        clock,
        notifications_file=Path(named) if named else None,
        desk_phone=os.environ.get(DESK_PHONE) or "12349",
        basemap_file=Path(basemap) if basemap else None,
        member=_wire_name(MEMBER),
        group=_wire_name(GROUP) or "carebed",
        **others,
    )


def _wire_name(variable: str) -> str | None:
    """A name in a variable, None where it is not set; raises ConfigError for one that is no wire id."""
    name = os.environ.get(variable)
    if name and not is_wire_id(name):
        raise ConfigError(text("name_bad", name=variable, value=name))
    return name or None


def broker_address(url: str, option: str, *, reader: bool = False) -> Address:
    """Read a broker's address; raises ConfigError naming the option."""
    try:
        return Address.parse(url, reader=reader)
    except ValueError as error:
        raise ConfigError(text("url_bad", option=option, reason=error)) from error


def loopback(host: str) -> str:
    """The host itself; raises ConfigError for one that other machines could reach."""
    if host not in _LOOPBACK:
        raise ConfigError(text("host_open", host=host))
    return host


def default_data_dir() -> Path:
    """$CAREBED_DATA_DIR, else /var/lib/carebed for root, else the user's own data folder."""
    named = os.environ.get(DATA_DIR)
    if named:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/carebed")
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local/share") / "carebed"


@dataclass(frozen=True)
class DataDir:
    """The data folder of `carebed-cloud up`: keys, secrets, logs and what is running on it."""

    path: Path

    @property
    def key_file(self) -> Path:
        """The key of sealed columns."""
        return self.path / "carebed.key"

    @property
    def canary_file(self) -> Path:
        """What the canary signs in with."""
        return self.path / "canary.json"

    @property
    def notifications_file(self) -> Path | None:
        """Providers of notifications: CAREBED_NOTIFICATIONS_FILE, else `notifications.toml` if it exists."""
        if named := os.environ.get(NOTIFICATIONS_FILE):
            return Path(named).resolve()
        own = self.path / "notifications.toml"
        return own if own.exists() else None

    @property
    def basemap_file(self) -> Path | None:
        """What maps are drawn on: CAREBED_BASEMAP_FILE, else `basemap.toml` if it exists."""
        if named := os.environ.get(BASEMAP_FILE):
            return Path(named).resolve()
        own = self.path / "basemap.toml"
        return own if own.exists() else None

    @property
    def signing_key_file(self) -> Path:
        """The key of the daily roots."""
        return self.path / SIGNING_KEY

    def log(self, program: str) -> Path:
        """Where the broker and the database write."""
        return self.path / f"{program}.log"

    def make(self) -> None:
        """Create the folder; raises ConfigError when it cannot be used."""
        mode = 0o711 if os.geteuid() == 0 else 0o700  # as root, `nobody` passes through to its database
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                self.path.chmod(mode)
            (self.path / ".probe").touch()
            (self.path / ".probe").unlink()
        except OSError as error:
            raise ConfigError(text("data_unusable", path=self.path, reason=error)) from error

    def lock(self) -> IO[str]:
        """Hold the folder while the returned file is open; raises ConfigError naming the holder."""
        file = (self.path / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            pid = file.read().strip() or "?"
            file.close()
            raise ConfigError(text("data_busy", path=self.path, pid=pid)) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def service_secrets(self) -> dict[str, str]:
        """Secrets of the cloud's own broker users."""
        return {name: entry["secret"] for name, entry in self._services().items()}

    def service_logins(self) -> list[Login]:
        """The same users as the broker's configuration names them."""
        entries = self._services().items()
        return [Login(name, entry["bcrypt"], entry["pbkdf2"]) for name, entry in entries]

    def _services(self) -> dict[str, dict[str, str]]:
        """Name -> secret and verifiers, made once and kept: a broker drops users whose verifier changes."""
        path = self.path / "services.json"
        if not path.exists():
            made = {name: new_secret() for name in SERVICES}
            logins = {name: login(name, secret) for name, secret in made.items()}
            entries = {
                name: {"secret": made[name], "bcrypt": entry.bcrypt, "pbkdf2": entry.pbkdf2}
                for name, entry in logins.items()
            }
            write_private(path, entries)
        found: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def say_running(self, facts: dict[str, Any]) -> None:
        """Write what runs on this folder, for other programs of the same user."""
        write_private(self.path / "running.json", facts)

    def forget_running(self) -> None:
        """Nothing runs on this folder any more."""
        (self.path / "running.json").unlink(missing_ok=True)

    def running(self) -> dict[str, Any]:
        """`pid`, `http_url`, `database_url`, `broker_url`, `key_file`; raises ConfigError: nothing runs."""
        try:
            found: dict[str, Any] = json.loads((self.path / "running.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(text("not_running", path=self.path)) from error
        if not _alive(int(found["pid"])):
            raise ConfigError(text("not_running", path=self.path))
        return found


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the command line asked for; no database or broker address means the embedded one."""

    data: DataDir
    clock: Clock
    host: str = "127.0.0.1"
    http_port: int = 8420
    mqtt_port: int = 18830
    database_url: str | None = None
    broker: str = "nats"
    broker_url: str | None = None
    canary: bool = True
    members: int = 1
    operations: Place | None = None

    @property
    def http_url(self) -> str:
        """Where console and API answer."""
        return f"http://{self.host}:{self.http_port}"


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_private(path: Path, value: Any) -> None:
    """Write JSON that only this user can read, whole or not at all."""
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
