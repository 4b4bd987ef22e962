"""`decode watch`: frames of the watch text protocol."""

from collections import Counter
from typing import Final

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, one_or_all, plain, shown_bytes, shown_items
from edge.drivers.device_clock import iso_utc
from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver, told_values
from edge.drivers.watch_frames import WatchFix, WatchFrame, decode_frame, flags, reply_content
from edge.drivers.watch_frames import encode_reply as encode_watch_reply
from edge.drivers.watch_framing import BINARY_TYPES, WatchFramer, unescape

_POINTS: Final = {"battery": "battery_pct", "body_temperature": "body_temp_c"}


def watch() -> Decoder:
    """Each line is judged alone."""
    return _decode_watch


def _decode_watch(data: bytes) -> Decoded:
    """Frames of one line, each judged alone: nothing is known of the watch before."""
    raw = WatchFramer(Counter()).feed(data)
    frames = [frame for part in raw if (frame := decode_frame(part)) is not None]
    if not frames:
        raise Unreadable("没有完整的帧 / no whole frame [MF*ID*LEN*CONTENT]")
    decoded = [_watch_fields(frame) for frame in frames]
    driver = WatchDriver(DriverOptions())
    at = next((frame.fix.time for frame in frames if frame.fix is not None and frame.fix.time is not None), 0)
    items = driver.receive(data, at)
    return {
        "decoded": one_or_all(decoded),
        "frames": [shown_bytes(part) for part in map(_unescaped, raw)],
        "items": shown_items(items),
        "replies": shown_bytes(driver.replies()),
    }


def _unescaped(frame: bytes) -> bytes:
    decoded = decode_frame(frame)
    return unescape(frame) if decoded is not None and decoded.word.lower().encode() in BINARY_TYPES else frame


def _watch_fields(frame: WatchFrame) -> Decoded:
    content = reply_content(frame)
    shown: Decoded = {
        "manufacturer": frame.manufacturer,
        "id": frame.id,
        "index": frame.index,
        "len_field": frame.len_field,
        "content_len": frame.content_len,
        "type": frame.type,
    }
    if frame.fix is not None:
        shown |= _fix_fields(frame.fix)
    else:
        told = {_POINTS.get(kind, kind): plain(value) for kind, value in told_values(frame)}
        shown |= told | {"values": frame.fields}
    kept = {key: value for key, value in shown.items() if value is not None}
    return kept | {"server_ack": None if content is None else encode_watch_reply(frame, content).decode()}


def _fix_fields(fix: WatchFix) -> Decoded:
    shown: Decoded = {
        "time_utc": None if fix.time is None else iso_utc(fix.time),
        "gps_valid": fix.gps_valid,
        "lat": fix.lat,
        "lon": fix.lon,
        "speed_kmh": fix.speed_kmh,
        "course": fix.course,
        "alt_m": fix.alt_m,
        "satellites": fix.satellites,
        "gsm": fix.gsm,
        "battery_pct": fix.battery_pct,
        "steps": fix.steps,
        "tumbles": fix.tumbles,
        "status_hex": fix.status_hex,
    }
    if fix.bits:
        shown |= {"status_bits": fix.bits, "flags": flags(fix.bits)}
    tail = msgspec.to_builtins(fix.tail)
    return shown | {key: value for key, value in tail.items() if value}
