"""One GT06 frame -> its fields and its answer (page `firmware_specs/devices/gt06.md`). Pure; what cannot be
read is left out.
"""

import re
from typing import Final

import msgspec

from edge.drivers.device_clock import calendar_ms, digits_ms, digits_of
from edge.drivers.gt06_framing import Gt06Frame, encode_frame
from edge.drivers.watch_tail import Cell

LOGIN, STATUS, HEARTBEAT, TIME, COMMAND = 0x01, 0x13, 0x23, 0x8A, 0x80
WHERE: Final = "WHERE#"
_COMMAND_ANSWER: Final = frozenset({0x15, 0x21})
_PLACE_TEXT: Final = re.compile(
    rb"Lat:([NS])(\d{1,2}\.\d+),\s*Lon:([EW])(\d{1,3}\.\d+),"
    rb".*DateTime:\s*(?:20)?(\d\d-\d\d-\d\d \d\d:\d\d:\d\d)",
    re.IGNORECASE | re.DOTALL,
)
_GPS: Final = frozenset({0x10, 0x11, 0x12, 0x22})
_ADDRESS_ASKED: Final = 0x1A
_GPS_4G: Final = frozenset({0xA0})
_ALARM: Final = frozenset({0x16, 0x26, 0x27})
_ALARM_4G: Final = frozenset({0xA4})
_ALARM_CELL: Final = frozenset({0x19})
_ALARM_CELL_4G: Final = frozenset({0xA5})
ALARM_TYPES: Final = _ALARM | _ALARM_4G | _ALARM_CELL | _ALARM_CELL_4G
_ANSWERED: Final = ALARM_TYPES | _GPS | _GPS_4G | {LOGIN, STATUS, HEARTBEAT}

STATE_ALARMS: Final = {
    1: "vibration",
    2: "power_cut",
    3: "low_battery",
    4: "sos",
    6: "fence",
    7: "removed",
}
CODE_ALARMS: Final = {
    0x01: "sos",
    0x02: "power_cut",
    0x03: "vibration",
    0x04: "fence_enter",
    0x05: "fence_exit",
    0x06: "overspeed",
    0x0C: "tampering",
    0x0E: "low_battery",
    0x0F: "low_battery",
    0x11: "power_off",
    0x13: "tampering",
    0x14: "door",
    0x18: "removed",
    0x19: "low_battery",
    0x23: "fall",
    0x25: "tampering",
    0x29: "acceleration",
    0x2A: "cornering",
    0x2B: "cornering",
    0x30: "braking",
    0x32: "tampering",
}


