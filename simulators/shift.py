"""`carebed-sim shift`: a compressed shift of a city with people at the desk, and how it ended.

Only homes in which something happens are registered. Alarms of people come through the gateway of a platform
that serves many homes' devices, faults of equipment through the home's own gateway.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from firmware_specs.clock import Clock
from firmware_specs.language import chinese
from firmware_specs.messages import Event, InventoryEntry
from simulators.cloud_api import CloudApi
from simulators.commands import work_folder
from simulators.home import CENTRE_LAT, CENTRE_LON, DISTRICT_CODE, invent_home
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
from simulators.shift_desk import Help, Operator, Seat
from simulators.shift_plan import Alarm, plan
from simulators.shift_report import told
from simulators.stage import OwnCloud

_PLATFORM: Final = "gw-platform"
_DAY_START: Final = "2026-03-02T08:00:00+08:00"
_NIGHT_START: Final = "2026-03-02T22:00:00+08:00"
_BEFORE_S: Final = 90.0  # a home's own gateway is there so long before its fault
_LAST_WORK_S: Final = 2400.0  # after the shift: what is going on is brought to an end
_AT_ONCE: Final = 6


@dataclass(frozen=True)
class Part:
    """One shift: when it begins, how long it is, how many sit at the desk."""

    name: str
    start: str
    hours: float
    operators: int
    responders: int


async def shift(arguments: argparse.Namespace) -> int:
    """Play the parts that were asked for and print how each ended; 0 unless one could not be played."""
    day = Part("day", _DAY_START, arguments.hours, arguments.operators, arguments.responders)
    night = Part("night", _NIGHT_START, arguments.night_hours, 1, max(2, arguments.responders // 2))
    parts = [part for part in (day, night) if arguments.part in (part.name, "both") and part.hours > 0]
    seed = arguments.seed if arguments.seed is not None else 1
    with work_folder(keep=arguments.keep) as folder:
        for part in parts:
            report = await _play(part, folder / part.name, arguments, seed)
            sys.stdout.write(report + "\n\n")
            sys.stdout.flush()
    return 0


async def _play(part: Part, folder: Path, arguments: argparse.Namespace, seed: int) -> str:
    clock = _clock(part.start, arguments.clock_rate)
    random = Random(f"shift-{part.name}-{seed}")
    start_hour = datetime.fromisoformat(part.start).hour
    alarms = plan(random, hours=part.hours, start_hour=start_hour, homes=arguments.homes)
    cloud = OwnCloud(folder, clock)
    try:
        await cloud.start()
        town = await _found(cloud, clock, part, alarms)
        begin = clock.now_ms()
        async with town.living(random):
            await _happen(town, alarms, clock)
            await clock.sleep(max(0.0, part.hours * 3600 - (clock.now_ms() - begin) / 1000))
            await town.bring_to_an_end(clock)
        return await _report(cloud, part, begin, len(alarms), clock, arguments)
    finally:
        await cloud.stop()


def _clock(start: str, rate: float) -> Clock:
    real = Clock().now_ms()
    return Clock(round(datetime.fromisoformat(start).timestamp() * 1000), real, rate)


@dataclass
class Town:
    """Everything that lives during a shift."""

    cloud: OwnCloud
    clock: Clock
    platform: LightGateway
    homes: dict[int, HomeRecord]
    operators: list[Seat]
    responders: dict[str, Seat]
    own: dict[int, LightGateway]
    tasks: list["asyncio.Task[None]"]

    @asynccontextmanager
    async def living(self, random: Random) -> AsyncIterator[None]:
        """Gateways on line and people at work for the length of the block."""
        help_ = Help(random, self.clock, self.responders)
        self._start(self.platform.run(), "platform")
        await asyncio.wait_for(self.platform.linked(), 30)
        for seat in self.responders.values():
            await seat.sign_in()
        for n, seat in enumerate(self.operators):
            await seat.sign_in()
            self._start(seat.watch(), f"screen {n}")
            self._start(Operator(seat, Random(random.random()), help_).work(), f"operator {n}")
        try:
            yield
        finally:
            everything = [*self.tasks, *help_.tasks]
            for task in everything:
                task.cancel()
            await asyncio.gather(*everything, return_exceptions=True)
            for seat in (*self.operators, *self.responders.values()):
                await seat.close()

    def _start(self, work: Any, name: str) -> None:
        self.tasks.append(asyncio.create_task(work, name=name))

    def happens(self, alarm: Alarm) -> None:
        """An alarm of the plan, until it is over."""
        self._start(self._happen(alarm), f"{alarm.what.kind} {alarm.home}")

    async def _happen(self, alarm: Alarm) -> None:
        gateway, home = self.platform, self.homes[alarm.home]
        if alarm.what.technical:
            gateway = self.own[alarm.home]
            self._start(gateway.run(), gateway.id)
            await asyncio.wait_for(gateway.linked(), 30)
            await self.clock.sleep(_BEFORE_S)
        if alarm.what.kind == "gateway_offline":
            await gateway.switch_off()
            await self.clock.sleep(alarm.what.lasts_s or 0)
            gateway.switch_on()
            return
        event = self._raise(gateway, alarm, home)
        if alarm.what.lasts_s is not None:
            await self.clock.sleep(alarm.what.lasts_s)
            gateway.event(alarm.what.kind, phase="cleared", event_id=event.id, device=event.device)

    def _raise(self, gateway: LightGateway, alarm: Alarm, home: HomeRecord) -> Event:
        return gateway.event(alarm.what.kind, device=home.devices[0].id, room=alarm.what.room or None)

    async def bring_to_an_end(self, clock: Clock) -> None:
        """Let the people finish what they have, for a while; nothing new happens."""
        until = clock.now_ms() + _LAST_WORK_S * 1000
        while clock.now_ms() < until:
            live = [
                case for case in self.operators[0].cases.values() if case["state"] not in ("closed", "merged")
            ]
            if not [case for case in live if case["class"] == "care"]:
                return
            await clock.sleep(30)


async def _happen(town: Town, alarms: list[Alarm], clock: Clock) -> None:
    """Everything of the plan at its time; what needs a gateway of its own begins a little earlier."""
    begin = clock.now_ms()
    early = [(alarm.at_s - (_BEFORE_S if alarm.what.technical else 0), alarm) for alarm in alarms]
    for at_s, alarm in sorted(early, key=lambda item: item[0]):
        await clock.sleep(max(0.0, at_s - (clock.now_ms() - begin) / 1000))
        town.happens(alarm)


async def _found(cloud: OwnCloud, clock: Clock, part: Part, alarms: list[Alarm]) -> Town:
    """Register the homes of the plan, the platforms' gateway, the people."""
    token = await cloud.token("shift", "admin")
    gate = asyncio.Semaphore(_AT_ONCE)
    own: dict[int, LightGateway] = {}
    async with CloudApi(cloud.api_url, token) as api:
        await register_town(api)
        zone = await api.post("zones", _zone())
        secret = await register_gateway(api, _PLATFORM, invent_home(1), "", protocol=True)

        async def home(alarm: Alarm) -> tuple[int, HomeRecord]:
            async with gate:
                record = await _register(api, alarm)
            if record.gateway:
                own[alarm.home] = _gateway(cloud, clock, record.gateway, record.secret, record.devices)
            return alarm.home, record

        made = await asyncio.gather(*(home(alarm) for alarm in alarms))
        homes = dict(made)
        staff = await asyncio.gather(
            *(_account(cloud, clock, gate, "operator", n) for n in range(1, part.operators + 1)),
            *(_account(cloud, clock, gate, "responder", n) for n in range(1, part.responders + 1)),
        )
        operators, responders = staff[: part.operators], dict(staff[part.operators :])
        for staff_id in responders:
            given = {"zone_id": zone["id"], "skills": [], "speed_kmh": 20}
            await api.put(f"responders/{staff_id}", given)
    devices = [device for record in homes.values() for device in record.devices if not record.gateway]
    platform = _gateway(cloud, clock, _PLATFORM, secret, devices)
    return Town(cloud, clock, platform, homes, [seat for _, seat in operators], responders, own, [])


