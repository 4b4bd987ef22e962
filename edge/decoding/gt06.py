"""`decode gt06`: GT06 frames."""

from collections import Counter

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, one_or_all, shown_bytes, shown_items
from edge.drivers.device_clock import iso_utc
from edge.drivers.gt06 import Gt06Driver, alarm_names
from edge.drivers.gt06_frames import decode_frame, reply
from edge.drivers.gt06_framing import Gt06Frame, Gt06Framer, broken_frame
from edge.drivers.options import DriverOptions


def gt06() -> Decoder:
    """One driver for all lines, so that a login counts for the lines after it."""
    driver = Gt06Driver(DriverOptions())
    return lambda data: _decode_gt06(data, driver)


def _decode_gt06(data: bytes, driver: Gt06Driver) -> Decoded:
    frames = Gt06Framer(Counter()).feed(data)
    if not frames and (broken := broken_frame(data)) is not None:
        frames = [broken]
    if not frames:
        raise Unreadable("没有完整的帧 / no whole frame 78 78 .. 0d 0a or 79 79 .. 0d 0a")
    times = [time for frame in frames if (time := decode_frame(frame).time) is not None]
    at = times[0] if times else 0
    items = driver.receive(data, at)
    return {
        "decoded": one_or_all([_fields(frame, at) for frame in frames]),
        "items": shown_items(items),
        "replies": shown_bytes(driver.replies()),
    }


def _fields(frame: Gt06Frame, at: int) -> Decoded:
    message = decode_frame(frame)
    shown: Decoded = {
        "header": "7979" if frame.extended else "7878",
        "crc_ok": frame.crc_ok,
        "proto": f"0x{frame.proto:02x}",
        "serial": frame.serial,
    }
    fields = msgspec.to_builtins(message)
    flags = {name: True for name in ("resent", "unread") if fields.pop(name)}
    shown |= {key: value for key, value in fields.items() if value not in (None, [])} | flags
    if message.time is not None:
        shown["time"] = iso_utc(message.time)
    if message.cell is not None:
        del shown["cell"]["rssi"]
    if message.status is not None:
        shown |= {"charging": bool(message.status >> 2 & 1), "acc": bool(message.status >> 1 & 1)}
    if names := alarm_names(message):
        shown |= {"alarm": names[0], "alarms": names}
    return shown | {"server_ack": reply(frame, at).hex() or None}