class Gt06Message(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a frame; None is absent or unreadable.

    `time` is ms since 1970 of the digits read as UTC; `lbs_len` the length byte of the cell block as told;
    `status` .. `alarm_code` raw bytes; `unread` an alarm whose codes cannot be found; `resent` backfill.
    """

    imei: str | None = None
    time: int | None = None
    satellites: int | None = None
    speed_kmh: int | None = None
    course: int | None = None
    gps_valid: bool | None = None
    lat: float | None = None
    lon: float | None = None
    lbs_len: int | None = None
    cell: Cell | None = None
    status: int | None = None
    voltage_level: int | None = None
    gsm_level: int | None = None
    alarm_code: int | None = None
    resent: bool = False
    unread: bool = False

    @property
    def state_alarm(self) -> str | None:
        """The alarm in bits 3-5 of the status; None for none."""
        bits = (self.status or 0) >> 3 & 7
        return STATE_ALARMS.get(bits, f"state{bits}") if bits else None

    @property
    def code_alarm(self) -> str | None:
        """The alarm that the alarm byte names; None for none."""
        code = self.alarm_code or 0
        return CODE_ALARMS.get(code, f"code{code}") if code else None


def reply(frame: Gt06Frame, at: int) -> bytes:
    """What the server must answer to a frame that arrived at `at` (ms UTC); empty for nothing."""
    if frame.proto == TIME:
        digits = digits_of(at)
        return encode_frame(TIME, frame.serial, bytes(int(digits[n : n + 2]) for n in range(0, 12, 2)))
    return encode_frame(frame.proto, frame.serial) if frame.proto in _ANSWERED else b""


def command(text: str, serial: int) -> bytes:
    """A command to the device (80): its length, the server's mark, the text."""
    mark = serial.to_bytes(4, "big")
    return encode_frame(COMMAND, serial, bytes((len(mark) + len(text),)) + mark + text.encode("ascii"))


def decode_frame(frame: Gt06Frame) -> Gt06Message:
    """The fields of one frame, as far as its protocol number is known and its body long enough."""
    body = frame.body
    match frame.proto:
        case kind if kind in _GPS and (begin := _own_imei(body)):
            return _location(body[8:], wide=False) if begin == 8 else _gps(body[begin:])
        case kind if kind == LOGIN and len(body) >= 8:
            digits = body[:8].hex()
            return Gt06Message(imei=digits[1:] if digits.isdigit() else None)
        case kind if kind == STATUS and len(body) >= 3:
            return Gt06Message(status=body[0], voltage_level=body[1], gsm_level=body[2])
        case kind if kind == HEARTBEAT and len(body) >= 4:
            return Gt06Message(status=body[0], gsm_level=body[3])  # between them: the voltage in 0.01 V
        case kind if kind == _ADDRESS_ASKED:
            return _gps(body)  # behind it the number that asked
        case kind if kind in _GPS or kind in _GPS_4G:
            return _location(body, wide=kind in _GPS_4G)
        case kind if kind in _ALARM or kind in _ALARM_4G:
            return _alarm(body, wide=kind in _ALARM_4G)
        case kind if kind in _ALARM_CELL or kind in _ALARM_CELL_4G:
            cell, rest = _cell(body, wide=kind in _ALARM_CELL_4G)
            return _codes(Gt06Message(cell=cell), rest)
        case kind if kind in _COMMAND_ANSWER:
            return _answered_place(body)
        case _:
            return Gt06Message()


def _answered_place(body: bytes) -> Gt06Message:
    """The place and time in the text that answers a command (page, Orders)."""
    found = _PLACE_TEXT.search(body)
    if found is None:
        return Gt06Message()
    north, lat, east, lon, time = (part.decode() for part in found.groups())
    return Gt06Message(
        time=digits_ms(re.sub(r"\D", "", time)),
        gps_valid=True,
        lat=float(lat) * (1 if north in "Nn" else -1),
        lon=float(lon) * (1 if east in "Ee" else -1),
    )


def _own_imei(body: bytes) -> int:
    """Where the position begins behind an IMEI (8 bytes), or behind a byte, an IMEI and another date; 0: none
    of these is in front of it.
    """
    for imei_at, begin in ((0, 8), (1, 15)):
        digits = body[imei_at : imei_at + 8].hex()
        if digits.startswith("0") and digits.isdigit() and _dated(body[begin:]) and not _dated(body):
            return begin
    return 0


def _dated(body: bytes) -> bool:
    return len(body) >= 18 and calendar_ms(2000 + body[0], *body[1:6]) is not None


def _location(body: bytes, *, wide: bool) -> Gt06Message:
    """GPS, cell, then ACC, upload mode and whether it is sent again, where the body is just so long."""
    message = _gps(body)
    if len(body) < 18 + 8:
        return message
    cell, rest = _cell(body[18:], wide=wide)
    resent = len(rest) in (3, 7) and rest[2] == 1
    return msgspec.structs.replace(message, cell=cell, resent=resent)


def _alarm(body: bytes, *, wide: bool) -> Gt06Message:
    """GPS, a length byte, cell, then state, voltage, GSM, alarm and language.

    The length counts itself on some boards and not on others; a body of 31 bytes has no such byte at all.
    """
    message = _gps(body)
    if len(body) < 19:
        return msgspec.structs.replace(message, unread=True)
    length, tail = body[18], body[19:]
    message = msgspec.structs.replace(message, lbs_len=length)
    if len(body) == 31 and not wide:
        cell, rest = _cell(body[18:], wide=False)
        return _codes(msgspec.structs.replace(message, cell=cell), rest)
    if length == 0:
        return _codes(message, tail)
    if length < 8:
        return msgspec.structs.replace(message, unread=True)
    cell, rest = _cell(tail, wide=wide)
    return _codes(msgspec.structs.replace(message, cell=cell), rest)


def _codes(message: Gt06Message, rest: bytes) -> Gt06Message:
    """State, voltage, GSM, alarm, language; six bytes are state, battery (2), GSM, alarm, language; a fence's
    number or more may follow five.
    """
    if len(rest) < 4:
        return msgspec.structs.replace(message, unread=True)
    shift = 1 if len(rest) == 6 and rest[5] in (1, 2) and rest[4] else 0
    return msgspec.structs.replace(
        message,
        status=rest[0],
        voltage_level=rest[1 + shift],
        gsm_level=rest[2 + shift],
        alarm_code=rest[3 + shift],
    )


def _gps(body: bytes) -> Gt06Message:
    if len(body) < 18:
        return Gt06Message()
    flags = int.from_bytes(body[16:18], "big")
    lat = round(int.from_bytes(body[7:11], "big") / 1_800_000, 6)
    lon = round(int.from_bytes(body[11:15], "big") / 1_800_000, 6)
    year, month, day, hour, minute, second = body[:6]
    return Gt06Message(
        time=calendar_ms(2000 + year, month, day, hour, minute, second),
        satellites=body[6] & 0x0F,
        speed_kmh=body[15],
        course=flags & 0x3FF,
        gps_valid=bool(flags >> 12 & 1),
        lat=lat if flags >> 10 & 1 else -lat,
        lon=-lon if flags >> 11 & 1 else lon,
    )


def _cell(data: bytes, *, wide: bool) -> tuple[Cell | None, bytes]:
    """MCC, MNC, LAC, CID and what follows; with bit 15 of MCC the MNC has two bytes."""
    mcc = int.from_bytes(data[:2], "big")
    mnc_end = 4 if mcc >> 15 else 3
    lac_end = mnc_end + (4 if wide else 2)
    end = lac_end + (8 if wide else 3)
    if len(data) < end:
        return None, b""
    lac, cid = int.from_bytes(data[mnc_end:lac_end], "big"), int.from_bytes(data[lac_end:end], "big")
    mnc = int.from_bytes(data[2:mnc_end], "big")
    return Cell(mcc=mcc & 0x7FFF, mnc=mnc, lac=lac, cid=cid, rssi=None), data[end:]
