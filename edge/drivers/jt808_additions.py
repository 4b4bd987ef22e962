"""What stands behind a JT/T 808 location, makers' additions (`firmware_specs/devices/jt808.md`). Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from edge.drivers.wifi import MAX_ENTRIES, WifiSeen

_TEXT_WIFI: Final = re.compile(rb"((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}),(-?[0-9]{1,3})")
_BINARY_WIFI: Final = (0xEC, 0xF4)
_NESTED: Final = 0xEB
_SIGNED: Final = 0x80
# Battery percent, the first that fits counts: addition, its length (of more than two bytes: at least), the
# byte, percent a unit.
_PERCENT: Final = (
    (0xE4, 2, 1, 1),
    (0x56, 2, 0, 10),
    (0xE3, 4, 1, 1),
    (0xF7, 6, 5, 1),
    *((name, 1, 0, 1) for name in (0x06, 0xD4, 0xE1, 0xE9, 0xFE)),
)
_INNER_PERCENT: Final = (0x00A8, 0x00E1)
_OR_ON_POWER: Final = (0xD4, 0xE1, 0xE9)
_ON_POWER: Final = 0xFF
_HUNDREDTHS_V: Final = (0x69, 0xD5)
_FULL: Final = 100

Fields = Mapping[int, bytes]


class Additions(msgspec.Struct, frozen=True, kw_only=True):
    """What the additions say that matters here; None and empty are absent. `tlv`: as they came, in hex."""

    tlv: dict[str, str]
    alarms: list[str] = []
    battery_pct: int | None = None
    battery_mv: int | None = None
    charging: bool | None = None
    iccid: str | None = None
    wifi: list[WifiSeen] = []


def read(data: bytes) -> Additions:
    """All additions behind a location; what is cut is left out."""
    found = dict(_fields(data))
    inner = dict(_inner(found.get(_NESTED, b"")))
    return Additions(
        tlv={f"{name:02x}": value.hex() for name, value in found.items()},
        alarms=_alarms(found, inner),
        battery_pct=_percent(found, inner),
        battery_mv=_millivolts(found, inner),
        charging=_charging(found),
        iccid=inner[0x00B2].hex().rstrip("f") if 0x00B2 in inner else None,
        wifi=_wifi(found, inner),
    )


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Id, length, data, one after the other."""
    at = 0
    while at + 2 <= len(data):
        end = at + 2 + data[at + 1]
        if end > len(data):
            return
        yield data[at], data[at + 2 : end]
        at = end


def _inner(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Length u16 (id and data), id u16, data, one after the other."""
    at = 0
    while at + 4 <= len(data):
        end = at + 2 + _number(data[at : at + 2])
        if end < at + 4 or end > len(data):
            return
        yield _number(data[at + 2 : at + 4]), data[at + 4 : end]
        at = end


def _alarms(found: Fields, inner: Fields) -> list[str]:
    """Of the active-low words a bit that is clear says it; of the word of bands with keys one that is set."""
    names = []
    if len(switches := inner.get(0x0089, b"")) == 4:
        names += [
            name for name, bit in (("removed", 12), ("power_cut", 0)) if not _number(switches) >> bit & 1
        ]
    if len(movements := inner.get(0x00C5, b"")) == 4 and not _number(movements) >> 6 & 1:
        names.append("vibration")
    if len(keys := found.get(0xE7, b"")) == 8:
        names += [name for name, bits in (("sos", 0b1110), ("vibration", 1)) if _number(keys[:2]) & bits]
    return names


def _percent(found: Fields, inner: Fields) -> int | None:
    told = [
        data[at] * unit
        for name, size, at, unit in _PERCENT
        if len(data := found.get(name, b"")) == size or len(data) > size > 2
    ]
    told += [data[0] for name in _INNER_PERCENT if len(data := inner.get(name, b"")) == 1]
    if len(fine := found.get(0x68, b"")) == 2:
        told.append(_number(fine) // 100)
    return next((value for value in told if value <= _FULL), None)


def _charging(found: Fields) -> bool | None:
    told = [found[0xE4][0] == 0] if len(found.get(0xE4, b"")) == 2 else []
    told += [found[name][0] == _ON_POWER for name in _OR_ON_POWER if len(found.get(name, b"")) == 1]
    return any(told) if told else None


def _millivolts(found: Fields, inner: Fields) -> int | None:
    if len(inner.get(0x002D, b"")) == 2:
        return _number(inner[0x002D])
    if len(found.get(0xF7, b"")) >= 4:
        return _number(found[0xF7][:4])
    return next((_number(found[name]) * 10 for name in _HUNDREDTHS_V if len(found.get(name, b"")) == 2), None)


def _wifi(found: Fields, inner: Fields) -> list[WifiSeen]:
    """Access points: as text behind a count, or address (6) and dBm as a signed byte."""
    told = _TEXT_WIFI.findall(inner.get(0x00B9, b"")[1:])
    seen = [WifiSeen(mac=mac.decode(), rssi=int(rssi)) for mac, rssi in told]
    for data in (found.get(name, b"") for name in _BINARY_WIFI):
        seen += [
            WifiSeen(mac=data[n : n + 6].hex(":"), rssi=data[n + 6] - (256 if data[n + 6] >= _SIGNED else 0))
            for n in range(0, len(data) - 6, 7)
            if any(data[n : n + 6])
        ]
    return seen[:MAX_ENTRIES]


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")
