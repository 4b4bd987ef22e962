"""BTHome v2 advertisements -> values (page `firmware_specs/devices/bthome.md`)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

SERVICE: Final = "fcd2"
# id, name, u or s and bytes, factor
_TABLE: Final = """
00 packet u1|01 battery u1|02 temperature s2 0.01|03 humidity u2 0.01|04 pressure u3 0.01
05 illuminance u3 0.01|06 weight u2 0.01|07 weight_lb u2 0.01|08 dewpoint s2 0.01|09 count u1
0A energy u3 0.001|0B power u3 0.01|0C voltage u2 0.001|0D pm2.5 u2|0E pm10 u2|0F binary u1
10 switch u1|11 opening u1|12 co2 u2|13 tvoc u2|14 moisture u2 0.01|15 battery_low u1
16 battery_charging u1|17 carbon_monoxide u1|18 cold u1|19 connectivity u1|1A door u1
1B garage_door u1|1C gas_detected u1|1D heat u1|1E light u1|1F lock u1|20 moisture_detected u1
21 motion u1|22 moving u1|23 occupancy u1|24 plug u1|25 presence u1|26 problem u1|27 running u1
28 safety u1|29 smoke u1|2A sound u1|2B tamper u1|2C vibration u1|2D window u1|2E humidity u1
2F moisture u1|3A button u1|3C dimmer u2|3D count u2|3E count u4|3F rotation s2 0.1
40 distance_mm u2|41 distance u2 0.1|42 duration u3 0.001|43 current u2 0.001|44 speed u2 0.01
45 temperature s2 0.1|46 uv_index u1 0.1|47 volume u2 0.1|48 volume_mL u2
49 volume_flow_rate u2 0.001|4A voltage u2 0.1|4B gas u3 0.001|4C gas u4 0.001|4D energy u4 0.001
4E volume u4 0.001|4F water u4 0.001|50 timestamp u4|51 acceleration u2 0.001|52 gyroscope u2 0.001
55 volume_storage u4 0.001|56 conductivity u2|57 temperature s1|58 temperature s1 0.35|59 count s1
5A count s2|5B count s4|5C power s4 0.01|5D current s2 0.001|5E direction u2 0.01
5F precipitation u2 0.1|60 channel u1|61 rotational_speed u2|62 speed s4 0.000001
63 acceleration s4 0.000001|64 light_level u1|F0 device_type u2|F1 firmware u4
F2 firmware u3
"""
_TEXTS: Final = {0x53: "text", 0x54: "raw"}
_BUTTONS: Final = {
    1: "press",
    2: "double_press",
    3: "triple_press",
    4: "long_press",
    5: "long_double_press",
    6: "long_triple_press",
    0x80: "hold_press",
}
_TURNS: Final = {1: "rotate_left", 2: "rotate_right"}
Value = Any


class _Object(msgspec.Struct, frozen=True):
    name: str
    size: int
    signed: bool
    factor: float
    digits: int


def _object(entry: str) -> tuple[int, _Object]:
    number, name, form, *factor = entry.split()
    digits = len(factor[0].partition(".")[2]) if factor else 0
    one = _Object(name, int(form[1]), form[0] == "s", float(factor[0]) if factor else 1.0, digits)
    return int(number, 16), one


_OBJECTS: Final = dict(_object(entry) for entry in _TABLE.strip().replace("\n", "|").split("|"))


class Advert(msgspec.Struct, frozen=True, kw_only=True):
    """One advertisement: sender (12 hexadecimal digits, upper case), strength in dBm and service data."""

    address: str
    rssi: int | None = None
    data: bytes


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What an advertisement says, in order; `counter` of an encrypted one; `whole` false when an unknown id
    or the end of the data cut it short.
    """

    values: list[tuple[str, Value]]
    counter: int | None = None
    sleepy: bool = False
    whole: bool = True

    def named(self) -> dict[str, Value]:
        """The values by name, the last of each."""
        return dict(self.values)


class Unreadable(ValueError):
    """The data cannot be read; the text is one word for the count."""


