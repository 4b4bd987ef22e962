"""The cloud's configuration reaches a running agent, outlives its restart, and is never logged."""

import asyncio
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from edge import config, wiring
from edge.agent import Agent
from edge.help_steps import Contact
from firmware_specs import topics
from firmware_specs.clock import Clock
from firmware_specs.homes import Gate, HomeContact, ServedHome, Zone
from firmware_specs.messages import Config, encode
from simulators.devices.watch import SOS, WatchState, frame, position_content
from tests.edge.stand import (
    DEVICE,
    FAST,
    GATEWAY,
    WATCH,
    Broker,
    FakeCloud,
    door,
    running,
    sos,
    watch,
    write_config,
)
from tests.waiting import until

pytestmark = pytest.mark.broker

WANTED = Config(
    version=7,
    rooms={DEVICE: "卧室"},
    roles={DEVICE: "wrist", "No Such Id": "x"},
    contacts=[HomeContact(name="son", phone="13800000001")],
    safe_zone=Zone(lat=37.4, lon=118.0, radius_m=200),
    help_after_s=15,
    batch_s=0.5,
    heartbeat_s=9,
)


async def publish(cloud: FakeCloud, payload: bytes) -> None:
    assert cloud.client is not None
    await cloud.client.publish(topics.down(GATEWAY, "config"), payload, qos=1, retain=True)


def applied(agent: Agent) -> bool:
    rules = agent.help.plan.rules
    zone = agent.desired.options.home.zone
    return (
        agent.desired.version == 7
        and rules.contacts == [Contact(name="son", number="13800000001")]
        and (rules.after_s, rules.away_s) == (15, 30)
        and zone is not None
        and zone.radius_m == 200
        and agent.batch_s == 0.5
        and agent.link.timings.heartbeat_s == 9
        and "No Such Id" not in agent.desired.entries
    )


async def test_a_configuration_counts_at_once_and_after_a_restart(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="edge")
    path = write_config(tmp_path / "home", broker)
    async with running(path) as agent, watch(door(agent)) as device:
        await publish(fake_cloud, encode(WANTED))
        await until(lambda: applied(agent))
        await device.say(sos())
        await until(lambda: bool(fake_cloud.events))
        assert next(iter(fake_cloud.events.values())).room == "卧室"
        await publish(fake_cloud, b'{"version": 6, "contacts": []}')
        await publish(fake_cloud, b'{"version": 9, "contacts": [{"name": "x", "phone": "secret-number"}]}')
        await publish(fake_cloud, b"not json")
        await until(lambda: sum("unreadable configuration" in r.getMessage() for r in caplog.records) == 2)
        assert applied(agent)
    await publish(fake_cloud, b"")
    async with running(path) as agent:
        assert applied(agent)
    logged = " ".join(str(record.__dict__) for record in caplog.records if record.name.startswith("edge"))
    assert "13800000001" not in logged
    assert "secret-number" not in logged


async def test_a_gateway_of_many_homes_knows_each_home_s_zone_and_wifi_as_the_cloud_tells_them(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    gate, home = Gate(lat=37.38, lon=118.0), "a4:00:00:00:00:01"
    zone = Zone(lat=gate.lat, lon=gate.lon, radius_m=300)
    others = [
        ServedHome(devices=[f"watch-{n:010d}"], gate=gate, safe_zone=zone, access_points=[home])
        for n in range(4_000)
    ]
    own = ServedHome(devices=[DEVICE], gate=gate, safe_zone=zone, access_points=[home])
    payload = encode(Config(version=3, homes=[*others, own]))
    assert len(zlib.compress(payload)) < 64 * 1024 < len(payload)
    path = write_config(tmp_path / "post", broker, more="many_homes = true")
    async with running(path) as agent, watch(door(agent)) as device:
        await publish(fake_cloud, zlib.compress(payload))
        await until(lambda: DEVICE in agent.desired.options.homes)
        far = WatchState(lat=37.398, lon=118.0, accuracy_m=5)
        at_home = replace(far, wifi=((home, -60),))
        for state in (at_home, replace(far, status=SOS)):
            kind = "AL" if state.status else "UD"
            await device.say(frame("3G", WATCH, position_content(kind, state, Clock().now_ms())))
        await until(lambda: bool(fake_cloud.events))
        await until(lambda: any(batch.positions for batch in fake_cloud.batches.values()))
    positions = [one for batch in fake_cloud.batches.values() for one in batch.positions]
    assert [(one.source, one.lat) for one in positions][:1] == [("home", 37.38)]
    assert {event.kind for event in fake_cloud.events.values()} == {"sos"}, "one fix after home is not enough"


@pytest.mark.parametrize(("wanted", "counts"), [(1, 5), (40, 40), (86_400, 60), (None, FAST.heartbeat_s)])
async def test_a_heartbeat_stays_within_what_the_cloud_takes_for_life(
    tmp_path: Path, wanted: int | None, counts: float
) -> None:
    agent = wiring.build(config.load(write_config(tmp_path, Broker(tmp_path, 1))), Clock(), timings=FAST)
    await agent.outbox.open()
    committing = asyncio.create_task(agent.outbox.commit_loop())
    await agent.desired.take(encode(Config(version=1, heartbeat_s=20)))
    await agent.desired.take(encode(Config(version=2, heartbeat_s=wanted)))
    committing.cancel()
    await agent.outbox.close()
    assert agent.link.timings.heartbeat_s == counts
