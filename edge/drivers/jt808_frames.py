"""Bodies of JT/T 808 messages -> their fields (page `firmware_specs/devices/jt808.md`). Pure; what cannot be
read is left out.
"""

from typing import Final

import msgspec

from edge.drivers import jt808_additions
from edge.drivers.device_clock import digits_ms
from edge.drivers.jt808_additions import Additions
from edge.drivers.jt808_framing import Jt808Frame

ZONE_MS: Final = 8 * 3_600_000
_NAMES: Final = {
    0: "sos",
    1: "overspeed",
    2: "fatigue",
    3: "danger",
    4: "gnss_fault",
    5: "antenna_open",
    6: "antenna_short",
    7: "low_battery",
    8: "power_off",
    20: "fence",
    28: "moved",
    29: "crash",
    30: "rollover",
}
_MEANINGS: Final = _NAMES | {
    8: "power_cut",
    15: "vibration",
    16: "tampering",
    17: "tampering",
    18: "low_battery",
}
_MAX_LOCATIONS: Final = 200


class Jt808Location(msgspec.Struct, frozen=True, kw_only=True):
    """One location. `time` is ms UTC, its digits being GMT+8."""

    alarm_word: int
    status_word: int
    lat: float
    lon: float
    alt_m: int
    speed_kmh: float
    course: int
    digits: str
    additions: Additions

    @property
    def time(self) -> int | None:
        """Milliseconds UTC; None when the digits are no time."""
        local = digits_ms(self.digits)
        return None if local is None else local - ZONE_MS

    @property
    def gps_valid(self) -> bool:
        """True when the terminal says that it has a fix."""
        return bool(self.status_word >> 1 & 1)

    @property
    def alarm_bits(self) -> list[int]:
        """Numbers of the alarm bits that are set, ascending."""
        return [bit for bit in range(32) if self.alarm_word >> bit & 1]

    @property
    def alarms(self) -> list[str]:
        """Names of the alarm bits; `bitN` for a bit whose meaning differs by maker."""
        return [_NAMES.get(bit, f"bit{bit}") for bit in self.alarm_bits]

    @property
    def meanings(self) -> frozenset[str]:
        """What is wrong, from the alarm bits and the additions."""
        names = {_MEANINGS.get(bit, f"bit{bit}") for bit in self.alarm_bits} | set(self.additions.alarms)
        area = bytes.fromhex(self.additions.tlv.get("12", ""))
        if "fence" in names and len(area) == 6:
            names = names - {"fence"} | {"fence_exit" if area[5] else "fence_enter"}
        return frozenset(names)


class Jt808Register(msgspec.Struct, frozen=True, kw_only=True):
    """A terminal's registration (0100)."""

    province: int
    city: int
    maker: str
    model: str
    terminal_id: str
    plate: str


def decode_location(body: bytes) -> Jt808Location | None:
    """The body of 0200, or one location of 0704; None when it is cut before the time."""
    if len(body) < 28:
        return None
    alarm, status, lat, lon = (int.from_bytes(body[n : n + 4], "big") for n in (0, 4, 8, 12))
    alt, speed, course = (int.from_bytes(body[n : n + 2], "big") for n in (16, 18, 20))
    return Jt808Location(
        alarm_word=alarm,
        status_word=status,
        lat=(-1 if status >> 2 & 1 else 1) * lat / 1_000_000,
        lon=(-1 if status >> 3 & 1 else 1) * lon / 1_000_000,
        alt_m=alt,
        speed_kmh=speed / 10,
        course=course,
        digits=body[22:28].hex(),
        additions=jt808_additions.read(body[28:]),
    )


def decode_batch(body: bytes) -> tuple[int, int, list[Jt808Location]] | None:
    """The body of 0704: count as told, type (0 live, 1 backfill), locations; None when it is too short."""
    if len(body) < 3:
        return None
    return int.from_bytes(body[:2], "big"), body[2], decode_locations(body[3:], 2)


def decode_locations(body: bytes, size: int) -> list[Jt808Location]:
    """Locations one after the other, each behind its length of `size` bytes: the body of 0210 (one byte)."""
    locations: list[Jt808Location] = []
    at = 0
    while at + size <= len(body) and len(locations) < _MAX_LOCATIONS:
        length = int.from_bytes(body[at : at + size], "big")
        location = decode_location(body[at + size : at + size + length])
        if location is not None:
            locations.append(location)
        at += size + length
    return locations


def decode_register(frame: Jt808Frame) -> Jt808Register | None:
    """The body of 0100 in the form of the frame's version; None when it is too short."""
    body = frame.body
    maker, model, terminal = (11, 30, 30) if frame.version is not None else (5, 20, 7)
    if len(body) < 4 + 5 + 20 + 7:
        model = 8  # as before 2013
    if len(body) < 4 + maker + model:
        return None
    texts, at = [], 4
    for length in (maker, model, terminal):
        texts.append(_text(body[at : at + length]))
        at += length
    return Jt808Register(
        province=int.from_bytes(body[:2], "big"),
        city=int.from_bytes(body[2:4], "big"),
        maker=texts[0],
        model=texts[1],
        terminal_id=texts[2],
        plate=_text(body[at + 1 :]),
    )


def decode_auth(frame: Jt808Frame) -> str:
    """The authentication code of 0102; in the form of 2019 its length comes first."""
    if frame.version is not None and frame.body:
        return _text(frame.body[1 : 1 + frame.body[0]])
    return _text(frame.body)


def _text(data: bytes) -> str:
    """Text of the standard's coding (GBK), without its padding."""
    return data.decode("gbk", "replace").strip("\0 ")
