"""Frames of oximeters that people own: PC-60FW, BerryMed and FFE4 kinds (page `vendor_ble.md`)."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from edge.drivers.binary_frames import BinaryFrames

Values = dict[str, Any]
NORDIC_UART: Final = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
BERRYMED: Final = "49535343-1e4d-4bd9-ba61-23c647249616"
FFE4: Final = "ffe4"
_NO_SPO2: Final = 127


class Pc60:
    """`AA 55 kind length type data crc`; the notification that leaves the CRC out is taken, too."""

    def __init__(self, counts: Counter[str]) -> None:
        self._frames = BinaryFrames(b"\xaa\x55", self._measure, self._check, counts)

    def feed(self, data: bytes, at: int) -> list[Values]:
        """Values of the frames that this notification completes."""
        if data[:2] == b"\xaa\x55" and len(data) >= 5 and len(data) == data[3] + 3:
            data += bytes((crc8_maxim(data),))
        found: list[Values] = []
        for frame in self._frames.feed(data, at):
            kind, type_, body = frame[2], frame[4], frame[5:-1]
            if kind == 0x0F and type_ == 0x01 and len(body) >= 4:
                spo2, pulse, perfusion = body[0], body[1], body[3]
                values = {"spo2": spo2 or None, "pulse_rate": pulse or None, "pi": perfusion / 10}
                found.append(values | {"pi_raw": perfusion})
            elif kind == 0xF0 and type_ == 0x03 and body:
                found.append({"battery_level": body[0]})
        return found

    @staticmethod
    def _measure(begin: bytes) -> int | str | None:
        if len(begin) < 4:
            return None
        return 4 + begin[3] if 2 <= begin[3] <= 64 else "length"

    @staticmethod
    def _check(frame: bytes) -> str:
        return "" if crc8_maxim(frame[:-1]) == frame[-1] else "checksum"


class BerryMed:
    """Five bytes, of which only the first has bit 7 set."""

    def __init__(self, counts: Counter[str]) -> None:
        self._frames = BinaryFrames(b"", lambda begin: self._begins(begin), self._check, counts)

    def feed(self, data: bytes, at: int) -> list[Values]:
        """Values of the packets that this notification completes."""
        return [self._values(packet) for packet in self._frames.feed(data, at)]

    @staticmethod
    def _begins(begin: bytes) -> int | str | None:
        if not begin:
            return None
        return 5 if begin[0] & 0x80 else "no_sync"

    @staticmethod
    def _check(packet: bytes) -> str:
        return "no_sync" if any(byte & 0x80 for byte in packet[1:]) else ""

    @staticmethod
    def _values(packet: bytes) -> Values:
        first, pleth, third, pulse, spo2 = packet
        return {
            "signal": first & 15,
            "no_signal_bit": bool(first & 16),
            "beep": bool(first & 64),
            "pleth": pleth,
            "bar": third & 15,
            "finger": not third & 16,
            "pulse_rate": pulse | (third & 64) << 1,
            "spo2": None if spo2 == _NO_SPO2 else spo2,
        }


class Ffe4:
    """`FE length kind ...`; kind 55 carries the values, 56 the pleth wave. The sum's rule is not known: it is
    not judged.
    """

    def __init__(self, counts: Counter[str]) -> None:
        self._frames = BinaryFrames(b"\xfe", self._measure, lambda frame: "", counts)

    def feed(self, data: bytes, at: int) -> list[Values]:
        """Values of the slow frames that this notification completes."""
        return [self._values(frame) for frame in self._frames.feed(data, at) if frame[2] == 0x55]

    @staticmethod
    def _measure(begin: bytes) -> int | str | None:
        if len(begin) < 3:
            return None
        return begin[1] if begin[1:3] in (b"\x0a\x55", b"\x08\x56") else "kind"

    @staticmethod
    def _values(frame: bytes) -> Values:
        pulse, spo2 = frame[4], frame[5]
        perfusion = int.from_bytes(frame[6:8], "big") / 1000
        return {
            "pulse_rate": pulse if 0 < pulse < 255 else None,
            "spo2": spo2 if 0 < spo2 <= 100 else None,
            "pi": perfusion,
        }


KINDS: Final[dict[str, Callable[[Counter[str]], Pc60 | BerryMed | Ffe4]]] = {
    NORDIC_UART: Pc60,
    BERRYMED: BerryMed,
    FFE4: Ffe4,
}
"""Which frames come on which characteristic."""


def crc8_maxim(data: bytes) -> int:
    """CRC-8/MAXIM: reflected polynomial 8C, begins with 0."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x8C if value & 1 else 0)
    return value
