"""The devices of all stories' homes: a real agent that serves their watches, and simulated gateways."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, TypeVar

from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi
from simulators.devices.watch import Watch, WatchState
from simulators.fleet import Fleet
from simulators.fleet_town import register_fleet
from simulators.ledger import Ledger
from simulators.light_gateway import LightGateway
from simulators.processes import Child, python_module
from tests.ports import free_port
from tests.waiting import LIMIT_S, until

POST: Final = "gw-watch-post"
# A watch tells whole seconds; what it tells may not be older than its wearer's registration.
_CLOCK_AHEAD_MS: Final = 1_000
_FIRST_SEED: Final = 700_000
Done = TypeVar("Done")


class Street:
    """What people wear or have at home; each thing is switched on when it is first used."""

    def __init__(self, folder: Path, mqtt_port: int) -> None:
        self._folder, self._mqtt_port, self._port = folder, mqtt_port, free_port()
        self._clock, self._ledger = Clock(), Ledger()
        self._watches: dict[str, Watch] = {}
        self._gateways: dict[str, LightGateway] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._rest = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="street")
        config = str(folder / "edge.toml")
        self._agent = Child(POST, python_module("edge", "run", "--config", config), folder / "agent.log")

    def open(self, secret: str) -> None:
        """The agent is started; nobody waits for it yet."""
        self._folder.mkdir()
        (self._folder / "gateway.secret").write_text(secret)
        (self._folder / "edge.toml").write_text(
            f"gateway = {json.dumps(POST)}\nmany_homes = true\nsecret_file = 'gateway.secret'\n"
            f"broker_url = 'mqtt://127.0.0.1:{self._mqtt_port}'\n"
            f"[[transport]]\ntype = 'tcp'\ndriver = 'watch'\nport = {self._port}\n"
        )
        self._thread.start()
        self.do(self._agent.start())

    def press(self, device: str, bits: int) -> None:
        """A watch tells these alarms; returns when the agent has them."""
        self.do(self._press(device, bits))

    def tell(self, gateway: str, secret: str, act: Callable[[LightGateway], object]) -> None:
        """A home's own gateway does something; returns when the cloud has stored what it sent."""
        self.do(self._tell(gateway, secret, act))

    def live(self, api_url: str, token: str, homes: int) -> Fleet:
        """So many more homes of a simulated town; returns when they are registered and all online."""
        return self.do(self._live(api_url, token, homes))

    def close(self) -> None:
        """Everything is switched off."""
        self.do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT_S)

    def do(self, work: Coroutine[Any, Any, Done]) -> Done:
        """Something happens in this street; returns when it is over."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * LIMIT_S)

    async def _press(self, device: str, bits: int) -> None:
        if device not in self._watches:
            await self._agent.ready(LIMIT_S)
            number, nowhere = device.removeprefix("watch-"), WatchState(fix=False)
            watch = Watch(number, "127.0.0.1", self._port, self._clock, state=nowhere)
            watch.clock_error_ms = _CLOCK_AHEAD_MS
            self._watches[device] = watch
            self._tasks.append(self._loop.create_task(watch.run(), name=device))
        assert await self._watches[device].alarm(bits), "the agent has not answered the watch"

    async def _tell(self, name: str, secret: str, act: Callable[[LightGateway], object]) -> None:
        if name not in self._gateways:
            gateway = LightGateway(name, secret, "127.0.0.1", self._mqtt_port, self._clock, self._ledger)
            self._gateways[name] = gateway
            self._tasks.append(self._loop.create_task(gateway.run(), name=name))
        gateway = self._gateways[name]
        await asyncio.wait_for(gateway.linked(), LIMIT_S)
        act(gateway)
        await until(lambda: gateway.unanswered == 0)

    async def _live(self, api_url: str, token: str, homes: int) -> Fleet:
        async with CloudApi(api_url, token) as api:
            entries, _ = await register_fleet(api, homes, first_seed=_FIRST_SEED, prefix="gw-town")
        fleet = Fleet(entries, ("127.0.0.1", self._mqtt_port), self._clock, self._ledger)
        await self._rest.enter_async_context(fleet.running(report_s=3600))
        assert await fleet.online(LIMIT_S) == homes
        return fleet

    async def _end(self) -> None:
        await self._rest.aclose()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._agent.stop()
