"""What a Zigbee device exposes -> what its state means, by one table and without a model name (page
`zigbee2mqtt.md`).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from edge.drivers.units import in_kinds_unit
from firmware_specs.kinds import READINGS

Value = bool | float
_SPECIFIC: Final = frozenset({"switch", "light", "lock", "cover", "fan", "climate"})
_SOS_ACTION: Final = re.compile(r"(^|_)(sos|emergency|panic)(_|$)", re.IGNORECASE)
_FALL_RAISED: Final = frozenset({"falling", "fall", "fall_alarm"})
_FALL_SUSPECTED: Final = frozenset({"maybe_fall", "fall_warning"})
_NOBODY: Final = frozenset({"none", "leave", "away", "absent", "unoccupied"})
_BINARY: Final[dict[str, str]] = {
    "smoke": "smoke",
    "gas": "gas",
    "carbon_monoxide": "co",
    "water_leak": "water_leak",
    "water": "water_leak",
    "tamper": "tamper",
    "battery_low": "battery_low",
    "occupancy": "motion",
    "pir_detection": "motion",
    "moving": "motion",
    "presence": "presence",
    "vibration": "vibration",
    "tilt": "vibration",
    "sos": "sos",
    "sos_alarm": "sos",
    "test": "test",
}
_ENUM: Final[dict[str, tuple[str, Callable[[str], bool]]]] = {
    "smoke_state": ("smoke", lambda value: value == "alarm"),
    "gas_state": ("gas", lambda value: value == "alarm"),
    "gas_sensor_state": ("gas", lambda value: value == "alarm"),
    "co_state": ("co", lambda value: value == "alarm"),
    "water_leakage_state": ("water_leak", lambda value: value == "alarm" or value.endswith("_yes")),
    "battery_state": ("battery_low", lambda value: value == "low"),
    "presence_state": ("presence", lambda value: value not in _NOBODY),
    "motion_state": ("presence", lambda value: value not in _NOBODY),
    "human_motion_state": ("presence", lambda value: value not in _NOBODY),
}
_NUMERIC: Final[dict[str, str]] = {
    "battery": "battery",
    "linkquality": "link_quality",
    "temperature": "temperature",
    "humidity": "humidity",
    "co2": "co2",
    "pm25": "pm25",
    "illuminance": "illuminance",
    "power": "power",
    "energy": "energy",
    "current": "current",
    "heart_rate": "heart_rate",
    "breathing_rate": "resp_rate",
}
_HUGE: Final = 1e12
_ABOVE_ZERO: Final = frozenset({"heart_rate", "resp_rate"})


class Meaning(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a state message says: a kind with its value, the key and raw value that said it.

    `kind` is a reading kind, or `sos`, `fall`, `test`, `action`, `switch` (a plug or light is on).
    For `fall` the value is 1 raised, 0.5 suspected, 0 neither.
    """

    kind: str
    value: float
    key: str
    raw: Any


class Expose(msgspec.Struct, frozen=True, kw_only=True):
    """One published property of a device that is no setting."""

    type: str
    name: str
    key: str
    value_on: Any = None
    values: frozenset[str] = frozenset()
    unit: str = ""


class Exposes(msgspec.Struct, frozen=True, kw_only=True):
    """All sensors of a device; `mains` when it has no battery."""

    sensors: tuple[Expose, ...]
    mains: bool = False


def read_exposes(definition: Any, power_source: Any = None) -> Exposes | None:
    """The sensors of a `definition` (or of a bare list of exposes); None when it lists nothing."""
    exposes = definition.get("exposes") if isinstance(definition, dict) else definition
    if not isinstance(exposes, list) or not exposes:
        return None
    sensors = tuple(_walk(exposes))
    battery = any(sensor.name.startswith("battery") for sensor in sensors)
    mains = isinstance(power_source, str) and power_source != "Battery" and not battery
    return Exposes(sensors=sensors, mains=mains)


def meanings(exposes: Exposes | None, state: dict[str, Any]) -> list[Meaning]:
    """What a state says, one entry a kind (set when any expose of that kind is set);
    by the keys' names when exposes are unknown.
    """
    sensors = exposes.sensors if exposes is not None else tuple(_guessed(state))
    mains = exposes is not None and exposes.mains
    found: dict[str, Meaning] = {}
    for sensor in sensors:
        raw = state.get(sensor.key)
        if raw is None:
            continue
        for kind, value in _judge(sensor, raw, state, mains=mains):
            if kind not in found or value > found[kind].value:
                found[kind] = Meaning(kind=kind, value=value, key=sensor.key, raw=raw)
    quality = state.get("linkquality")
    if "link_quality" not in found and quality is not None and _in_range("link_quality", quality):
        found["link_quality"] = Meaning(
            kind="link_quality", value=float(quality), key="linkquality", raw=quality
        )
    return list(found.values())


