"""`carebed-cloud storage`: sizes, lag, the oldest data and what is dropped next."""

import argparse
import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path

import msgspec

from cloud.commands.case import database_of
from cloud.database.pool import connect
from cloud.telemetry.storage import Disk, Kept, Storage, keep_readings, survey
from firmware_specs.clock import add_clock_arguments, clock_from
from firmware_specs.language import chinese


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`storage` and its options."""
    storage = commands.add_parser("storage", help="存储占用与积压 / what is kept, and what lags behind")
    storage.add_argument(
        "--keep", type=_days, metavar="DAYS", help="读数保留天数（7-400）/ keep readings so many days"
    )
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


def _days(given: str) -> int:
    if not given.isdecimal() or not 7 <= int(given) <= 400:
        raise argparse.ArgumentTypeError("7-400")
    return int(given)


async def _survey(parsed: argparse.Namespace) -> Storage:
    async with await connect(database_of(parsed), name="carebed-storage") as conn:
        if parsed.keep is not None:
            await keep_readings(conn, parsed.keep)
        return await survey(conn, clock_from(parsed).now())


def _text(found: Storage) -> str:
    zh = chinese()
    lines = [
        f"{'数据库' if zh else 'database'}: {_size(found.database_bytes)}",
        f"{'最新读数' if zh else 'newest value'}: {_time(found.newest_value)}{_lag(found)}",
        f"{'已按小时汇总至' if zh else 'hours complete until'}: {_time(found.rolled_until)}",
    ]
    lines += [_kept(kept, zh) for kept in found.kept]
    lines += [] if found.disk is None else [_disk(found.disk, zh)]
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
            f"每天增加 {_size(kept.day_bytes)}，保留 {kept.kept_days} 天，"
            f"下次删除 {kept.next_drop or '-'} 于 {_time(kept.next_drop_at)}"
        )
    return (
        f"{kept.table}: {_size(kept.total_bytes)} in {kept.pieces} partitions (largest "
        f"{_size(kept.largest_bytes)}, widest {kept.widest_h:g} h), oldest {_time(kept.oldest)}, "
        f"{_size(kept.day_bytes)} a day, kept {kept.kept_days} days, "
        f"next drop {kept.next_drop or '-'} at {_time(kept.next_drop_at)}"
    )


def _disk(disk: Disk, zh: bool) -> str:
    free, total = f"{disk.free_bytes / (1 << 30):,.1f}", f"{disk.total_bytes / (1 << 30):,.1f}"
    fit = "-" if disk.days_fit is None else disk.days_fit
    if zh:
        full = "按目前速度不会写满" if disk.full_at is None else f"按目前速度将于 {_time(disk.full_at)} 写满"
        return f"磁盘: 剩余 {free} GiB，共 {total} GiB；{full}；约可保留 {fit} 天读数（--keep 天数）"
    full = "not full at this pace" if disk.full_at is None else f"full at {_time(disk.full_at)} at this pace"
    return f"disk: {free} of {total} GiB free; {full}; room for about {fit} days of readings (--keep DAYS)"


def _lag(found: Storage) -> str:
    if found.newest_value is None:
        return ""
    return f" ({max((found.at - found.newest_value).total_seconds(), 0):.0f} s)"


def _size(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"


def _time(at: datetime | None) -> str:
    return "-" if at is None else at.strftime("%Y-%m-%dT%H:%M:%SZ")
