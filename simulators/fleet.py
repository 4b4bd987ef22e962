"""Many light gateways in one asyncio process: the demo's town, load, and the other half of chaos.

Each gateway has its own credentials, lives the day of its own resident, and sends what changed in batches.
Every event that is sent and acknowledged goes to a ledger.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from firmware_specs.clock import Clock
from firmware_specs.messages import Event, InventoryEntry
from simulators.home import CENTRE_LAT, CENTRE_LON
from simulators.ledger import Ledger
from simulators.light_gateway import LightGateway
from simulators.processes import SimulatorError
from simulators.resident import Body, Resident
from simulators.texts import say

STARTS_A_SECOND: Final = 200
HOURS_BEFORE_MS: Final = 4 * 3_600_000  # a life begins some hours before it is looked at
_EVENT_KINDS: Final = ("sos", "fall", "smoke", "water_leak", "battery_low", "tamper")
_STORM_KINDS: Final = ("sos", "fall", "smoke", "gas", "co")


class GatewayEntry(msgspec.Struct, kw_only=True):
    """One gateway of a fleet: its credentials, its resident's seed, its devices by kind (`watch` …)."""

    id: str
    secret: str
    seed: int = 0
    lat: float = CENTRE_LAT
    lon: float = CENTRE_LON
    devices: dict[str, str] = {}


class FleetHome:
    """One light gateway and the person who lives there."""

    def __init__(self, entry: GatewayEntry, host: str, port: int, clock: Clock, ledger: Ledger) -> None:
        inventory = tuple(InventoryEntry(device=id, driver="light") for id in entry.devices.values())
        self.entry = entry
        self.gateway = LightGateway(entry.id, entry.secret, host, port, clock, ledger, inventory)
        start = clock.now_ms() - HOURS_BEFORE_MS
        self.resident = Resident(entry.seed, start, entry.lat, entry.lon, falls_a_year=0)
        self.resident.advance(clock.now_ms())
        self._clock = clock
        self._active: dict[str, Event] = {}
        self._last: dict[tuple[str, str], float] = {}

    def report(self) -> None:
        """Send what has changed since the last report."""
        body = self.resident.advance(self._clock.now_ms())
        rows = []
        for device, kind, value in self._readings(body):
            if abs(self._last.get((device, kind), -1e9) - value) >= (3 if kind == "heart_rate" else 1):
                self._last[device, kind] = value
                rows.append((device, kind, body.at, value))
        self.gateway.telemetry(rows)

    def raise_alarm(self, kind: str) -> Event:
        """An event of this kind from the device that would notice it; an active one is raised again."""
        event = self.gateway.event(kind, device=self._device_for(kind), room=_ROOM.get(kind))
        if kind not in ("sos", "fall"):
            self._active[kind] = event
        return event

    def clear_alarms(self) -> None:
        """Everything that is active is over."""
        for kind, event in self._active.items():
            self.gateway.event(kind, phase="cleared", event_id=event.id, device=event.device)
        self._active.clear()

    def _device_for(self, kind: str) -> str | None:
        wanted = {"sos": "watch", "fall": "watch", "fence_exit": "watch"}.get(kind, kind)
        return self.entry.devices.get(wanted) or next(iter(self.entry.devices.values()), None)

    def _readings(self, body: Body) -> Iterable[tuple[str, str, float]]:
        if (watch := self.entry.devices.get("watch")) is not None:
            yield watch, "heart_rate", body.heart_rate_bpm
            yield watch, "steps", float(body.steps)
        if (motion := self.entry.devices.get("motion")) is not None:
            yield motion, "motion", float(body.activity in ("walking", "cooking"))


_ROOM: Final = {
    "smoke": "kitchen",
    "gas": "kitchen",
    "co": "kitchen",
    "water_leak": "bathroom",
    "fall": "bathroom",
}


class Fleet:
    """The homes by gateway id; use `running` as a context manager."""

    def __init__(
        self, entries: Iterable[GatewayEntry], broker: tuple[str, int], clock: Clock, ledger: Ledger
    ) -> None:
        self.homes = {entry.id: FleetHome(entry, *broker, clock, ledger) for entry in entries}
        self.ledger = ledger
        self._clock = clock

    @asynccontextmanager
    async def running(self, *, report_s: float = 30, seed: int = 1) -> AsyncIterator["Fleet"]:
        """Start the gateways, at most 200 a second, and report each `report_s` simulated seconds."""
        tasks: list[asyncio.Task[None]] = []
        random = Random(f"fleet-{seed}")
        try:
            for n, home in enumerate(self.homes.values()):
                tasks.append(asyncio.create_task(home.gateway.run(), name=home.entry.id))
                pause = random.uniform(0, report_s)
                tasks.append(asyncio.create_task(self._report(home, pause, report_s), name="report"))
                if n % 20 == 19:
                    await asyncio.sleep(20 / STARTS_A_SECOND)
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.ledger.close()

    async def online(self, limit_s: float) -> int:
        """Wait until every gateway is online, at most `limit_s` real seconds; returns how many are."""
        waits = [home.gateway.linked() for home in self.homes.values()]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*waits), limit_s)
        return sum(home.gateway.online for home in self.homes.values())

    async def random_events(self, per_minute: float, seed: int, *, life_safety: bool = False) -> None:
        """Raise events at random homes for ever, evenly spaced; about a quarter is cleared."""
        random = Random(f"events-{seed}")
        homes = list(self.homes.values())
        kinds = _STORM_KINDS if life_safety else _EVENT_KINDS
        while per_minute > 0 and homes:
            await self._clock.sleep(60 / per_minute)
            home = random.choice(homes)
            home.raise_alarm(random.choice(kinds))
            if random.random() < 0.25:
                home.clear_alarms()

    async def settled(self, limit_s: float) -> bool:
        """Wait until every event is acknowledged, at most `limit_s` real seconds."""
        for _ in range(round(limit_s / 0.05)):
            if not self.ledger.waiting:
                break
            await asyncio.sleep(0.05)
        return self.ledger.waiting == 0

    async def _report(self, home: FleetHome, pause_s: float, every_s: float) -> None:
        await home.gateway.linked()
        home.report()
        await self._clock.sleep(pause_s)
        while True:
            if home.gateway.online:
                home.report()
            await self._clock.sleep(every_s)


def read_gateways(path: Path) -> list[GatewayEntry]:
    """The gateways of a JSON-lines file. Raises SimulatorError that names the line."""
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            entries.append(msgspec.json.decode(line, type=GatewayEntry))
        except msgspec.DecodeError as error:
            raise SimulatorError(say("gateways_file", path=path, line=number, reason=error)) from error
    return entries


def write_gateways(path: Path, entries: Iterable[GatewayEntry]) -> None:
    """Write a JSON-lines file that only this user can read."""
    path.touch(mode=0o600)
    path.write_text(
        "".join(msgspec.json.encode(entry).decode() + "\n" for entry in entries), encoding="utf-8"
    )
