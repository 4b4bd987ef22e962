"""Every driver by the name that a configuration uses; a new protocol adds one line here."""

from collections.abc import Callable
from typing import Final

from edge.drivers.options import DriverOptions
from edge.drivers.r60 import R60Driver
from edge.drivers.tinyframe import TinyFrameDriver
from edge.drivers.watch import WatchDriver
from edge.drivers.wrist_accelerometer import WristDriver
from edge.drivers.zigbee2mqtt import ZigbeeDriver
from edge.readings import Driver

DRIVERS: Final[dict[str, Callable[[DriverOptions], Driver]]] = {
    "watch": WatchDriver,
    "zigbee2mqtt": ZigbeeDriver,
    "r60": R60Driver,
    "tinyframe": TinyFrameDriver,
    "wrist_accelerometer": WristDriver,
}
