"""`carebed-cloud replay-rules`: what a version of the rules would have raised, beside what was raised.

Reads one snapshot of the database and changes nothing. One JSON line an alarm (`found` is `same`, `changed`,
`new` or `gone`), then one line with the sums. Ids only: no names, no addresses.
"""

import argparse
import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec

from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.rule_versions import CURRENT, RULES, RuleSet, changed
from cloud.config import DATABASE_URL, DataDir, default_data_dir
from cloud.database import queries
from cloud.database.pool import Connection, connect
from cloud.replay import events, readings
from cloud.texts import text

_SQL: Final = queries.load(__package__ or "cloud.replay")
OF_VALUES: Final = (
    "news2_high",
    "news2_medium",
    "vital_out_of_band",
    "not_returned_to_bed",
    "door_left_open",
)
_COLUMNS: Final = (
    "kind", "priority", "rule_version", "home_id", "resident_id", "device_id", "at", "last_at",
)  # fmt: skip
_SAME_WITHIN: Final = timedelta(seconds=60)


class Raised(msgspec.Struct, kw_only=True):
    """An alarm that was raised; `seen` once the replay has come upon it."""

    kind: str
    priority: int
    rule_version: str
    home_id: UUID | None
    resident_id: UUID | None
    device_id: str | None = None
    at: datetime | None = None
    last_at: datetime | None = None
    event: tuple[str, UUID] | None = None
    seen: bool = False


class Ledger:
    """Finds to each alarm of the replay the one that was raised."""

    def __init__(self, raised: list[Raised]) -> None:
        self._all = raised
        self._by_event = {(one.event, one.kind): one for one in raised if one.event is not None}

    def find(self, draft: AlarmDraft) -> Raised | None:
        """The alarm that was raised for the same event and kind, or of the same kind at the same moment."""
        if draft.event_id is not None and draft.gateway_id is not None:
            found = self._by_event.get(((draft.gateway_id, draft.event_id), draft.kind))
        else:
            found = next((one for one in self._all if _alike(one, draft)), None)
        if found is not None:
            found.seen = True
        return found

    def unseen(self) -> Iterator[Raised]:
        """What the replay did not come upon."""
        return (one for one in self._all if not one.seen)


async def replay(
    conn: Connection, *, start: datetime, end: datetime, rules: RuleSet, resident_id: UUID | None = None
) -> AsyncIterator[dict[str, Any]]:
    """One dict an alarm of [start, end), the last one the sums. With a resident, only rules over values."""
    async with conn.transaction():
        await conn.execute(_SQL["read_only"])
        ledger = Ledger(await _raised(conn, start, end, resident_id))
        sums: Counter[str] = Counter()
        async for draft in _drafts(conn, start, end, rules, resident_id):
            if draft.event_id is None and draft.kind not in OF_VALUES:
                continue  # companions of an event, such as of an unknown device: told with the event
            was = ledger.find(draft)
            found = "new" if was is None else "same" if was.priority == draft.priority else "changed"
            sums[found] += 1
            yield _line(found, draft, was)
        for one in ledger.unseen():
            sums["gone"] += 1
            yield _gone(one)
        counts = {found: sums[found] for found in ("same", "changed", "new", "gone")}
        yield {"summary": {"rule_version": rules.version, "from": start, "to": end, **counts}}


async def _drafts(
    conn: Connection, start: datetime, end: datetime, rules: RuleSet, resident_id: UUID | None
) -> AsyncIterator[AlarmDraft]:
    """A suspected fall that is confirmed later is one alarm: the confirmed one."""
    if resident_id is None:
        of_events: dict[tuple[str | None, UUID | None, bool], AlarmDraft] = {}
        async for draft in events.drafts(conn, start=start, end=end, rules=rules):
            fall = draft.kind in ("fall", "fall_suspected")
            if draft.event_id is not None:
                of_events[(draft.gateway_id, draft.event_id, fall)] = draft
        for draft in of_events.values():
            yield draft
    of_values = readings.drafts(conn, start=start, end=end, rules=rules, resident_id=resident_id)
    async for draft in of_values:
        yield draft


