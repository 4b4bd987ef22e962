"""`decode sca11h` and `decode emfit_qs`: one record, one page of a bed sensor a line."""

from typing import Any

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, parsed, shown_items
from edge.drivers import emfit_qs as emfit
from edge.drivers import sca11h as murata
from edge.drivers.options import DriverOptions


def sca11h() -> Decoder:
    """Each line is judged alone."""
    return _decode_record


def emfit_qs() -> Decoder:
    """Each line is judged alone: the page's own text, or the transport's line."""
    return _decode_page


def _decode_record(data: bytes) -> Decoded:
    start = data.find(murata.MARK)
    frame = data[start : start + murata.LENGTH]
    if start < 0 or len(frame) < murata.LENGTH or murata.check(frame):
        raise Unreadable("没有完整的记录 / no whole record")
    items = murata.Sca11hDriver(DriverOptions()).receive(frame, 0)
    return {"decoded": murata.decode_frame(frame), "items": shown_items(items), "replies": ""}


def _decode_page(data: bytes) -> Decoded:
    text = data.decode("utf-8", "replace")
    line: Any = parsed(text)
    body = line.get("body") if isinstance(line, dict) else text
    fields = emfit.read_page(body) if isinstance(body, str) else {}
    if "ser" not in fields:
        raise Unreadable("没有 SER 字段 / no field SER")
    page = msgspec.json.encode({"status": 200, "body": body}) + b"\n"
    items = emfit.EmfitDriver(DriverOptions()).receive(page, 0)
    return {"decoded": fields | emfit.values(fields), "items": shown_items(items), "replies": ""}
