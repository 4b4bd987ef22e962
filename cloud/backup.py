"""A copy of the database in a folder, and a cloud that goes on from it complete.

What came in after the copy is not lost: restoring orders a `replay` from every gateway, which keeps its
events for 30 days and its telemetry for 72 h; what the copy has already is known by its dedupe key. The keys
of sealed columns and of the daily roots are never in the folder of the copy: they go to a place of their own.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from cloud import backup_pieces as pieces
from cloud import backup_tools as tools
from cloud.config import ConfigError, DataDir
from cloud.database import queries
from cloud.database.pool import connect
from cloud.downlink.store import queue_command
from cloud.embedded import postgres
from cloud.preparation import prepare_database
from cloud.texts import text
from firmware_specs.ids import uuid7

DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
_MARGIN: Final = timedelta(hours=1)  # gateways' clocks differ; what is sent twice is stored once
_ANSWER_WITHIN: Final = timedelta(days=30)  # a home that is offline is asked when it comes back
_FEED_JUMP: Final = 1_000_000  # more than any screen can be behind: each reads its lists anew
_START_LIMIT_S: Final = 60.0
_SQL: Final = queries.load("cloud", "backup.sql")


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a copy says of itself. `began_at`: what was stored before it is in the copy."""

    began_at: datetime
    migrations: list[str]
    bytes: int
    sha256: str


async def make(url: str, folder: Path, *, now: datetime) -> Manifest:
    """Copy a running database into a new folder, compressed; whoever works on it goes on working.

    The folder appears whole or not at all. Raises ConfigError.
    """
    fresh = _begin(folder)
    try:
        async with await connect(url, name="carebed-backup") as conn:
            rows = await (await conn.execute(_SQL["migrations"])).fetchall()
            major = conn.info.server_version // 10_000
        dump = f"--file={fresh / DUMP}"
        await tools.run(major, "pg_dump", "--format=custom", "--no-owner", dump, f"--dbname={url}")
        return await asyncio.to_thread(_finish, fresh, folder, now, [row[0] for row in rows])
    except OSError as error:
        raise ConfigError(text("backup_failed", path=folder, reason=error)) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _begin(folder: Path) -> Path:
    """Where the copy is written before it is whole. Raises ConfigError."""
    if folder.exists():
        raise ConfigError(text("backup_exists", path=folder))
    fresh = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise ConfigError(text("backup_failed", path=folder, reason=error)) from error
    return fresh


def _finish(fresh: Path, folder: Path, began_at: datetime, migrations: list[str]) -> Manifest:
    """Write the manifest and give the folder its name, safe against a power cut."""
    dump = fresh / DUMP
    manifest = Manifest(
        began_at=began_at, migrations=migrations, bytes=dump.stat().st_size, sha256=_hash(dump)
    )
    (fresh / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    _settle(dump, fresh / MANIFEST, fresh)
    fresh.rename(folder)
    _settle(folder.parent)
    return manifest


def copy_keys(source: Path, target: Path) -> None:
    """The keys that a restored database needs, readable by their owner alone. Raises ConfigError."""
    try:
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in (DataDir(source).key_file, DataDir(source).signing_key_file):
            if not file.exists():
                continue
            copy = target / file.name
            if copy.exists() and copy.read_bytes() != file.read_bytes():
                raise ConfigError(text("key_differs", path=copy))
            copy.write_bytes(file.read_bytes())
            copy.chmod(0o600)
    except OSError as error:
        raise ConfigError(text("backup_failed", path=target, reason=error)) from error


def read(folder: Path, *, whole: bool = True) -> Manifest:
    """What a copy says of itself, checked against its bytes, or their number alone. Raises ConfigError."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        size = (folder / DUMP).stat().st_size
        found = _hash(folder / DUMP) if whole else manifest.sha256
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(text("backup_unreadable", path=folder, reason=error)) from error
    if found != manifest.sha256 or size != manifest.bytes:
        raise ConfigError(text("backup_damaged", path=folder / DUMP))
    return manifest


@contextlib.asynccontextmanager
async def new_database(data: DataDir) -> AsyncIterator[str]:
    """The empty database of a data folder that nothing runs on; ended afterwards. Raises ConfigError."""
    data.make()
    with data.lock():
        cluster = await asyncio.to_thread(postgres.prepare, data.path)
        server = await postgres.start(cluster, log=data.log("postgres"))
        try:
            await postgres.wait_ready(cluster, server, limit_s=_START_LIMIT_S)
            await postgres.create_database(cluster)
            yield cluster.url()
        finally:
            await postgres.stop(server)
            postgres.remove_sockets(cluster)


async def restore(url: str, folder: Path, *, now: datetime, desk_first: bool = False) -> int:
    """Fill an empty database from a copy, and order everything since from the gateways.

    `desk_first`: without the readings, which `backup_pieces.bring_back` loads while the cloud works again.
    Returns how many gateways are asked. Raises ConfigError; a database that is not empty stays as it is.
    """
    manifest = await asyncio.to_thread(read, folder, whole=not desk_first)
    async with await connect(url, name="carebed-restore") as conn:
        row = await (await conn.execute(_SQL["tables"])).fetchone()
        if row is None or row[0]:
            raise ConfigError(text("restore_not_empty"))
        major = conn.info.server_version // 10_000
    dump, waiting = str(folder / DUMP), list[pieces.Piece]()
    command = ["--no-owner", "--single-transaction", f"--dbname={url}"]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as wanted:
        if desk_first:
            listed, waiting = pieces.without_pieces(await tools.run(major, "pg_restore", "--list", dump))
            wanted.write(listed)
            wanted.flush()
            command.append(f"--use-list={wanted.name}")
        await tools.run(major, "pg_restore", *command, dump)
    await prepare_database(url, now)
    async with await connect(url, name="carebed-restore") as conn, conn.transaction():
        await conn.execute(_SQL["forget_feed"])
        await conn.execute(_SQL["begin_feed_anew"], {"jump": _FEED_JUMP})
        await pieces.note(conn, waiting)
        gateways = [row[0] for row in await (await conn.execute(_SQL["gateways"])).fetchall()]
        span = {"from": _ms(manifest.began_at - _MARGIN), "to": _ms(now + _MARGIN)}
        for gateway in gateways:
            await queue_command(
                conn,
                id=uuid7(_ms(now)),
                gateway_id=gateway,
                op="replay",
                issued_by="restore",
                now=now,
                expires_at=now + _ANSWER_WITHIN,
                args={"stream": "all"} | span,
            )
    return len(gateways)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(*paths: Path) -> None:
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
