"""`carebed-cloud kpi`: how the desk did, beside what it promises."""

import argparse
import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, get_args
from uuid import UUID

import msgspec

from cloud.access.access import Identity
from cloud.access.errors import InvalidInput
from cloud.commands.case import database_of
from cloud.database.pool import connect
from cloud.kpi import tables
from cloud.kpi.store import Grouping, Kpi, compute
from cloud.shifts.shift import ZONE
from firmware_specs.clock import add_clock_arguments, clock_from
from firmware_specs.language import chinese

_DAY: Final = timedelta(days=1)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`kpi` and its options."""
    kpi = commands.add_parser("kpi", help="值班指标 / figures of the desk")
    kpi.add_argument("--from", dest="start", type=_moment, help="起 / from; default a day before --to")
    kpi.add_argument("--to", dest="end", type=_moment, help="止 / to; default now")
    kpi.add_argument("--group", choices=get_args(Grouping), default="all", help="分组 / groups")
    kpi.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    kpi.add_argument("--csv", action="store_true", help="输出 CSV / print CSV")
    kpi.add_argument("--data-dir", type=Path, help="数据文件夹 / data folder")
    kpi.add_argument("--database-url", help="数据库地址 / the database's address")
    add_clock_arguments(kpi)


def run(parsed: argparse.Namespace) -> int:
    """Print the figures; 0, or 1 for a span that cannot be. Raises ConfigError."""
    try:
        found = asyncio.run(_compute(parsed))
    except InvalidInput as error:
        sys.stderr.write(f"carebed-cloud kpi: {error.zh if chinese() else error.en}\n")
        return 1
    if parsed.json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), ensure_ascii=False) + "\n")
    elif parsed.csv:
        sys.stdout.write(tables.as_csv(found))
    else:
        sys.stdout.write(_text(found) + "\n")
    return 0


async def _compute(parsed: argparse.Namespace) -> Kpi:
    now = clock_from(parsed).now()
    end = parsed.end or now
    start = parsed.start or end - _DAY
    everyone = Identity(id=UUID(int=0), name="cli", role="admin")
    async with await connect(database_of(parsed), name="carebed-kpi") as conn:
        return await compute(conn, everyone, start=start, end=end, grouping=parsed.group, now=now)


def _text(found: Kpi) -> str:
    zh = chinese()
    start, end = (at.astimezone(ZONE) for at in (found.span.start, found.span.end))
    span = f"{start:%Y-%m-%d %H:%M} - {end:%Y-%m-%d %H:%M}"
    return "\n\n".join(
        (
            span,
            tables.promises_table(found.promises, chinese=zh),
            tables.groups_table(found, chinese=zh),
            tables.mix_table(found.total, chinese=zh),
        )
    )


def _moment(text: str) -> datetime:
    """An ISO time; without a zone it is one of Asia/Shanghai. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZONE)
