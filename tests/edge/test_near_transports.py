"""Transports of devices beside the gateway: Bluetooth (with a fake radio), serial lines (a pty), pages."""

import asyncio
import builtins
import contextlib
import json
import os
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from edge import config
from edge.doors import doors
from edge.transports.bluetooth import BluetoothAdapter, BluetoothMissing, bleak_radio
from edge.transports.http_page import HttpPage
from edge.transports.serial_line import SerialLine
from edge.transports.tcp import TcpServer
from edge.wiring import check_drivers
from simulators.devices import beds, bluetooth, radars
from simulators.devices.home_assistant import Board, Message, publish
from tests.edge.played_radio import AT, CUFF, SENSOR, STRANGER, Agent, FakeAir, adapter
from tests.edge.stand import Broker, FakeCloud, running, write_config
from tests.edge.test_transports import Listener
from tests.waiting import until


async def test_a_cuff_is_connected_on_sight_asked_and_heard() -> None:
    air, agent = FakeAir(), Agent()
    async with adapter(air, agent):
        air.advertise(STRANGER)
        air.advertise(CUFF)
        await until(lambda: bool(air.clients and air.clients[0].written))
        [client] = air.clients
        assert client.written == [("2a52", b"\x01\x01")]
        assert sorted(client.told) == ["2a35", "2a52"]
        uuid, value = bluetooth.GATT["pressure_123_80"]
        client.told[uuid](None, bytearray(value(bluetooth.moment(AT))))
        await until(lambda: ("systolic", 123.0) in agent.values())
        assert ("battery", 80.0) in agent.values()
        air.advertise(CUFF)
        await client.disconnect()
        air.advertise(CUFF)
        await until(lambda: len(air.clients) == 2)


async def test_only_listed_sensors_are_heard_and_never_connected() -> None:
    air, agent = FakeAir(), Agent()
    async with adapter(air, agent):
        air.advertise(STRANGER, b"\x40\x29\x01")
        air.advertise(SENSOR, b"\x40" + bluetooth.BTHOME["leak"])
        await until(lambda: ("water_leak", 1.0) in agent.values())
        assert air.clients == []


async def test_three_failures_in_a_row_start_the_adapter_anew() -> None:
    air, agent = FakeAir(refuse=3), Agent()
    async with adapter(air, agent) as made:

        def connected() -> bool:
            air.advertise(CUFF)
            return len(air.clients) == 4 and air.clients[3].open

        await until(connected)
        assert air.scans == 2
        assert made.status == "scanning"


async def test_without_bleak_the_transport_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *given: Any, **more: Any) -> Any:
        if name.startswith("bleak"):
            raise ImportError(name)
        return real(name, *given, **more)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(BluetoothMissing, match=r"carebed\[bluetooth\]"):
        bleak_radio()
    made = BluetoothAdapter("ble", frozenset(), Agent())
    await made.run()
    assert made.tried.is_set()
    assert "carebed[bluetooth]" in made.status


def test_bleak_has_what_the_transport_uses() -> None:
    pytest.importorskip("bleak")
    radio = bleak_radio()
    for name in ("connect", "disconnect", "start_notify", "read_gatt_char", "write_gatt_char", "services"):
        assert hasattr(radio.client, name)
    assert hasattr(radio.scanner, "__aenter__")


