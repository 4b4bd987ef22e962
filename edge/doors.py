"""Builds the transports of a configuration, each with the driver of its devices."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from edge import config
from edge.agent import Transport
from edge.config import Config
from edge.drivers.catalogue import BASE_TOPICS, DRIVERS
from edge.drivers.options import DriverOptions
from edge.intake import Intake, Line
from edge.readings import Driver
from edge.transport_settings import (
    BluetoothTransport,
    HttpTransport,
    MqttTransport,
    RecordingTransport,
    SerialTransport,
    TcpTransport,
)
from edge.transport_settings import Transport as Settings
from edge.transports.bluetooth import BluetoothAdapter
from edge.transports.http_page import HttpPage
from edge.transports.mqtt import LocalMqtt
from edge.transports.receiver import Source
from edge.transports.recording import Recording
from edge.transports.serial_line import SerialLine
from edge.transports.tcp import TcpServer


@dataclass
class Port:
    """The intake as one transport sees it: every connection gets its own driver."""

    intake: Intake
    driver_name: str
    make: Callable[[], Driver]

    def connect(self, label: str, send: Callable[[bytes], None]) -> Line:
        """A new connection with a driver of its own."""
        return self.intake.connect(Line(self.driver_name, self.make(), label, send))

    async def take(self, source: Source, data: bytes) -> None:
        """Bytes of a connection."""
        if isinstance(source, Line):
            await self.intake.take(source, data)

    def disconnect(self, source: Source) -> None:
        """The connection is gone."""
        if isinstance(source, Line):
            self.intake.disconnect(source)


def doors(settings: Config, intake: Intake) -> list[Transport]:
    """One transport an entry; entries of one driver are numbered. Raises ConfigError."""
    names: dict[str, int] = {}
    built: list[Transport] = []
    for entry in settings.transport:
        names[entry.driver] = names.get(entry.driver, 0) + 1
        name = entry.driver if names[entry.driver] == 1 else f"{entry.driver}-{names[entry.driver]}"
        options = _options(entry, name)
        built.append(_door(entry, name, settings, _port(intake, entry.driver, options), options))
    return built


def _port(intake: Intake, driver: str, options: DriverOptions) -> Port:
    return Port(intake, driver, lambda: DRIVERS[driver](options))


def _options(entry: Settings, name: str) -> DriverOptions:
    topic = BASE_TOPICS.get(entry.driver, "")
    match entry:
        case TcpTransport():
            return DriverOptions(watch_bit22=entry.watch_bit22, device=entry.device or name, base_topic=topic)
        case SerialTransport() | RecordingTransport():
            return DriverOptions(device=entry.device or name, base_topic=topic)
        case MqttTransport():
            return DriverOptions(base_topic=entry.base_topic or topic)
        case BluetoothTransport():
            return DriverOptions(keys=entry.keys, zone_min=entry.zone_min)
        case HttpTransport():
            return DriverOptions()
        case _:
            assert_never(entry)


def _door(entry: Settings, name: str, settings: Config, port: Port, options: DriverOptions) -> Transport:
    match entry:
        case TcpTransport():
            return TcpServer(
                name,
                entry.host,
                entry.port,
                port,
                idle_s=entry.idle_s,
                max_connections=entry.max_connections,
            )
        case SerialTransport():
            return SerialLine(name, entry.path, entry.baud, port)
        case HttpTransport():
            return HttpPage(name, entry.url, entry.every_s, port)
        case MqttTransport():
            broker = config.broker(entry.broker_url)
            return LocalMqtt(name, broker, options.base_topic, f"{settings.gateway}-{name}", port)
        case BluetoothTransport():
            return BluetoothAdapter(
                name, frozenset(address.upper() for address in entry.devices), port, entry.adapter
            )
        case RecordingTransport():
            return Recording(name, Path(entry.path), entry.speed, port)
        case _:
            assert_never(entry)