def _zone() -> dict[str, Any]:
    return {
        "name": "滨江片区",
        "area_code": DISTRICT_CODE,
        "lat": CENTRE_LAT,
        "lon": CENTRE_LON,
        "promise_s": 1800,
    }


async def _register(api: CloudApi, alarm: Alarm) -> HomeRecord:
    kind = alarm.what.device
    seed = 200_000 + alarm.home
    device = DeviceRecord(
        name=kind, type=kind, id=device_id(kind, seed, 0), room=alarm.what.room, bed=int(kind == "watch")
    )
    gateway = f"gw-shift-{alarm.home:06d}" if alarm.what.technical else ""
    return await register_home(api, invent_home(seed), seed=seed, gateway=gateway, devices=[device])


def _gateway(
    cloud: OwnCloud, clock: Clock, name: str, secret: str, devices: list[DeviceRecord]
) -> LightGateway:
    inventory = tuple(InventoryEntry(device=device.id, driver="light") for device in devices)
    return LightGateway(name, secret, "127.0.0.1", cloud.mqtt_port, clock, Ledger(), inventory)


async def _account(
    cloud: OwnCloud, clock: Clock, gate: asyncio.Semaphore, role: str, n: int
) -> tuple[str, Seat]:
    """A new user, not signed in yet: their id and their seat."""
    username, name = f"{role}{n}", f"{'值班员' if role == 'operator' else '响应员'}{n}"
    async with gate:
        made = await cloud.admin(
            "user", "create", "--username", username, "--name", name, "--role", role, "--area", DISTRICT_CODE
        )
    return str(made["id"]), Seat(cloud.api_url, username, str(made["password"]), clock)


async def _report(
    cloud: OwnCloud, part: Part, begin_ms: int, planned: int, clock: Clock, arguments: argparse.Namespace
) -> str:
    end_ms = begin_ms + round(part.hours * 3_600_000)
    token = await cloud.token("report", "supervisor")
    async with CloudApi(cloud.api_url, token) as api:
        span = {"from": _iso(begin_ms), "to": _iso(end_ms)}
        found = await api.get("kpi", **span, group="seat")
    return told(
        found,
        name=part.name,
        hours=part.hours,
        operators=part.operators,
        planned=planned,
        homes=arguments.homes,
        rate=clock.rate,
        chinese=chinese(),
    )


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()
