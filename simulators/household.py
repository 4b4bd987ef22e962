"""One home with a real edge agent: the home's broker, the agent as a child process, and its devices."""

import asyncio
import contextlib
import json
import signal
from pathlib import Path
from typing import Final

from firmware_specs.clock import Clock
from simulators.devices.near import NEAR, Near, near, transport
from simulators.devices.tracker import Tracker, speech
from simulators.devices.watch import Watch, WatchState
from simulators.devices.wrist import Wrist
from simulators.devices.zigbee import MODELS, Sensor, Zigbee2Mqtt
from simulators.local_broker import LocalBroker
from simulators.processes import Child, SimulatorError, free_port, python_module
from simulators.registration import TRACKERS, DeviceRecord, HomeRecord
from simulators.texts import say

_LINK_LIMIT_S: Final = 30.0


class Household:
    """Devices by name in `watches`, `trackers`, `wrists`, `sensors`, `near`; start once, stop once."""

    def __init__(
        self, record: HomeRecord, folder: Path, broker_url: str, clock: Clock, *, batch_s: float = 10
    ) -> None:
        self.record = record
        self.clock = clock
        self.watches: dict[str, Watch] = {}
        self.trackers: dict[str, Tracker] = {}
        self.wrists: dict[str, Wrist] = {}
        self.sensors: dict[str, Sensor] = {}
        self.near: dict[str, Near] = {}
        self.bridge: Zigbee2Mqtt | None = None
        self._folder = folder
        self._broker_url = broker_url
        self._batch_s = batch_s
        self._ports = {"watch": free_port(), "wrist_accelerometer": free_port()}
        self._ports |= {kind: free_port() for kind in TRACKERS if any(d.type == kind for d in record.devices)}
        self._local: LocalBroker | None = None
        if any(device.type in MODELS or device.type == "board" for device in record.devices):
            self._local = LocalBroker(folder / "home-broker", record.gateway)
        self._doors: list[str] = []
        self._agent = Child(
            f"agent {record.gateway}",
            python_module("edge", "run", "--config", str(folder / "edge.toml"), *clock.arguments()),
            folder / "agent.log",
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._rest = contextlib.AsyncExitStack()
        for device in record.devices:
            self._add(device)

    @property
    def agent(self) -> Child:
        """The agent's process."""
        return self._agent

    async def start(self) -> None:
        """Start broker, agent and devices; returns when every device is linked. Raises SimulatorError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._local is not None:
            await self._local.start()
        self._write_config()
        await self.start_agent()
        if self._local is not None and self.sensors:
            bridge = Zigbee2Mqtt("127.0.0.1", self._local.port, self.clock, list(self.sensors.values()))
            self.bridge = await self._rest.enter_async_context(bridge.connected())
        for device in self._linked_devices():
            self._tasks.append(asyncio.create_task(device.run(), name=device.device_id))
        await self.linked()

    async def start_agent(self) -> None:
        """Start the agent (again) and wait until it serves. Raises SimulatorError with the end of its log."""
        if not self._agent.running:
            await self._agent.start()
            await self._agent.ready(_LINK_LIMIT_S)

    async def linked(self) -> None:
        """Wait until the agent serves every device. Raises SimulatorError with the end of its log."""
        try:
            waits = [device.linked() for device in self._linked_devices()]
            await asyncio.wait_for(asyncio.gather(*waits), _LINK_LIMIT_S)
        except TimeoutError as error:
            log, tail, limit = self._agent.log, self._agent.tail(), _LINK_LIMIT_S
            text = say("child_slow", name=self._agent.name, limit=limit, log=log, tail=tail)
            raise SimulatorError(text) from error

    async def stop_agent(self, *, kill: bool = False) -> None:
        """End the agent in an orderly way, or with kill -9."""
        if kill:
            self._agent.send(signal.SIGKILL)
            await self._agent.wait()
        else:
            await self._agent.stop()

    def freeze_agent(self) -> None:
        """The agent hangs: its connection stays, it says nothing (SIGSTOP)."""
        self._agent.send(signal.SIGSTOP)

    def thaw_agent(self) -> None:
        """The agent goes on."""
        self._agent.send(signal.SIGCONT)

    async def stop(self) -> None:
        """End devices, agent and broker."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._rest.aclose()
        await self._agent.stop()
        if self._local is not None:
            await self._local.stop()

    def _linked_devices(self) -> list[Watch | Tracker | Wrist | Near]:
        return [
            *self.watches.values(),
            *self.trackers.values(),
            *self.wrists.values(),
            *self.near.values(),
        ]

    def _add(self, device: DeviceRecord) -> None:
        seed = self.record.seed
        match device.type:
            case "watch":
                state = WatchState(lat=self.record.lat, lon=self.record.lon, battery=60 + seed % 40)
                port = self._ports["watch"]
                self.watches[device.name] = Watch(
                    device.id.removeprefix("watch-"), "127.0.0.1", port, self.clock, state=state
                )
            case "wrist":
                name, port = device.id.removeprefix("wrist-"), self._ports["wrist_accelerometer"]
                self.wrists[device.name] = Wrist(name, "127.0.0.1", port, self.clock, seed=seed)
            case kind if kind in TRACKERS:
                says = speech(kind, device.id.removeprefix(f"{kind}-"), self.record.lat, self.record.lon)
                self.trackers[device.name] = Tracker(says, "127.0.0.1", self._ports[kind], self.clock)
            case kind if kind in NEAR:
                port = self._local.port if kind == "board" and self._local is not None else free_port()
                self.near[device.name] = near(kind, device.id, port, self.clock)
                door = transport(kind, device.id, port)
                self._doors += [door] if door not in self._doors else []
            case kind if kind in MODELS:
                label = f"{device.room or 'home'}/{device.name}".replace(" ", "-")  # nats takes no blanks
                self.sensors[device.name] = Sensor(kind, device.id.removeprefix("zb-"), label)

    def _write_config(self) -> None:
        secret = self._folder / "gateway.secret"
        secret.touch(mode=0o600)
        secret.write_text(self.record.secret + "\n")
        (self._folder / "edge.toml").write_text(self._config(), encoding="utf-8")

    def _config(self) -> str:
        record = self.record
        lines = [
            f"gateway = {json.dumps(record.gateway)}",
            'data_dir = "./edge-data"',
            f"broker_url = {json.dumps(self._broker_url)}",
            'secret_file = "gateway.secret"',
            f"batch_s = {self._batch_s:g}",
            *([f"access_points = {json.dumps([record.wifi])}"] if record.wifi else []),
            "[safe_zone]",
            f"lat = {record.lat}\nlon = {record.lon}\nradius_m = {record.radius_m}",
        ]
        for driver, port in self._ports.items():
            lines.append(
                f'[[transport]]\ntype = "tcp"\ndriver = "{driver}"\nhost = "127.0.0.1"\nport = {port}'
            )
        lines += self._doors
        if self._local is not None and self.sensors:
            lines.append('[[transport]]\ntype = "mqtt"\ndriver = "zigbee2mqtt"')
            lines.append(f'broker_url = "mqtt://127.0.0.1:{self._local.port}"\nbase_topic = "zigbee2mqtt"')
        for device in record.devices:
            if device.room or device.role:
                lines.append(f"[[device]]\nid = {json.dumps(device.id)}")
                lines += [f"{key} = {json.dumps(value)}" for key, value in _place(device) if value]
        return "\n".join(lines) + "\n"


def _place(device: DeviceRecord) -> list[tuple[str, str]]:
    return [("room", device.room), ("role", device.role)]
