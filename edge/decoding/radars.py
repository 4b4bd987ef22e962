"""`decode r60` and `decode tinyframe`: one frame of a radar a line."""

from collections import Counter
from collections.abc import Callable

from edge.decoding.forms import Decoded, Decoder, Unreadable, shown_items
from edge.drivers import r60 as micradar
from edge.drivers import tinyframe as tiny
from edge.drivers.binary_frames import BinaryFrames
from edge.drivers.options import DriverOptions
from edge.readings import Driver


def r60() -> Decoder:
    """Each line is judged alone."""
    return lambda data: _decode(
        data,
        micradar.R60Driver(DriverOptions()),
        lambda counts: BinaryFrames(micradar.MARK, micradar.measure, micradar.check, counts),
        _r60_fields,
    )


def tinyframe() -> Decoder:
    """Each line is judged alone."""
    return lambda data: _decode(
        data,
        tiny.TinyFrameDriver(DriverOptions()),
        lambda counts: BinaryFrames(tiny.MARK, tiny.measure, tiny.check, counts),
        _tiny_fields,
    )


def _decode(
    data: bytes,
    driver: Driver,
    framer: Callable[[Counter[str]], BinaryFrames],
    fields: Callable[[bytes], Decoded],
) -> Decoded:
    counts: Counter[str] = Counter()
    frames = framer(counts).feed(data, 0)
    if not frames:
        raise _rejected(data, counts)
    items = driver.receive(data, 0)
    decoded = [fields(frame) for frame in frames]
    return {
        "decoded": decoded[0] if len(decoded) == 1 else decoded,
        "items": shown_items(items),
        "replies": "",
    }


def _rejected(data: bytes, counts: Counter[str]) -> Unreadable:
    words = [word for word in counts if word != "garbage_bytes"]
    word = words[0] if words else "incomplete"
    found: Decoded = {"error": word}
    if word == "header checksum" and len(data) >= 8:
        found["correct_head"] = f"{tiny.checksum(data[:7]):02X}"
    return Unreadable(f"帧被拒绝 / frame rejected: {word}", found=found)


def _r60_fields(raw: bytes) -> Decoded:
    frame = micradar.decode_frame(raw)
    shown: Decoded = {
        "ctrl": f"0x{frame.control:02x}",
        "cmd": f"0x{frame.command:02x}",
        "len": len(frame.data),
        "data": frame.data.hex(),
        "sum_ok": True,
        "tail_ok": True,
    }
    return shown if frame.field is None else shown | {"field": frame.field, "value": frame.value}


def _tiny_fields(raw: bytes) -> Decoded:
    frame = tiny.decode_frame(raw)
    shown: Decoded = {"id": frame.id, "len": len(frame.data), "type": f"0x{frame.type:04x}", "head_ok": True}
    return shown | ({"data_ok": True} if frame.data else {}) | frame.values
