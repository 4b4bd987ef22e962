"""A row in every table, whatever its columns: what a migration must go over besides empty tables."""

import re
import uuid
from datetime import date, time
from typing import Any, Final

import psycopg
from psycopg import sql

from cloud.database.pool import Connection
from tests.cloud.town import NOW

TABLES: Final = """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
    and c.relname <> 'schema_migration' order by c.oid"""
_COLUMNS: Final = """select a.attname, format_type(a.atttypid, null), r.confrelid::regclass::text,
        (select f.attname from pg_attribute f where f.attrelid = r.confrelid and f.attnum = r.confkey[1])
    from pg_attribute a left join pg_constraint r on r.conrelid = a.attrelid and r.contype = 'f'
        and r.conkey[1] = a.attnum
    where a.attrelid = %s::regclass and a.attnum > 0 and not a.attisdropped and a.attnotnull
        and a.attidentity = '' and a.attgenerated = '' and (not a.atthasdef or r.oid is not null)
    order by a.attnum"""
_CHECKS: Final = (
    "select pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass and contype = 'c'"
)
# Columns of free text of which only some values were ever written.
_WRITTEN: Final = {"state": "open", "phase": "raised", "kind": "sos", "role": "operator"}
_VALUES: Final[dict[str, Any]] = {
    "text": "x",
    "character varying": "x",
    "boolean": False,
    "smallint": 1,
    "integer": 1,
    "bigint": 1,
    "double precision": 1.0,
    "real": 1.0,
    "numeric": 1,
    "jsonb": "{}",
    "bytea": b"x",
    "timestamp with time zone": NOW,
    "date": date(2026, 1, 1),
    "time without time zone": time(8),
    "tstzrange": "[2026-01-01,)",
    "int8multirange": "{[1,5)}",
}


async def counts(conn: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [row[0] for row in await (await conn.execute(TABLES)).fetchall()]
    each = sql.SQL("select {}, count(*) from {}")
    query = sql.SQL(" union all ").join(each.format(sql.Literal(n), sql.Identifier(n)) for n in names)
    return dict(await (await conn.execute(query)).fetchall())


async def fill(conn: Connection) -> None:
    """A row in each table that has none, where one of plain values is allowed."""
    empty = [name for name, count in (await counts(conn)).items() if not count]
    progress = True
    while progress and empty:
        left = [name for name in empty if not await _add(conn, name)]
        progress, empty = len(left) < len(empty), left


async def _add(conn: Connection, table: str) -> bool:
    checks = " ".join(row[0] for row in await (await conn.execute(_CHECKS, (table,))).fetchall())
    values: dict[str, Any] = {}
    for name, kind, target, key in await (await conn.execute(_COLUMNS, (table,))).fetchall():
        if target is not None:
            query = sql.SQL("select {} from {} limit 1").format(sql.Identifier(key), sql.Identifier(target))
            row = await (await conn.execute(query)).fetchone()
            if row is None:
                return False
            values[name] = row[0]
        else:
            values[name] = _value(name, kind, checks)
    names = sql.SQL(", ").join(map(sql.Identifier, values))
    marks = sql.SQL(", ").join(sql.Placeholder() * len(values))
    query = sql.SQL("insert into {} ({}) values ({})").format(sql.Identifier(table), names, marks)
    try:
        async with conn.transaction():
            await conn.execute(query, list(values.values()))
    except psycopg.IntegrityError:
        return False
    return True


def _value(name: str, kind: str, checks: str) -> Any:
    allowed = re.search(rf"\b{name} = ANY \(ARRAY\['([^']+)'", checks)
    if allowed is not None:
        return allowed[1]
    if kind == "text" and name in _WRITTEN:
        return _WRITTEN[name]
    if kind == "uuid":
        return uuid.uuid4()
    return "{}" if kind.endswith("[]") else _VALUES[kind]
