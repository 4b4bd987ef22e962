"""A copy of the database in a folder that appears whole or not at all, and says of itself what it holds.

The keys of sealed columns and of the daily roots are never in that folder: they go to a place of their own.
"""

import asyncio
import hashlib
import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from cloud.backup import tools
from cloud.config import ConfigError, DataDir
from cloud.database import queries
from cloud.database.pool import connect
from cloud.texts import text

DUMP: Final = "database.dump"
MANIFEST: Final = "manifest.json"
_SQL: Final = queries.load(__package__ or "cloud.backup")


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
