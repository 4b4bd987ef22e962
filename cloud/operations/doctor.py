"""`carebed-cloud doctor`: looks at everything that a cloud needs, and says what to do where it is wrong."""

import argparse
import asyncio
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec
import psycopg

from cloud import config
from cloud.backup import copies
from cloud.broker import WORK_USER, Address
from cloud.config import ConfigError, DataDir, Place
from cloud.database.migrations import available
from cloud.database.pool import connect
from cloud.downlink.mqtt_publisher import MqttPublisher
from cloud.notifications.providers import ProvidersError
from cloud.notifications.providers import load as load_providers
from cloud.operations import database_doctor
from cloud.operations.asking import ask
from cloud.operations.doctor_texts import name, say
from cloud.operations.findings import Finding, age, good, wrong
from firmware_specs.clock import Clock, add_clock_arguments, clock_from

BACKUPS: Final = Path("/var/backups/carebed")
_BACKUP_AGE_H: Final = 26
_BROKER_S: Final = 6.0
_SPARE_FILES: Final = 500


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`doctor` and its options."""
    doctor = commands.add_parser("doctor", help="逐项检查云端 / what is wrong, and what to do")
    doctor.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    doctor.add_argument("--data-dir", type=Path, help="数据文件夹 / data folder")
    doctor.add_argument("--database-url", help="数据库地址 / the database's address")
    doctor.add_argument("--backups", type=Path, default=BACKUPS, help=f"备份文件夹 / copies ({BACKUPS})")
    add_clock_arguments(doctor)


def run(parsed: argparse.Namespace) -> int:
    """Print a line a finding; 0 when everything is in order, 1 when not."""
    data = DataDir(parsed.data_dir or config.default_data_dir())
    found = asyncio.run(examine(data, clock_from(parsed), url=parsed.database_url, backups=parsed.backups))
    fine = all(finding.good for finding in found)
    if parsed.json:
        print(msgspec.json.encode({"good": fine, "findings": found}).decode())
        return 0 if fine else 1
    for finding in found:
        print(f"[{say('good' if finding.good else 'wrong')}] {name(finding.check)}: {finding.text}")
    if fine:
        print(say("all_good"))
    return 0 if fine else 1


async def examine(data: DataDir, clock: Clock, *, url: str | None, backups: Path) -> list[Finding]:
    """Look at everything; nothing is changed."""
    found: list[Finding] = []
    facts: dict[str, Any] = {}
    url = url or os.environ.get(config.DATABASE_URL)
    if url is None:
        try:
            facts = data.running()
            url = str(facts["database_url"])
            found.append(good("cloud", "running", path=data.path, pid=facts["pid"]))
        except ConfigError:
            found.append(wrong("cloud", "not_running", path=data.path))
    gateways = 0
    if url is not None:
        try:
            async with await connect(url, name="carebed-doctor") as conn:
                found += await database_doctor.examine(conn, clock)
                gateways = await database_doctor.count_gateways(conn)
        except psycopg.errors.UndefinedTable:
            found.append(wrong("migrations", "migrations_missing", missing=len(available()), last=0))
        except psycopg.OperationalError as error:
            found.append(wrong("database", "database_away", reason=" ".join(str(error).split())))
    found.append(await _broker(data, facts))
    found += _files(facts, gateways)
    if (http := facts.get("http_url")) is not None:
        found.append(await _port(http))
    found += _keys(data)
    found.append(_backup(backups, clock.now()))
    found.append(_notifications(data))
    return found


async def _broker(data: DataDir, facts: Mapping[str, Any]) -> Finding:
    try:
        address = _address(data, facts)
    except (ConfigError, ValueError) as error:
        return wrong("broker", "broker_away", place="-", reason=error)
    if address is None:
        return wrong("broker", "broker_unknown")
    place = f"{address.host}:{address.port}"
    try:
        async with asyncio.timeout(_BROKER_S):
            _, writer = await asyncio.open_connection(address.host, address.port, ssl=address.context())
        writer.close()
        async with asyncio.timeout(_BROKER_S), MqttPublisher(address, f"carebed-doctor-{os.getpid()}") as own:
            await own.wait_connected()
    except TimeoutError:
        return wrong("broker", "broker_refuses", place=place, user=address.user)
    except OSError as error:
        return wrong("broker", "broker_away", place=place, reason=error)
    return good("broker", "broker_good", place=place, user=address.user)


def _address(data: DataDir, facts: Mapping[str, Any]) -> Address | None:
    """Where the broker is and as whom to come; None when nobody says. Raises ConfigError, ValueError."""
    named = os.environ.get(config.BROKER_URL)
    if named is None and "broker_url" in facts:
        scheme, _, rest = str(facts["broker_url"]).partition("://")
        named = f"{scheme}://{WORK_USER}:{quote(data.service_secrets()[WORK_USER])}@{rest}"
    return None if named is None else config.broker_address(named, config.BROKER_URL)


def _files(facts: Mapping[str, Any], gateways: int) -> Iterator[Finding]:
    """The embedded broker needs an open file for each gateway."""
    children = facts.get("children", {})
    pid = children.get("nats") or children.get("mosquitto")
    try:
        lines = Path(f"/proc/{pid}/limits").read_text(encoding="utf-8").splitlines()
        limit = int(next(line for line in lines if line.startswith("Max open files")).split()[3])
    except (OSError, ValueError, StopIteration):
        return  # a broker of one's own, or another system
    enough = limit >= gateways + _SPARE_FILES
    yield (good if enough else wrong)(
        "files", "files_good" if enough else "files_few", limit=limit, gateways=gateways
    )


async def _port(url: str) -> Finding:
    parts = urlsplit(url)
    try:
        status, _ = await ask(Place(parts.hostname or "127.0.0.1", parts.port or 80), "/healthz")
    except OSError:
        status = 0
    return good("ports", "port_good", url=url) if status == 200 else wrong("ports", "port_silent", url=url)


def _keys(data: DataDir) -> list[Finding]:
    """What must be secret is readable by its owner alone."""
    found = []
    if not data.key_file.exists() and not os.environ.get(config.KEY_FILE):
        found.append(wrong("keys", "key_missing", path=data.key_file))
    named = os.environ.get(config.KEY_FILE)
    secret = [data.key_file, data.signing_key_file, data.canary_file, data.path / "services.json"]
    secret += [data.path / "running.json", data.path / "nats" / "nats.conf"]
    secret += [data.path / "mosquitto" / name for name in ("gateways.passwd", "services.passwd")]
    secret += [path for path in (data.notifications_file, Path(named) if named else None) if path is not None]
    for path in dict.fromkeys(secret):
        try:
            if path.stat().st_mode & 0o077:
                found.append(wrong("keys", "key_open", path=path))
        except OSError:
            continue  # it is not there: nobody reads it
    return found or [good("keys", "keys_good")]


def _backup(folder: Path, now: datetime) -> Finding:
    """How old the newest copy is, by what it says of itself; its bytes are for `backup check`."""
    newest: datetime | None = None
    for path in folder.glob(f"*/{copies.MANIFEST}") if folder.is_dir() else ():
        try:
            began_at = msgspec.json.decode(path.read_bytes(), type=copies.Manifest).began_at
        except (OSError, msgspec.MsgspecError):
            continue
        newest = began_at if newest is None else max(newest, began_at)
    if newest is None:
        return wrong("backup", "backup_none", path=folder)
    waited = now - newest
    if waited.total_seconds() > _BACKUP_AGE_H * 3600:
        return wrong("backup", "backup_old", path=folder, age=age(waited))
    return good("backup", "backup_good", age=age(waited))


def _notifications(data: DataDir) -> Finding:
    try:
        providers = load_providers(data.notifications_file).providers
    except ProvidersError as error:
        return wrong("notifications", "providers_bad", reason=error)
    if not providers:
        return wrong("notifications", "providers_none")
    return good(
        "notifications", "providers_good", channels=", ".join(f"{p.channel} ({p.name})" for p in providers)
    )
