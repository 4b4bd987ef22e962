"""`decode zigbee2mqtt`: MQTT messages of Zigbee2MQTT."""

from typing import Any

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, json_object, parsed, point, shown_items
from edge.drivers.device_clock import iso_utc
from edge.drivers.options import DriverOptions
from edge.drivers.zigbee2mqtt import ZigbeeDriver, last_seen_ms
from edge.drivers.zigbee_exposes import Exposes, is_sos_action, meanings, read_exposes
from edge.readings import Item


def zigbee2mqtt() -> Decoder:
    """One driver for all lines, so that `bridge/devices` counts for the lines after it."""
    driver = ZigbeeDriver(DriverOptions())
    return lambda data: _decode_zigbee(data, driver)


def _decode_zigbee(data: bytes, driver: ZigbeeDriver) -> Decoded:
    """A line `{"topic","retained","payload"}` as the transport makes it, or by hand `{"exposes","state"}`,
    `{"topic","state"}`; a payload may be given as JSON.
    """
    message = json_object(data)
    topic, payload = message.get("topic"), message.get("payload")
    exposes = message.get("exposes")
    state = message.get("state", payload if isinstance(payload, dict) else parsed(payload))
    if isinstance(state, dict):
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
        "items": shown_items(items),
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
        kind = meaning.kind
        if kind == "action":
            points.append(["action", meaning.raw])
            points += [["sos", True]] if is_sos_action(str(meaning.raw)) else []
        elif kind == "fall":
            points.append(["fall" if meaning.value != 0.5 else "fall_suspected", meaning.value > 0])
        else:
            points.append(point(kind, meaning.value))
    seen = last_seen_ms(state.get("last_seen"))
    return points + ([["device_time", iso_utc(seen)]] if seen is not None else [])
