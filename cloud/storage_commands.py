"""`carebed-cloud storage`: sizes, lag, the oldest data and what is dropped next."""

import argparse
import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

import msgspec

from cloud.case_commands import database_of
from cloud.database.pool import connect
from cloud.telemetry.storage import Kept, Storage, survey
from cloud.texts import chinese
from firmware_specs.clock import add_clock_arguments, clock_from


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`storage` and its options."""
    storage = commands.add_parser("storage", help="存储占用与积压 / what is kept, and what lags behind")
    storage.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    storage.add_argument("--data-dir", type=Path, help="数据文件夹 / data folder")
    storage.add_argument("--database-url", help="数据库地址 / the database's address")
    add_clock_arguments(storage)


def run(parsed: argparse.Namespace) -> int:
    """Print the picture. Raises ConfigError."""
    found = asyncio.run(_survey(parsed))
    if parsed.json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(found), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_text(found) + "\n")
    return 0


async def _survey(parsed: argparse.Namespace) -> Storage:
    async with await connect(database_of(parsed), name="carebed-storage") as conn:
        return await survey(conn, clock_from(parsed).now())


def _text(found: Storage) -> str:
    zh = chinese()
    lines = [
        f"{'数据库' if zh else 'database'}: {_size(found.database_bytes)}",
        f"{'最新读数' if zh else 'newest value'}: {_time(found.newest_value)}{_lag(found)}",
        f"{'已按小时汇总至' if zh else 'hours complete until'}: {_time(found.rolled_until)}",
    ]
    lines += [_kept(kept, zh) for kept in found.kept]
    waits = "等待" if zh else "waiting"
    for queue in found.queues:
        since = "" if queue.since is None else f", {_time(queue.since)}"
        lines.append(f"{waits} {queue.name}: {queue.waiting}{since}")
    return "\n".join(lines)


def _kept(kept: Kept, zh: bool) -> str:
    if zh:
        return (
            f"{kept.table}: {_size(kept.total_bytes)}，{kept.pieces} 个分区"
            f"（最大 {_size(kept.largest_bytes)}，最宽 {kept.widest_h:g} 小时），最早 {_time(kept.oldest)}，"
            f"下次删除 {kept.next_drop or '-'} 于 {_time(kept.next_drop_at)}"
        )
    return (
        f"{kept.table}: {_size(kept.total_bytes)} in {kept.pieces} partitions (largest "
        f"{_size(kept.largest_bytes)}, widest {kept.widest_h:g} h), oldest {_time(kept.oldest)}, "
        f"next drop {kept.next_drop or '-'} at {_time(kept.next_drop_at)}"
    )


def _lag(found: Storage) -> str:
    if found.newest_value is None:
        return ""
    return f" ({max((found.at - found.newest_value).total_seconds(), 0):.0f} s)"


def _size(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"


def _time(at: datetime | None) -> str:
    return "-" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
