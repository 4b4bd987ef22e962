"""Which adapter reads which family: a new driver adds its families here."""

from typing import Final

from tests.conformance.adapters import home_assistant, radars, watch, zigbee
from tests.conformance.kit import Adapter

FAMILIES: Final[dict[str, Adapter]] = {
    "watch_uplink": watch.uplink,
    "watch_framing": watch.framing,
    "ha_discovery": home_assistant.discovery,
    "r60": radars.r60_frame,
    "tinyframe": radars.tiny_frame,
    "zigbee2mqtt": zigbee.state,
}