async def _raised(conn: Connection, start: datetime, end: datetime, resident_id: UUID | None) -> list[Raised]:
    given = {"from": start, "to": end, "kinds": list(OF_VALUES), "resident_id": resident_id}
    found = []
    if resident_id is None:
        for gateway_id, event_id, *fields in await (
            await conn.execute(_SQL["raised_by_events"], given)
        ).fetchall():
            kind, priority, version, home_id, resident = fields
            found.append(
                Raised(
                    kind=kind,
                    priority=priority,
                    rule_version=version,
                    home_id=home_id,
                    resident_id=resident,
                    event=(gateway_id, event_id),
                )
            )
    for row in await (await conn.execute(_SQL["raised_by_values"], given)).fetchall():
        found.append(Raised(**dict(zip(_COLUMNS, row, strict=True))))
    return found


def _alike(one: Raised, draft: AlarmDraft) -> bool:
    if one.at is None or one.last_at is None or one.kind != draft.kind:
        return False
    same = (one.home_id, one.resident_id) == (draft.home_id, draft.resident_id)
    return same and one.at - _SAME_WITHIN <= draft.occurred_at <= one.last_at + _SAME_WITHIN


def _line(found: str, draft: AlarmDraft, was: Raised | None) -> dict[str, Any]:
    return {
        "found": found,
        "kind": draft.kind,
        "priority": draft.priority,
        "was": None if was is None else {"priority": was.priority, "rule_version": was.rule_version},
        "at": draft.occurred_at,
        "home_id": draft.home_id,
        "resident_id": draft.resident_id,
        "gateway_id": draft.gateway_id,
        "event_id": draft.event_id,
        "reasons": draft.reasons,
        "inputs": draft.inputs,
        "rule_version": draft.rule_version,
    }


def _gone(one: Raised) -> dict[str, Any]:
    return {
        "found": "gone",
        "kind": one.kind,
        "priority": None,
        "was": {"priority": one.priority, "rule_version": one.rule_version},
        "at": one.at,
        "home_id": one.home_id,
        "resident_id": one.resident_id,
        "gateway_id": None if one.event is None else one.event[0],
        "event_id": None if one.event is None else one.event[1],
    }


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`replay-rules` and its options."""
    parser = commands.add_parser(
        "replay-rules",
        help="用某一版规则重放已存数据，只读 / replay stored data by a version of the rules, reading only",
    )
    parser.add_argument("--from", dest="start", required=True, help="2026-01-01T00:00+08:00")
    parser.add_argument("--to", dest="end", required=True, help="2026-01-02T00:00+08:00")
    parser.add_argument("--rule-version", choices=sorted(RULES), default=CURRENT.version)
    parser.add_argument(
        "--rules-file",
        type=Path,
        help="JSON：与该版本不同的数值 / JSON: numbers that differ from that version",
    )
    parser.add_argument("--resident", type=UUID, help="只看一位老人 / one elder only")
    parser.add_argument("--differences", action="store_true", help="只输出有差别的 / print only what differs")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--data-dir", type=Path, help="正在运行的云端的数据目录 / data folder of a running cloud"
    )
    where.add_argument("--database-url", help="PostgreSQL")


def run(parsed: argparse.Namespace) -> int:
    """Print the replay. Raises ValueError or ConfigError for what the caller must set right."""
    start, end = _time(parsed.start, "--from"), _time(parsed.end, "--to")
    if start >= end:
        raise ValueError(text("replay_span"))
    rules = RULES[parsed.rule_version]
    if parsed.rules_file is not None:
        rules = _trial(parsed.rules_file, rules)
    asyncio.run(_print(parsed, start, end, rules))
    return 0


async def _print(parsed: argparse.Namespace, start: datetime, end: datetime, rules: RuleSet) -> None:
    conn = await connect(_url(parsed), name="carebed-replay")
    async with conn:
        async for line in replay(conn, start=start, end=end, rules=rules, resident_id=parsed.resident):
            if not parsed.differences or line.get("found") != "same":
                sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    summary = line["summary"]
    sys.stderr.write(
        text("replay_summary", **{k: summary[k] for k in summary if k not in ("from", "to")}) + "\n"
    )


def _url(parsed: argparse.Namespace) -> str:
    named = parsed.database_url or (None if parsed.data_dir else os.environ.get(DATABASE_URL))
    if named:
        return str(named)
    return str(DataDir((parsed.data_dir or default_data_dir()).resolve()).running()["database_url"])


def _time(given: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ValueError(text("time_bad", option=option, given=given))
    return at


def _trial(path: Path, rules: RuleSet) -> RuleSet:
    try:
        differences = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(differences, dict):
            raise ValueError("not an object")
        return changed(rules, differences)
    except (OSError, ValueError) as error:
        raise ValueError(text("rules_file_bad", path=path, reason=error)) from error
