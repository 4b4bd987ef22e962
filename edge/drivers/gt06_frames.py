"""One GT06 frame -> its fields and its answer (page `firmware_specs/devices/gt06.md`). Pure; what cannot be
read is left out.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from edge.drivers.device_clock import calendar_ms, digits_ms, digits_of
from edge.drivers.gt06_framing import Gt06Frame, encode_frame
from edge.drivers.gt06_message import Gt06Message
from edge.drivers.gt06_network import NETWORK_TYPES, WIFI_ALARM, cell_of, decode_network

LOGIN, STATUS, HEARTBEAT, TIME, COMMAND = 0x01, 0x13, 0x23, 0x8A, 0x80
MODULES, PLACED = 0x36, 0xA2
STATUSES: Final = frozenset({STATUS, HEARTBEAT, MODULES})
WHERE: Final = "WHERE#"
_POLE: Final = 90
_COMMAND_ANSWER: Final = frozenset({0x15, 0x21})
_PLACE_TEXT: Final = re.compile(
    rb"Lat:([NS])(\d{1,2}\.\d+),\s*Lon:([EW])(\d{1,3}\.\d+),"
    rb".*DateTime:\s*(?:20)?(\d\d-\d\d-\d\d +\d\d:\d\d:\d\d)",
    re.IGNORECASE | re.DOTALL,
)
_GPS: Final = frozenset({0x10, 0x11, 0x12, 0x22})
_ADDRESS_ASKED: Final = 0x1A
_GPS_BARE: Final = frozenset({0x1E, 0x2D, 0x31, 0x37, 0x38})  # other things follow, a model its own
_GPS_4G: Final = frozenset({0xA0})
_ALARM: Final = frozenset({0x16, 0x26, 0x27})
_ALARM_4G: Final = frozenset({0xA4})
_ALARM_CELL: Final = frozenset({0x19})
_ALARM_CELL_4G: Final = frozenset({0xA5})
_ALARM_SIZED: Final = frozenset({0x32})
_ALARM_SHORT: Final = _ALARM_SIZED | {WIFI_ALARM}  # in long frames these numbers mean something else
_SHORT_ONLY: Final = _ALARM_SHORT | NETWORK_TYPES | {MODULES}
_ALARMS: Final = _ALARM | _ALARM_4G | _ALARM_CELL | _ALARM_CELL_4G | _ALARM_SHORT
_ANSWERED: Final = _GPS | _GPS_BARE | _GPS_4G | STATUSES | {LOGIN}


def is_alarm(frame: Gt06Frame) -> bool:
    """True for an alarm message, which the device repeats until it is answered."""
    return frame.proto in _ALARMS and not (frame.extended and frame.proto in _ALARM_SHORT)


def reply(frame: Gt06Frame, at: int) -> bytes:
    """What the server must answer to a frame that arrived at `at` (ms UTC); empty for nothing."""
    if frame.proto == TIME:
        digits = digits_of(at)
        return encode_frame(TIME, frame.serial, bytes(int(digits[n : n + 2]) for n in range(0, 12, 2)))
    placed = frame.proto == PLACED and _placed(frame.body) is not None
    answered = placed or is_alarm(frame) or frame.proto in _ANSWERED
    return encode_frame(frame.proto, frame.serial) if answered else b""


def command(text: str, serial: int) -> bytes:
    """A command to the device (80): its length, the server's mark, the text."""
    mark = serial.to_bytes(4, "big")
    return encode_frame(COMMAND, serial, bytes((len(mark) + len(text),)) + mark + text.encode("ascii"))


def decode_frame(frame: Gt06Frame) -> Gt06Message:
    """The fields of one frame, as far as its protocol number is known and its body long enough."""
    kind, body = frame.proto, frame.body
    if kind in _GPS and (begin := _own_imei(body)):
        return _location(body[8:], wide=False) if begin == 8 else _gps(body[begin:])
    if kind == PLACED and (message := _placed(body)) is not None:
        return message
    if frame.extended and kind in _SHORT_ONLY:
        return Gt06Message()
    if kind in NETWORK_TYPES:
        return _network(kind, body)
    read = _BODIES.get(kind)
    return Gt06Message() if read is None else read(body)


