"""The agent's configuration: edge.toml as typed values, with errors that name the line and the key."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from edge.help_settings import (
    LightSection,
    LocalHelpSection,
    PhoneSection,
    SirenSection,
    SpeechSection,
)
from edge.pipeline import zones
from edge.texts import say
from edge.transport_settings import Id, MqttTransport, RecordingTransport, Transport
from firmware_specs.fields import Bssid
from firmware_specs.homes import MAX_ACCESS_POINTS
from firmware_specs.messages import Network

SECRET_VARIABLE: Final = "CAREBED_GATEWAY_SECRET"  # noqa: S105  # the name of a variable, not a secret
METERED_BATCH_S: Final = 60.0


class ConfigError(ValueError):
    """The configuration cannot be used; the text says what is wrong, where, and what to do."""


class SafeZone(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A circle (WGS-84 degrees, metres) that a watch should not leave; a ring of [lon, lat] goes before it.

    From 22 to 6 only the night's radius counts, where it is set.
    """

    lat: Annotated[float, Meta(ge=-90, le=90)]
    lon: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(gt=0)]
    ring: Annotated[list[tuple[float, float]], Meta(max_length=200)] = []
    night_radius_m: Annotated[float, Meta(gt=0)] | None = None


class DeviceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the installer knows of one device."""

    id: Id
    room: str | None = None
    role: str | None = None
    button_only: bool = False


class PageSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[page]: the technician's page; `carebed-edge page-password` makes the hash."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8421
    password_hash: Annotated[str, Meta(pattern=r"^scrypt\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$")]


class StorageSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[storage]: how many MiB of the disk the agent takes; `reserve_mib` is for events on a full disk."""

    events_mib: Annotated[int, Meta(ge=1, le=65_536)] = 64
    telemetry_mib: Annotated[int, Meta(ge=1, le=65_536)] = 256
    reserve_mib: Annotated[int, Meta(ge=1, le=1024)] = 4


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """edge.toml; relative paths count from the folder of the file."""

    gateway: Id
    data_dir: str = "./edge-data"
    broker_url: str = "mqtt://127.0.0.1:18830"
    secret_file: str | None = None
    ca_file: str | None = None
    metered: bool = False
    many_homes: bool = False
    link: Network = Network()
    batch_s: Annotated[float, Meta(ge=0.05, le=3600)] = 10.0
    safe_zone: SafeZone | None = None
    access_points: Annotated[list[Bssid], Meta(max_length=MAX_ACCESS_POINTS)] = []
    transport: list[Transport] = []
    device: list[DeviceEntry] = []
    local_help: LocalHelpSection = LocalHelpSection()
    siren: SirenSection | None = None
    light: LightSection | None = None
    speech: SpeechSection | None = None
    phone: PhoneSection | None = None
    page: PageSection | None = None
    storage: StorageSection = StorageSection()

    def effective_batch_s(self) -> float:
        """Seconds between two telemetry batches: at least 60 on a metered link."""
        return max(self.batch_s, METERED_BATCH_S) if self.metered else self.batch_s

    def home(self) -> zones.Home:
        """The gateway's own home, as the pipeline judges positions by it."""
        own, access_points = self.safe_zone, frozenset(self.access_points)
        if own is None:
            return zones.Home(access_points=access_points)
        zone = zones.SafeZone(own.lat, own.lon, own.radius_m, tuple(own.ring), own.night_radius_m)
        return zones.Home(zone, (own.lat, own.lon), access_points)


class Broker(msgspec.Struct, frozen=True, kw_only=True):
    """Where an MQTT broker listens."""

    host: str
    port: int
    tls: bool = False
    username: str | None = None
    password: str | None = None


def load(path: Path) -> Config:
    """The checked configuration of a file, its paths made absolute. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(say("config_unreadable", path=path, reason=error)) from error
    return _absolute(parse(text, str(path)), path.resolve().parent)


def parse(text: str, name: str) -> Config:
    """The checked configuration of a text; `name` is the file's name for errors. Raises ConfigError."""
    try:
        config = msgspec.convert(tomllib.loads(text), Config)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(say("config_syntax", name=name, reason=error)) from error
    except msgspec.ValidationError as error:
        line = _line_of(text, str(error))
        raise ConfigError(say("config_invalid", name=name, line=line, reason=error)) from error
    for url in [config.broker_url, *(t.broker_url for t in config.transport if isinstance(t, MqttTransport))]:
        _checked(url, name, _find(text.splitlines(), 0, url))
    _check_local_help(config, name, text)
    return config


