"""A simulated watch at a real agent's port, in a story's home: the road from wrist to screen."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware_specs.clock import Clock
from simulators.devices.watch import SOS, Watch, WatchState
from simulators.processes import Child, python_module
from tests.cloud.console.crew import GATE
from tests.cloud.console.district import District, Home
from tests.ports import free_port
from tests.waiting import LIMIT_S


@contextmanager
def watch_at_home(district: District, home: Home, folder: Path) -> Iterator[Callable[[], None]]:
    """The home's agent runs and its watch is linked; what is given presses the watch's button."""
    port = free_port()
    (folder / "gateway.secret").write_text(home.secret)
    (folder / "edge.toml").write_text(
        f"gateway = {json.dumps(home.gateway)}\nsecret_file = 'gateway.secret'\n"
        f"broker_url = 'mqtt://127.0.0.1:{district.cloud.mqtt_port}'\n"
        f"[[transport]]\ntype = 'tcp'\ndriver = 'watch'\nport = {port}\n"
    )
    clock, loop = Clock(), asyncio.new_event_loop()
    agent = Child(
        home.gateway,
        python_module("edge", "run", "--config", str(folder / "edge.toml")),
        folder / "agent.log",
    )
    number = home.watch.removeprefix("watch-")
    watch = Watch(number, "127.0.0.1", port, clock, state=WatchState(lat=GATE[0], lon=GATE[1]))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def done(work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(LIMIT_S)  # type: ignore[arg-type]

    running = None
    try:
        done(agent.start())
        done(agent.ready(LIMIT_S))
        running = asyncio.run_coroutine_threadsafe(watch.run(), loop)
        done(watch.linked())
        yield lambda: done(watch.alarm(SOS))
    finally:
        if running is not None:
            running.cancel()
        done(agent.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(LIMIT_S)
