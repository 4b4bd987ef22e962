"""The configuration that the cloud wants: the highest version is kept in the outbox and applied at once.

Where it says nothing, edge.toml counts. No number or address of it is ever logged.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from edge.config import Config, DeviceEntry
from edge.effects import Effects
from edge.help_steps import Contact
from edge.outbox.outbox import Outbox
from edge.pipeline.options import PipelineOptions
from edge.pipeline.zones import Home, SafeZone
from firmware_specs import messages
from firmware_specs.batches import inflate
from firmware_specs.homes import Gate, Zone
from firmware_specs.ids import is_wire_id
from firmware_specs.messages import decode

log = logging.getLogger(__name__)

NOTE: Final = "config"
# Seconds between two signs of life; the cloud takes 75 s of silence for an absence.
HEARTBEAT_S: Final = (5.0, 60.0)
_MAX_JSON_BYTES: Final = 16 << 20


@dataclass
class Desired:
    """Applies configurations to the parts that they concern.

    `set_batch_s` and `set_heartbeat_s` take seconds; a heartbeat of None is the agent's own.
    """

    settings: Config
    outbox: Outbox
    options: PipelineOptions
    entries: dict[str, DeviceEntry]
    effects: Effects
    set_batch_s: Callable[[float], None]
    set_heartbeat_s: Callable[[float | None], None]
    version: int = 0

    async def restore(self) -> None:
        """Apply what was kept; an unreadable note is as none."""
        kept = await self.outbox.note(NOTE)
        if kept is not None:
            self._take(kept)

    async def take(self, payload: bytes) -> None:
        """Apply and keep a configuration of a higher version; anything else changes nothing."""
        if self._take(payload):
            await self.outbox.keep([], {NOTE: payload})
            log.info("configured", extra={"action": "configured", "version": self.version})

    def _take(self, payload: bytes) -> bool:
        try:
            wanted = decode(inflate(payload, _MAX_JSON_BYTES), messages.Config)
        except ValueError as error:
            log.error("unreadable configuration", extra={"action": "config_unreadable", "reason": str(error)})
            return False
        if wanted.version <= self.version:
            return False
        self.version = wanted.version
        self._devices(wanted)
        self._help(wanted)
        self._homes(wanted)
        if wanted.batch_s is not None:
            self.set_batch_s(wanted.batch_s)
        shortest, longest = HEARTBEAT_S
        every_s = wanted.heartbeat_s
        self.set_heartbeat_s(None if every_s is None else min(max(every_s, shortest), longest))
        return True

    def _devices(self, wanted: messages.Config) -> None:
        """Rooms and roles: what edge.toml says, and over it what the cloud says now."""
        given = {entry.id: entry for entry in self.settings.device}
        self.entries.clear()
        for device in [*given, *filter(is_wire_id, {**wanted.roles, **wanted.rooms})]:
            entry = given.get(device, DeviceEntry(id=device))
            self.entries[device] = msgspec.structs.replace(
                entry,
                room=wanted.rooms.get(device, entry.room),
                role=wanted.roles.get(device, entry.role),
            )
        for known, field in ((self.options.rooms, "room"), (self.options.roles, "role")):
            known.clear()
            known |= {id: value for id, entry in self.entries.items() if (value := getattr(entry, field))}

    def _homes(self, wanted: messages.Config) -> None:
        """The gateway's own home, as far as the cloud knows it, and those of devices that live elsewhere."""
        own, zone = self.settings.home(), self.settings.safe_zone
        night_m = None if zone is None else zone.night_radius_m
        told = _home(wanted.gate, wanted.safe_zone, wanted.access_points, night_m)
        self.options.home = Home(
            told.zone or own.zone, told.at or own.at, told.access_points or own.access_points
        )
        self.options.homes.clear()
        for home in wanted.homes:
            place = _home(home.gate, home.safe_zone, home.access_points, None)
            self.options.homes |= dict.fromkeys(home.devices, place)

    def _help(self, wanted: messages.Config) -> None:
        plan, own = self.effects.plan, self.settings.local_help
        contacts = [Contact(name=c.name, number=c.phone, inside=c.inside) for c in wanted.contacts]
        phone = self.settings.phone
        plan.rules = msgspec.structs.replace(
            plan.rules,
            after_s=wanted.help_after_s or own.after_s,
            away_s=wanted.help_away_s or own.away_s,
            contacts=contacts or [entry.contact() for entry in (phone.contact if phone else [])],
        )
        self.effects.place = wanted.place or own.place


def _home(
    gate: Gate | None, zone: Zone | None, access_points: list[str], night_radius_m: float | None
) -> Home:
    """A home as it was told; a circle is around its gate."""
    at = None if gate is None else (gate.lat, gate.lon)
    if zone is None:
        return Home(None, at, frozenset(access_points))
    judged = SafeZone(zone.lat, zone.lon, zone.radius_m, tuple(zone.ring), night_radius_m)
    return Home(judged, at or (None if zone.ring else (zone.lat, zone.lon)), frozenset(access_points))
