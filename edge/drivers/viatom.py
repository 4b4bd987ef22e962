"""Viatom, Wellue and Lepu devices: O2Ring and Checkme oximeters, BP2 cuffs (page `vendor_ble.md`).

Both dialects go over one characteristic: `AA`/`55` frames of the oximeters, `A5` frames of the cuffs.
"""

import struct
from collections import Counter
from operator import itemgetter
from typing import Any, Final

from edge.drivers.binary_frames import BinaryFrames

NOTIFY: Final = "0734594a-a8e7-4b1a-a6b1-cd5243059a57"
WRITE: Final = "8b00ace7-eb0b-49b0-bbe9-9aee0a26e1a3"
Values = dict[str, Any]
_SENSORS, _STATUS, _BATTERY, _START, _DATA, _END = 0x17, 0x00, 0x30, 0xF2, 0xF3, 0xF4
_FILE: Final = b"bp2nibp.list"
_HEADER, _RECORD, _LONGEST_FILE = 10, 37, 64 * 1024
_POLL_MS: Final = 4_000
# From 15 on: three measurements in a row and their mean.
_STATES: Final = {3: "idle", 4: "measuring", 5: "result", 15: "measuring", 16: "pause", 17: "result"}


class Viatom:
    """One connection: notifications in, values out, orders to write. `name` is what the device advertises."""

    def __init__(self, name: str, counts: Counter[str]) -> None:
        self._cuff = name.upper().startswith(("BP2", "LP-BP2"))
        self._frames = BinaryFrames(b"", _measure, _check, counts)
        self._orders: list[bytes] = []
        self._asked_at: int | None = None
        self._size = 0
        self._file = bytearray()
        self._unread = True  # of what was measured while nobody was connected

    def feed(self, data: bytes, at: int) -> list[Values]:
        """Values of the frames that this notification completes."""
        found: list[Values] = []
        for frame in self._frames.feed(data, at):
            if frame[0] == 0x55:
                found += [sensors(frame[7:-1])] if len(frame) == 21 else []
            else:
                found += self._answer(frame[1], frame[7:-1])
        return found

    def ask(self, at: int) -> None:
        """Let time pass: the device is asked for its state every few seconds."""
        if self._asked_at is None or abs(at - self._asked_at) >= _POLL_MS:
            self._asked_at = at
            self._orders.append(cuff_order(_STATUS) if self._cuff else oximeter_order(_SENSORS))

    def orders(self) -> list[bytes]:
        """What to write now, each once."""
        orders, self._orders = self._orders, []
        return orders

    def _answer(self, command: int, payload: bytes) -> list[Values]:
        """A cuff's answer; after each measurement, and once at first, its list of them is fetched."""
        match command:
            case 0x00 if state := status(payload):
                if state["state"] in ("measuring", "pause"):
                    self._unread = True
                elif self._unread:
                    self._unread = False
                    self._orders.append(cuff_order(_START, _FILE.ljust(16, b"\0") + bytes(4)))
                return [state]
            case 0x30 if len(payload) == 4:
                return [battery(payload)]
            case 0xF2 if len(payload) >= 4:
                self._size = int.from_bytes(payload[:4], "little")
                self._file.clear()
                if _HEADER < self._size <= _LONGEST_FILE:
                    self._orders.append(cuff_order(_DATA, bytes(4)))
            case 0xF3 if payload and self._size:
                self._file += payload
                if len(self._file) < self._size:
                    self._orders.append(cuff_order(_DATA, struct.pack("<I", len(self._file))))
                    return []
                self._orders.append(cuff_order(_END))
                self._size = 0
                return sorted(records(bytes(self._file)), key=itemgetter("time_s"))  # it is a ring
        return []


def sensors(data: bytes) -> Values:
    """The oximeter's 13 bytes; FF, or no finger, is "no value"."""
    finger = bool(data[11])
    return {
        "spo2": data[0] if finger and data[0] != 0xFF else None,
        "pulse_rate": data[1] if finger and data[1] not in (0, 0xFF) else None,
        "battery_pct": data[7],
        "charging": data[8],
        "motion": data[9],
        "perfusion": data[10],
        "finger": finger,
    }


def battery(payload: bytes) -> Values:
    """The cuff's battery: millivolts in the last two of four bytes."""
    return {"voltage_mv": int.from_bytes(payload[2:4], "little")}


def status(payload: bytes) -> Values:
    """The cuff's state, of byte 39; empty when there is none."""
    return {"state": _STATES.get(payload[39], str(payload[39]))} if len(payload) > 39 else {}


def records(file: bytes) -> list[Values]:
    """The measurements in a cuff's list; the clock is the cuff's own, seconds since 1970, local."""
    found = []
    for at in range(_HEADER, len(file) - _RECORD + 1, _RECORD):
        record = file[at : at + _RECORD]
        time_s, user = struct.unpack_from("<II", record)
        systolic, diastolic, mean, pulse = struct.unpack_from("<HHHB", record, 13)
        found.append(
            {
                "time_s": time_s,
                "user_id": user,
                "irregular_pulse": bool(record[8]),
                "systolic": systolic,
                "diastolic": diastolic,
                "map": mean,
                "pulse": pulse,
            }
        )
    return found


def oximeter_order(command: int) -> bytes:
    """An order without data in the oximeters' dialect."""
    body = bytes((0xAA, command, command ^ 0xFF, 0, 0, 0, 0))
    return body + bytes((crc8(body),))


def cuff_order(command: int, payload: bytes = b"") -> bytes:
    """An order in the cuffs' dialect."""
    body = bytes((0xA5, command, command ^ 0xFF, 0, 0)) + struct.pack("<H", len(payload)) + payload
    return body + bytes((crc8(body),))


def crc8(data: bytes) -> int:
    """CRC-8 with polynomial 07, begins with 0."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ (0x07 if value & 0x80 else 0)) & 0xFF
    return value


def _measure(begin: bytes) -> int | str | None:
    if begin[:1] not in (b"\x55", b"\xa5"):
        return "no_mark" if begin else None
    if len(begin) < 7:
        return None
    if begin[1] ^ begin[2] != 0xFF:
        return "command"
    length = int.from_bytes(begin[5:7], "little")
    return 8 + length if length <= 4096 else "length"


def _check(frame: bytes) -> str:
    return "" if crc8(frame[:-1]) == frame[-1] else "checksum"
