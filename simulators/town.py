"""The town of the demo: homes that live, and what the buttons of its page do to them."""

import asyncio
import contextlib
from typing import Final, Literal, Protocol

import msgspec

from firmware_specs.clock import Clock
from simulators.devices.near import Page
from simulators.devices.watch import WatchState
from simulators.fleet import HOURS_BEFORE_MS, FleetHome
from simulators.household import Household
from simulators.registration import HomeRecord
from simulators.resident import Body, Resident, distant_point

Action = Literal["sos", "fall", "leave", "smoke", "clear", "gateway_off", "gateway_on"]
ACTIONS: Final[tuple[Action, ...]] = ("sos", "fall", "leave", "smoke", "clear", "gateway_off", "gateway_on")
_LIVE_S: Final = 10.0
_PULSE_MS: Final = 60_000
_FAR_M: Final = 900.0


class HomeView(msgspec.Struct, kw_only=True):
    """One home as the page shows it."""

    id: str
    label: str
    residents: list[str]
    kind: Literal["agent", "light"]
    online: bool
    activity: str
    active: list[str]


class TownHome(Protocol):
    """A home that can be shown and acted on."""

    def view(self) -> HomeView:
        """How the home is now."""

    async def act(self, action: Action) -> None:
        """Something happens in the home."""


class AgentTownHome:
    """A home with a real agent and devices that speak the real protocols."""

    def __init__(self, house: Household, clock: Clock) -> None:
        self.house = house
        record = house.record
        self._clock = clock
        start = clock.now_ms() - HOURS_BEFORE_MS
        self._resident = Resident(record.seed, start, record.lat, record.lon, falls_a_year=0)
        self._active: set[str] = set()
        self._room = ""
        self._pulse_at = 0
        self._walking: asyncio.Task[None] | None = None

    def view(self) -> HomeView:
        """How the home is now."""
        record, online = self.house.record, self.house.agent.running
        return _view(record, "agent", online, self._resident.activity, self._active)

    async def live(self) -> None:
        """The resident's day moves the devices, for ever."""
        while True:
            body = self._resident.advance(self._clock.now_ms())
            for device in self.house.watches.values():
                lat, lon = (body.lat, body.lon) if "leave" not in self._active else self._far()
                device.state = WatchState(lat=lat, lon=lon, steps=body.steps, battery=device.state.battery)
            if body.at - self._pulse_at >= _PULSE_MS and self.house.agent.running:
                self._pulse_at = body.at
                await self._pulse(round(body.heart_rate_bpm))
            for bracelet in self.house.wrists.values():
                if "fall" not in self._active:
                    bracelet.idle = "walk" if body.activity in ("walking", "cooking", "out") else "still"
            room = "bedroom" if await self._lies(body) else body.room
            if room != self._room and self.house.bridge is not None and self.house.agent.running:
                await self._moved(room)
            await self._clock.sleep(_LIVE_S)

    async def _lies(self, body: Body) -> bool:
        """Whether the person is in bed, by night or for a rest; the mat notices."""
        lies = body.activity in ("asleep", "resting")
        for mat in self.house.near.values():
            if isinstance(mat, Page):
                mat.rates = (body.heart_rate_bpm, body.heart_rate_bpm / 4.5)
                await mat.do("sleeps" if lies else "empty")
        return lies

    async def _pulse(self, beats_per_min: int) -> None:
        """What watches measure; one that has no connection just now measures again the next time."""
        for device in self.house.watches.values():
            with contextlib.suppress(TimeoutError, OSError):
                await asyncio.wait_for(device.measured(f"PULSE,{beats_per_min}"), _LIVE_S)

    async def act(self, action: Action) -> None:
        """Something happens in the home."""
        match action:
            case "sos":
                await self._sensor("sos button", {"action": "emergency"})
            case "smoke":
                await self._sensor("smoke", {"smoke": True})
            case "fall":
                self._resident.fall(self._clock.now_ms())
                for bracelet in self.house.wrists.values():
                    bracelet.fall()
            case "leave":
                self._resident.go_out(self._clock.now_ms(), _FAR_M)
                self._walking = asyncio.create_task(self._walk(self._far()), name="walk")
            case "clear":
                await self._clear()
            case "gateway_off":
                await self.house.stop_agent()
            case "gateway_on":
                await self.house.start_agent()
        self._active = set() if action == "clear" else self._active | ({action} & {"fall", "leave", "smoke"})

    async def _clear(self) -> None:
        await self._sensor("smoke", {"smoke": False})
        now = self._clock.now_ms()
        self._resident.help_up(now)
        if "fall" in self._active:
            for bracelet in self.house.wrists.values():
                bracelet.get_up()
        if "leave" in self._active:
            self._resident.come_home(now)
            home = (self.house.record.lat, self.house.record.lon)
            self._walking = asyncio.create_task(self._walk(home), name="walk")

    async def _sensor(self, name: str, change: dict[str, object]) -> None:
        assert self.house.bridge is not None
        await self.house.bridge.report(self.house.sensors[name], change)

    async def _moved(self, room: str) -> None:
        """The person went to another room: the living room's motion sensor and the door notice."""
        was, self._room = self._room, room
        await self._sensor("motion", {"occupancy": room == "living_room"})
        if "outside" in (was, room):
            await self._sensor("door", {"contact": False})
            await self._sensor("door", {"contact": True})

    async def _walk(self, to: tuple[float, float]) -> None:
        """Three fixes, a second apart: one alone could be a jump of the receiver."""
        for device in self.house.watches.values():
            for _ in range(3):
                device.state = WatchState(lat=to[0], lon=to[1], speed_kmh=3.6, battery=device.state.battery)
                await device.report()
                await asyncio.sleep(1)

    def _far(self) -> tuple[float, float]:
        record = self.house.record
        return distant_point(record.lat, record.lon, _FAR_M)


class LightTownHome:
    """A home of the light fleet."""

    def __init__(self, record: HomeRecord, home: FleetHome) -> None:
        self._record = record
        self._home = home
        self._active: set[str] = set()

    def view(self) -> HomeView:
        """How the home is now."""
        activity = self._home.resident.activity
        return _view(self._record, "light", self._home.gateway.online, activity, self._active)

    async def act(self, action: Action) -> None:
        """Something happens in the home."""
        match action:
            case "sos" | "fall" | "smoke":
                self._home.raise_alarm(action)
            case "leave":
                self._home.raise_alarm("fence_exit")
            case "clear":
                self._home.clear_alarms()
            case "gateway_off":
                await self._home.gateway.switch_off()
            case "gateway_on":
                self._home.gateway.switch_on()
        self._active = set() if action == "clear" else self._active | ({action} & {"fall", "leave", "smoke"})


def _view(
    record: HomeRecord, kind: Literal["agent", "light"], online: bool, activity: str, active: set[str]
) -> HomeView:
    return HomeView(
        id=record.gateway,
        label=record.label,
        residents=record.resident_names,
        kind=kind,
        online=online,
        activity=activity,
        active=sorted(active),
    )


def action_of(name: object) -> Action | None:
    """The action of a name; None for anything else."""
    return next((action for action in ACTIONS if action == name), None)
