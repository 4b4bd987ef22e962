"""`carebed-cloud`: the whole cloud with `up`, each of its programs alone, its registry with `admin`."""

import argparse
import asyncio
import gc
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import psycopg

from cloud import config, logs
from cloud.config import ConfigError, DataDir, Place, Plan, Settings
from cloud.database.migrations import MigrationError
from cloud.preparation import prepare_database
from cloud.registry.sealing import SealError
from cloud.texts import text
from firmware_specs.clock import add_clock_arguments, clock_from

# Command -> the module with its `add_parser` and `run`, and what it is for.
_TOOLS: Final = {
    "admin": ("cloud.commands.admin", "用户、住户、设备 / users, homes, devices"),
    "backup": ("cloud.commands.backup", "备份与恢复 / copies of the database, and going on from one"),
    "case": ("cloud.commands.case", "警情证据与校验 / evidence of cases, and checking it"),
    "doctor": ("cloud.operations.doctor", "逐项检查云端 / what is wrong, and what to do"),
    "kpi": ("cloud.commands.kpi", "值班指标 / figures of the desk"),
    "storage": ("cloud.commands.storage", "存储占用与积压 / what is kept, and what lags behind"),
    "probe": ("cloud.operations.probe", "某个程序是否就绪 / whether a program is ready"),
    "replay-rules": ("cloud.replay.rules", "重放规则，只读 / replay rules over stored data"),
}
_READER_GONE = 141  # as the shell says of a program that SIGPIPE ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it went well, 1 when a person must set something right."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parsed = _parser(given[0] if given else "").parse_args(given)
    if parsed.command not in (*_TOOLS, "openapi"):
        logs.start(parsed.command)
    try:
        code = _run(parsed)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read has had enough, such as `| head`; nothing may be written at the end either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except (ConfigError, MigrationError, SealError, ValueError) as error:
        print(error, file=sys.stderr)
    except psycopg.OperationalError as error:
        print(text("database_failed", reason=str(error).strip()), file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _run(parsed: argparse.Namespace) -> int:
    """Each command imports what it needs: the supervisor is light and starts its children at once."""
    match parsed.command:
        case tool if tool in _TOOLS:
            code: int = importlib.import_module(_TOOLS[tool][0]).run(parsed)
            return code
        case "openapi":
            from cloud.api.app import openapi

            print(json.dumps(openapi(), ensure_ascii=False, indent=2))
        case "migrate":
            url = parsed.database_url or config.variable(config.DATABASE_URL)
            applied = asyncio.run(prepare_database(url, clock_from(parsed).now()))
            print(text("migrated", names=", ".join(applied)) if applied else text("migrated_none"))
        case "up":
            from cloud.supervisor import Supervisor

            asyncio.run(Supervisor(_plan(parsed), _say).run())
        case program:
            from cloud import wiring

            programs = {
                "ingest": wiring.run_ingest,
                "telemetry": wiring.run_telemetry,
                "api": wiring.run_api,
                "work": wiring.run_work,
                "canary": wiring.run_canary,
            }
            asyncio.run(programs[program](_settings(parsed), _say))
    gc.freeze()  # the process ends: to look through everything for rings once more would take seconds
    return 0


def _plan(parsed: argparse.Namespace) -> Plan:
    return Plan(
        data=DataDir((parsed.data_dir or config.default_data_dir()).resolve()),
        clock=clock_from(parsed),
        host=parsed.host,
        http_port=parsed.http_port,
        mqtt_port=parsed.mqtt_port,
        database_url=parsed.database_url,
        broker=parsed.broker,
        broker_url=parsed.broker_url,
        canary=not parsed.no_canary,
        members=parsed.members,
        operations=_operations(parsed),
    )


def _operations(parsed: argparse.Namespace) -> Place | None:
    return None if parsed.operations_port is None else Place(parsed.operations_host, parsed.operations_port)


def _settings(parsed: argparse.Namespace) -> Settings:
    own: dict[str, Any] = {"operations": _operations(parsed)}
    if parsed.command == "canary":
        own |= {"api_url": config.variable(config.API_URL)}
        own |= {"canary_file": Path(config.variable(config.CANARY_FILE))}
    if parsed.command == "api":
        own |= {"http_host": parsed.host, "http_port": parsed.port}
    return config.from_environment(clock_from(parsed), **own)


def _say(line: str) -> None:
    print(line, flush=True)


def _add_tools(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", given: str) -> None:
    """Commands of which only the one that was given is imported."""
    for name, (module, words) in _TOOLS.items():
        if name == given:
            importlib.import_module(module).add_parser(commands)
        else:
            commands.add_parser(name, help=words)


def _add_up(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> argparse.ArgumentParser:
    up = commands.add_parser("up", help="启动整个云端 / start the whole cloud")
    up.add_argument("--data-dir", type=Path, help="数据文件夹 / data folder")
    up.add_argument("--host", default="127.0.0.1", help="HTTP 监听地址 / address of HTTP (loopback)")
    up.add_argument("--http-port", type=int, default=8420, help="HTTP 端口 / port of HTTP")
    up.add_argument(
        "--mqtt-port", type=int, default=18830, help="内置 MQTT 端口 / port of the embedded broker"
    )
    up.add_argument("--database-url", help="使用已有的 PostgreSQL / an existing PostgreSQL")
    up.add_argument(
        "--broker",
        choices=("nats", "mosquitto"),
        default="nats",
        help="内置服务器，一座城市用本机的 mosquitto / the broker to run; for a city the installed mosquitto",
    )
    up.add_argument(
        "--broker-url", help="使用已有的 MQTT 服务器 / an existing broker, mqtt://user:secret@host:port"
    )
    up.add_argument(
        "--members",
        type=int,
        choices=range(1, 17),
        default=1,
        metavar="N",
        help="ingest 与 telemetry 各 N 个进程 / N processes each of ingest and telemetry (1)",
    )
    up.add_argument(
        "--no-canary", action="store_true", help="不启动全链路自检 / no minutely test of the whole road"
    )
    return up


def _parser(given: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="carebed-cloud", description="家庭养老床位平台的云端 / the cloud of the care-bed platform"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = _add_up(commands)
    migrated = commands.add_parser("migrate", help="更新数据库结构 / bring the database to this version")
    migrated.add_argument(
        "--database-url", help=f"默认 {config.DATABASE_URL} / default {config.DATABASE_URL}"
    )
    ingest = commands.add_parser(
        "ingest", help="事件与状态：MQTT -> 数据库 / events and states to the database"
    )
    readings = commands.add_parser("telemetry", help="读数：MQTT -> 数据库 / readings to the database")
    api = commands.add_parser("api", help="HTTP 与实时推送 / HTTP and the live feed")
    api.add_argument("--host", default="127.0.0.1", help="监听地址 / address")
    api.add_argument("--port", type=int, default=8420, help="端口 / port")
    work = commands.add_parser("work", help="定时任务与下行消息 / timers and messages to gateways")
    canary = commands.add_parser("canary", help="全链路自检 / press and see, once a minute")
    commands.add_parser("openapi", help="输出 OpenAPI / print the API's description")
    for program in (up, ingest, readings, api, work, canary):
        program.add_argument(
            "--operations-port",
            type=int,
            help="/metrics、/readyz、/livez 的端口，默认不开 / port of these three; none unless given",
        )
        program.add_argument(
            "--operations-host", default="127.0.0.1", help="其监听地址 / its address (loopback)"
        )
    for program in (up, migrated, ingest, readings, api, work, canary):
        add_clock_arguments(program)
    _add_tools(commands, given)
    return parser


if __name__ == "__main__":
    sys.exit(main())
