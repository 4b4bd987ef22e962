"""Characteristics of the Bluetooth SIG's health profiles -> values (page `firmware_specs/devices/gatt.md`).

A characteristic is read whole or not at all: a truncated one raises Invalid, never gives part of it.
"""

from collections.abc import Callable
from typing import Any, Final

from edge.drivers.ieee11073 import float32, sfloat

Values = dict[str, Any]
_NO_WEIGHT: Final = 0xFFFF
_LOCATIONS: Final = 7


class Invalid(ValueError):
    """The bytes are not this characteristic; the text says why."""


class _Bytes:
    """Little-endian fields from first to last."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left():
            raise Invalid("too short")
        self._at += count
        return self._data[self._at - count : self._at]

    def unsigned(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little")

    def signed(self, count: int) -> int:
        return int.from_bytes(self.take(count), "little", signed=True)

    def sfloat(self) -> float | None:
        return sfloat(self.take(2))

    def moment(self) -> str:
        """Date and time as ISO text without a zone; year, month or day 0 is "not known"."""
        year, month, day = self.unsigned(2), self.unsigned(1), self.unsigned(1)
        hour, minute, second = self.take(3)
        return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"


def _heart_rate(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    values: Values = {"flags": flags, "heart_rate": field.unsigned(2 if flags & 1 else 1)}
    values["contact"] = bool(flags & 2) if flags & 4 else None
    if flags & 8:
        values["energy_kj"] = field.unsigned(2)
    if flags & 16:
        raw = [field.unsigned(2)]
        while field.left():
            raw.append(field.unsigned(2))
        values |= {"rr_raw": raw, "rr_ms": [round(interval * 1000 / 1024, 3) for interval in raw]}
    return values


def _pressure(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    values: Values = {"flags": flags, "unit": "kPa" if flags & 1 else "mmHg"}
    values |= {name: field.sfloat() for name in ("systolic", "diastolic", "map")}
    if flags & 2:
        values["timestamp"] = field.moment()
    if flags & 4:
        values["pulse"] = field.sfloat()
    if flags & 8:
        values["user_id"] = field.unsigned(1)
    if flags & 16:
        status = field.unsigned(2)
        values |= {
            "status_raw": status,
            "body_movement": bool(status & 1),
            "cuff_loose": bool(status & 2),
            "irregular_pulse": bool(status & 4),
            "pulse_range": status >> 3 & 3,
            "improper_position": bool(status & 32),
        }
    return values


def _cuff(field: _Bytes) -> Values:
    values = _pressure(field)
    return values | {"cuff_pressure": values["systolic"]}


def _thermometer(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    values: Values = {
        "flags": flags,
        "unit": "F" if flags & 1 else "C",
        "temperature": float32(field.take(4)),
    }
    if flags & 2:
        values["timestamp"] = field.moment()
    if flags & 4:
        values["type"] = field.unsigned(1)
    return values


def _plx_spot(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    values: Values = {"flags": flags, "spo2": field.sfloat(), "pulse_rate": field.sfloat()}
    if flags & 1:
        values["timestamp"] = field.moment()
    _plx_tail(field, values, flags >> 1)
    if flags & 16:
        values["clock_not_set"] = True
    return values


def _plx_continuous(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    values: Values = {"flags": flags, "spo2": field.sfloat(), "pulse_rate": field.sfloat()}
    for bit, speed in ((1, "fast"), (2, "slow")):
        if flags & bit:
            values |= {f"spo2_{speed}": field.sfloat(), f"pr_{speed}": field.sfloat()}
    _plx_tail(field, values, flags >> 2)
    return values


def _plx_tail(field: _Bytes, values: Values, flags: int) -> None:
    """Measurement status, device status and pulse amplitude index, by the next three flags."""
    if flags & 1:
        values["measurement_status"] = field.unsigned(2)
    if flags & 2:
        values["device_and_sensor_status"] = field.unsigned(3)
    if flags & 4:
        values["pulse_amplitude_index"] = field.sfloat()


def _glucose(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    values: Values = {"flags": flags, "sequence": field.unsigned(2), "timestamp": field.moment()}
    if flags & 1:
        values["time_offset_min"] = field.signed(2)
    if flags & 2:
        concentration, place = field.sfloat(), field.unsigned(1)
        per_mole = bool(flags & 4)
        values |= {"unit": "mol/L" if per_mole else "kg/L", "concentration": concentration}
        if concentration is not None:
            scaled = round(concentration * (1e3 if per_mole else 1e5), 6)
            values["mmol_l" if per_mole else "mg_dl"] = scaled
        values |= {"type": place & 15, "location": place >> 4}
    if flags & 8:
        values["status_raw"] = field.unsigned(2)
    values["context_follows"] = bool(flags & 16)
    return values


def _weight(field: _Bytes) -> Values:
    flags = field.unsigned(1)
    pounds = bool(flags & 1)
    raw = field.unsigned(2)
    weight = None if raw == _NO_WEIGHT else round(raw * (0.01 if pounds else 0.005), 3)
    values: Values = {"flags": flags, "unit": "lb" if pounds else "kg", "weight": weight}
    if flags & 2:
        values["timestamp"] = field.moment()
    if flags & 4:
        values["user_id"] = field.unsigned(1)
    if flags & 8:
        values["bmi"] = round(field.unsigned(2) * 0.1, 1)
        values["height"] = round(field.unsigned(2) * (0.1 if pounds else 0.001), 3)
    return values


def _battery(field: _Bytes) -> Values:
    percent = field.unsigned(1)
    if percent > 100:
        raise Invalid("over 100 %")
    return {"battery_percent": percent}


def _location(field: _Bytes) -> Values:
    where = field.unsigned(1)
    if where >= _LOCATIONS:
        raise Invalid("no such place")
    return {"body_sensor_location": where}


def _access(field: _Bytes) -> Values:
    """The record access control point's answer: to which order, and how it went (1: done)."""
    code, _ = field.unsigned(1), field.unsigned(1)
    if code == 5:
        return {"records": field.unsigned(2)}
    return {"answer_to": field.unsigned(1), "result": field.unsigned(1)}


def _words(field: _Bytes) -> Values:
    return {"text": field.take(field.left()).decode("utf-8", "replace").strip("\0 ")}


READERS: Final[dict[str, Callable[[_Bytes], Values]]] = {
    "2a37": _heart_rate,
    "2a35": _pressure,
    "2a36": _cuff,
    "2a1c": _thermometer,
    "2a5e": _plx_spot,
    "2a5f": _plx_continuous,
    "2a18": _glucose,
    "2a9d": _weight,
    "2a19": _battery,
    "2a38": _location,
    "2a52": _access,
    "2a24": _words,
    "2a26": _words,
    "2a29": _words,
}
_BASE: Final = "-0000-1000-8000-00805f9b34fb"


def short_uuid(uuid: str) -> str:
    """A characteristic's name: four hexadecimal digits for the SIG's own, else the whole UUID; lower case."""
    text = uuid.lower().removeprefix("0x")
    return text[4:8] if len(text) == 36 and text.startswith("0000") and text.endswith(_BASE) else text


def long_uuid(uuid: str) -> str:
    """The whole UUID of a short name."""
    return f"0000{uuid}{_BASE}" if len(uuid) == 4 else uuid


def decode(uuid: str, data: bytes) -> Values:
    """The values of a characteristic that the page lists. Raises Invalid; KeyError for any other."""
    return READERS[short_uuid(uuid)](_Bytes(data))