def _login(body: bytes) -> Gt06Message:
    digits = body[:8].hex()
    return Gt06Message(imei=digits[1:] if len(body) >= 8 and digits.isdigit() else None)


def _status(body: bytes) -> Gt06Message:
    if len(body) < 3:
        return Gt06Message()
    return Gt06Message(status=body[0], voltage_level=body[1], gsm_level=body[2])


def _heartbeat(body: bytes) -> Gt06Message:
    """State, voltage in 0.01 V (2), GSM."""
    return Gt06Message(status=body[0], gsm_level=body[3]) if len(body) >= 4 else Gt06Message()


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
    cell, rest = cell_of(body[18:], wide=wide)
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
        cell, rest = cell_of(body[18:], wide=False)
        return _codes(msgspec.structs.replace(message, cell=cell), rest)
    if length == 0:
        return _codes(message, tail)
    if length < 8:
        return msgspec.structs.replace(message, unread=True)
    cell, rest = cell_of(tail, wide=wide)
    return _codes(msgspec.structs.replace(message, cell=cell), rest)


def _alarm_cell(body: bytes, *, wide: bool) -> Gt06Message:
    """An alarm without a position."""
    cell, rest = cell_of(body, wide=wide)
    return _codes(Gt06Message(cell=cell), rest)


def _alarm_sized(body: bytes) -> Gt06Message:
    """GPS, the length of the cell (which differs), then state, voltage, GSM, alarm, language."""
    message, end = _gps(body), 19 + body[18] if len(body) > 18 else 19
    return _codes(message, body[end:])


def _placed(body: bytes) -> Gt06Message | None:
    """GPS, 4G cell, network, state, voltage (2), battery percent, GSM, alarm; None for a list of cells."""
    message = _gps(body)
    cell, rest = cell_of(body[18:], wide=True)
    if cell is None or len(rest) < 7 or not (message.lat is not None and abs(message.lat) <= _POLE):
        return None
    told = {"status": rest[1], "battery_pct": rest[4], "gsm_level": rest[5], "alarm_code": rest[6]}
    return msgspec.structs.replace(message, cell=cell, **told)


def _modules(body: bytes) -> Gt06Message:
    """State, voltage, GSM, alarm, language, then (id u16, length u8, data); 006A: battery in percent. Some
    boards send a position under this number.
    """
    if _dated(body):
        return _gps(body)
    found, at = {}, 5
    while at + 3 <= len(body):
        end = at + 3 + body[at + 2]
        found[int.from_bytes(body[at : at + 2], "big")] = body[at + 3 : end]
        at = end
    if at != len(body):
        return Gt06Message()
    battery = found.get(0x006A, b"")
    return Gt06Message(
        status=body[0],
        voltage_level=body[1],
        battery_pct=battery[0] if len(battery) == 1 else None,
        gsm_level=body[2],
        alarm_code=body[3],
    )


def _network(proto: int, body: bytes) -> Gt06Message:
    """Cells and access points; behind those of an alarm its code and language."""
    found = decode_network(proto, body)
    message = Gt06Message(time=found.time, cells=found.cells, wifi=found.wifi)
    if proto != WIFI_ALARM:
        return message
    if not found.rest:
        return msgspec.structs.replace(message, unread=True)
    return msgspec.structs.replace(message, alarm_code=found.rest[0])


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


_BODIES: Final[dict[int, Callable[[bytes], Gt06Message]]] = {
    LOGIN: _login,
    STATUS: _status,
    HEARTBEAT: _heartbeat,
    MODULES: _modules,
    **dict.fromkeys((_ADDRESS_ASKED, *_GPS_BARE), _gps),
    **dict.fromkeys(_GPS, partial(_location, wide=False)),
    **dict.fromkeys(_GPS_4G, partial(_location, wide=True)),
    **dict.fromkeys(_ALARM, partial(_alarm, wide=False)),
    **dict.fromkeys(_ALARM_4G, partial(_alarm, wide=True)),
    **dict.fromkeys(_ALARM_CELL, partial(_alarm_cell, wide=False)),
    **dict.fromkeys(_ALARM_CELL_4G, partial(_alarm_cell, wide=True)),
    **dict.fromkeys(_ALARM_SIZED, _alarm_sized),
    **dict.fromkeys(_COMMAND_ANSWER, _answered_place),
}
