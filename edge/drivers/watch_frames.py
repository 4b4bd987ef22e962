"""One frame of the watch protocol -> its fields (page `firmware_specs/devices/watch.md`). Pure;
what cannot be read is left out.
"""

import math
from typing import Any, Final

import msgspec

from edge.drivers.device_clock import digits_ms
from edge.drivers.watch_framing import BINARY_TYPES, HEADER, unescape
from edge.drivers.watch_tail import Cell, Tail, parse_tail
from edge.drivers.wifi import WifiSeen

_FLAG_NAMES: Final[dict[int, str]] = {
    0: "low_battery",
    1: "fence_exit",
    2: "fence_enter",
    3: "watch_removed_state",
    4: "stationary_state",
    16: "sos",
    17: "low_battery",
    18: "fence_exit",
    19: "fence_enter",
    20: "watch_removed",
    21: "fall",
    22: "vendor_bit22",
}
_MAX_TEXT: Final = 4096


class WatchFix(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of UD, AL and WT; None is absent or unreadable. `time` is ms since 1970 of the watch's
    digits read as UTC.
    """

    time: int | None
    gps_valid: bool
    lat: float | None
    lon: float | None
    speed_kmh: float | None
    course: float | None
    alt_m: float | None
    satellites: int | None
    gsm: int | None
    battery_pct: int | None
    steps: int | None
    tumbles: int | None
    status_hex: str | None
    status: int | None
    tail: Tail

    @property
    def bits(self) -> list[int]:
        """Numbers of the status bits that are set, ascending."""
        return status_bits(self.status or 0)

    @property
    def located(self) -> bool:
        """True for a position of the watch's own receiver: valid, on the globe, and not 0,0."""
        if not self.gps_valid or self.lat is None or self.lon is None:
            return False
        on_globe = abs(self.lat) <= 90 and abs(self.lon) <= 180
        return on_globe and not (abs(self.lat) < 1e-6 and abs(self.lon) < 1e-6)


class WatchFrame(msgspec.Struct, frozen=True, kw_only=True):
    """A frame with a readable header. `content` is unescaped, `type` as the watch spells it,
    `fields` what follows it.
    """

    manufacturer: str
    id: str
    index: str | None
    len_field: int
    content_len: int
    content: bytes
    type: str
    fields: list[str]
    fix: WatchFix | None = None

    @property
    def word(self) -> str:
        """The type in capitals, by which it is judged."""
        return self.type.upper()

    @property
    def is_alarm(self) -> bool:
        """AL, AL_LTE, ALCUSTOMER1 ..."""
        return self.word.startswith("AL")

    @property
    def is_late(self) -> bool:
        """UD2, UD2_LTE ...: positions kept while there was no connection."""
        return self.word.partition("_")[0] == "UD2"

    @property
    def is_position(self) -> bool:
        """UD..., AL..., WT..."""
        return self.word.startswith(("UD", "AL", "WT"))


def decode_frame(frame: bytes) -> WatchFrame | None:
    """The fields of one whole frame, brackets included; None when its header cannot be read."""
    header = HEADER.match(frame)
    if header is None or not frame.endswith(b"]"):
        return None
    raw = frame[header.start(5) : -1]
    word = header[5].lower()
    binary = word in BINARY_TYPES
    content = unescape(raw) if binary else raw
    text = raw[:_MAX_TEXT].decode("utf-8", "replace")
    parts = [text.partition(",")[0]] if binary else text.split(",")
    decoded = WatchFrame(
        manufacturer=header[1].decode(),
        id=header[2].decode(),
        index=header[3].decode() if header[3] else None,
        len_field=int(header[4], 16),
        content_len=len(raw),
        content=content,
        type=parts[0].strip(),
        fields=parts[1:],
    )
    if not decoded.is_position:
        return decoded
    return msgspec.structs.replace(decoded, fix=parse_fix(decoded.fields))


def reply_content(frame: WatchFrame) -> str | None:
    """What the server must answer to a frame; None for nothing."""
    if frame.is_alarm:
        return "AL"
    if frame.word.startswith("INIT"):
        return "INIT,1"
    return {"LK": "LK", "TKQ": frame.type, "TKQ2": frame.type, "JXTK": "JXTKR,1"}.get(frame.word)


def encode_reply(frame: WatchFrame, content: str | bytes) -> bytes:
    """A frame to the watch that sent `frame`: same maker and ID, the same IDX when it carried one,
    a true LEN.
    """
    return encode_frame(frame.id, content, frame.manufacturer, frame.index)


def encode_frame(identity: str, content: str | bytes, maker: str = "CS", index: str | None = None) -> bytes:
    """A frame to a watch, with its true length in bytes; `CS` is for a watch of an unknown maker."""
    body = content.encode() if isinstance(content, str) else content
    middle = f"{index}*" if index else ""
    return f"[{maker}*{identity}*{middle}{len(body):04x}*".encode() + body + b"]"


def parse_fix(fields: list[str]) -> WatchFix | None:
    """The position fields behind the type; None when not even the validity letter is there."""
    if len(fields) < 3 or fields[2].strip().upper() not in ("A", "V"):
        return None
    at = dict(enumerate(fields)).get
    status_hex = (at(15) or "").strip()
    return WatchFix(
        time=device_ms(fields[0].strip(), fields[1].strip()),
        gps_valid=fields[2].strip().upper() == "A",
        lat=_coordinate(at(3), at(4), "S"),
        lon=_coordinate(at(5), at(6), "W"),
        speed_kmh=number(at(7)),
        course=number(at(8)),
        alt_m=number(at(9)),
        satellites=integer(at(10)),
        gsm=integer(at(11)),
        battery_pct=integer(at(12)),
        steps=integer(at(13)),
        tumbles=integer(at(14)),
        status_hex=status_hex or None,
        status=_hex(status_hex),
        tail=parse_tail(fields[16:]),
    )


def status_bits(status: int) -> list[int]:
    """Numbers of the bits that are set, ascending."""
    return [bit for bit in range(32) if status >> bit & 1]


def flags(bits: list[int]) -> list[str]:
    """Names of status bits, sorted, each once; `bitN` for a bit without a name."""
    return sorted({_FLAG_NAMES.get(bit, f"bit{bit}") for bit in bits})


def device_ms(date: str, time: str) -> int | None:
    """Milliseconds since 1970 of `ddmmyy` and `hhmmss`, read as UTC; None when it is no time."""
    return digits_ms(date[4:] + date[2:4] + date[:2] + time) if len(date) == 6 else None


def number(text: str | None) -> float | None:
    """A decimal number, finite; None for anything else."""
    try:
        value = float((text or "").strip())
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def integer(text: str | None) -> int | None:
    """A whole number (a fraction is cut off); None for anything else."""
    value = number(text)
    return None if value is None or abs(value) > 2**53 else int(value)


def cells_and_wifi(fix: WatchFix) -> dict[str, Any]:
    """Cells and Wi-Fi as plain values, the parts that are there: the only place of an elder without
    satellites.
    """
    found: dict[str, list[Cell] | list[WifiSeen]] = {"cells": fix.tail.cells, "wifi": fix.tail.wifi}
    return {key: msgspec.to_builtins(value) for key, value in found.items() if value}


def _coordinate(text: str | None, letter: str | None, negative: str) -> float | None:
    value = number(text)
    if value is None:
        return None
    return -value if value > 0 and (letter or "").strip().upper() == negative else value


def _hex(text: str) -> int | None:
    try:
        return int(text, 16) & 0xFFFF_FFFF if 1 <= len(text) <= 8 else None
    except ValueError:
        return None
