"""Which adapter reads which family: a new driver adds its families here."""

from typing import Final

from tests.conformance.adapters import bluetooth, home_assistant, radars, trackers, watch, zigbee
from tests.conformance.kit import Adapter

FAMILIES: Final[dict[str, Adapter]] = {
    "bthome": bluetooth.advertisement,
    "gatt": bluetooth.characteristic,
    "gt06": trackers.gt06_frame,
    "ha_discovery": home_assistant.discovery,
    "jt808": trackers.jt808_message,
    "r60": radars.r60_frame,
    "tinyframe": radars.tiny_frame,
    "trv_iw": trackers.trv_iw,
    "vendor_ble": bluetooth.vendor,
    "watch_downlink": watch.downlink,
    "watch_framing": watch.framing,
    "watch_uplink": watch.uplink,
    "zigbee2mqtt": zigbee.state,
}
