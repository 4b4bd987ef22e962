"""What the gateway knows of its devices, and when that is worth a state message."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from edge.config import DeviceEntry
from firmware_specs.fields import TEXT_LONGEST
from firmware_specs.messages import ClockState, DeviceState, InventoryEntry

_BATTERY_STEP = 2.0
_MAX_DEVICES = 10_000
_LATELY_MS = 60_000
_FLAGS = ("online", "worn", "charging", "role")
_LEARNED = ("online", "worn", "charging", "battery_percent", "link_quality")


@dataclass
class Board:
    """States merged from sightings. `refresh_s`: how long an unchanged state may stay unsaid."""

    entries: dict[str, DeviceEntry]
    refresh_s: float
    run: str
    boot: str
    clock: Callable[[], ClockState]
    _states: dict[str, DeviceState] = field(default_factory=dict)
    _said: dict[str, DeviceState] = field(default_factory=dict)
    _drivers: dict[str, str] = field(default_factory=dict)

    def see(self, state: DeviceState, driver: str) -> None:
        """Merge a sighting: what it does not say stays as it was."""
        old = self._states.get(state.device)
        if old is None and len(self._states) >= _MAX_DEVICES:
            return
        changes = {name: value for name in _LEARNED if (value := getattr(state, name)) is not None}
        entry = self.entries.get(state.device)
        before = (old.last_seen if old else None) or 0
        merged = msgspec.structs.replace(
            old or DeviceState(device=state.device, at=state.at),
            at=state.at,
            # What was heard in the future was heard before the clock was set back.
            last_seen=max(_heard_at(state), before if before <= state.at + _LATELY_MS else 0) or None,
            role=_text(entry.role) if entry else None,
            run=self.run,
            boot=self.boot,
            clock=self.clock(),
            **changes,
        )
        self._states[state.device] = merged
        self._drivers[state.device] = driver

    def changed(self) -> list[DeviceState]:
        """States that differ from what was said, or were said too long ago; they count as said now."""
        worth = [
            state for device, state in self._states.items() if self._worth(self._said.get(device), state)
        ]
        self._said |= {state.device: state for state in worth}
        return worth

    def everything(self) -> list[DeviceState]:
        """All states, for a new connection; they count as said now."""
        self._said = dict(self._states)
        return list(self._states.values())

    def states(self) -> list[DeviceState]:
        """All states as they are known."""
        return list(self._states.values())

    def inventory(self, known: list[InventoryEntry]) -> list[InventoryEntry]:
        """Devices of the configuration, devices that drivers know and devices seen, at most 1,000."""
        models = {entry.device: entry for entry in known}
        ids = list(dict.fromkeys([*self.entries, *models, *self._states]))[:1000]
        return [
            InventoryEntry(
                device=device,
                driver=models[device].driver if device in models else self._drivers.get(device, "unknown"),
                model=_text(models[device].model) if device in models else None,
                role=_text(self.entries[device].role) if device in self.entries else None,
                room=_text(self.entries[device].room) if device in self.entries else None,
            )
            for device in sorted(ids)
        ]

    def _worth(self, said: DeviceState | None, state: DeviceState) -> bool:
        if said is None or any(getattr(said, name) != getattr(state, name) for name in _FLAGS):
            return True
        if abs((said.battery_percent or 0) - (state.battery_percent or 0)) >= _BATTERY_STEP:
            return True
        return abs(state.at - said.at) >= self.refresh_s * 1000


def inventory_hash(inventory: list[InventoryEntry]) -> str:
    """Sixteen hexadecimal characters that change with the inventory."""
    return hashlib.sha256(msgspec.json.encode(inventory)).hexdigest()[:16]


def _text(value: str | None) -> str | None:
    """As much of a name as a message may carry: one name that is too long must not cost a whole birth."""
    return None if value is None else re.sub(r"[\x00-\x1f]", " ", value)[:TEXT_LONGEST]


def _heard_at(state: DeviceState) -> int:
    """When the device itself was heard, ms; 0 for a sighting that only says what others believe of it."""
    if state.last_seen is not None:
        return state.last_seen
    itself = state.online is not False and any(getattr(state, name) is not None for name in _LEARNED)
    return state.at if itself else 0
