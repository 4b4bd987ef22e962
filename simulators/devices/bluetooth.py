"""Bluetooth devices (pages `gatt.md`, `bthome.md`, `vendor_ble.md`): what happens -> the transport's lines.

`GATT`, `BTHOME` and `VENDOR` hold bytes by what happens; `Peripheral` gives the lines of one device.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

ZONE: Final = timedelta(hours=8)


def moment(at_ms: int, error_ms: int = 0) -> bytes:
    """Date and time of a device's clock (local); 2000-01-01 is `error_ms` = -at_ms and 30 years."""
    local = datetime.fromtimestamp((at_ms + error_ms) / 1000, UTC) + ZONE
    return struct.pack("<H5B", local.year, local.month, local.day, local.hour, local.minute, local.second)


def sfloat(mantissa: int, exponent: int = 0) -> bytes:
    """The number mantissa x 10^exponent as 16 bits."""
    return struct.pack("<H", (exponent & 15) << 12 | mantissa & 0xFFF)


# name: (characteristic, value for the bytes of the clock)
GATT: Final[dict[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "pressure_123_80": (
        "2a35",
        lambda clock: b"\x06" + sfloat(123) + sfloat(80) + sfloat(93) + clock + sfloat(72),
    ),
    "pressure_failed": ("2a35", lambda clock: b"\x12" + sfloat(0x7FF) * 3 + clock + b"\x02\x00"),
    "pressure_kpa": ("2a35", lambda clock: b"\x01" + sfloat(160, -1) + sfloat(107, -1) + sfloat(124, -1)),
    "fever_38_6": ("2a1c", lambda clock: b"\x02" + struct.pack("<I", 0xFF000000 | 386) + clock),
    "spo2_96": ("2a5f", lambda clock: b"\x00" + sfloat(96) + sfloat(72)),
    "spo2_demo": ("2a5f", lambda clock: b"\x04" + sfloat(96) + sfloat(72) + b"\x00\x04"),
    "spo2_no_finger": ("2a5f", lambda clock: b"\x00" + sfloat(0x7FF) * 2),
    "spot_95": ("2a5e", lambda clock: b"\x01" + sfloat(95) + sfloat(70) + clock),
    "weight_70_2": ("2a9d", lambda clock: b"\x02" + struct.pack("<H", 14_040) + clock),
    "glucose_5_5": ("2a18", lambda clock: b"\x06\x07\x00" + clock + sfloat(55, -4) + b"\x11"),
    "heart_72": ("2a37", lambda clock: b"\x06\x48"),
    "heart_no_contact": ("2a37", lambda clock: b"\x04\xff"),
    "battery_80": ("2a19", lambda clock: b"\x50"),
}
# service data behind the information byte
BTHOME: Final[dict[str, bytes]] = {
    "smoke": b"\x29\x01",
    "clear_air": b"\x29\x00",
    "leak": b"\x20\x01",
    "door_open": b"\x1a\x01",
    "press": b"\x3a\x01",
    "long_press": b"\x3a\x04",
    "climate": b"\x02\x34\x08\x03\x88\x13",
    "battery_low": b"\x15\x01",
    "presence": b"\x25\x01",
}
# name: (characteristic, notification)
VENDOR: Final[dict[str, tuple[str, bytes]]] = {
    "pc60_97": (
        "6e400003-b5a3-f393-e0a9-e50e24dcca9e",
        bytes.fromhex("AA550F0801614800 2A00C0"),
    ),
    "berrymed_97": ("49535343-1e4d-4bd9-ba61-23c647249616", bytes.fromhex("8532044861")),
    "berrymed_no_finger": ("49535343-1e4d-4bd9-ba61-23c647249616", bytes.fromhex("9000107F7F")),
    "ffe4_97": ("ffe4", bytes.fromhex("FE0A550048611068 0100")),
}


@dataclass
class Peripheral:
    """One device by its address (`AA:BB:CC:DD:EE:FF`); `clock_error_ms` sets its clock wrong."""

    address: str
    name: str = ""
    clock_error_ms: int = 0
    packet: int = 0

    @property
    def device_id(self) -> str:
        """The id of this device on the wire to the cloud."""
        return f"ble-{self.address.replace(':', '').lower()}"

    def connects(self, *uuids: str) -> bytes:
        """The line of a new connection."""
        return _line({"address": self.address, "connected": True, "name": self.name, "uuids": list(uuids)})

    def measures(self, what: str, at_ms: int) -> bytes:
        """The line of a health profile's indication, measured at `at_ms`."""
        uuid, value = GATT[what]
        return self.notifies(uuid, value(moment(at_ms, self.clock_error_ms)))

    def notifies(self, uuid: str, value: bytes) -> bytes:
        """The line of any notification."""
        return _line({"address": self.address, "uuid": uuid, "value": value.hex()})

    def vendor(self, what: str) -> bytes:
        """The line of a vendor's notification."""
        return self.notifies(*VENDOR[what])

    def advertises(self, *what: str, again: bool = False) -> bytes:
        """The line of an advertisement; `again`: the same packet once more."""
        self.packet = (self.packet + (not again)) & 0xFF
        data = b"\x40\x00" + bytes((self.packet,)) + b"".join(BTHOME[name] for name in what)
        return _line({"address": self.address, "rssi": -60, "service_data": {"fcd2": data.hex()}})

    def hci(self, *what: str) -> bytes:
        """The same as an HCI event."""
        self.packet = (self.packet + 1) & 0xFF
        data = b"\x16\xd2\xfc\x40\x00" + bytes((self.packet,)) + b"".join(BTHOME[name] for name in what)
        parts = b"\x02\x01\x06" + bytes((len(data),)) + data
        address = bytes.fromhex(self.address.replace(":", ""))[::-1]
        report = b"\x02\x01\x00\x00" + address + bytes((len(parts),)) + parts + b"\xc4"
        return _line({"hci": (b"\x04\x3e" + bytes((len(report),)) + report).hex()})


def _line(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"