async def test_a_serial_line_is_read_written_and_opened_again() -> None:
    far, near = os.openpty()
    listener = Listener()
    made = SerialLine("r60", os.ttyname(near), 115200, listener, retry_s=0.01)
    task = asyncio.create_task(made.run())
    await made.tried.wait()
    assert made.status.startswith("open(")
    await until(lambda: bool(listener.lines))
    os.write(far, radars.r60_frame("fall"))
    await until(lambda: bytes(listener.lines[0].data) == radars.r60_frame("fall"))
    listener.lines[0].send(b"\x53\x59\x0a\x0d\x03")
    assert await asyncio.to_thread(os.read, far, 16) == b"\x53\x59\x0a\x0d\x03"
    os.close(far)
    os.close(near)
    await until(lambda: listener.lines[0].gone and made.status.startswith("failed("))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_page_is_asked_again_and_again_through_its_absence() -> None:
    listener = Listener()
    server = await beds.serve_page(lambda: beds.emfit_page("sleeps"))
    port = server.sockets[0].getsockname()[1]
    made = HttpPage("emfit", f"http://127.0.0.1:{port}/dvmstatus.htm", 0.01, listener)
    task = asyncio.create_task(made.run())
    await until(lambda: bool(listener.lines) and listener.lines[0].data.count(b"\n") >= 2)
    first = json.loads(listener.lines[0].data.splitlines()[0])
    assert first == {"status": 200, "body": beds.emfit_page("sleeps")}
    server.close()
    await server.wait_closed()
    await until(lambda: made.status.startswith("failed("))
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.broker
async def test_a_fall_at_a_radars_port_reaches_the_cloud_with_its_room(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    entry = '[[transport]]\ntype = "tcp"\ndriver = "r60"\nport = 0\ndevice = "radar-bath"\n'
    room = '[[device]]\nid = "radar-bath"\nroom = "bathroom"\n'
    async with running(write_config(tmp_path / "home", broker, more=entry + room)) as agent:
        port = next(
            door.port for door in agent.transports if door.name == "r60" and isinstance(door, TcpServer)
        )
        frames = [radars.r60_frame(what) for what in ("somebody", "fall", "fall", "gets_up")]
        await radars.play("127.0.0.1", port, radars.stream(frames, "mid_frame_cut"))
        await until(lambda: len(fake_cloud.events) >= 1 and "cleared" in phases(fake_cloud))
    assert {(event.kind, event.device, event.room) for event in fake_cloud.events.values()} == {
        ("fall", "radar-bath", "bathroom")
    }


@pytest.mark.broker
async def test_a_board_that_announces_itself_is_subscribed_and_its_fall_reaches_the_cloud(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    board = Board("bath-1")
    entry = f'[[transport]]\ntype = "mqtt"\ndriver = "home_assistant"\nbroker_url = "{broker.url}"\n'
    await publish("127.0.0.1", broker.port, [*board.announce(), board.tell("smoke")])
    async with (
        running(write_config(tmp_path / "home", broker, more=entry)) as agent,
        aiomqtt.Client("127.0.0.1", broker.port) as home,
    ):

        async def tell(messages: list[Message]) -> None:
            for told in messages:
                await home.publish(told.topic, told.payload, qos=1, retain=True)

        async def known() -> bool:  # nats-server may forget to hand out what was retained just before
            await tell(board.announce())
            return any(entry.device == "ha-bath-1" for entry in agent.intake.inventory())

        async def falls() -> bool:
            await tell([board.tell("gets_up"), board.tell("fall")])
            return bool(fake_cloud.events)

        await until(known)
        await until(falls)
    assert {event.kind for event in fake_cloud.events.values()} == {"fall"}, "the retained smoke is old"


def phases(cloud: FakeCloud) -> set[str]:
    return {event.phase for event in cloud.events.values()}


@pytest.mark.parametrize(
    ("door", "right"),
    [
        ('type = "mqtt"\ndriver = "watch"', "tcp, serial"),
        ('type = "tcp"\ndriver = "zigbee2mqtt"', "mqtt"),
        ('type = "serial"\npath = "/dev/x"\ndriver = "emfit_qs"', "http"),
    ],
)
def test_a_driver_whose_devices_come_in_elsewhere_is_refused_with_the_right_place(
    door: str, right: str
) -> None:
    settings = config.parse(f'gateway = "gw-1"\n[[transport]]\n{door}\n', "edge.toml")
    with pytest.raises(config.ConfigError, match=rf"{right}$"):
        check_drivers(settings)


def test_every_kind_of_transport_is_built_with_its_driver() -> None:
    text = """
gateway = "gw-1"
[[transport]]
type = "serial"
driver = "r60"
path = "/dev/serial/by-id/radar"
device = "radar-bath"
[[transport]]
type = "http"
driver = "emfit_qs"
url = "http://192.168.1.9/dvmstatus.htm"
[[transport]]
type = "bluetooth"
devices = ["54:48:e6:00:00:02"]
keys = { "54:48:E6:00:00:02" = "00112233445566778899aabbccddeeff" }
[[transport]]
type = "mqtt"
driver = "home_assistant"
[[transport]]
type = "tcp"
driver = "watch"
idle_s = 600
max_connections = 5000
"""
    serial, page, radio, broker, port = doors(config.parse(text, "edge.toml"), None)  # type: ignore[arg-type]  # nothing is received here
    names = [transport.name for transport in (serial, page, radio, broker, port)]
    assert names == ["r60", "emfit_qs", "bluetooth", "home_assistant", "watch"]
    assert isinstance(port, TcpServer)
    assert (port.idle_s, port.max_connections, port.mute_s) == (600, 5_000, TcpServer.mute_s)
    assert isinstance(radio, BluetoothAdapter)
    assert radio.devices == {"54:48:E6:00:00:02"}
    for bad in ('url = "https://x"', 'url = "http://a@b/"', "baud = 1", 'devices = ["x"]'):
        broken = text.replace('url = "http://192.168.1.9/dvmstatus.htm"', bad)
        with pytest.raises(config.ConfigError):
            config.parse(broken, "edge.toml")
