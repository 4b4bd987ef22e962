"""A JT/T 808 terminal (page `firmware_specs/devices/jt808.md`): what happens -> messages."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# what happens: the alarm word
ALARMS: Final = {"sos": 1 << 0, "low_battery": 1 << 7}


@dataclass
class Jt808:
    """One terminal; degrees WGS-84, the time that it believes as ms UTC. `newer` speaks the form of 2019."""

    number: str = "13900000017"
    lat: float = 37.3815
    lon: float = 118.0123
    battery: int = 80
    newer: bool = False
    serial: int = 0

    @property
    def device_id(self) -> str:
        """The id of this terminal on the wire to the cloud."""
        return f"jt808-{self.number}"

    def login(self) -> bytes:
        """Authentication with the code that it was given."""
        code = self.number.encode()
        return self.message(0x0102, (bytes((len(code),)) if self.newer else b"") + code)

    def heartbeat(self) -> bytes:
        """A sign of life."""
        return self.message(0x0002, b"")

    def position(self, at_ms: int) -> bytes:
        """Where it is."""
        return self.message(0x0200, self.location(at_ms))

    def alarm(self, what: str, at_ms: int) -> bytes:
        """An alarm and where it is."""
        return self.message(0x0200, self.location(at_ms, ALARMS[what]))

    def backfill(self, times_ms: list[int], word: int = 0) -> bytes:
        """Locations kept while there was no connection."""
        body = b"".join(struct.pack(">H", 34 + 4) + self.location(at, word) for at in times_ms)
        return self.message(0x0704, struct.pack(">HB", len(times_ms), 1) + body)

    def is_answer(self, data: bytes, message: bytes) -> bool:
        """True when `data` from the platform holds a general answer to a message of this kind."""
        return message[1:3] + b"\x00" in data

    def location(self, at_ms: int, word: int = 0) -> bytes:
        """The body of a location: odometer, battery."""
        when = datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8)
        status = 1 << 1 | (self.lat < 0) << 2 | (self.lon < 0) << 3
        lat, lon = (round(abs(value) * 1_000_000) for value in (self.lat, self.lon))
        fixed = struct.pack(">IIIIHHH", word, status, lat, lon, 12, 4, 90)
        return fixed + bytes.fromhex(f"{when:%y%m%d%H%M%S}010400000000e40200{self.battery:02x}")

    def message(self, kind: int, body: bytes) -> bytes:
        """A message with the next serial number, escaped."""
        self.serial = (self.serial + 1) & 0xFFFF
        version = b"\x01" if self.newer else b""
        head = struct.pack(">HH", kind, len(body) | self.newer << 14) + version
        number = bytes.fromhex(self.number.zfill(20 if self.newer else 12))
        data = head + number + struct.pack(">H", self.serial) + body
        total = 0
        for byte in data:
            total ^= byte
        data += bytes((total,))
        return b"\x7e" + data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02") + b"\x7e"
