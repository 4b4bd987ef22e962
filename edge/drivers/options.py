"""What a driver is given when it is built: settings and the memory that outlives one connection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar

_T = TypeVar("_T")
_MAX_REMEMBERED: Final = 10_000

Bit22 = Literal["unknown", "fall", "heart_rate", "vibration"]


@dataclass(frozen=True)
class DriverOptions:
    """Settings of one transport's driver.

    `memory` holds what a driver knows of a device between connections (zone offset, last status, last
    sequence number): give the same dict to each driver of one transport. `base_topic` is Zigbee2MQTT's,
    or the discovery prefix. `watch_bit22` is what status bit 22 means on these watches. `device` is the
    id of the one device at the other end of a line whose frames name none (radars, bed sensors). `keys`
    are BTHome's by address (12 hex digits -> 32). `zone_min` is local time minus UTC for devices that
    know only local time.
    """

    memory: dict[str, object] = field(default_factory=dict)
    base_topic: str = ""
    watch_bit22: Bit22 = "unknown"
    device: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    zone_min: int = 480


def remembered(memory: dict[str, object], key: str, kind: type[_T]) -> _T:
    """The memory under `key`, made new (`kind()`) when absent; the oldest goes when 10,000 are kept."""
    found = memory.get(key)
    if isinstance(found, kind):
        return found
    while len(memory) >= _MAX_REMEMBERED:
        del memory[next(iter(memory))]
    made = kind()
    memory[key] = made
    return made
