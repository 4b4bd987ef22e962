"""One real agent that serves the cellular watches of many homes, and those watches."""

import asyncio
import json
from pathlib import Path
from typing import Final

from firmware_specs.clock import Clock
from simulators.cloud_api import CloudApi
from simulators.devices.watch import Watch, WatchState
from simulators.home import invent_home
from simulators.processes import Child, python_module
from simulators.registration import DeviceRecord, HomeRecord, device_id, register_gateway, register_home
from tests.ports import free_port

GATEWAY: Final = "gw-watches"
_AT_ONCE: Final = 6
_LIMIT_S: Final = 60.0


class WatchPost:
    """A protocol gateway with one watch a home; `watches` by home id."""

    def __init__(self, records: list[HomeRecord], folder: Path, clock: Clock, *, report_s: float) -> None:
        self.port = free_port()
        self.records = records
        self.watches: dict[str, Watch] = {}
        self._folder = folder
        self._tasks: list[asyncio.Task[None]] = []
        self.agent = Child(
            GATEWAY,
            python_module("edge", "run", "--config", str(folder / "edge.toml"), *clock.arguments()),
            folder / "agent.log",
        )
        for record in records:
            self.watches[record.home_id] = Watch(
                record.devices[0].id.removeprefix("watch-"),
                "127.0.0.1",
                self.port,
                clock,
                report_s=report_s,
                repeat_s=3.0,
                state=WatchState(lat=record.lat, lon=record.lon),
            )

    async def start(self, secret: str, broker_url: str) -> None:
        """Start the agent and the watches; returns when every watch is linked."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "gateway.secret").write_text(secret)
        (self._folder / "edge.toml").write_text(
            f'gateway = "{GATEWAY}"\nmany_homes = true\nsecret_file = "gateway.secret"\n'
            f"broker_url = {json.dumps(broker_url)}\n"
            f'[[transport]]\ntype = "tcp"\ndriver = "watch"\nport = {self.port}\n'
        )
        await self.start_agent()
        self._tasks = [asyncio.create_task(watch.run()) for watch in self.watches.values()]
        async with asyncio.timeout(_LIMIT_S):
            await asyncio.gather(*(watch.linked() for watch in self.watches.values()))

    async def start_agent(self) -> None:
        """Start the agent (again) and wait until it serves its port."""
        await self.agent.start()
        await self.agent.ready(_LIMIT_S)

    async def stop(self) -> None:
        """End watches and agent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.agent.stop()


async def register_watch_homes(api: CloudApi, count: int, first_seed: int) -> tuple[list[HomeRecord], str]:
    """`count` homes with one watch each, and the secret of the gateway that serves them all."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(seed: int) -> HomeRecord:
        async with gate:
            watch = DeviceRecord(name="watch", type="watch", id=device_id("watch", seed, 0), bed=1)
            return await register_home(
                api, invent_home(seed, residents=1), seed=seed, gateway="", devices=[watch]
            )

    records = list(await asyncio.gather(*(one(first_seed + n) for n in range(count))))
    secret = await register_gateway(api, GATEWAY, invent_home(first_seed), "", protocol=True)
    return records, secret
