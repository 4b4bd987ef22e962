"""The home of a story: its registration, its household, and what each verb of a step does."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from firmware_specs.clock import Clock
from firmware_specs.messages import InventoryEntry
from simulators.cloud_api import CloudApi
from simulators.devices import motion, watch
from simulators.devices.faults import FAULTS
from simulators.devices.near import NEAR
from simulators.devices.tracker import Tracker
from simulators.devices.watch import Watch, WatchState
from simulators.devices.wrist import Wrist
from simulators.devices.zigbee import ON
from simulators.home import Home, invent_home
from simulators.household import Household
from simulators.ledger import Ledger
from simulators.light_gateway import LightGateway
from simulators.registration import (
    DeviceRecord,
    HomeRecord,
    device_id,
    register_gateway,
    register_home,
    register_town,
)
from simulators.resident import distant_point
from simulators.scenario import DeviceSpec, HomeSpec, Scenario, StepSpec
from simulators.stage import Stage


class StoryHome:
    """Start once, `do` steps, stop once."""

    def __init__(self, scenario: Scenario, folder: Path, clock: Clock, seed: int) -> None:
        self.seed = seed
        self.subjects: dict[str, str] = {}
        self.residents: dict[str, list[str]] = {"home": [], "other_home": []}
        self.gateways: list[str] = []
        self._scenario = scenario
        self._folder = folder
        self._clock = clock
        self._household: Household | None = None
        self._light: LightGateway | None = None
        self._light_task: asyncio.Task[None] | None = None
        self._records: dict[str, DeviceRecord] = {}
        self._other_beds: list[str] = []

    @property
    def agent_log(self) -> str:
        """Where the agent writes."""
        return str(self._folder / "agent.log")

    async def start(self, api: CloudApi, stage: Stage) -> None:
        """Register everything, start the agent and the devices. Raises SimulatorError."""
        await register_town(api)
        spec = self._scenario.home
        record, home = await self._register(api, "home", spec, f"gw-{self.seed:06d}", self._scenario.device)
        if self._scenario.other_home is not None:
            await self._register(api, "other_home", self._scenario.other_home, "", [])
        self.subjects["gateway"] = record.gateway
        self.gateways = [record.gateway]
        self._household = Household(
            record, self._folder, stage.broker_url, self._clock, batch_s=2 * self._clock.rate
        )
        if any(device.type == "wire_button" for device in self._scenario.device):
            await self._start_light(api, stage, record, home)
        await self._household.start()
        for device in self._scenario.device:
            if device.clock is not None:
                self._shift_clock(device.name, device.clock)

    async def stop(self) -> None:
        """End everything that `start` started."""
        if self._light_task is not None:
            self._light_task.cancel()
        if self._household is not None:
            await self._household.stop()

    async def do(self, step: StepSpec, api: CloudApi) -> None:
        """Do one step; returns when it is done."""
        assert self._household is not None
        house, name = self._household, step.device
        if name == "gateway":
            await self._gateway(step.do)
        elif name == "technician":
            await self._technician(step, api)
        elif name in house.watches:
            await self._watch(house.watches[name], step)
        elif name in house.trackers:
            await self._tracker(house.trackers[name], step)
        elif name in house.wrists:
            await self._wrist(house.wrists[name], step)
        elif name in house.near:
            await house.near[name].do(NEAR[self._records[name].type].verbs[step.do], step.fault)
        elif name in house.sensors:
            await self._sensor(name, step)
        else:
            await self._wire_button(step)

    async def _register(
        self, api: CloudApi, which: str, spec: HomeSpec, gateway: str, devices: list[DeviceSpec]
    ) -> tuple[HomeRecord, Home]:
        seed = self.seed if which == "home" else self.seed + 500_000
        home = invent_home(seed, residents=spec.residents, compound=spec.compound)
        records = [
            DeviceRecord(
                name=device.name,
                type=device.type,
                id=device_id(device.type, seed, n),
                room=device.room,
                role=device.role or ("sos" if device.type == "sos_button" else ""),
                bed=device.bed,
            )
            for n, device in enumerate(devices)
        ]
        self._records |= {record.name: record for record in records}
        days = max((device.installed_days_ago for device in devices), default=0)
        start = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC) - timedelta(days=days)
        record = await register_home(
            api,
            home,
            seed=seed,
            gateway=gateway,
            devices=records,
            radius_m=spec.radius_m,
            wifi=spec.wifi,
            installed_from=start.isoformat() if days else None,
            protocol_gateway=spec.gateway == "protocol",
        )
        self.subjects[which] = record.home_id
        self.residents[which] = record.residents
        if which == "other_home":
            self._other_beds = record.beds
        return record, home

    async def _start_light(self, api: CloudApi, stage: Stage, record: HomeRecord, home: Home) -> None:
        gateway = f"gw-{self.seed:06d}-light"
        secret = await register_gateway(api, gateway, home, record.home_id)
        buttons = [entry for entry in record.devices if entry.type == "wire_button"]
        inventory = tuple(
            InventoryEntry(device=entry.id, driver="light", room=entry.room) for entry in buttons
        )
        host, port = stage.broker
        self._light = LightGateway(gateway, secret, host, port, self._clock, Ledger(), inventory)
        self._light_task = asyncio.create_task(self._light.run(), name=gateway)
        self.gateways.append(gateway)

    def _shift_clock(self, name: str, iso: str) -> None:
        assert self._household is not None
        error = round(datetime.fromisoformat(iso).timestamp() * 1000) - self._clock.now_ms()
        house = self._household
        for device in (house.watches.get(name), house.trackers.get(name), house.wrists.get(name)):
            if device is not None:
                device.clock_error_ms = error

    async def _gateway(self, do: str) -> None:
        assert self._household is not None
        match do:
            case "stop":
                await self._household.stop_agent()
            case "kill":
                await self._household.stop_agent(kill=True)
            case "freeze":
                self._household.freeze_agent()
            case "thaw":
                self._household.thaw_agent()
            case "start":
                await self._household.start_agent()

    async def _technician(self, step: StepSpec, api: CloudApi) -> None:
        target = self._records[step.target].id
        if step.do == "open_test_window":
            await api.post(f"devices/{target}/test-window", {"minutes": step.minutes})
        else:
            place = {"home_id": self.subjects["other_home"], "bed_id": self._other_beds[0]}
            await api.post(f"devices/{target}/installations", place)

    async def _watch(self, device: Watch, step: StepSpec) -> None:
        earlier = self._clock.now_ms() - round(step.hours_ago * 3_600_000)
        match step.do:
            case "press_sos" if step.same:
                await device.alarm_storm(watch.SOS, step.times)
            case "press_sos" | "fall":
                for _ in range(step.times):
                    bits = watch.SOS if step.do == "press_sos" else watch.FALL
                    await device.alarm(bits, fault=step.fault)
                    await self._clock.sleep(step.every_s)
            case "leave_fence":
                await self._walk(device, step.metres)
                await device.alarm(watch.LEFT_FENCE)
            case "walk_away" | "come_home" | "jump":
                await self._go(device, step)
            case "old_report":
                for n in range(step.times):
                    state = WatchState(lat=device.state.lat, lon=device.state.lon, steps=5000 + 100 * n)
                    await device.backfill(earlier + n * 60_000, state)
            case "old_sos":
                await device.backfill(earlier, WatchState(lat=device.state.lat, status=watch.SOS))
            case "garbage":
                for _ in range(step.times):
                    await device.garbage(FAULTS["garbage"](watch.frame("3G", device.identity, "LK"))[0])
            case "hang":
                device.hang()

    async def _tracker(self, device: Tracker, step: StepSpec) -> None:
        match step.do:
            case "press_sos" | "fall":
                await device.alarm("sos" if step.do == "press_sos" else "fall", fault=step.fault)
            case "report":
                await device.report()
            case "hang":
                device.hang()

    async def _go(self, device: Watch, step: StepSpec) -> None:
        if step.do == "jump":
            await self._jump(device, step)
        else:
            await self._walk(device, step.metres if step.do == "walk_away" else 0)

    async def _walk(self, device: Watch, metres: float) -> None:
        """Three fixes of a walk to `metres` from the gate."""
        assert self._household is not None
        record = self._household.record
        for part in (0.5, 0.9, 1.0):
            lat, lon = distant_point(record.lat, record.lon, metres * part)
            device.state = WatchState(lat=lat, lon=lon, speed_kmh=3.5, battery=device.state.battery)
            if metres == 0 and record.wifi:  # indoors
                device.state = replace(device.state, fix=False, speed_kmh=0, wifi=((record.wifi, -63),))
            await device.report()
            await self._clock.sleep(1)

    async def _jump(self, device: Watch, step: StepSpec) -> None:
        """Indoors the satellites put the watch `metres` away, again and again, while it hears home."""
        assert self._household is not None
        record = self._household.record
        lat, lon = distant_point(record.lat, record.lon, step.metres)
        for _ in range(step.times):
            device.state = replace(device.state, lat=lat, lon=lon, wifi=((record.wifi, -58),))
            await device.report()
            await self._clock.sleep(step.every_s)

    async def _wrist(self, device: Wrist, step: StepSpec) -> None:
        match step.do:
            case "fall":
                device.fall()
            case "get_up":
                device.get_up()
            case "cancel":
                await device.press("cancel")
            case "press_sos":
                await device.press("sos")
            case "walk":
                device.idle = "walk"
            case "rest":
                device.queue(motion.still(5, random=np.random.default_rng(self.seed)))
                device.idle = "still"

    async def _sensor(self, name: str, step: StepSpec) -> None:
        assert self._household is not None
        assert self._household.bridge is not None
        sensor, bridge = self._household.sensors[name], self._household.bridge
        on: dict[str, Any] = ON[sensor.kind]
        off = {key: not value for key, value in on.items() if isinstance(value, bool)}
        change = {"self_test": {"test": True}, "clear": off, "close": off, "rest": off}.get(step.do, on)
        for _ in range(step.times):
            await bridge.report(sensor, change)
            await self._clock.sleep(step.every_s)
        if step.do == "self_test":
            await self._clock.sleep(3)
            await bridge.report(sensor, {"test": False})

    async def _wire_button(self, step: StepSpec) -> None:
        assert self._light is not None
        record = self._records[step.device]
        await self._light.linked()
        at = round(datetime.fromisoformat(step.clock).timestamp() * 1000) if step.clock else None
        event = self._light.event("sos", device=record.id, room=record.room or None, test=step.test, at=at)
        if step.same:
            self._light.repeat(event, step.times - 1)
            return
        for _ in range(step.times - 1):
            await self._clock.sleep(step.every_s)
            self._light.event("sos", device=record.id, room=record.room or None, test=step.test, at=at)
