"""`decode home_assistant`: MQTT messages of devices that announce themselves."""

from typing import Any

import msgspec

from edge.decoding.forms import Decoded, Decoder, Unreadable, json_object, point, shown_bytes, shown_items
from edge.drivers.ha_meanings import gesture, is_online, points
from edge.drivers.ha_templates import Unsupported
from edge.drivers.home_assistant import HomeAssistantDriver
from edge.drivers.options import DriverOptions
from edge.drivers.zigbee_exposes import is_sos_action
from edge.readings import Item


def home_assistant() -> Decoder:
    """One driver for all lines, so that an announcement counts for the lines after it."""
    driver = HomeAssistantDriver(DriverOptions())
    return lambda data: _decode(data, driver)


def _decode(data: bytes, driver: HomeAssistantDriver) -> Decoded:
    """A line `{"topic","retained","payload"}`, by hand also with a second message as `then`; a payload may
    be given as JSON.
    """
    message = json_object(data)
    then = message.get("then")
    topics = [_told(part) for part in (message, then) if isinstance(part, dict)]
    items: list[Item] = []
    decoded: Decoded = {"points": []}
    for topic, text, retained in topics:
        line = {"topic": topic, "retained": retained, "payload": text}
        items += driver.receive(msgspec.json.encode(line) + b"\n", 0)
        decoded["points"] += _points(driver, topic, text or "")
    if announced := driver.entities(topics[0][0]):
        decoded["entities"] = {
            key: {"platform": entity.platform, "device": entity.device, "config": entity.config}
            for key, entity in announced.items()
        }
    return {"decoded": decoded, "items": shown_items(items), "replies": shown_bytes(driver.replies())}


def _told(message: dict[str, Any]) -> tuple[str, str | None, bool]:
    topic, payload = message.get("topic"), message.get("payload")
    if not isinstance(topic, str):
        raise Unreadable("没有 topic / no topic")
    text = payload if isinstance(payload, str | None) else msgspec.json.encode(payload).decode()
    return topic, text, message.get("retained") is True


def _points(driver: HomeAssistantDriver, topic: str, payload: str) -> list[list[Any]]:
    found: list[list[Any]] = []
    for entity in driver.entities_at(topic):
        try:
            if (online := is_online(entity, topic, payload)) is not None:
                found.append(["online", online])
                continue
            for kind, value in points(entity, payload):
                found.append([kind, bool(value)] if kind in ("heat", "online") else point(kind, value))
            if pressed := gesture(entity, payload):
                found.append(["action", pressed])
                found += [["sos", True]] if is_sos_action(pressed) else []
        except Unsupported as error:
            found.append(["unsupported_template", str(error)])
    return found
