"""Opening the outbox's SQLite files, and what to do when one is damaged or the disk is full."""

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Final, Literal

MIB: Final = 1024 * 1024
RESERVE_BYTES: Final = 4 * MIB
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def connect(
    path: Path, schema: str, synchronous: Literal["FULL", "NORMAL"], *, check: bool
) -> sqlite3.Connection:
    """Open (or create) a WAL database with `schema`; `check` looks for damage first. Raises sqlite3.Error."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("PRAGMA journal_size_limit = 4194304")
        db.execute("PRAGMA wal_autocheckpoint = 256")
        db.execute("PRAGMA cache_size = -512")
        db.executescript(schema)
        if check and db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damage(path)
    except sqlite3.Error:
        db.close()
        raise
    return db


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error means that the file is not a sound database."""
    return _code(error) in _CORRUPT


def is_full(error: sqlite3.Error) -> bool:
    """Whether an error means that there is no room on the disk."""
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def rename_aside(path: Path, now: int) -> Path:
    """Move a damaged database and its log files aside, never delete them; returns the new path."""
    aside = path.with_name(f"{path.name}.damaged-{now}")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of a database's pages that hold something."""
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


class Reserve:
    """A file that keeps space for the events of a full disk: given up when an event needs it, taken again later."""

    def __init__(self, path: Path, size: int = RESERVE_BYTES) -> None:
        self._path = path
        self._size = size

    def take(self) -> bool:
        """Hold the space again; True when it is held. Leaves three times as much free for others."""
        try:
            if self._path.exists() and self._path.stat().st_size >= self._size:
                return True
            room = os.statvfs(self._path.parent)
            if room.f_bavail * room.f_frsize < 4 * self._size:
                return False
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self._size)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Give the space up; True when there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def _damage(path: Path) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(f"{path.name}: quick_check found damage")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where sqlite gave none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
