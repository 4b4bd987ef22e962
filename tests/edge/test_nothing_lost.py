"""Kill, cut and restart: every event is stored by the cloud, none twice under two numbers."""

import asyncio
import random
from pathlib import Path

import pytest

from edge import config
from firmware_specs.ids import uuid7
from firmware_specs.messages import Command
from tests.edge.stand import (
    FAST,
    GATEWAY,
    AgentProcess,
    Broker,
    FakeCloud,
    door,
    heart_rate,
    running,
    sos,
    watch,
    write_config,
)
from tests.ports import free_port
from tests.waiting import until

pytestmark = pytest.mark.broker

FAR = 253_402_300_799_999


async def test_an_event_is_sent_again_until_it_is_stored(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    fake_cloud.acking = False
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        await device.ask(sos())
        await until(lambda: len(fake_cloud.event_copies) >= 4)
        assert len(set(fake_cloud.event_copies)) == 1
        fake_cloud.acking = True
        await until(agent.link.events.idle)
        copies = len(fake_cloud.event_copies)
        await asyncio.sleep(FAST.event_every_s * 1.5)
        assert len(fake_cloud.event_copies) == copies


async def test_a_cloud_that_names_ids_only_is_understood(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    fake_cloud.by_id_only = True
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        for _ in range(5):
            await device.ask(sos())
        await until(agent.link.events.idle)
        assert len(fake_cloud.events) == 5


async def test_killed_in_mid_flow_nothing_is_lost(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    """What the watch got an answer for is on disk; kill -9 at any moment loses none of it."""
    chance = random.Random(7)
    port = free_port()
    agent = AgentProcess(write_config(tmp_path / "home", broker, port=port))
    answered = 0
    for _ in range(4):
        await agent.start()
        fake_cloud.acking = chance.random() < 0.5
        async with watch(port) as device:
            for _ in range(chance.randrange(5, 25)):
                await device.ask(sos())
                answered += 1
        await asyncio.sleep(chance.random() * 0.3)
        await agent.kill()
    fake_cloud.acking = True
    await agent.start()
    await until(lambda: len({event.id for event in fake_cloud.events.values()}) >= answered, 30)
    assert len(fake_cloud.events) == answered
    assert len({event.id for event in fake_cloud.events.values()}) == answered
    assert await agent.terminate() == 0


async def test_what_happened_while_the_broker_was_away_comes_in_order(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    """Events first, then live telemetry, then what the outage left, oldest first and marked late."""
    timings = type(FAST)(**{**vars(FAST), "late_after_s": 0.5})
    async with running(write_config(tmp_path / "home", broker), timings=timings) as agent:
        async with watch(door(agent)) as device:
            await device.say(heart_rate(70))
            await until(lambda: bool(fake_cloud.batches))
            broker.kill()
            await until(lambda: not agent.link.connected.is_set())
            for pulse in range(80, 140, 10):
                await device.ask(sos())
                await device.say(heart_rate(pulse))
                await asyncio.sleep(0.3)
            fake_cloud.order.clear()
            broker.start()
            await until(agent.link.events.idle)
            await until(lambda: len(pulses(fake_cloud)) == 7)
        assert len(fake_cloud.events) == 6
        first_batch = next(i for i, what in enumerate(fake_cloud.order) if what != "event")
        assert first_batch >= 6
        assert "late" in fake_cloud.order
        assert pulses(fake_cloud) == [70, 80, 90, 100, 110, 120, 130]


def pulses(cloud: FakeCloud) -> list[float]:
    """Heart rates in the order of their arrival."""
    return [
        batch.value[i]
        for batch in cloud.batches.values()
        for i, kind in enumerate(batch.k)
        if batch.kinds[kind] == "heart_rate"
    ]


@pytest.mark.parametrize("streams", [("event", "telemetry"), ("all",)])
async def test_replay_sends_stored_rows_again_under_their_own_numbers(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud, streams: tuple[str, ...]
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        for _ in range(3):
            await device.ask(sos())
        await device.say(heart_rate(71))
        await until(lambda: len(fake_cloud.events) == 3 and bool(pulses(fake_cloud)))
        await until(agent.link.events.idle)
        await until(agent.link.telemetry.idle)
        before, batches_before = set(fake_cloud.events), set(fake_cloud.batches)
        fake_cloud.events.clear()
        fake_cloud.batches.clear()
        for stream in streams:
            args = {"stream": stream, "from": 0, "to": FAR}
            order = Command(id=str(uuid7(1)), op="replay", args=args, expires_at=FAR, by="restore")
            await fake_cloud.order_to(GATEWAY, order)
        await until(lambda: set(fake_cloud.events) == before)
        await until(lambda: batches_before <= set(fake_cloud.batches))
        assert [result.status for result in fake_cloud.results] == ["done"] * len(streams)


async def test_the_same_order_twice_is_one_answer_also_after_a_restart(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    path = write_config(tmp_path / "home", broker)
    late = Command(id=str(uuid7(1)), op="replay", expires_at=1000, by="test")
    odd = Command(id=str(uuid7(2)), op="factory_reset", expires_at=FAR, by="test")
    async with running(path):
        for _ in range(2):
            await fake_cloud.order_to(GATEWAY, late)
            await fake_cloud.order_to(GATEWAY, odd)
        await until(lambda: len(fake_cloud.results) == 4)
    async with running(path):
        again = Command(id=odd.id, op="replay", expires_at=FAR, by="test")
        await fake_cloud.order_to(GATEWAY, again)
        await until(lambda: len(fake_cloud.results) == 5)
    answers = {
        result.id: {r.status for r in fake_cloud.results if r.id == result.id}
        for result in fake_cloud.results
    }
    assert answers == {late.id: {"expired"}, odd.id: {"rejected"}}


async def test_two_agents_of_one_id_alternate_and_both_deliver(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    """A cloned gateway: each pushes the other out, the cloud sees two runs, no event is lost."""
    one, two = write_config(tmp_path / "one", broker), write_config(tmp_path / "two", broker)
    assert config.load(one).gateway == config.load(two).gateway
    async with (
        running(one) as first,
        running(two) as second,
        watch(door(first)) as device,
        watch(door(second)) as other,
    ):
        for _ in range(5):
            await device.ask(sos())
            await other.ask(sos("861100000000018"))
        await until(lambda: len(fake_cloud.events) == 10, 30)
    assert {run for run, _ in fake_cloud.events} == {first.outbox.run_id, second.outbox.run_id}
    assert {said["run"] for channel, said in fake_cloud.said if channel == "birth"} == {
        first.outbox.run_id,
        second.outbox.run_id,
    }


async def test_a_second_agent_on_the_same_folder_is_refused(tmp_path: Path, broker: Broker) -> None:
    path = write_config(tmp_path / "home", broker)
    async with running(path):
        with pytest.raises(config.ConfigError, match="data"):
            async with running(path):
                pass
