"""`carebed-cloud probe PORT`: is the program at this operations port ready? For containers and scripts."""

import argparse
import asyncio
import json
import sys

from cloud.config import Place
from cloud.operations.asking import ask
from cloud.texts import text


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`probe` and its options."""
    probe = commands.add_parser("probe", help="某个程序是否就绪 / whether a program is ready")
    probe.add_argument("port", type=int, help="它的 --operations-port / its --operations-port")
    probe.add_argument("--host", default="127.0.0.1", help="地址 / address")


def run(parsed: argparse.Namespace) -> int:
    """0 when it is ready; else 1, and on stderr what is wrong."""
    place = Place(parsed.host, parsed.port)
    try:
        status, body = asyncio.run(ask(place, "/readyz"))
        wrong: dict[str, str] = {} if status == 200 else json.loads(body)["wrong"]
    except (OSError, ValueError, KeyError) as error:
        wrong = {f"{place.host}:{place.port}": str(error) or type(error).__name__}
    for name, reason in wrong.items():
        print(text("not_ready", name=name, reason=reason), file=sys.stderr)
    return 1 if wrong else 0
