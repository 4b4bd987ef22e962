"""Values of BTHome advertisements -> readings, events and presses of one device."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from edge.drivers.bthome import Advert, Content
from edge.drivers.levels import Levels, judge, reading
from edge.readings import Item, Press, Sighting
from firmware_specs.kinds import READINGS
from firmware_specs.messages import DeviceState

_REPEAT_MS: Final = 60_000
_SAME_MS: Final = 5_000
_RESTARTED: Final = 100
_KG_PER_LB: Final = 0.45359237
# name: (reading, event)
_STATES: Final[dict[str, tuple[str, str]]] = {
    "smoke": ("smoke", "smoke"),
    "gas_detected": ("gas", "gas"),
    "carbon_monoxide": ("co", "co"),
    "moisture_detected": ("water_leak", "water_leak"),
    "heat": ("", "heat"),
    "tamper": ("tamper", "tamper"),
    "battery_low": ("battery_low", "battery_low"),
    "safety": ("", "unknown_alarm_bit"),
    "problem": ("", "unknown_alarm_bit"),
    "door": ("door_open", ""),
    "window": ("door_open", ""),
    "garage_door": ("door_open", ""),
    "opening": ("door_open", ""),
    "motion": ("motion", ""),
    "moving": ("motion", ""),
    "occupancy": ("presence", ""),
    "presence": ("presence", ""),
    "vibration": ("vibration", ""),
    "battery_charging": ("charging", ""),
}
_NUMBERS: Final = {
    "battery": "battery",
    "temperature": "temperature",
    "humidity": "humidity",
    "illuminance": "illuminance",
    "power": "power",
    "energy": "energy",
    "current": "current",
    "co2": "co2",
    "pm2.5": "pm25",
    "weight": "weight",
}


@dataclass
class Heard:
    """What is known of one advertising device: the last packet and when it was heard, levels."""

    packet: tuple[int | None, bytes] | None = None
    packet_at: int = 0
    counter: int | None = None
    levels: Levels = field(default_factory=Levels)


def items(device: str, advert: Advert, content: Content, heard: Heard, at: int) -> list[Item]:
    """Items of one advertisement; nothing but a sign of life for one that was heard before."""
    found: list[Item] = []
    if not _repeated(advert, content, heard, at):
        device_at = next(
            (round(value.timestamp() * 1000) for _, value in content.values if isinstance(value, datetime)),
            None,
        )
        pounds = content.named().get("weight_unit") == "lbs"
        for name, value in _merged(content):
            value = value * _KG_PER_LB if name == "weight" and pounds else value
            found += _item(device, name, value, heard, at, device_at)
        if advert.rssi is not None:
            found += reading(device, "signal_dbm", advert.rssi, at)
    level = content.named().get("battery")
    state = DeviceState(device=device, at=at, online=True, battery_percent=_percent(level), last_seen=at)
    return [*found, Sighting(state=state)]


def _repeated(advert: Advert, content: Content, heard: Heard, at: int) -> bool:
    """True for an advertisement sent again, and for an encrypted one that is older than the last."""
    if content.counter is not None:
        last, heard.counter = heard.counter, content.counter
        if last is not None and content.counter < last and content.counter >= _RESTARTED:
            heard.counter = last
            return True
    number = content.counter if content.counter is not None else content.named().get("packet")
    packet = (number, b"" if number is not None else advert.data)
    window = _REPEAT_MS if number is not None else _SAME_MS
    repeated = packet == heard.packet and abs(at - heard.packet_at) < window
    heard.packet, heard.packet_at = packet, at
    return repeated


def _merged(content: Content) -> list[tuple[str, Any]]:
    """Values once a name: a state is set when any of its objects is; numbers count with their first."""
    merged: dict[str, Any] = {}
    for name, value in content.values:
        if name == "button":
            continue
        before = merged.get(name)
        merged[name] = value if before is None or (name in _STATES and value) else before
    buttons = [(f"button_{n}" if n else "button", value) for n, value in enumerate(_buttons(content))]
    return [*merged.items(), *buttons]


def _buttons(content: Content) -> list[object]:
    return [value for name, value in content.values if name == "button"]


def _item(device: str, name: str, value: object, heard: Heard, at: int, device_at: int | None) -> list[Item]:
    if name.startswith("button"):
        return [Press(device=device, button=f"{name}_{value}", at=at, device_at=device_at)] if value else []
    if isinstance(value, bool) or not isinstance(value, int | float):
        return []
    found: list[Item] = []
    kind, event = _STATES.get(name, (_NUMBERS.get(name, ""), ""))
    if name == "voltage":
        kind = "battery_voltage" if value <= READINGS["battery_voltage"].high else "mains_voltage"
    if kind:
        found += reading(device, kind, value, at, device_at=device_at)
    if event:
        found += judge(heard.levels, device, event, bool(value), at, {"object": name, "value": bool(value)})
    return found


def _percent(level: object) -> float | None:
    return float(level) if isinstance(level, int | float) and 0 <= level <= 100 else None