def broker(url: str) -> Broker:
    """The address that mqtt://[user:password@]host[:port] or mqtts://... names. Raises ConfigError."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == -1:
        raise ConfigError(say("url_invalid", url=_without_password(url)))
    tls = parts.scheme == "mqtts"
    return Broker(
        host=parts.hostname,
        port=port or (8883 if tls else 1883),
        tls=tls,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )


def secret(config: Config) -> str:
    """The gateway's MQTT password, from the environment or the secret file. Raises ConfigError."""
    given = os.environ.get(SECRET_VARIABLE, "").strip()
    if given:
        return given
    if config.secret_file is None:
        raise ConfigError(say("secret_missing", variable=SECRET_VARIABLE))
    try:
        found = Path(config.secret_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(say("secret_unreadable", path=config.secret_file, reason=error)) from error
    if not found:
        raise ConfigError(say("secret_empty", path=config.secret_file))
    return found


def _absolute(config: Config, folder: Path) -> Config:
    """Paths made absolute from the configuration's folder."""

    def resolve(value: str | None) -> str | None:
        return None if value is None else str(folder / value)

    transports: list[Transport] = [
        msgspec.structs.replace(entry, path=str(folder / entry.path))
        if isinstance(entry, RecordingTransport)
        else entry
        for entry in config.transport
    ]
    speech = config.speech
    if speech is not None and speech.sounds is not None:
        speech = msgspec.structs.replace(speech, sounds=resolve(speech.sounds))
    return msgspec.structs.replace(
        config,
        data_dir=str(folder / config.data_dir),
        secret_file=resolve(config.secret_file),
        ca_file=resolve(config.ca_file),
        transport=transports,
        speech=speech,
    )


def _checked(url: str, name: str, line: int) -> None:
    """Raise ConfigError, with the line, for a broker address that cannot be read."""
    try:
        broker(url)
    except ConfigError as error:
        raise ConfigError(say("config_invalid", name=name, line=line, reason=error)) from error


def _check_local_help(config: Config, name: str, text: str) -> None:
    """Raise ConfigError for help that no home has: of a gateway of many homes, or without a local broker."""
    for section in ("siren", "light", "speech", "phone"):
        if getattr(config, section) is None:
            continue
        reason = None
        if config.many_homes:
            reason = say("help_without_home", section=section)
        elif section in ("siren", "light") and not any(
            isinstance(t, MqttTransport) for t in config.transport
        ):
            reason = say("help_without_broker", section=section)
        if reason is not None:
            line = _find(text.splitlines(), 0, section)
            raise ConfigError(say("config_invalid", name=name, line=line, reason=reason))


def _without_password(url: str) -> str:
    return re.sub(r"//.*@", "//***@", url)


def _line_of(text: str, reason: str) -> int:
    """The line (from 1) of an error such as "... - at `$.transport[1].port`"; 1 when it cannot be found."""
    lines = text.splitlines()
    path = re.search(r"at `\$\.?([^`]*)`", reason)
    unknown = re.search(r"unknown field `([^`]+)`", reason)
    parts = re.findall(r"[^.\[\]]+", path.group(1)) if path else []
    start, key = 0, unknown.group(1) if unknown else None
    for index, part in enumerate(parts):
        if part.isdigit():
            start = _table(lines, parts[index - 1], int(part))
        else:
            key = key if unknown else part
            start = max(start, _table(lines, part, 0) - 1) if index + 1 < len(parts) else start
    return _find(lines, max(start, 0), key)


def _table(lines: list[str], name: str, number: int) -> int:
    """Index of the `number`th table header [name] or [[name]]; 0 when there is none."""
    headers = [i for i, line in enumerate(lines) if re.match(rf"\s*\[+\s*{re.escape(name)}\s*\]+", line)]
    return headers[number] if number < len(headers) else 0


def _find(lines: list[str], start: int, key: str | None) -> int:
    """The line number (from 1) at or after `start` that sets or contains `key`; else of `start`."""
    if key is not None:
        for number, line in enumerate(lines[start:], start + 1):
            if re.match(rf"\s*\[*\s*{re.escape(key)}\b", line) or (":" in key and key in line):
                return number
    return start + 1
