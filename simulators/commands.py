"""What `carebed-sim run`, `replay` and `fleet` do, each from its parsed arguments to its exit code."""

import argparse
import asyncio
import contextlib
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

from firmware_specs.clock import Clock, clock_from
from simulators.cloud_api import CloudApi
from simulators.fleet import Fleet, GatewayEntry, read_gateways, write_gateways
from simulators.fleet_town import register_fleet
from simulators.ledger import Ledger
from simulators.processes import SimulatorError
from simulators.scenario import Scenario, ScenarioError
from simulators.stage import OwnCloud, Stage
from simulators.story import Story
from simulators.story_home import StoryHome
from simulators.texts import say
from simulators.together import load_together

_DEFAULT_BROKER_PORT = 18830


def tell(value: object) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def given_stage(arguments: argparse.Namespace) -> Stage | None:
    """The running cloud that `--api`, `--token` and `--broker` name; None when it must be started."""
    if arguments.api is None:
        return None
    if arguments.token is None:
        raise SimulatorError(say("token_needed"))
    host = urlsplit(arguments.api).hostname or "127.0.0.1"
    broker = arguments.broker or f"mqtt://{host}:{_DEFAULT_BROKER_PORT}"
    return Stage(arguments.api, broker, arguments.token, arguments.operator_token or arguments.token)


@contextmanager
def work_folder(*, keep: bool) -> Iterator[Path]:
    """A temporary folder that other users may pass through (a database may run as another user)."""
    folder = Path(tempfile.mkdtemp(prefix="carebed-sim-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def stage_for(given: Stage | None, folder: Path, clock: Clock) -> AsyncIterator[Stage]:
    """The given stage, or a cloud of its own for the length of the block."""
    if given is not None:
        yield given
        return
    cloud = OwnCloud(folder / "cloud", clock)
    try:
        await cloud.start()
        yield await cloud.stage()
    finally:
        await cloud.stop()


def story_clock(scenario: Scenario, arguments: argparse.Namespace) -> Clock:
    """The clock of the command line, else of the story. Raises ValueError."""
    if arguments.clock_start is not None or arguments.clock_rate != 1.0:
        return clock_from(arguments)
    return clock_from(argparse.Namespace(clock_start=scenario.clock.start, clock_rate=scenario.clock.rate))


async def run(arguments: argparse.Namespace) -> int:
    """Play scenarios in one home; 0: every expectation holds, 1: one fails, 2: it cannot be played."""
    paths = [Path(name) for name in arguments.scenario]
    name = "+".join(path.stem for path in paths)
    try:
        scenario = load_together(paths)
        given = given_stage(arguments)
        clock = story_clock(scenario, arguments)
    except (ScenarioError, SimulatorError, ValueError) as error:
        return _refuse(name, error)
    if given is not None and clock != Clock() and arguments.clock_start is None:
        return _refuse(name, SimulatorError(say("clock_needs_own_cloud")))
    seed = arguments.seed if arguments.seed is not None else (secrets.randbelow(400_000) if given else 1)
    with work_folder(keep=arguments.keep) as folder:
        try:
            async with stage_for(given, folder, clock) as stage:
                home = StoryHome(scenario, folder / "home", clock, seed)
                verdict = await Story(scenario, name, stage, home, clock).play()
        except SimulatorError as error:
            return _refuse(name, error)
    tell(asdict(verdict))
    return 0 if verdict.passed else 1


async def fleet(arguments: argparse.Namespace) -> int:
    """Run light gateways until the duration is over or Ctrl-C; prints the ledger's counts."""
    clock = clock_from(arguments)
    given = given_stage(arguments)
    ledger = Ledger(Path(arguments.ledger) if arguments.ledger else None)
    entries = _known_gateways(arguments)
    if not entries:
        if given is None:
            raise SimulatorError(say("token_needed"))
        async with CloudApi(given.api_url, given.admin_token) as api:
            first = arguments.seed or 10_000
            entries, _ = await register_fleet(api, arguments.homes, first_seed=first, prefix="gw-fleet")
        if arguments.gateways is not None:
            write_gateways(Path(arguments.gateways), entries)
    broker = urlsplit(arguments.broker or (given.broker_url if given else "mqtt://127.0.0.1:18830"))
    town = Fleet(
        entries, (broker.hostname or "127.0.0.1", broker.port or _DEFAULT_BROKER_PORT), clock, ledger
    )
    async with town.running(report_s=arguments.report_s, seed=arguments.seed or 1):
        online = await town.online(60)
        sys.stderr.write(say("fleet_running", count=online) + "\n")
        raising = asyncio.create_task(
            town.random_events(arguments.events_per_minute, arguments.seed or 1), name="random-events"
        )
        with contextlib.suppress(asyncio.CancelledError):
            await clock.sleep(arguments.duration if arguments.duration > 0 else 10**9)
        raising.cancel()
        settled = await town.settled(30)
    tell({"gateways": len(entries), "online": online, **ledger.summary()})
    return 0 if settled else 1


def _known_gateways(arguments: argparse.Namespace) -> list[GatewayEntry]:
    """The gateways of the file that `--gateways` names; none when there is no such file yet."""
    if arguments.gateways is None or not Path(arguments.gateways).exists():
        return []
    return read_gateways(Path(arguments.gateways))


def _refuse(name: str, error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    tell({"scenario": name, "passed": False, "event_to_screen_ms": None, "failures": [str(error)]})
    return 2
