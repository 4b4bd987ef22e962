"""`decode trv`: messages of the TRV/IW text protocol."""

from collections import Counter

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, one_or_all, shown_bytes, shown_items
from edge.drivers.device_clock import iso_utc
from edge.drivers.options import DriverOptions
from edge.drivers.trv import TrvDriver, alarms
from edge.drivers.trv_frames import POSITION_TYPES, TrvFramer, TrvMessage, decode_message, reply


def trv() -> Decoder:
    """One driver for all lines, so that a login counts for the lines after it."""
    driver = TrvDriver(DriverOptions())
    return lambda data: _decode_trv(data, driver)


def _decode_trv(data: bytes, driver: TrvDriver) -> Decoded:
    line = data if data.endswith(b"#") else data + b"#"
    found = [decode_message(raw) for raw in TrvFramer(Counter()).feed(line)]
    messages = [message for message in found if message is not None]
    if not messages:
        raise Unreadable("没有 TRV 或 IW 报文 / no message TRV... or IW... that ends with #")
    at = next((m.fix.time for m in messages if m.fix is not None and m.fix.time is not None), 0)
    items = driver.receive(line, at)
    return {
        "decoded": one_or_all([_fields(message, at) for message in messages]),
        "items": shown_items(items),
        "replies": shown_bytes(driver.replies()),
    }


def _fields(message: TrvMessage, at: int) -> Decoded:
    shown: Decoded = {
        key: value for key, value in msgspec.to_builtins(message).items() if value not in (None, [])
    }
    del shown["content"]
    if (fix := shown.pop("fix", None)) is not None:
        time = fix.pop("time")
        shown |= {"time": None if time is None else iso_utc(time)} | fix
    if "battery" in shown:
        shown["battery_pct"] = shown["battery"]
    if message.type in POSITION_TYPES and message.cells:
        shown["cell"] = {key: value for key, value in shown.pop("cells")[0].items() if key != "rssi"}
    if names := alarms(message):
        shown["alarm"] = min(names)
    answer = reply(message, at).decode()
    return shown | {"server_ack": answer or None}
