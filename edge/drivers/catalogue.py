"""Every driver by the name that a configuration uses; a new protocol adds one line here."""

from collections.abc import Callable
from typing import Final

from edge.drivers import home_assistant, zigbee2mqtt
from edge.drivers.bluetooth import BluetoothDriver
from edge.drivers.emfit_qs import EmfitDriver
from edge.drivers.gt06 import Gt06Driver
from edge.drivers.home_assistant import HomeAssistantDriver
from edge.drivers.jt808 import Jt808Driver
from edge.drivers.options import DriverOptions
from edge.drivers.r60 import R60Driver
from edge.drivers.sca11h import Sca11hDriver
from edge.drivers.tinyframe import TinyFrameDriver
from edge.drivers.trv import TrvDriver
from edge.drivers.watch import WatchDriver
from edge.drivers.wrist_accelerometer import WristDriver
from edge.drivers.zigbee2mqtt import ZigbeeDriver
from edge.readings import Driver

DRIVERS: Final[dict[str, Callable[[DriverOptions], Driver]]] = {
    "watch": WatchDriver,
    "trv": TrvDriver,
    "gt06": Gt06Driver,
    "jt808": Jt808Driver,
    "zigbee2mqtt": ZigbeeDriver,
    "bluetooth": BluetoothDriver,
    "emfit_qs": EmfitDriver,
    "sca11h": Sca11hDriver,
    "home_assistant": HomeAssistantDriver,
    "r60": R60Driver,
    "tinyframe": TinyFrameDriver,
    "wrist_accelerometer": WristDriver,
}
DOORS: Final = {
    "zigbee2mqtt": ("mqtt",),
    "home_assistant": ("mqtt",),
    "bluetooth": ("bluetooth", "tcp"),  # by the adapter, or what one heard elsewhere
    "emfit_qs": ("http",),
}
"""The types of transport over which a driver's devices come; all others by a connection of their own."""
CONNECTIONS: Final = ("tcp", "serial")
BASE_TOPICS: Final = {
    "zigbee2mqtt": zigbee2mqtt.BASE_TOPIC,
    "home_assistant": home_assistant.BASE_TOPIC,
}
"""Below which topic a driver's devices speak unless the configuration says another."""