def from_hci(event: bytes) -> list[Advert]:
    """BTHome's advertisements in one HCI event (LE advertising report, plain or extended)."""
    if len(event) < 5 or event[:2] != b"\x04\x3e" or event[3] not in (0x02, 0x0D):
        return []
    adverts, at = [], 5
    for _ in range(event[4]):
        if event[3] == 0x02:
            head, size_at = 9, 8
        else:
            head, size_at = 24, 23
        if at + head > len(event):
            break
        address = event[at + head - 7 : at + head - 1] if event[3] == 0x02 else event[at + 3 : at + 9]
        end = at + head + event[at + size_at]
        strength = event[end : end + 1] if event[3] == 0x02 else event[at + 13 : at + 14]
        rssi = int.from_bytes(strength, "big", signed=True) if strength else None
        for data in _service_data(event[at + head : end]):
            adverts.append(Advert(address=address[::-1].hex().upper(), rssi=rssi, data=data))
        at = end + (1 if event[3] == 0x02 else 0)
    return adverts


def _service_data(structures: bytes) -> Iterator[bytes]:
    """Service data of BTHome's UUID in the parts of an advertisement."""
    at = 0
    while at < len(structures):
        part = structures[at + 1 : at + 1 + structures[at]]
        if part[:3] == b"\x16\xd2\xfc":
            yield part[3:]
        at += 1 + structures[at]


def read(advert: Advert, key: str | None) -> Content:
    """The content of an advertisement; `key` is 32 hexadecimal digits. Raises Unreadable."""
    if not advert.data or advert.data[0] >> 5 != 2:
        raise Unreadable("version")
    info, counter = advert.data[0], None
    address, payload = bytes.fromhex(advert.address), advert.data[1:]
    if info & 2:
        if len(payload) < 6:
            raise Unreadable("length")
        address, payload = payload[5::-1], payload[6:]
    if info & 1:
        if key is None:
            raise Unreadable("no_key")
        payload, counter = _decrypted(address, info, payload, key)
    values, whole = _values(payload)
    return Content(values=values, counter=counter, sleepy=bool(info & 4), whole=whole)


def _decrypted(address: bytes, info: int, sealed: bytes, key: str) -> tuple[bytes, int]:
    """AES-CCM with a tag of 4 bytes; nonce = address, D2 FC, information byte, counter."""
    try:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESCCM
    except ImportError as error:
        raise Unreadable("cryptography_missing") from error
    if len(sealed) < 9:
        raise Unreadable("length")
    counter, tag = sealed[-8:-4], sealed[-4:]
    try:
        nonce = address + b"\xd2\xfc" + bytes((info,)) + counter
        plain = AESCCM(bytes.fromhex(key), tag_length=4).decrypt(nonce, sealed[:-8] + tag, None)
    except (InvalidTag, ValueError) as error:
        raise Unreadable("wrong_key") from error
    return plain, int.from_bytes(counter, "little")


def _values(payload: bytes) -> tuple[list[tuple[str, Value]], bool]:
    """Values in order, and whether all was understood: an id that nobody knows has no known length."""
    values: list[tuple[str, Value]] = []
    at = 0
    while at < len(payload):
        number = payload[at]
        one = _OBJECTS.get(number)
        text = number in _TEXTS and at + 1 < len(payload)
        if one is None and not text:
            return values, False
        start = at + 2 if one is None else at + 1
        end = start + (payload[at + 1] if one is None else one.size)
        if end > len(payload):
            return values, False
        raw = payload[start:end]
        if one is None:
            values.append((_TEXTS[number], raw.decode("utf-8", "replace") if number == 0x53 else raw.hex()))
        else:
            values += _named(one, raw)
        at = end
    return values, True


def _named(one: _Object, raw: bytes) -> list[tuple[str, Value]]:
    number = int.from_bytes(raw, "little", signed=one.signed)
    match one.name:
        case "timestamp":
            return [("timestamp", datetime.fromtimestamp(number, UTC))]
        case "button":
            return [("button", _BUTTONS.get(number))]
        case "dimmer":
            return [("dimmer", _TURNS.get(raw[0])), ("steps", raw[1])]
        case "weight_lb":
            return [("weight", round(number * one.factor, one.digits)), ("weight_unit", "lbs")]
        case _:
            return [(one.name, round(number * one.factor, one.digits) if one.digits else number)]
