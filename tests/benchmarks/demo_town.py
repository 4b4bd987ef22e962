"""The demo town as a child process on free ports, for benchmarks that want it live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from simulators import demo_state
from simulators.processes import Child, python_module
from tests.ports import free_port

_START_LIMIT_S = 90


@dataclass(frozen=True)
class DemoTown:
    """Where the town answers, and who may sign in."""

    url: str
    broker_url: str
    cloud_folder: Path
    state: demo_state.DemoState


@asynccontextmanager
async def demo_town(folder: Path, *options: str) -> AsyncIterator[DemoTown]:
    """The town while the block runs; raises SystemExit with its last lines when it does not start."""
    http, mqtt, page = (free_port() for _ in range(3))
    ports = ["--http-port", str(http), "--mqtt-port", str(mqtt), "--page-port", str(page)]
    command = python_module("simulators", "demo", "--data-dir", str(folder), *ports, *options)
    town = Child("demo", command, folder / "town.log")
    await town.start()
    try:
        state = await _founded(town, folder, page)
        yield DemoTown(f"http://127.0.0.1:{http}", f"mqtt://127.0.0.1:{mqtt}", folder / "cloud", state)
    finally:
        await town.stop(20)


async def _founded(town: Child, folder: Path, page_port: int) -> demo_state.DemoState:
    """Wait until the town's page answers; its state is then written."""
    async with asyncio.timeout(_START_LIMIT_S):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", page_port)
            except OSError:
                if not town.running:
                    raise SystemExit(f"the demo ended:\n{town.tail()}") from None
                await asyncio.sleep(0.1)
            else:
                writer.close()
                state = demo_state.read(folder)
                assert state is not None
                return state
