"""`decode wrist_accelerometer`: lines of the wrist accelerometer stream."""

from edge.decoding.forms import Decoded, Decoder, Unreadable, json_object, parsed, shown_bytes, shown_items
from edge.drivers.options import DriverOptions
from edge.drivers.wrist_accelerometer import WristDriver
from edge.readings import Driver


def wrist_accelerometer() -> Decoder:
    """One driver for all lines: the stream of one band."""
    driver = WristDriver(DriverOptions())
    return lambda data: _decode_wrist(data, driver)


def _decode_wrist(data: bytes, driver: Driver) -> Decoded:
    message = json_object(data)
    at = message.get("at")
    items = driver.receive(data + b"\n", at if isinstance(at, int) and 0 <= at < 2**53 else 0)
    replies = shown_bytes(driver.replies())
    if replies.startswith('{"type":"error"'):
        raise Unreadable(str(parsed(replies)["reason"]), replies)
    return {"decoded": message, "items": shown_items(items), "replies": replies}
