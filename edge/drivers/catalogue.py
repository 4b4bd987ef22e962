"""Every driver by the name that a configuration uses; a new protocol adds one line here."""

from collections.abc import Callable
from typing import Final

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver
from edge.drivers.wrist_accelerometer import WristDriver
from edge.drivers.zigbee2mqtt import ZigbeeDriver
from edge.readings import Driver

DRIVERS: Final[dict[str, Callable[[DriverOptions], Driver]]] = {
    "watch": WatchDriver,
    "zigbee2mqtt": ZigbeeDriver,
    "wrist_accelerometer": WristDriver,
}
