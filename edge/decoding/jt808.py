"""`decode jt808`: messages of JT/T 808."""

from collections import Counter
from typing import Final

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, one_or_all, shown_bytes, shown_items
from edge.drivers.jt808 import (
    AUTH,
    BATCH,
    ENCRYPTIONS,
    LOCATION,
    LOCATION_ANSWER,
    REGISTER,
    SHORT_BATCH,
    Jt808Driver,
    reply,
)
from edge.drivers.jt808_frames import (
    Jt808Location,
    decode_auth,
    decode_batch,
    decode_location,
    decode_locations,
    decode_register,
)
from edge.drivers.jt808_framing import Jt808Frame, Jt808Framer
from edge.drivers.options import DriverOptions

_LATER_MS: Final = 2_000


def jt808() -> Decoder:
    """Each line is judged alone."""
    return _decode_jt808


def _decode_jt808(data: bytes) -> Decoded:
    framer = Jt808Framer(Counter())
    frames = framer.feed(data) + framer.flush()
    if not frames:
        raise Unreadable("没有完整的报文 / no whole message 7e .. 7e")
    at = next((time for frame in frames if (time := _time(frame)) is not None), 0)
    driver = Jt808Driver(DriverOptions())
    items = driver.receive(data, at) + driver.receive(b"", at + _LATER_MS)
    return {
        "decoded": one_or_all([_fields(frame, at) for frame in frames]),
        "items": shown_items(items),
        "replies": shown_bytes(driver.replies()),
    }


def _time(frame: Jt808Frame) -> int | None:
    location = decode_location(frame.body) if frame.message == LOCATION else None
    return location.time if location is not None else None


def _fields(frame: Jt808Frame, at: int) -> Decoded:
    shown: Decoded = {
        "checksum_ok": frame.checksum_ok,
        "msg": f"0x{frame.message:04x}",
        "v2019": frame.version is not None,
        "phone_bcd": frame.phone,
        "serial": frame.serial,
        "body_len_field": frame.body_len_field,
        "body_len": len(frame.body),
    }
    if frame.version is not None:
        shown["proto_ver"] = frame.version
    if frame.encryption:
        shown["encryption"] = ENCRYPTIONS.get(frame.encryption, f"method {frame.encryption}")
    if frame.parts is not None:
        shown["parts"] = list(frame.parts)
    answer = reply(frame, at)
    if answer:
        shown[f"server_ack_{answer[1:3].hex()}"] = answer.hex()
    return shown | (_body(frame) if frame.parts is None and not frame.encryption else {})


def _body(frame: Jt808Frame) -> Decoded:
    match frame.message:
        case kind if kind == REGISTER:
            found = decode_register(frame)
            return {} if found is None else dict(msgspec.to_builtins(found))
        case kind if kind == AUTH:
            return {"auth_code": decode_auth(frame)}
        case kind if kind in (LOCATION, LOCATION_ANSWER):
            location = decode_location(frame.body[2 if kind == LOCATION_ANSWER else 0 :])
            return {} if location is None else _location(location)
        case kind if kind == BATCH:
            batch = decode_batch(frame.body)
            if batch is None:
                return {}
            positions = [{"alarms": [], **_location(location)} for location in batch[2]]
            return {"batch_count": batch[0], "batch_type": batch[1], "positions": positions}
        case kind if kind == SHORT_BATCH:
            positions = [
                {"alarms": [], **_location(location)} for location in decode_locations(frame.body, 1)
            ]
            return {"positions": positions} if positions else {}
        case _:
            return {}


def _location(location: Jt808Location) -> Decoded:
    d, told = location.digits, location.additions
    tlv = told.tlv
    shown: Decoded = {
        "alarm_word": f"{location.alarm_word:08x}",
        "status_word": f"{location.status_word:08x}",
        "gps_valid": location.gps_valid,
        "lat": location.lat,
        "lon": location.lon,
        "alt_m": location.alt_m,
        "speed_kmh": location.speed_kmh,
        "course": location.course,
        "time_local_gmt8": f"20{d[:2]}-{d[2:4]}-{d[4:6]} {d[6:8]}:{d[8:10]}:{d[10:]}",
        "tlv": tlv,
    }
    if location.alarms:
        shown["alarms"] = location.alarms
    if told.alarms:
        shown["private_alarms"] = told.alarms
    if len(tlv.get("01", "")) == 8:
        shown["odometer_km"] = int(tlv["01"], 16) / 10
    for name, key in (("30", "gsm"), ("31", "satellites")):
        if len(tlv.get(name, "")) == 2:
            shown[key] = int(tlv[name], 16)
    more = msgspec.to_builtins(told)
    return shown | {
        key: more[key]
        for key in ("battery_mv", "battery_pct", "iccid", "wifi")
        if more[key] not in (None, [])
    }
