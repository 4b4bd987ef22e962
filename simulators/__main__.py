"""carebed-sim: play a story, a recording, a fleet, the town of the demo; examine gateways and devices."""

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from firmware_specs.clock import add_clock_arguments
from simulators import commands
from simulators.conformance import command as conformance
from simulators.demo import demo
from simulators.far_server import far_end
from simulators.processes import SimulatorError
from simulators.replay import replay
from simulators.shift import shift
from simulators.shift_plan import CITY_HOMES

Command = Callable[[argparse.Namespace], Coroutine[Any, Any, int]]


def main() -> None:
    """Entry point of carebed-sim; exits with the command's code."""
    arguments = _parser().parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    try:
        code = asyncio.run(_until_signal(arguments.command(arguments)))
    except (SimulatorError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


async def _until_signal(work: Coroutine[Any, Any, int]) -> int:
    """Run the command; SIGTERM and SIGINT cancel it so that it can end its children."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(name, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="carebed-sim", description="没有床的床 / a bed without a bed")
    commands_of = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands_of.add_parser("run", help="演一个剧本并评判 / play a story and judge it")
    run.add_argument("scenario", nargs="+", metavar="SCENARIO.toml", help="几个就同演 / several: at once")
    _common(run, commands.run)
    again = commands_of.add_parser("replay", help="重放真实记录 / play a real recording")
    again.add_argument("--wrist", metavar="FILE", required=True, help="trial,pos,t_ms,n,ax,ay,az; .csv(.gz)")
    again.add_argument("--trial", metavar="NAME", help="哪一次（默认第一个）/ which one (the first)")
    again.add_argument("--speed", type=float, default=1.0, help="快放倍数 / times as fast")
    _common(again, replay)
    fleet = commands_of.add_parser("fleet", help="许多轻量网关，用于压测 / many light gateways, for load")
    fleet.add_argument("--gateways", metavar="FILE", help="网关凭据，每行一个 JSON / credentials, JSON lines")
    fleet.add_argument("--homes", type=int, default=50, help="登记多少户 / how many homes to register")
    fleet.add_argument("--duration", type=float, default=0, help="秒，0 为一直 / seconds, 0 for ever")
    fleet.add_argument("--report-s", type=float, default=30, help="每户上报间隔 / seconds between reports")
    fleet.add_argument("--events-per-minute", type=float, default=0, help="全体每分钟事件 / events of all")
    fleet.add_argument("--ledger", metavar="FILE", help="事件账本 / events sent and acknowledged")
    _common(fleet, commands.fleet)
    _add_shift(commands_of)
    conformance.add_arguments(commands_of)
    town = commands_of.add_parser("demo", help="演示小镇 / a small town to play with")
    town.set_defaults(command=demo)
    town.add_argument("--data-dir", metavar="DIR", help="数据文件夹 / where its data are kept")
    town.add_argument("--http-port", type=int, default=8420, help="值班台端口 / the console's port")
    town.add_argument("--mqtt-port", type=int, default=18830, help="消息服务器端口 / the broker's port")
    town.add_argument("--page-port", type=int, default=8430, help="小镇页面端口 / the town page's port")
    add_clock_arguments(town)
    far = commands_of.add_parser(
        "far-end", help="模拟电话、短信、微信、邮件的对方 / the far ends of calls, SMS, WeChat, e-mail"
    )
    far.set_defaults(command=far_end)
    far.add_argument("--port", type=int, default=8440, help="HTTP 端口 / port of HTTP")
    far.add_argument("--smtp-port", type=int, default=8441, help="邮件端口 / port of SMTP")
    far.add_argument("--secret", help="回执与签名的密钥 / secret of reports and signatures")
    add_clock_arguments(far)
    return parser


def _add_shift(commands_of: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    work = commands_of.add_parser("shift", help="压缩的一个班次 / a shift of a city, compressed")
    work.set_defaults(command=shift)
    work.add_argument("--hours", type=float, default=8.0, help="白班时长 / hours by day")
    work.add_argument("--night-hours", type=float, default=8.0, help="夜班时长 / hours by night")
    work.add_argument("--operators", type=int, default=6, help="白班席位 / seats by day; one by night")
    work.add_argument("--responders", type=int, default=24, help="响应人员 / people who go out")
    work.add_argument("--homes", type=int, default=CITY_HOMES, help="城市户数 / homes of the city")
    work.add_argument("--part", choices=("day", "night", "both"), default="both")
    work.add_argument("--clock-rate", type=float, default=20.0, help="时间倍率 / simulated s a real s")
    work.add_argument("--seed", type=int, help="随机种子 / seed of everything random")
    work.add_argument("--keep", action="store_true", help="保留临时文件夹 / keep the temporary folder")


def _common(parser: argparse.ArgumentParser, command: Command) -> None:
    parser.set_defaults(command=command)
    parser.add_argument("--api", metavar="URL", help="用已有的云端 / use a cloud that runs already")
    parser.add_argument("--token", help="管理员令牌 / an admin's token")
    parser.add_argument("--operator-token", help="值班员令牌 / an operator's token (the same)")
    parser.add_argument("--broker", metavar="mqtt://HOST:PORT", help="消息服务器 / the gateways' broker")
    parser.add_argument("--seed", type=int, help="随机种子 / seed of everything random")
    parser.add_argument("--keep", action="store_true", help="保留临时文件夹 / keep the temporary folder")
    add_clock_arguments(parser)


if __name__ == "__main__":
    main()
