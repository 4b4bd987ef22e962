"""carebed-edge: the home gateway's agent (`run`), what frames say (`decode`), what is wrong (`doctor`)."""

import argparse
import asyncio
import getpass
import os
import signal
import sys
from pathlib import Path
from typing import Final

from edge import config, logs
from edge.config import ConfigError
from edge.texts import say
from firmware_specs.clock import Clock, add_clock_arguments, clock_from

SHORTEST_PASSWORD: Final = 10


def main(arguments: list[str] | None = None) -> None:
    """The console script; exits with 0, 1 when something is wrong, 2 for wrong arguments."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        code: int = given.do(given)
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = 1
    except BrokenPipeError:
        code = 1
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="carebed-edge", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="运行网关代理 / run the agent")
    run.add_argument("--config", type=Path, required=True, metavar="edge.toml")
    add_clock_arguments(run)
    run.set_defaults(do=_run)
    decode = commands.add_parser("decode", help="解读设备消息 / decode a device's messages, one a line")
    decode.add_argument("protocol", metavar="PROTOCOL")
    decode.add_argument("file", nargs="?", type=Path, metavar="FILE")
    decode.set_defaults(do=_decode)
    doctor = commands.add_parser("doctor", help="检查配置、端口、时钟、云端 / say what is wrong")
    doctor.add_argument("--config", type=Path, required=True, metavar="edge.toml")
    doctor.add_argument("--json", action="store_true", help="输出 JSON / print JSON")
    add_clock_arguments(doctor)
    doctor.set_defaults(do=_doctor)
    password = commands.add_parser(
        "page-password", help="技术员页面密码的散列 / hash a password for the technician's page"
    )
    password.set_defaults(do=_page_password)
    return parser


def _run(given: argparse.Namespace) -> int:
    """Run the agent until SIGTERM or SIGINT; started again by its own order it replaces this process."""
    from edge import agent

    logs.start()
    settings = config.load(given.config)
    clock = _clock(given)
    held = agent.lock(Path(settings.data_dir))
    again = asyncio.run(_serve(settings, clock))
    os.close(held)
    if again:
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # this very program again
    return 0


async def _serve(settings: config.Config, clock: Clock) -> bool:
    from edge import wiring

    agent = wiring.build(settings, clock)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, agent.stop)
    return await agent.run(lambda line: print(line, flush=True))


def _decode(given: argparse.Namespace) -> int:
    from edge import decode

    return decode.main([given.protocol, *([str(given.file)] if given.file else [])])


def _doctor(given: argparse.Namespace) -> int:
    from edge import doctor

    findings = asyncio.run(doctor.examine(given.config, _clock(given)))
    print(doctor.as_json(findings) if given.json else doctor.as_text(findings))
    return 0 if all(finding.good for finding in findings) else 1


def _page_password(given: argparse.Namespace) -> int:
    """Ask twice, print the line for edge.toml; from a pipe, one line is read."""
    from edge.page.access import hashed

    if sys.stdin.isatty():
        password = getpass.getpass(say("page_password"))
        again = getpass.getpass(say("page_password_again"))
    else:
        password = again = sys.stdin.readline().rstrip("\n")
    if password != again or len(password) < SHORTEST_PASSWORD:
        print(say("page_password_bad", least=SHORTEST_PASSWORD), file=sys.stderr)
        return 1
    print(f'password_hash = "{hashed(password)}"')
    return 0


def _clock(given: argparse.Namespace) -> Clock:
    try:
        return clock_from(given)
    except ValueError as error:
        raise ConfigError(str(error)) from error


if __name__ == "__main__":
    main()
