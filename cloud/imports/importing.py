"""An import from its first byte to its last row: a report without any change, then one transaction."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.access.errors import Conflict, InvalidInput
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.imports import matching, reader, rows, writing
from cloud.imports.matching import Choice, Matched
from cloud.imports.rows import ImportRow, Judged, Problem
from cloud.imports.writing import Counts, Placed, Writer
from cloud.registry.registry import china_date
from cloud.registry.sealing import Seal

_SQL: Final = queries.load(__package__)
_FILE: Final = "import.file"


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """The area and organisation of rows that name none: a code or name, a name or id."""

    area: str = ""
    org: str = ""


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of duplicates: of rows by their number, and of all others."""

    otherwise: Choice = "skip"
    rows: Mapping[int, Choice] = {}

    def of(self, number: int, options: tuple[Choice, ...]) -> Choice:
        """The choice for a row; one that it does not have becomes `skip`."""
        chosen = self.rows.get(number, self.otherwise)
        return chosen if chosen in options else "skip"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a file would do. `digest` is asked for again with the import: same file, same findings."""

    kind: Literal["xlsx", "csv"]
    encoding: str
    sheet: str
    left_out: list[str]
    judged: Judged
    problems: list[Problem]
    bad_rows: int
    placed: dict[int, Placed]
    matched: Matched
    digest: str


def _parse(content: bytes, today: date) -> tuple[reader.Sheet, Judged]:
    sheet = reader.read(content)
    return sheet, rows.judge(sheet, today)


async def plan(
    conn: Connection, seal: Seal, content: bytes, *, identity: Identity, defaults: Defaults, now: datetime
) -> Plan:
    """What a file says and would do; changes nothing. Raises Unreadable."""
    today = china_date(now.timestamp())
    sheet, judged = await asyncio.to_thread(_parse, content, today)
    places = await _Places.read(conn, identity, defaults)
    good: list[Placed] = []
    problems = list(judged.problems)
    misplaced = 0
    for row in judged.rows:
        place = places.of(row, judged)
        if isinstance(place, Problem):
            problems.append(place)
            misplaced += 1
        else:
            area, org = place
            mark = matching.fingerprint(seal, row, area, org)
            good.append(Placed(row=row, area_code=area, org_id=org, fingerprint=mark))
    marked = [(one.row, one.fingerprint) for one in good]
    matched = await matching.match(conn, seal, marked, identity=identity, at=now)
    return Plan(
        kind=sheet.kind,
        encoding=sheet.encoding,
        sheet=sheet.name,
        left_out=sheet.left_out,
        judged=judged,
        problems=sorted(problems, key=lambda problem: problem.row),
        bad_rows=judged.bad_rows + misplaced,
        placed={one.row.number: one for one in good},
        matched=matched,
        digest=f"{_file_part(seal, content, identity, defaults)}-{_findings_part(matched)}",
    )


def _file_part(seal: Seal, content: bytes, identity: Identity, defaults: Defaults) -> str:
    told = hashlib.sha256(content).hexdigest() + f"/{defaults.area}/{defaults.org}/{identity.actor}"
    return seal.lookup(told, _FILE).hex()[:32]


def _findings_part(matched: Matched) -> str:
    found = [f"n{row.number}" for row in matched.new] + [f"u{row.number}" for row in matched.unchanged]
    for row, other in matched.duplicates:
        known = "" if other.known is None else str(other.known.person_id)
        found.append(f"d{row.number}/{other.why}/{known}/{other.earlier_row}")
    return hashlib.sha256("\n".join(found).encode()).hexdigest()[:32]


async def take_over(
    conn: Connection,
    seal: Seal,
    content: bytes,
    *,
    digest: str,
    choices: Choices,
    leave_out_bad: bool,
    identity: Identity,
    defaults: Defaults,
    now: datetime,
) -> Counts:
    """Bring a file that was looked at into the registry; the caller's transaction holds all of it.

    Raises InvalidInput for a file that was not looked at or has bad rows, Conflict where what was found has
    changed since. A file that was taken over already changes nothing.
    """
    if digest.partition("-")[0] != _file_part(seal, content, identity, defaults):
        raise InvalidInput(
            "这个文件还没有检查过（或检查后被改过），请先检查",
            "this very file was not checked before: check it first",
        )
    await conn.execute(_SQL["one_import_at_a_time"])
    found = await plan(conn, seal, content, identity=identity, defaults=defaults, now=now)
    if found.bad_rows and not leave_out_bad:
        raise InvalidInput(
            f"有 {found.bad_rows} 行有误，请改正后再导入，或选择先不导入这些行",
            f"{found.bad_rows} rows are wrong: correct them, or choose to leave them out",
        )
    if found.digest != digest and found.matched.new:
        raise Conflict(
            "检查之后登记数据有变化，请重新检查",
            "the registry has changed since the check: check the file again",
        )
    return await _write(conn, seal, found, choices, identity=identity, now=now)


async def _write(
    conn: Connection, seal: Seal, found: Plan, choices: Choices, *, identity: Identity, now: datetime
) -> Counts:
    writer = Writer(conn, seal, now=now, actor=identity.actor)
    chosen = [
        (found.placed[row.number], other, choices.of(row.number, other.options))
        for row, other in found.matched.duplicates
    ]
    new = [found.placed[row.number] for row in found.matched.new]
    new += [placed for placed, _, choice in chosen if choice == "new"]
    await writer.add(new)
    for placed, other, choice in chosen:
        if choice == "merge":
            await writer.merge(placed, other)
    await writer.remember_merged()
    skipped = sum(choice == "skip" for _, _, choice in chosen)
    return writing.counts(writer, unchanged=len(found.matched.unchanged), skipped=skipped, bad=found.bad_rows)


class _Places:
    """Areas and organisations that the caller may put somebody into."""

    def __init__(
        self, areas: Mapping[str, str], orgs: Mapping[str, UUID], area: str | None, org: UUID | None
    ) -> None:
        self._codes = areas
        names: dict[str, list[str]] = {}
        for code, name in areas.items():
            names.setdefault(name, []).append(code)
        self._names = names
        self._orgs = orgs
        self._area, self._org = area, org

    @classmethod
    async def read(cls, conn: Connection, identity: Identity, defaults: Defaults) -> "_Places":
        """Raises InvalidInput for defaults that are not there."""
        cursor = await conn.execute(_SQL["areas_seen"], {"area_code": identity.area_code})
        areas = {str(row[0]): str(row[1]) for row in await cursor.fetchall()}
        cursor = await conn.execute(_SQL["orgs_seen"], {"org_id": identity.org_id})
        found = await cursor.fetchall()
        orgs = {str(row[1]): row[0] for row in found} | {str(row[0]): row[0] for row in found}
        only = found[0][0] if len(found) == 1 else None
        made = cls(areas, orgs, None, only)
        if defaults.area:
            made._area = made._code(defaults.area)
            if made._area is None:
                raise InvalidInput(f"没有区划 {defaults.area}", f"there is no area {defaults.area}")
        if defaults.org:
            made._org = orgs.get(defaults.org)
            if made._org is None:
                raise InvalidInput(f"没有机构 {defaults.org}", f"there is no organisation {defaults.org}")
        return made

    def _code(self, text: str) -> str | None:
        if text in self._codes:
            return text
        codes = self._names.get(text, [])
        return codes[0] if len(codes) == 1 else None

    def of(self, row: ImportRow, judged: Judged) -> tuple[str, UUID] | Problem:
        """Area code and organisation of a row, or what is wrong with them."""
        area = self._code(row.area) if row.area else self._area
        if area is None:
            if row.area:
                return _problem(
                    row, judged, "area", f"没有区划“{row.area}”", f"there is no area {row.area!r}"
                )
            return _problem(row, judged, "area", "缺少区划代码", "the area is missing")
        org = self._orgs.get(row.org) if row.org else self._org
        if org is None:
            if row.org:
                return _problem(
                    row, judged, "org", f"没有机构“{row.org}”", f"there is no organisation {row.org!r}"
                )
            return _problem(row, judged, "org", "缺少机构", "the organisation is missing")
        return area, org


def _problem(row: ImportRow, judged: Judged, field: str, zh: str, en: str) -> Problem:
    column = next((column for column in judged.columns if column.field == field), None)
    place, heading = ("—", field) if column is None else (column.letter, column.heading)
    return Problem(row=row.number, column=place, heading=heading, zh=zh, en=en)
