"""A command to a watch: name and arguments -> content (page `firmware_specs/devices/watch.md`)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.drivers.orders import OrderRefused, telephone, telephones
from edge.drivers.watch_framing import escape

_ZONE: Final = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?")
_PLAIN: Final = re.compile(r"[^\[\]\x00-\x1f]{0,500}")
_MAX_TEXT: Final = 100
_MAX_VOICE: Final = 30_000
_DANGEROUS: Final = frozenset({"IP", "POWEROFF", "RESET", "MONITOR", "FACTORY"})
_JANUARY: Final = datetime(2026, 1, 1, tzinfo=UTC)
Args = Mapping[str, Any]


def command_content(name: str, args: Args) -> str | bytes:
    """The content of the command `name`; OrderRefused for an unknown name or arguments that do not fit."""
    make = _COMMANDS.get(name)
    if make is None:
        raise OrderRefused(f"a watch knows no {name[:40]!r}; there are {', '.join(sorted(_COMMANDS))}")
    return make(args)


def is_dangerous(content: str | bytes) -> bool:
    """True for what moves a watch to another server, switches it off, resets it or listens in."""
    return isinstance(content, str) and content.partition(",")[0].strip().upper() in _DANGEROUS


def zone_hours(zone: str) -> str:
    """`GMT+05:45`, `+8` or `Asia/Shanghai` as the watch takes it: `+5.75`, `+8`; summer time left out."""
    text = zone.split(" ")[0]
    found = _ZONE.fullmatch(text)
    if found is not None:
        minutes = (int(found[2]) * 60 + int(found[3] or 0)) * (-1 if found[1] == "-" else 1)
    else:
        minutes = _standard_minutes(text)
    if abs(minutes) > 14 * 60:
        raise OrderRefused(f"no time zone: {zone[:40]!r}")
    return f"{minutes / 60:+.4g}"


def _standard_minutes(name: str) -> int:
    if name in ("GMT", "UTC"):
        return 0
    try:
        local = _JANUARY.astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise OrderRefused(f"no time zone: {name[:40]!r}") from error
    offset = (local.utcoffset() or timedelta()) - (local.dst() or timedelta())
    return round(offset.total_seconds() / 60)


def _whole(args: Args, key: str, low: int, high: int) -> int:
    value = args.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OrderRefused(f"{key} must be a whole number from {low} to {high}")
    return value


def _language(args: Args) -> str:
    """The number of a language; no text that could end this order and begin another."""
    language = str(args.get("language", ""))
    if not re.fullmatch("[0-9]{0,3}", language):
        raise OrderRefused("language must be a number")
    return language


def _message(args: Args) -> str:
    text = args.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= _MAX_TEXT:
        raise OrderRefused(f"text must have 1 to {_MAX_TEXT} characters")
    return f"MESSAGE,{text.encode('utf-16-be', 'replace').hex()}"


def _data(args: Args) -> str:
    text = args.get("data")
    if not isinstance(text, str) or not _PLAIN.fullmatch(text):
        raise OrderRefused("data must be text without brackets, at most 500 characters")
    return text


def _voice(args: Args) -> bytes:
    """An AMR recording, given in hexadecimal digits."""
    try:
        recording = bytes.fromhex(str(args.get("data", "")))
    except ValueError as error:
        raise OrderRefused("data must be hexadecimal digits") from error
    if not 1 <= len(recording) <= _MAX_VOICE:
        raise OrderRefused(f"a recording has 1 to {_MAX_VOICE} bytes")
    return b"TK," + escape(recording)


def _switch(word: str) -> Callable[[Args], str]:
    def make(args: Args) -> str:
        enable = args.get("enable")
        if not isinstance(enable, bool):
            raise OrderRefused("enable must be true or false")
        return f"{word},{int(enable)}"

    return make


def _word(word: str) -> Callable[[Args], str]:
    return lambda _args: word


_COMMANDS: Final[dict[str, Callable[[Args], str | bytes]]] = {
    "locate": _word("CR"),
    "find": _word("FIND"),
    "version": _word("VERNO"),
    "settings": _word("TS"),
    "reboot": _word("RESET"),
    "power_off": _word("POWEROFF"),
    "measure_temperature": _word("bodytemp"),
    "measure_heart_rate": lambda args: f"hrtstart,{_whole(args, 'seconds', 1, 86_400)}",
    "upload_interval": lambda args: f"UPLOAD,{_whole(args, 'seconds', 10, 86_400)}",
    "sos_number": lambda args: f"SOS{_whole(args, 'index', 1, 3)},{telephone(args.get('phone', ''))}",
    "sos_numbers": lambda args: ",".join(["SOS", *telephones(args, 3)]),
    "call": lambda args: f"CALL,{telephone(args.get('phone', ''))}",
    "message": _message,
    "sos_sms": _switch("SOSSMS"),
    "low_battery_alarm": _switch("LOWBAT"),
    "removal_alarm": _switch("REMOVE"),
    "timezone": lambda args: f"LZ,{_language(args)},{zone_hours(str(args.get('tz', '')))}",
    "phone_book": lambda args: f"PHB,{_data(args)}",
    "remind": lambda args: f"REMIND,{_data(args)}",
    "silence_time": lambda args: f"SILENCETIME,{_data(args)}",
    "indicator": lambda args: f"FLOWER,{_data(args)}",
    "voice": _voice,
    "custom": _data,
}
