"""The outbox's SQLite files: opening, transactions, what to do with a damaged file or a full disk."""

import contextlib
import itertools
import logging
import os
import re
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeVar

import msgspec

log = logging.getLogger(__name__)

MIB: Final = 1024 * 1024
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_ATTEMPTS: Final = 3
# A damaged schema gives messages that are no UTF-8, and names that our own SQL no longer finds; a dead card
# does not even give the size of a file.
FAILURES: Final = (sqlite3.Error, UnicodeDecodeError, OSError)
Failure = sqlite3.Error | UnicodeDecodeError | OSError
# What decoding a kept value raises where its bytes have changed.
UNREADABLE: Final = (msgspec.MsgspecError, UnicodeDecodeError, TypeError, RecursionError)
_LOST_NAME: Final = re.compile(r"no such |has no column|malformed")
T = TypeVar("T")
Synchronous = Literal["FULL", "NORMAL"]


class File:
    """One database, for one thread. `read` and `write` never raise for sqlite: they return None.

    A damaged file is renamed aside (`set_aside` is told its new path) and a fresh one begun, never deleted;
    on a full disk `make_room` is asked, and when it made any, the work is tried again.
    """

    def __init__(
        self,
        path: Path,
        schema: str,
        synchronous: Synchronous,
        *,
        added: Mapping[str, str] = MappingProxyType({}),
        check: bool,
        make_room: Callable[[sqlite3.Connection | None], bool],
        set_aside: Callable[[Path], None],
    ) -> None:
        """`added`: by table the column that it did not have at first."""
        self._path = path
        self._schema = schema
        self._added = added
        self._synchronous: Synchronous = synchronous
        self._check = check
        self._make_room = make_room
        self._set_aside = set_aside
        self._db: sqlite3.Connection | None = None
        self._trouble = ""
        self.damaged: list[Path] = []

    def open(self, now: int) -> None:
        """Open the file, or a fresh one instead of a damaged one."""
        self._connection(now)

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def read(self, work: Callable[[sqlite3.Connection], T], now: int) -> T | None:
        """A query's result; None when the file cannot be read."""
        try:
            db = self._connection(now)
            return work(db) if db is not None else None
        except FAILURES as error:
            self._failed(error, now)
            return None

    def write(self, work: Callable[[sqlite3.Connection], T], now: int) -> T | None:
        """Run `work` in one transaction; again after making room or beginning anew; None when it failed."""
        for _ in range(_ATTEMPTS):
            db: sqlite3.Connection | None = None
            try:
                db = self._connection(now)
                if db is None:
                    return None
                db.execute("begin immediate")
                result = work(db)
                db.execute("commit")
            except FAILURES as error:
                _roll_back(db)
                if not self._failed(error, now):
                    return None
            else:
                self._trouble = ""
                return result
        return None

    def _connection(self, now: int) -> sqlite3.Connection | None:
        for _ in range(_ATTEMPTS):
            if self._db is not None:
                break
            try:
                self._db = connect(
                    self._path, self._schema, self._synchronous, added=self._added, check=self._check
                )
            except FAILURES as error:
                if not self._failed(error, now):
                    break
        return self._db

    def _failed(self, error: Failure, now: int) -> bool:
        """Set a damaged file aside or make room; True when trying again is worth it."""
        name = self._path.name
        if _is_damage(error):
            self.close()
            aside = rename_aside(self._path, now)
            self.damaged.append(aside)
            log.error(
                "damaged, set aside", extra={"action": "outbox_damaged", "file": name, "aside": aside.name}
            )
            self._set_aside(aside)
            return True
        if str(error) != self._trouble:
            self._trouble = str(error)
            log.error(
                "cannot be written", extra={"action": "outbox_failed", "file": name, "reason": str(error)}
            )
        full = _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
        return full and self._make_room(self._db)


class Age:
    """How long a store has been in use, in ms: what its rows age by.

    It goes on with the machine's steady time and stands still while the machine is off. So no clock that is
    set, whether to 2036 or back to 2000, makes a row old.
    """

    def __init__(self, steady: Callable[[], int]) -> None:
        self._steady = steady
        self._zero = 0

    def go_on(self, age_ms: int) -> None:
        """The store was this old when it was used last."""
        self._zero = self._steady() - age_ms

    def ms(self) -> int:
        """Its age now."""
        return self._steady() - self._zero


class Reserve:
    """A file that keeps space for events: given up on a full disk, taken again later."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    def take(self) -> bool:
        """Hold the space; True when it is held. Leaves at least three times as much free for others."""
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


def connect(
    path: Path, schema: str, synchronous: Synchronous, *, added: Mapping[str, str], check: bool
) -> sqlite3.Connection:
    """Open (or create) a WAL database; `check` looks for damage first. Raises sqlite3.Error."""
    if _torn(path):
        raise _damage(path)
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        db.text_factory = lambda text: text.decode(
            "utf-8", "replace"
        )  # one bad letter must not hide the others
        db.execute("PRAGMA journal_mode = WAL")
        db.execute(f"PRAGMA synchronous = {synchronous}")
        db.execute("PRAGMA journal_size_limit = 4194304")
        db.execute("PRAGMA wal_autocheckpoint = 256")
        db.execute("PRAGMA cache_size = -512")
        if check and db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise _damage(path)
        for table, column in added.items():
            known = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            if known and column.split()[0] not in known:
                db.execute(f"alter table {table} add column {column}")
        db.executescript(schema)
    except FAILURES:
        db.close()
        raise
    return db


def rename_aside(path: Path, now: int) -> Path:
    """Move a damaged database and its log files aside, beside older ones; returns the new path."""
    aside = path.with_name(f"{path.name}.damaged-{now}")
    for number in itertools.count(2):
        if not any(_there(aside.with_name(aside.name + suffix)) for suffix in ("", "-wal", "-shm")):
            break
        aside = path.with_name(f"{path.name}.damaged-{now}-{number}")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def _there(path: Path) -> bool:
    """Whether a file is there, as far as the card tells."""
    try:
        return path.exists()
    except OSError:
        return False


def used_bytes(db: sqlite3.Connection) -> int:
    """Bytes of a database's pages that hold something."""
    pages, free, size = (
        int(db.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


class Mark:
    """How many commits a database has had, in a file of its own: a database that knows of fewer lost some.

    It is written without waiting for the disk: after a power cut it may be behind, and then says nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> int:
        """Commits that were made; 0 when the file says nothing."""
        try:
            return int(self._path.read_bytes()[:20])
        except (OSError, ValueError):
            return 0

    def write(self, commits: int) -> None:
        """Remember a number of commits."""
        with contextlib.suppress(OSError):
            self._path.write_bytes(b"%020d" % commits)


def _torn(path: Path) -> bool:
    """Whether a database file is empty or gone while its log is there: opening it would empty the log too."""
    wal = path.with_name(path.name + "-wal")
    if not path.exists():
        return wal.exists() and wal.stat().st_size > 0
    return path.stat().st_size == 0


def _roll_back(db: sqlite3.Connection | None) -> None:
    if db is not None and db.in_transaction:
        with contextlib.suppress(sqlite3.Error):
            db.rollback()


def _damage(path: Path) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(f"{path.name}: quick_check found damage")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _is_damage(error: Failure) -> bool:
    return (
        isinstance(error, UnicodeDecodeError)
        or _code(error) in _CORRUPT
        or (_code(error) == sqlite3.SQLITE_ERROR and _LOST_NAME.search(str(error)) is not None)
    )


def _code(error: Failure) -> int:
    """The primary result code; 0 where sqlite gave none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
