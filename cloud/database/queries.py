"""Named queries: each noun keeps its SQL in a `queries.sql` beside its store.

The format is one line `-- name: find_case --`, one comment line that says what the query does, then the SQL.
This file holds the one place where text becomes SQL that the type checker trusts.
"""

import re
from importlib import resources
from typing import LiteralString, cast

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*) --$")


def load(package: str, file: str = "queries.sql") -> dict[str, LiteralString]:
    """The named queries of a package's file; raises ValueError naming file and line of a broken format."""
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    return parse(text, f"{package}/{file}")


def parse(text: str, source: str) -> dict[str, LiteralString]:
    """The named queries of a text; `source` is named in errors."""
    found: dict[str, list[str]] = {}
    body: list[str] | None = None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        match = _NAME.match(line)
        if match is None:
            if body is not None:
                body.append(line)
            elif line.strip() and not line.startswith("--"):
                raise ValueError(f"{source}:{number}: SQL before the first `-- name: ... --` line")
            continue
        name = match.group(1)
        if name in found:
            raise ValueError(f"{source}:{number}: the query {name} is there twice")
        if number == len(lines) or not lines[number].startswith("-- "):
            raise ValueError(f"{source}:{number}: the query {name} needs a comment line below its name")
        body = found[name] = []
    return {name: trusted(_sql(body_lines, source, name)) for name, body_lines in found.items()}


def trusted(sql: str) -> LiteralString:
    """SQL that came out of a file of this package."""
    return cast("LiteralString", sql)  # type: ignore[redundant-cast]  # mypy reads it as str, others do not


def _sql(lines: list[str], source: str, name: str) -> str:
    sql = "\n".join(lines[1:]).strip()
    if not sql:
        raise ValueError(f"{source}: the query {name} is empty")
    return sql
