"""Which adapter reads which family: a new driver adds its families here."""

from typing import Final

from tests.conformance.adapters import watch, zigbee
from tests.conformance.kit import Adapter

FAMILIES: Final[dict[str, Adapter]] = {
    "watch_uplink": watch.uplink,
    "watch_framing": watch.framing,
    "zigbee2mqtt": zigbee.state,
}
