"""From the device's port to the cloud's broker."""

from pathlib import Path

import pytest

from tests.edge.stand import (
    DEVICE,
    GATEWAY,
    Broker,
    FakeCloud,
    door,
    heart_rate,
    running,
    sos,
    watch,
    write_config,
)
from tests.waiting import until

pytestmark = pytest.mark.broker


async def test_an_sos_of_a_watch_becomes_an_event_and_is_answered(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    room = f'[[device]]\nid = "{DEVICE}"\nroom = "bathroom"\nrole = "wrist"\n'
    async with (
        running(write_config(tmp_path / "home", broker, more=room)) as agent,
        watch(door(agent)) as device,
    ):
        assert b"*AL]" in await device.ask(sos())
        await until(lambda: bool(fake_cloud.events))
        event = next(iter(fake_cloud.events.values()))
        assert (event.kind, event.phase, event.device, event.room) == ("sos", "raised", DEVICE, "bathroom")
        assert (event.run, event.seq) == (agent.outbox.run_id, 1)
        await until(agent.link.events.idle)
        assert (await agent.outbox.counts())[0] == 0


async def test_readings_arrive_as_batches_with_their_devices(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        await device.say(heart_rate(71))
        await until(lambda: any("heart_rate" in b.kinds for b in fake_cloud.batches.values()))
        batch = next(b for b in fake_cloud.batches.values() if "heart_rate" in b.kinds)
        assert batch.devices == [DEVICE]
        assert batch.value[batch.k.index(batch.kinds.index("heart_rate"))] == 71
        assert not batch.late


async def test_every_connection_begins_with_birth_and_online_and_ends_with_a_goodbye(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        await device.say(heart_rate(71))
        await until(lambda: DEVICE in fake_cloud.states)
        birth = fake_cloud.states["birth"]
        assert birth["run"] == agent.outbox.run_id
        assert birth["adapters"] == ["watch"]
        online = fake_cloud.states["online"]
        assert (online["v"], online["online"], online["run"]) == (1, True, agent.outbox.run_id)
        await until(lambda: sum(channel == "online" for channel, _ in fake_cloud.said) >= 3)
    await until(lambda: fake_cloud.states["online"]["online"] is False)
    assert fake_cloud.states["online"]["run"] == agent.outbox.run_id


async def test_a_metered_link_sends_compressed_batches(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker, more="metered = true")) as agent:
        async with watch(door(agent)) as device:
            await device.ask(sos())
            await device.say(heart_rate(71))
            await until(lambda: bool(fake_cloud.events))
        assert agent.config.effective_batch_s() == 60
    await until(lambda: bool(fake_cloud.batches))
    assert fake_cloud.states["birth"]["network"]["metered"] is True
    assert agent.link.gateway == GATEWAY
