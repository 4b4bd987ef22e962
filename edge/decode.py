"""`carebed-edge decode PROTOCOL [FILE]`: one message a line in, one JSON line out,
by the agent's own drivers.

A line is text, or `hex:` and hexadecimal digits. Nothing here knows the time:
a message is read as if it had arrived
when it says it was measured.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver, plain_values
from edge.drivers.watch_frames import WatchFix, WatchFrame, decode_frame, flags, iso_utc, reply_content
from edge.drivers.watch_frames import encode_reply as encode_watch_reply
from edge.drivers.watch_framing import BINARY_TYPES, WatchFramer, unescape
from edge.drivers.wrist_accelerometer import WristDriver
from edge.drivers.zigbee2mqtt import ZigbeeDriver, last_seen_ms
from edge.drivers.zigbee_exposes import Exposes, is_sos_action, meanings, read_exposes
from edge.readings import Driver, Happening, Item

Decoded = dict[str, Any]
_BAD_INPUT: Final = 1
_BAD_USAGE: Final = 2
_POINTS: Final = {
    "battery": "battery_pct",
    "battery_voltage": "voltage_v",
    "link_quality": "lqi",
    "illuminance": "illuminance_lx",
    "power": "power_w",
    "energy": "energy_kwh",
    "current": "current_a",
}
_YES_NO: Final = frozenset(
    {"smoke", "gas", "co", "water_leak", "tamper", "battery_low", "motion", "presence", "vibration"}
    | {"door_open", "sos", "test", "fall"}
)


class Unreadable(ValueError):
    """A line that is no message of its protocol; the text says why, `replies` is what the device is told."""

    def __init__(self, why: str, replies: str = "") -> None:
        super().__init__(why)
        self.replies = replies


def main(arguments: list[str]) -> int:
    """`PROTOCOL [FILE]`, else standard input; the exit code of `run`, 2 also for an unreadable file."""
    protocol, *files = arguments
    if not files:
        return run(protocol, sys.stdin.buffer)
    try:
        with Path(files[0]).open("rb") as stream:
            return run(protocol, stream)
    except OSError as error:
        sys.stderr.write(f"读不到文件 / cannot read {files[0]}: {error.strerror}\n")
        return _BAD_USAGE


def run(protocol: str, stream: Iterable[str] | Iterable[bytes], output: IO[str] | None = None) -> int:
    """Print one JSON line a message; 0 when all could be read, 1 when some not, 2 for an unknown protocol.

    `{"in", "decoded", "items", "replies"}`, or `{"in", "error", "replies"}` for a line that is no message.
    """
    out = output if output is not None else sys.stdout
    decoder = DECODERS.get(protocol)
    if decoder is None:
        known = ", ".join(sorted(DECODERS))
        out.write(_line({"error": f"未知协议 / unknown protocol: {protocol}; {known}"}))
        return _BAD_USAGE
    decode, code = decoder(), 0
    for line in stream:
        text = line if isinstance(line, str) else line.decode("utf-8", "surrogateescape")
        text = text.rstrip("\r\n").removeprefix("\ufeff")
        if not text.strip():
            continue
        shown = text.encode("utf-8", "replace").decode()
        try:
            out.write(_line({"in": shown} | decode(_bytes(text))))
        except Unreadable as error:
            code = _BAD_INPUT
            out.write(_line({"in": shown, "error": str(error), "replies": error.replies}))
    return code


def _watch() -> Callable[[bytes], Decoded]:
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
        "decoded": decoded[0] if len(decoded) == 1 else decoded,
        "frames": [_text(part) for part in map(_unescaped, raw)],
        "items": _items(items),
        "replies": _text(driver.replies()),
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
        shown |= {kind: _plain(value) for kind, value in plain_values(frame)}
        battery = shown.pop("battery", None)
        shown |= {} if battery is None else {"battery_pct": battery}
        values = {key for key, value in shown.items() if value is not None} & {"steps", "battery_pct"}
        shown |= {"values": frame.fields} if frame.fields and (frame.word != "LK" or not values) else {}
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


def _zigbee() -> Callable[[bytes], Decoded]:
    """One driver for all lines, so that `bridge/devices` counts for the lines after it."""
    driver = ZigbeeDriver(DriverOptions())
    return lambda data: _decode_zigbee(data, driver)


def _decode_zigbee(data: bytes, driver: ZigbeeDriver) -> Decoded:
    """A line `{"topic","retained","payload"}` as the transport makes it, or `{"exposes","state"}`,
    `{"topic","state"}` by hand.
    """
    message = _object(data)
    topic, payload = message.get("topic"), message.get("payload")
    exposes, state = message.get("exposes"), message.get("state", _parsed(payload))
    if isinstance(message.get("state"), dict):
        payload = msgspec.json.encode(state).decode()
    if not isinstance(state, dict) and not isinstance(payload, str):
        raise Unreadable("既无 payload 也无 state / neither payload (text) nor state (object)")
    known = read_exposes(exposes)
    items: list[Item] = []
    if isinstance(topic, str):
        line = {"topic": topic, "retained": message.get("retained") is True, "payload": payload}
        at = last_seen_ms(state.get("last_seen")) if isinstance(state, dict) else None
        known = known or driver.exposes_of(topic)
        items = driver.receive(msgspec.json.encode(line) + b"\n", at or 0)
        items += driver.receive(b"", 2**53)
    return {
        "decoded": {"points": _points(topic, payload, state, known)},
        "items": _items(items),
        "replies": "",
    }


def _points(topic: Any, payload: Any, state: Any, exposes: Exposes | None) -> list[list[Any]]:
    if isinstance(topic, str) and topic.endswith("/availability"):
        word = state.get("state") if isinstance(state, dict) else str(payload).strip().strip('"')
        return [["online", word == "online"]]
    if not isinstance(state, dict) or (isinstance(topic, str) and "/bridge/" in topic):
        return []
    points: list[list[Any]] = []
    for meaning in meanings(exposes, state):
        kind, value = meaning.kind, _plain(meaning.value)
        if kind == "action":
            points.append(["action", meaning.raw])
            points += [["sos", True]] if is_sos_action(str(meaning.raw)) else []
        elif kind == "fall":
            points.append(["fall" if meaning.value != 0.5 else "fall_suspected", meaning.value > 0])
        else:
            points.append([_POINTS.get(kind, kind), bool(value) if kind in _YES_NO else value])
    seen = last_seen_ms(state.get("last_seen"))
    return points + ([["device_time", iso_utc(seen)]] if seen is not None else [])


def _wrist() -> Callable[[bytes], Decoded]:
    """One driver for all lines: the stream of one band."""
    driver = WristDriver(DriverOptions())
    return lambda data: _decode_wrist(data, driver)


def _decode_wrist(data: bytes, driver: Driver) -> Decoded:
    message = _object(data)
    at = message.get("at")
    items = driver.receive(data + b"\n", at if isinstance(at, int) and 0 <= at < 2**53 else 0)
    replies = _text(driver.replies())
    if replies.startswith('{"type":"error"'):
        raise Unreadable(str(_parsed(replies)["reason"]), replies)
    return {"decoded": message, "items": _items(items), "replies": replies}


DECODERS: Final[dict[str, Callable[[], Callable[[bytes], Decoded]]]] = {
    "watch": _watch,
    "zigbee2mqtt": _zigbee,
    "wrist_accelerometer": _wrist,
}


def _bytes(text: str) -> bytes:
    if not text.startswith("hex:"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return bytes.fromhex(text[4:])
    except ValueError as error:
        raise Unreadable(f"hex: 之后不是十六进制 / not hexadecimal after hex: {error}") from error


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"不是 JSON / not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Unreadable("不是 JSON 对象 / not a JSON object")
    return value


def _parsed(payload: Any) -> Any:
    try:
        return msgspec.json.decode(payload) if isinstance(payload, str) else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _items(items: list[Item]) -> list[Any]:
    """Items with their type's name; what only clears something unknown is left out."""
    shown = [item for item in items if not (isinstance(item, Happening) and item.phase == "cleared")]
    return [{"item": type(item).__name__.lower()} | msgspec.to_builtins(item) for item in shown]


def _plain(value: float | None) -> float | int | None:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(data: bytes) -> str:
    """Printable bytes as text, others as `hex:`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"hex:{data.hex()}"
    return text if all(c.isprintable() or c == "\n" for c in text) else f"hex:{data.hex()}"


def _line(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode() + "\n"
