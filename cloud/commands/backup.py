"""`carebed-cloud backup`: make a copy of the database, check one, go on from one."""

import argparse
import asyncio
import sys
from pathlib import Path

from cloud.backup import copies, pieces, restoring
from cloud.commands.case import database_of
from cloud.config import ConfigError, DataDir, default_data_dir
from cloud.texts import text
from firmware_specs.clock import Clock, add_clock_arguments, clock_from


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`backup` and its verbs."""
    given = commands.add_parser("backup", help="备份与恢复 / copies of the database, and going on from one")
    verbs = given.add_subparsers(dest="verb", required=True, metavar="VERB")
    made = verbs.add_parser("make", help="备份到新文件夹 / copy into a new folder")
    made.add_argument("--keys", type=Path, help="密钥另存于此 / copy the keys to a place of their own")
    check = verbs.add_parser("check", help="检查备份是否完好 / is a copy whole")
    again = verbs.add_parser("restore", help="恢复到空数据库 / fill an empty database")
    again.add_argument("--keys", type=Path, help="另存的密钥 / where the keys were copied to")
    again.add_argument("--desk-first", action="store_true", help="先恢复接警，读数随后 / readings come after")
    readings = verbs.add_parser(
        "readings", help="找回随后的读数 / load the readings that --desk-first left out"
    )
    readings.add_argument("--give-up", action="store_true", help="不再等待读数 / wait for no more of them")
    for verb in (made, check, again, readings):
        verb.add_argument("folder", type=Path, help="备份文件夹 / the folder of the copy")
    for verb in (made, again, readings):
        verb.add_argument("--data-dir", type=Path, help="数据文件夹 / data folder")
        verb.add_argument("--database-url", help="数据库地址 / the database's address")
        add_clock_arguments(verb)


def run(parsed: argparse.Namespace) -> int:
    """Run one verb; 0 when it went well. Raises ConfigError."""
    match parsed.verb:
        case "make":
            _say(asyncio.run(_make(parsed, clock_from(parsed))))
        case "check":
            found = copies.read(parsed.folder)
            _say(text("backup_good", path=parsed.folder, at=f"{found.began_at:%Y-%m-%d %H:%M:%S %Z}"))
        case "readings" if parsed.give_up:
            _say(text("readings_given_up", pieces=asyncio.run(pieces.give_up(database_of(parsed)))))
        case "readings":
            copies.read(parsed.folder)
            dump = parsed.folder / copies.DUMP
            loaded = asyncio.run(pieces.bring_back(database_of(parsed), dump, _say))
            _say(text("readings_back", pieces=loaded))
        case _:
            _say(asyncio.run(_restore(parsed, clock_from(parsed))))
    return 0


async def _make(parsed: argparse.Namespace, clock: Clock) -> str:
    made = await copies.make(database_of(parsed), parsed.folder, now=clock.now())
    if parsed.keys is not None:
        copies.copy_keys(parsed.data_dir or default_data_dir(), parsed.keys)
    said = text("backup_made", path=parsed.folder, mib=f"{made.bytes / 2**20:.1f}")
    return said if parsed.keys is not None else f"{said}\n{text('backup_keys')}"


async def _restore(parsed: argparse.Namespace, clock: Clock) -> str:
    data, first = DataDir(parsed.data_dir or default_data_dir()), parsed.desk_first
    if parsed.database_url:
        url = parsed.database_url
        asked = await restoring.restore(url, parsed.folder, now=clock.now(), desk_first=first)
    else:
        copies.read(parsed.folder, whole=not first)
        if parsed.keys is not None:
            copies.copy_keys(parsed.keys, data.path)
        if not data.key_file.exists():
            raise ConfigError(text("restore_keys", path=data.key_file))
        async with restoring.new_database(data) as url:
            asked = await restoring.restore(url, parsed.folder, now=clock.now(), desk_first=first)
    said = text("restored", path=parsed.folder, gateways=asked)
    return f"{said}\n{text('restored_desk', path=parsed.folder)}" if first else said


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
