"""Whole homes through the agent: Zigbee sensors, a fall on the wrist, restarts, an encrypted link."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from edge import supervisor
from firmware_specs.clock import Clock
from simulators.devices import motion, wrist
from simulators.devices.zigbee import Sensor, Zigbee2Mqtt
from tests.edge.stand import Broker, FakeCloud, door, running, sos, watch, write_config
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.broker

SMOKE = Sensor("smoke", "00158d0000000001", "kitchen_smoke")
BUTTON = Sensor("sos_button", "00158d0000000002", "bathroom_button")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Broker]:
    """The home's own broker."""
    made = Broker(tmp_path / "home-broker", free_port())
    made.start()
    await made.ready()
    yield made
    made.kill()


def zigbee(home: Broker) -> str:
    return f'[[transport]]\ntype = "mqtt"\ndriver = "zigbee2mqtt"\nbroker_url = "{home.url}"\n'


@asynccontextmanager
async def bridge(home: Broker) -> AsyncIterator[Zigbee2Mqtt]:
    async with Zigbee2Mqtt("127.0.0.1", home.port, Clock(), [SMOKE, BUTTON]).connected() as made:
        yield made


async def test_smoke_that_began_before_a_restart_is_cleared_under_the_same_id(
    tmp_path: Path, broker: Broker, home: Broker, fake_cloud: FakeCloud
) -> None:
    path = write_config(tmp_path / "home", broker, more=zigbee(home))
    async with bridge(home) as zigbee_bridge:
        async with running(path):
            await until(lambda: "birth" in fake_cloud.states)
            await zigbee_bridge.report(BUTTON, {"action": "emergency"})
            await zigbee_bridge.report(SMOKE, {"smoke": True})
            await until(lambda: len(fake_cloud.events) == 2)
        async with running(path):
            await zigbee_bridge.report(SMOKE, {"smoke": False})
            await until(lambda: len(fake_cloud.events) == 3)
            await until(lambda: len(fake_cloud.states["birth"].get("devices", [])) == 2)
            assert {d["driver"] for d in fake_cloud.states["birth"]["devices"]} == {"zigbee2mqtt"}
    events = list(fake_cloud.events.values())
    assert {(e.kind, e.phase, e.device) for e in events} == {
        ("sos", "raised", "zb-00158d0000000002"),
        ("smoke", "raised", "zb-00158d0000000001"),
        ("smoke", "cleared", "zb-00158d0000000001"),
    }
    assert len({e.id for e in events if e.kind == "smoke"}) == 1


async def test_a_fall_on_the_wrist_is_suspected_then_raised_under_one_id(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    """Played 20 times as fast; each phase is a row of its own, acknowledged by its number."""
    more = '[[transport]]\ntype = "tcp"\ndriver = "wrist_accelerometer"\nport = 0\n'
    clock = Clock(Clock().now_ms(), Clock().now_ms(), 20.0)
    random = np.random.default_rng(5)
    rows = np.vstack([motion.still(10, random=random), motion.fall(random=random, peak_g=10).rows])
    path = write_config(tmp_path / "home", broker, more=more)
    async with running(path, clock=clock) as agent, watch(door(agent)) as device:
        began = clock.now_ms()
        await device.say(wrist.hello_line("wrist-bench"))
        for second in range(len(rows) // 20):
            part = rows[second * 20 : second * 20 + 20]
            await device.say(wrist.samples_line(second + 1, began + second * 1000, part))
            await clock.sleep((began + second * 1000 + 1000 - clock.now_ms()) / 1000)
        await until(lambda: len(fake_cloud.events) == 2)
        await until(agent.link.events.idle)
    events = list(fake_cloud.events.values())
    assert [(e.kind, e.phase) for e in events] == [("fall", "suspected"), ("fall", "raised")]
    assert len({e.id for e in events}) == 1


async def test_an_encrypted_link_is_checked_and_used(tmp_path: Path) -> None:
    certificate(tmp_path)
    tls = f'tls {{ cert_file: "{tmp_path}/cert.pem", key_file: "{tmp_path}/key.pem" }}'
    broker = Broker(tmp_path / "broker", free_port(), mqtt=tls)
    broker.start()
    await broker.ready()
    path = write_config(tmp_path / "home", broker, more=f'ca_file = "{tmp_path}/cert.pem"\n')
    path.write_text(path.read_text(encoding="utf-8").replace("mqtt://", "mqtts://"), encoding="utf-8")
    async with running(path) as agent, watch(door(agent)) as device:
        assert agent.link.connected.is_set()
        await device.ask(sos())
    path.write_text(path.read_text(encoding="utf-8").replace("ca_file", "# ca_file"), encoding="utf-8")
    async with running(path) as agent:
        assert not agent.link.connected.is_set()
    broker.kill()


async def test_systemd_hears_that_the_agent_is_ready_and_that_it_stops(
    tmp_path: Path, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        heard: list[bytes] = []

        def listen() -> list[bytes]:
            while True:
                try:
                    heard.append(systemd.recv(100))
                except BlockingIOError:
                    return heard

        async with running(write_config(tmp_path / "home", broker)):
            await until(lambda: b"WATCHDOG=1" in listen() and b"READY=1" in heard)
        assert b"STOPPING=1" in listen()  # and after it perhaps a last sign of life
    monkeypatch.setenv("NOTIFY_SOCKET", "/nonexistent/notify")
    supervisor.notify("READY=1")


async def test_the_watchdog_is_silent_when_a_loop_no_longer_turns() -> None:
    pulse = supervisor.Pulse(limit_s=0.05)
    never = asyncio.Event()
    with pulse.loop("one that hangs"):
        waits = asyncio.create_task(pulse.wait("one that waits", never))
        assert not pulse.stuck()
        await until(lambda: pulse.stuck() == ["one that hangs"])
        assert await pulse.wait("one with a limit", never, 0.01) is False
    await until(lambda: pulse.stuck() == ["one with a limit"])
    waits.cancel()


async def test_the_watchdog_counts_on_every_loop_of_the_agent(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent:
        await until(
            lambda: (
                agent.pulse.loops()
                == {"outbox-events", "outbox-upkeep", "outbox-telemetry", "pipeline-tick", "problems"}
                | {"help-home", "help-speech", "help-phone", "uplink", "uplink-events", "uplink-telemetry"}
                | {"uplink-states", "uplink-inventory", "uplink-heartbeat"}
            )
        )
        broker.kill()
        await until(lambda: not any(name.startswith("uplink-") for name in agent.pulse.loops()))
        assert not agent.pulse.stuck()


def certificate(folder: Path) -> None:
    """A self-signed certificate of 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)  # noqa: TID251  # a certificate is valid by the machine's clock
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
