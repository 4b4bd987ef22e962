"""Alarms that a device shows as a state: raised once when the state is set, cleared once when it is not."""

from dataclasses import dataclass, field
from typing import Any

from edge.drivers.options import DriverOptions, remembered
from edge.readings import Happening, Reading
from firmware_specs.kinds import READINGS
from firmware_specs.messages import Phase


@dataclass
class Levels:
    """What one device showed last, by kind, and when it was heard last (ms UTC; 0: never)."""

    shown: dict[str, bool] = field(default_factory=dict)
    heard: int = 0
    silent: bool = False


def levels_of(options: DriverOptions, device: str) -> Levels:
    """The levels of a device, kept between connections."""
    return remembered(options.memory, device, Levels)


def judge(
    levels: Levels, device: str, kind: str, value: bool, at: int, evidence: dict[str, Any]
) -> list[Happening]:
    """The event that this value of a state makes: none without a change."""
    before = levels.shown.get(kind)
    levels.shown[kind] = value
    if value == before:
        return []
    phase: Phase = "raised" if value else "cleared"
    return [Happening(device=device, kind=kind, phase=phase, at=at, evidence=evidence)]


def reading(
    device: str, kind: str, value: float, at: int, *, quality: int | None = None, device_at: int | None = None
) -> list[Reading]:
    """The reading, unless a sensor cannot measure such a value (0 for a heart rate is "not measured")."""
    limits = READINGS[kind]
    if not limits.low <= value <= limits.high:
        return []
    return [
        Reading(device=device, kind=kind, at=at, value=float(value), quality=quality, device_at=device_at)
    ]
