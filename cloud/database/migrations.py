"""Numbered forward-only migrations, `migrations/0001_initial.sql` and on, each in its own transaction."""

import hashlib
import logging
import re
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import LiteralString

from cloud.database import queries
from cloud.database.pool import Connection, connect

logger = logging.getLogger(__name__)

_FILE = re.compile(r"^([0-9]{4})_[a-z0-9_]+\.sql$")
_LOCK = 0x63617265626564  # "carebed": one migrator at a time
_TABLE: LiteralString = """
create table if not exists schema_migration (
    number integer primary key,
    name text not null,
    sha256 bytea not null,
    applied_at timestamptz not null
)"""


class MigrationError(Exception):
    """The database cannot be brought to this program's schema.

    MigrationError
    ├── ChangedMigration    a file that was applied has been edited
    └── NewerDatabase       the database knows a migration that this program does not
    """


class ChangedMigration(MigrationError):
    """An applied migration was edited; add a new numbered file instead."""


class NewerDatabase(MigrationError):
    """The database was migrated by a newer program; install that version or a newer one."""


@dataclass(frozen=True)
class Migration:
    """One file: its number, its name and its SQL."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> bytes:
        """Checksum that shows whether an applied file was edited."""
        return hashlib.sha256(self.sql.encode()).digest()


def available() -> list[Migration]:
    """This program's migrations in order; raises MigrationError for a misnamed file or a gap."""
    found = []
    for entry in resources.files(__package__).joinpath("migrations").iterdir():
        if not entry.name.endswith(".sql"):
            continue
        match = _FILE.match(entry.name)
        if match is None:
            raise MigrationError(f"{entry.name}: a migration is named 0001_some_words.sql")
        found.append(Migration(int(match.group(1)), entry.name, entry.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.number)
    for expected, migration in enumerate(found, 1):
        if migration.number != expected:
            raise MigrationError(f"{migration.name}: expected number {expected:04}")
    return found


async def migrate(url: str, *, now: datetime, migrations: list[Migration] | None = None) -> list[str]:
    """Apply what is missing and return the names applied; concurrent callers wait for one another."""
    wanted = available() if migrations is None else migrations
    conn = await connect(url, name="carebed-migrate")
    try:
        await conn.execute("select pg_advisory_lock(%s)", (_LOCK,))
        await conn.execute(_TABLE)
        return [
            migration.name for migration in await _missing(conn, wanted) if await _apply(conn, migration, now)
        ]
    finally:
        await conn.close()


async def _missing(conn: Connection, wanted: list[Migration]) -> list[Migration]:
    by_number = {migration.number: migration for migration in wanted}
    cursor = await conn.execute("select number, name, sha256 from schema_migration order by number")
    applied = await cursor.fetchall()
    for number, name, sha256 in applied:
        known = by_number.get(number)
        if known is None:
            raise NewerDatabase(f"the database has migration {name}, which this program does not know")
        if known.sha256 != sha256:
            raise ChangedMigration(
                f"{known.name} was edited after it was applied; add a new numbered file instead"
            )
    done = {number for number, _, _ in applied}
    return [migration for migration in wanted if migration.number not in done]


async def _apply(conn: Connection, migration: Migration, now: datetime) -> bool:
    async with conn.transaction():
        await conn.execute(queries.trusted(migration.sql))
        await conn.execute(
            "insert into schema_migration (number, name, sha256, applied_at) values (%s, %s, %s, %s)",
            (migration.number, migration.name, migration.sha256, now),
        )
    logger.info("migration applied", extra={"action": "migration_applied", "migration": migration.name})
    return True
