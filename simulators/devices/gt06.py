"""A GT06 pendant (page `firmware_specs/devices/gt06.md`): what happens -> frames."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

# what happens: bits 3-5 of the state, alarm byte
ALARMS: Final = {"sos": (4, 0x01), "fall": (0, 0x23), "low_battery": (3, 0x0E), "removed": (7, 0x18)}
_CELL: Final = bytes.fromhex("01CC0024A1008F03")


@dataclass
class Gt06:
    """One pendant; degrees WGS-84, voltage level 0-6, the time that it believes as ms UTC."""

    imei: str = "861100000000017"
    lat: float = 37.3815
    lon: float = 118.0123
    voltage: int = 5
    serial: int = 0

    @property
    def device_id(self) -> str:
        """The id of this pendant on the wire to the cloud."""
        return f"gt06-{self.imei}"

    def login(self) -> bytes:
        """The first frame of a connection."""
        return self.frame(0x01, bytes.fromhex(f"0{self.imei}"))

    def heartbeat(self, state: int = 0) -> bytes:
        """The status; `state` is what bits 3-5 say."""
        return self.frame(0x13, bytes((state << 3, self.voltage, 4, 0, 2)))

    def position(self, at_ms: int) -> bytes:
        """Where it is."""
        return self.frame(0x12, self._gps(at_ms) + _CELL)

    def alarm(self, what: str, at_ms: int) -> bytes:
        """An alarm and where it is."""
        state, code = ALARMS[what]
        tail = bytes((9,)) + _CELL + bytes((state << 3, self.voltage, 4, code, 2))
        return self.frame(0x16, self._gps(at_ms) + tail)

    def is_answer(self, data: bytes, message: bytes) -> bool:
        """True when `data` from the server answers the frame."""
        return b"\x78\x78\x05" + message[3:4] + message[-6:-4] in data

    def frame(self, protocol: int, body: bytes) -> bytes:
        """A short frame with the next serial number."""
        self.serial = (self.serial + 1) & 0xFFFF
        counted = struct.pack(">BB", len(body) + 5, protocol) + body + struct.pack(">H", self.serial)
        return b"\x78\x78" + counted + struct.pack(">H", crc_x25(counted)) + b"\x0d\x0a"

    def _gps(self, at_ms: int) -> bytes:
        when = datetime.fromtimestamp(at_ms / 1000, UTC)
        flags = 90 | (self.lat >= 0) << 10 | (self.lon < 0) << 11 | 1 << 12
        lat, lon = (round(abs(value) * 1_800_000) for value in (self.lat, self.lon))
        day = bytes((when.year % 100, when.month, when.day, when.hour, when.minute, when.second))
        return day + struct.pack(">BIIBH", 0xC9, lat, lon, 0, flags)


def crc_x25(data: bytes) -> int:
    """CRC-16/X.25, bit by bit."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x8408 * (value & 1))
    return value ^ 0xFFFF
