"""What the state of a Home Assistant entity means (tables of the page `home_assistant.md`)."""

import re
from typing import Any, Final

from edge.drivers.ha_discovery import Entity
from edge.drivers.ha_templates import render
from edge.drivers.units import in_kinds_unit
from edge.drivers.zigbee_exposes import is_sos_action
from firmware_specs.kinds import READINGS

_BINARY: Final[dict[str, str]] = {
    "smoke": "smoke",
    "gas": "gas",
    "carbon_monoxide": "co",
    "moisture": "water_leak",
    "heat": "heat",
    "door": "door_open",
    "window": "door_open",
    "opening": "door_open",
    "garage_door": "door_open",
    "motion": "motion",
    "moving": "motion",
    "occupancy": "presence",
    "presence": "presence",
    "vibration": "vibration",
    "tamper": "tamper",
    "battery": "battery_low",
    "battery_charging": "charging",
    "connectivity": "online",
    "safety": "unknown_alarm_bit",
    "problem": "unknown_alarm_bit",
}
# By a word of the entity's id or name, where the class says less: the first that fits.
_BINARY_WORDS: Final = (
    ("fall", frozenset({"fall", "falling", "fallen"})),
    ("sos", frozenset({"sos", "emergency", "panic"})),
    ("in_bed", frozenset({"bed"})),
)
_PLAIN_WORDS: Final = (
    ("smoke", frozenset({"smoke"})),
    ("water_leak", frozenset({"leak", "leakage", "flood"})),
    ("presence", frozenset({"presence", "people", "person", "occupancy", "target", "human"})),
    ("motion", frozenset({"motion", "pir"})),
    ("door_open", frozenset({"door", "window"})),
)
_NUMERIC: Final[dict[str, str]] = {
    "humidity": "humidity",
    "illuminance": "illuminance",
    "battery": "battery",
    "carbon_dioxide": "co2",
    "pm25": "pm25",
    "power": "power",
    "energy": "energy",
    "current": "current",
    "weight": "weight",
    "blood_glucose_concentration": "glucose",
    "signal_strength": "signal_strength",
}
_BEATS: Final = frozenset({"bpm", "beats/min", "beats/minute", "breaths/min", "breaths/minute", "次/分"})
_BREATH: Final = frozenset({"breath", "breathing", "breathe", "resp", "respiration", "respiratory"})
_HEART: Final = frozenset({"heart", "pulse", "heartbeat"})
_OXYGEN: Final = frozenset({"spo2", "oxygen"})
Point = tuple[str, float]


def points(entity: Entity, payload: str) -> list[Point]:
    """(kind, value) of one state message: reading kinds, and `fall`, `sos`, `heat`, `online`,
    `unknown_alarm_bit`; raises ha_templates.Unsupported.
    """
    if entity.platform not in ("binary_sensor", "sensor"):
        return []
    template = entity.text("value_template")
    value = render(template, payload) if template else payload
    if value is None or value == "":
        return []
    return _binary(entity, value) if entity.platform == "binary_sensor" else _numeric(entity, value)


def is_online(entity: Entity, topic: str, payload: str) -> bool | None:
    """What a message on one of the entity's availability topics says; None for nothing. Raises
    ha_templates.Unsupported.
    """
    for name, online, offline, template in entity.availability():
        if name == topic:
            word = str(render(template, payload) if template else payload)
            return {online: True, offline: False}.get(word)
    return None


def gesture(entity: Entity, payload: str) -> str:
    """What was pressed, as one word, for events and device triggers; "" for anything else."""
    if entity.platform == "event":
        template = entity.text("value_template")
        value = render(template, payload) if template else payload
        event = render("{{ value_json.event_type }}", str(value)) if isinstance(value, str) else None
        return str(event or value or "")
    if entity.platform != "device_automation":
        return ""
    expected = entity.config.get("payload")
    template = entity.text("value_template")
    value = render(template, payload) if template else payload
    if expected is not None and str(value) != str(expected):
        return ""
    words = [entity.text("subtype"), entity.text("type") or str(value)]
    words += [str(value)] if is_sos_action(str(value)) and str(value) not in words else []
    return "_".join(word for word in words if word)


def _words(entity: Entity) -> set[str]:
    names = (entity.key, entity.text("name"), entity.text("unique_id"), entity.text("object_id"))
    return {word for name in names for word in re.split(r"[^a-z0-9]+", name.lower())}


def _binary(entity: Entity, value: Any) -> list[Point]:
    text, on, off = str(value).lower(), entity.text("payload_on", "ON"), entity.text("payload_off", "OFF")
    if text not in (on.lower(), off.lower()):
        return []
    state = float(text == on.lower())
    words, kind = _words(entity), _BINARY.get(entity.text("device_class"), "")
    for name, marks in _BINARY_WORDS:
        if words & marks and kind in ("", "presence", "unknown_alarm_bit", "motion", "vibration"):
            return [(name, state)]
    if not entity.text("device_class"):
        kind = next((name for name, marks in _PLAIN_WORDS if words & marks), "")
    return [(kind, state)] if kind else []


def _numeric(entity: Entity, value: Any) -> list[Point]:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return []
    unit, words = entity.text("unit_of_measurement").strip().lower(), _words(entity)
    kind = _kind(entity.text("device_class"), unit, words)
    if kind == "voltage":
        number = number / 1000 if unit == "mv" else number
        kind = "mains_voltage" if number > READINGS["battery_voltage"].high else "battery_voltage"
    elif kind == "signal_strength" and unit == "dbm":
        kind = "signal_dbm"
    else:
        number = in_kinds_unit(kind, number, unit)
    limits = READINGS.get(kind)
    return [(kind, number)] if limits is not None and limits.low <= number <= limits.high else []


def _kind(device_class: str, unit: str, words: set[str]) -> str:
    if unit in _BEATS or ("rate" in words and not device_class):
        if words & _BREATH or unit.startswith("breath"):
            return "resp_rate"
        return "heart_rate" if words & _HEART or unit in ("bpm", "beats/min", "beats/minute") else ""
    if device_class == "temperature":
        return "body_temperature" if "body" in words else "temperature"
    if device_class == "voltage":
        return "voltage"
    if unit == "%" and words & _OXYGEN:
        return "spo2"
    return _NUMERIC.get(device_class, "")
