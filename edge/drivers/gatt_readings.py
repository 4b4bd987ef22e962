"""Values of health profiles -> readings that can be believed (page `gatt.md`, Meaning)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from edge.drivers.gatt import Values
from edge.readings import Reading
from firmware_specs.kinds import READINGS

_MMHG_PER_KPA: Final = 7.500617
_MG_PER_MMOL: Final = 18.016
_KG_PER_LB: Final = 0.45359237
_NEVER: Final = 1 << 10 | 1 << 11 | 1 << 13 | 1 << 15
_QUESTIONABLE: Final = 1 << 14
_FROM_MEMORY: Final = 1 << 9
_POOR_SIGNAL: Final = sum(1 << bit for bit in range(3, 9))
_NO_SENSOR: Final = 1 << 11 | 1 << 13 | 1 << 14 | 1 << 15
_LOW_QUALITY: Final = 40
_LIVE_MS: Final = 10 * 60_000
_PAST_MS: Final = 400 * 86_400_000


@dataclass(frozen=True)
class When:
    """When a value was measured, ms UTC, what the device's clock said, and whether it is an old value."""

    at: int
    device_at: int | None = None
    late: bool = False


def when(values: Values, arrived: int, zone_min: int) -> When:
    """Time of a measurement: the device's clock knows local time only. A clock that is ahead, or off by more
    than 400 days, is not believed: then the arrival counts.
    """
    try:
        local = datetime.fromisoformat(str(values.get("timestamp")))
        local += timedelta(minutes=values.get("time_offset_min", 0))
        claimed = round((local - datetime(1970, 1, 1)).total_seconds() * 1000)  # noqa: DTZ001  # no zone is sent
    except (ValueError, OverflowError):
        from_memory = bool(values.get("measurement_status", 0) & _FROM_MEMORY)
        return When(arrived, late=from_memory)
    return when_claimed(claimed, arrived, zone_min)


def when_claimed(claimed: int, arrived: int, zone_min: int) -> When:
    """The same for a clock's local time as ms since 1970."""
    device_at = max(0, claimed)
    for measured in (claimed - zone_min * 60_000, claimed):
        if abs(measured - arrived) <= _LIVE_MS:
            return When(measured, device_at)
    measured = claimed - zone_min * 60_000
    if arrived - _PAST_MS <= measured < arrived:
        return When(measured, device_at, late=True)
    return When(arrived, device_at)


def readings(device: str, uuid: str, values: Values, moment: When) -> list[Reading]:
    """Readings of one characteristic; none for a value that was not measured or must not be used."""
    found = []
    for kind, value, quality in _MEANINGS.get(uuid, _nothing)(values):
        limits = READINGS[kind]
        if value is not None and limits.low <= value <= limits.high:
            found.append(
                Reading(
                    device=device,
                    kind=kind,
                    at=moment.at,
                    value=round(float(value), 3),
                    quality=quality,
                    device_at=moment.device_at,
                    late=moment.late,
                )
            )
    return found


_Found = Iterator[tuple[str, float | None, int | None]]


def _nothing(values: Values) -> _Found:
    return iter(())


def _heart(values: Values) -> _Found:
    if values["contact"] is not False:
        yield "heart_rate", values["heart_rate"], None


def _pressure(values: Values) -> _Found:
    factor = _MMHG_PER_KPA if values["unit"] == "kPa" else 1.0
    doubtful = any(values.get(name) for name in ("body_movement", "cuff_loose", "improper_position"))
    quality = _LOW_QUALITY if doubtful else None
    if values["systolic"] is not None and values["diastolic"] is not None:
        yield "systolic", values["systolic"] * factor, quality
        yield "diastolic", values["diastolic"] * factor, quality
        yield "heart_rate", values.get("pulse"), quality


def _thermometer(values: Values) -> _Found:
    value = values["temperature"]
    if value is not None:
        yield "body_temperature", (value - 32) / 1.8 if values["unit"] == "F" else value, None


def _plx(values: Values) -> _Found:
    status, sensor = values.get("measurement_status", 0), values.get("device_and_sensor_status", 0)
    if status & _NEVER or sensor & _NO_SENSOR:
        return
    quality = _LOW_QUALITY if status & _QUESTIONABLE or sensor & _POOR_SIGNAL else None
    yield "spo2", values["spo2"], quality
    yield "heart_rate", values["pulse_rate"], quality


def _glucose(values: Values) -> _Found:
    if "mmol_l" in values:
        yield "glucose", values["mmol_l"], None
    elif "mg_dl" in values:
        yield "glucose", values["mg_dl"] / _MG_PER_MMOL, None


def _weight(values: Values) -> _Found:
    if values["weight"] is not None:
        yield "weight", values["weight"] * (_KG_PER_LB if values["unit"] == "lb" else 1.0), None


def _battery(values: Values) -> _Found:
    yield "battery", values["battery_percent"], None


_MEANINGS: Final = {
    "2a37": _heart,
    "2a35": _pressure,
    "2a1c": _thermometer,
    "2a5e": _plx,
    "2a5f": _plx,
    "2a18": _glucose,
    "2a9d": _weight,
    "2a19": _battery,
}
