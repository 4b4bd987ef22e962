"""One message of the TRV/IW text protocol -> its fields (page `firmware_specs/devices/trv.md`). Pure;
what cannot be read is left out.
"""

import re
from collections import Counter
from typing import Final

import msgspec

from edge.drivers.device_clock import digits_ms, digits_of
from edge.drivers.watch_frames import integer, number
from edge.drivers.watch_tail import Cell
from edge.drivers.wifi import MAX_ENTRIES, WifiSeen

FRAME_LIMIT: Final = 8 * 1024
ALARMS: Final = {1: "sos", 5: "fall", 6: "fall"}
_BLANKS: Final = b"\r\n\0 "
_HEADER: Final = re.compile(rb"(TRV|IW)([A-Z]P[A-Z0-9]{2})")
_FIX: Final = re.compile(
    r"(\d{6})([AV])(\d{2})(\d{2}\.\d{1,8})([NS])(\d{3})(\d{2}\.\d{1,8})([EW])"
    r"([\d.]{5})(\d{6})([\d.]{6})(\d{3})(\d{3})(\d{3})",
    re.ASCII,
)
_HEARTBEAT: Final = re.compile(r"(\d{3})(\d{3})(\d{3})", re.ASCII)
POSITION_TYPES: Final = frozenset({"AP01", "AP10", "YP03", "YP14"})
_UNANSWERED: Final = frozenset(
    {"AP12", "AP33", "AP34", "AP40", "AP76", "AP77", "AP84", "AP85", "AP86", "AP87"}
)


class TrvFix(msgspec.Struct, frozen=True, kw_only=True):
    """The packed fields of a position; `time` is ms since 1970 of the digits read as UTC."""

    time: int | None
    gps_valid: bool
    lat: float
    lon: float
    speed_kmh: float | None
    course: float | None


class TrvMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message with a readable header; None is absent or unreadable."""

    prefix: str
    type: str
    content: str
    imei: str | None = None
    fix: TrvFix | None = None
    gsm: int | None = None
    satellites: int | None = None
    battery: int | None = None
    steps: int | None = None
    heart_rate: int | None = None
    systolic: int | None = None
    diastolic: int | None = None
    spo2: int | None = None
    glucose: float | None = None
    body_temp_c: float | None = None
    alarm_code: int | None = None
    cells: list[Cell] = []
    wifi: list[WifiSeen] = []


class TrvFramer:
    """`feed` bytes, get messages without their `#`; what is dropped is counted by reason."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Messages completed by these bytes, in order; a cut one, in which another begins, too, unless
        that one says it again.
        """
        *whole, rest = (bytes(self._buffer) + data).split(b"#")
        self._buffer[:] = rest
        if len(rest) > FRAME_LIMIT:
            self._counts["frame_too_long"] += 1
            del self._buffer[: -FRAME_LIMIT // 2]
        return [
            message
            for part in whole
            if part.strip(_BLANKS)
            for message in self._messages(part[-FRAME_LIMIT:])
        ]

    def finish(self) -> None:
        """No more bytes will come: a message that was begun is counted as cut."""
        if self._buffer.strip(_BLANKS):
            self._counts["frame_cut"] += 1
        self._buffer.clear()

    def _messages(self, part: bytes) -> list[bytes]:
        heads = list(_HEADER.finditer(part))
        garbage = len(part[: heads[0].start() if heads else len(part)].strip(_BLANKS))
        if garbage:
            self._counts["garbage_bytes"] += garbage
        self._counts["frame_cut"] += max(len(heads) - 1, 0)
        last = [*heads[1:], None]
        return [
            part[head.start() : behind.start() if behind else len(part)]
            for head, behind in zip(heads, last, strict=False)
            if behind is None or head[0] != behind[0]
        ]


def decode_message(message: bytes) -> TrvMessage | None:
    """The fields of one message, with or without its `#`; None when its header cannot be read."""
    header = _HEADER.match(message)
    if header is None:
        return None
    content = message[header.end() :].decode("utf-8", "replace").removesuffix("#")
    bare = TrvMessage(prefix=header[1].decode(), type=header[2].decode(), content=content)
    fields = content.split(",")
    read = msgspec.structs.replace
    match bare.type:
        case "AP00":
            imei = fields[0]
            return read(bare, imei=imei if len(imei) == 15 and imei.isascii() and imei.isdigit() else None)
        case kind if kind in POSITION_TYPES:
            return _position(bare, fields)
        case "AP02":
            return _network(bare, fields)
        case "AP03" | "CP01":
            steps = integer(fields[2]) if bare.type == "AP03" and len(fields) > 2 else None
            return _signs(read(bare, steps=steps), fields[1] if len(fields) > 1 else "")
        case _:
            return _vitals(bare, fields)


def reply(message: TrvMessage, at: int) -> bytes:
    """What the server must answer to a message that arrived at `at` (ms UTC); empty for nothing."""
    if message.type in _UNANSWERED or (message.prefix, message.type) == ("IW", "AP14"):
        return b""
    answer = f"{message.prefix}{chr(ord(message.type[0]) + 1)}{message.type[1:]}"
    if (message.prefix, message.type) == ("IW", "AP00"):
        return f"{answer},20{digits_of(at)},0#".encode()
    return f"{answer}#".encode()


def _position(bare: TrvMessage, fields: list[str]) -> TrvMessage:
    packed = _FIX.match(fields[0].lstrip(","))
    if packed is None:
        return bare
    fix = TrvFix(
        time=digits_ms(packed[1] + packed[10]),
        gps_valid=packed[2] == "A",
        lat=_degrees(packed[3], packed[4], packed[5] == "S"),
        lon=_degrees(packed[6], packed[7], packed[8] == "W"),
        speed_kmh=number(packed[9]),
        course=number(packed[11]),
    )
    mcc, mnc, lac, cid = (_whole(text) for text in (*fields[1:5], "", "", "", "")[:4])
    cells = []
    if mcc and mnc is not None and lac is not None and cid is not None:
        cells = [Cell(mcc=mcc, mnc=mnc, lac=lac, cid=cid, rssi=None)]
    code = fields[5] if len(fields) > 5 else ""
    return msgspec.structs.replace(
        bare,
        fix=fix,
        gsm=int(packed[12]),
        satellites=int(packed[13]),
        battery=int(packed[14]),
        cells=cells,
        alarm_code=int(code) if re.fullmatch("[0-9]{2}", code) else None,
        wifi=_wifi(next((text for text in fields[5:] if "|" in text), "")),
    )


def _network(bare: TrvMessage, fields: list[str]) -> TrvMessage:
    """AP02: language, answer wanted, ncell, MCC, MNC, `lac|cid|rssi`..., nwifi, `name|mac|rssi&`..."""
    count, mcc, mnc = (_whole(text) for text in (*fields[3:6], "", "", "")[:3])
    cells = []
    if count and mcc and mnc is not None:
        for text in fields[6 : 6 + min(count, MAX_ENTRIES)]:
            lac, cid, rssi = ([_whole(part) for part in text.split("|")] + [None] * 3)[:3]
            if lac is not None and cid is not None:
                cells.append(Cell(mcc=mcc, mnc=mnc, lac=lac, cid=cid, rssi=rssi))
    return msgspec.structs.replace(bare, cells=cells, wifi=_wifi(",".join(fields[7 + (count or 0) :])))


def _signs(bare: TrvMessage, packed: str) -> TrvMessage:
    """GSM, satellites and battery, three digits each."""
    found = _HEARTBEAT.match(packed)
    if found is None:
        return bare
    gsm, satellites, battery = (int(part) for part in found.groups())
    return msgspec.structs.replace(bare, gsm=gsm, satellites=satellites, battery=battery)


def _vitals(bare: TrvMessage, fields: list[str]) -> TrvMessage:
    """AP49, AP50, APHT, APHP as told; 0 is "not measured" there."""
    first, second, third, fourth, fifth, sixth = ([number(text) for text in fields[1:7]] + [None] * 6)[:6]
    read = msgspec.structs.replace
    match bare.type:
        case "AP49":
            return read(bare, heart_rate=_int(first))
        case "AP50":
            return read(bare, body_temp_c=first, battery=_int(second))
        case "APHT" | "APHP":
            pressure = read(bare, heart_rate=_int(first), systolic=_int(second), diastolic=_int(third))
            if bare.type == "APHT":
                return pressure
            return read(pressure, spo2=_int(fourth), glucose=fifth, body_temp_c=sixth)
        case _:
            return bare


def _wifi(text: str) -> list[WifiSeen]:
    seen = []
    for entry in text.split("&")[:MAX_ENTRIES]:
        name, mac, rssi = (*entry.split("|"), "", "", "")[:3]
        strength = _whole(rssi)
        if mac.count("-") == 5 and strength is not None:
            seen.append(WifiSeen(ssid=name.strip(), mac=mac.replace("-", ":"), rssi=strength))
    return seen


def _degrees(whole: str, minutes: str, negative: bool) -> float:
    value = round(int(whole) + float(minutes) / 60, 6)
    return -value if negative else value


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r" *-?[0-9]{1,12} *", text) else None


def _int(value: float | None) -> int | None:
    return integer(str(value)) if value is not None else None
