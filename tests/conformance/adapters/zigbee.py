"""Zigbee2MQTT: exposes and a state, or a topic and its payload."""

import json

from edge.decoding.zigbee import zigbee2mqtt
from tests.conformance.samples import Values


def state(given: Values) -> Values:
    """The points of one message."""
    points = zigbee2mqtt()(json.dumps(given).encode())["decoded"]["points"]
    return {"want": points + [["button", value] for name, value in points if name == "action"]}