def is_sos_action(action: str) -> bool:
    """True for an action that says itself that it is a call for help."""
    return _SOS_ACTION.search(action) is not None


def _walk(exposes: list[Any], *, switches: bool = False) -> Iterator[Expose]:
    for expose in exposes:
        if not isinstance(expose, dict):
            continue
        features = expose.get("features")
        if str(expose.get("type")) in _SPECIFIC and isinstance(features, list):
            plain = [part for part in features if isinstance(part, dict) and "features" not in part]
            yield from _walk(plain, switches=expose.get("type") in ("switch", "light"))
            continue
        name, key = expose.get("name"), expose.get("property")
        access = expose.get("access", 1)
        setting = isinstance(access, int) and access & 2 and not (switches and name == "state")
        if not isinstance(name, str) or setting:
            continue
        values, unit = expose.get("values"), expose.get("unit")
        yield Expose(
            type=str(expose.get("type")),
            name=name,
            key=key if isinstance(key, str) else name,
            value_on=expose.get("value_on"),
            values=frozenset(str(v).lower() for v in values) if isinstance(values, list) else frozenset(),
            unit=unit if isinstance(unit, str) else "",
        )


def _guessed(state: dict[str, Any]) -> Iterator[Expose]:
    """Exposes that a state of a device without any would fit: the default column of the page."""
    for key, value in state.items():
        name = key.lower()
        if name == "contact" or name in _BINARY:
            yield Expose(type="binary", name=name, key=key)
        elif name in _ENUM or name == "action":
            yield Expose(type="enum", name=name, key=key)
        elif name in _NUMERIC or name == "voltage":
            unit = "mV" if name == "voltage" and isinstance(value, int | float) and value >= 1000 else ""
            yield Expose(type="numeric", name=name, key=key, unit=unit)
        elif ("fall" in name or name == "status") and str(value).lower() in _FALL_RAISED | _FALL_SUSPECTED:
            yield Expose(type="enum", name=name, key=key, values=_FALL_RAISED)


def _judge(sensor: Expose, raw: Any, state: dict[str, Any], *, mains: bool) -> Iterator[tuple[str, float]]:
    match sensor.type:
        case "binary" if sensor.name == "contact":
            yield "door_open", float(raw is False or str(raw).upper() in ("OFF", "FALSE"))
        case "binary" if sensor.name == "state":
            yield "switch", float(_is_set(raw, sensor.value_on))
        case "binary" if sensor.name in _BINARY:
            yield _BINARY[sensor.name], float(_is_set(raw, sensor.value_on))
        case "enum" if sensor.name == "action":
            if isinstance(raw, str) and raw:
                yield "action", 1.0
        case "enum":
            yield from _enum(sensor, str(raw).lower())
        case "numeric":
            yield from _numeric(sensor, raw, state, mains=mains)


def _enum(sensor: Expose, value: str) -> Iterator[tuple[str, float]]:
    if sensor.name in _ENUM:
        kind, is_set = _ENUM[sensor.name]
        yield kind, float(is_set(value))
    if sensor.values & (_FALL_RAISED | _FALL_SUSPECTED):
        yield "fall", 1.0 if value in _FALL_RAISED else 0.5 if value in _FALL_SUSPECTED else 0.0
        if "unoccupied" in sensor.values:
            yield "presence", float(value not in _NOBODY)


def _numeric(sensor: Expose, raw: Any, state: dict[str, Any], *, mains: bool) -> Iterator[tuple[str, float]]:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or abs(raw) > _HUGE:
        return
    if sensor.name == "voltage":
        volts = raw / 1000 if sensor.unit == "mV" else float(raw)
        kind = "mains_voltage" if sensor.unit == "V" or mains else "battery_voltage"
        if _in_range(kind, volts):
            yield kind, volts
        return
    kind = _NUMERIC.get(sensor.name, "")
    lux = state.get("illuminance_lux")
    if (
        kind == "illuminance"
        and sensor.unit != "lx"
        and isinstance(lux, int | float)
        and not isinstance(lux, bool)
    ):
        raw = lux
    raw = in_kinds_unit(kind, raw, sensor.unit)
    if kind and _in_range(kind, raw) and not (kind in _ABOVE_ZERO and raw <= 0):
        yield kind, float(raw)


def _is_set(raw: Any, value_on: Any) -> bool:
    if value_on is not None and type(raw) is type(value_on):
        return bool(raw == value_on) or (isinstance(raw, str) and raw.lower() == str(value_on).lower())
    return raw is True or raw == 1 or str(raw).upper() in ("ON", "TRUE")


def _in_range(kind: str, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    limits = READINGS[kind]
    return limits.low <= value <= limits.high
