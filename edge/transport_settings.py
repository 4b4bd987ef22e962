"""Where devices come in: the `[[transport]]` tables of edge.toml."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware_specs.ids import WIRE_ID_PATTERN

Bit22 = Literal["unknown", "fall", "heart_rate", "vibration"]
Baud = Literal[9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600]
Id = Annotated[str, Meta(pattern=WIRE_ID_PATTERN)]
Port = Annotated[int, Meta(ge=0, le=65_535)]
Address = Annotated[str, Meta(pattern=r"^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$")]
Key = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{32}$")]


class TcpTransport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="tcp"):
    """A port to which devices connect; port 0 takes a free one.

    `device` is the id of the one device behind it whose frames name none (radars, bed sensors).
    """

    driver: str
    device: Id | None = None
    host: str = "127.0.0.1"
    port: Port = 5093
    watch_bit22: Bit22 = "unknown"
    idle_s: Annotated[float, Meta(gt=0)] = 1200.0
    max_connections: Annotated[int, Meta(ge=1)] = 1024


class SerialTransport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="serial"):
    """A serial line, 8N1; name it by /dev/serial/by-id, since /dev/ttyUSB0 moves."""

    driver: str
    path: str
    device: Id | None = None
    baud: Baud = 115200


class HttpTransport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="http"):
    """A page of a device in the home's network, asked every few seconds."""

    driver: str
    url: Annotated[str, Meta(pattern=r"^http://[^/\s?#@]+(/\S*)?$")]
    every_s: Annotated[float, Meta(ge=1)] = 5.0


class MqttTransport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="mqtt"):
    """The home's own broker; `base_topic` is Zigbee2MQTT's, or the prefix of Home Assistant's discovery."""

    driver: str
    broker_url: str = "mqtt://127.0.0.1:1883"
    base_topic: str | None = None


class BluetoothTransport(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="bluetooth"
):
    """The gateway's Bluetooth adapter. Only the listed devices are heard; `keys` are those of encrypted
    BTHome devices, by address; `zone_min` is what the devices' clocks show minus UTC.
    """

    driver: str = "bluetooth"
    devices: list[Address] = []
    keys: dict[Address, Key] = {}
    adapter: str | None = None
    zone_min: Annotated[int, Meta(ge=-840, le=840)] = 480


class RecordingTransport(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="recording"
):
    """A file of timed lines, played `speed` times as fast as it was recorded."""

    driver: str
    device: Id | None = None
    path: str
    speed: Annotated[float, Meta(gt=0)] = 1.0


Transport = (
    TcpTransport | SerialTransport | HttpTransport | MqttTransport | BluetoothTransport | RecordingTransport
)
