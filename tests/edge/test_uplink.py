"""When to send again, when to reconnect, what a device's state is worth."""

import asyncio
import os
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from edge.config import DeviceEntry
from edge.outbox.outbox import Outbox
from edge.uplink.board import Board, inventory_hash
from edge.uplink.event_lane import EventLane
from edge.uplink.schedule import Timings, batch_wait_s, event_due_s, reconnect_s
from firmware_specs.ids import uuid7
from firmware_specs.messages import ClockState, Command, DeviceState, Event, InventoryEntry
from tests.edge.stand import (
    DEVICE,
    GATEWAY,
    AgentProcess,
    Broker,
    FakeCloud,
    door,
    running,
    sos,
    watch,
    write_config,
)
from tests.waiting import until

USUAL = Timings()
FAR = 253_402_300_799_999


def test_events_are_resent_at_2_4_8_15_then_each_30_s() -> None:
    assert [event_due_s(sent, USUAL) for sent in range(1, 8)] == [2, 4, 8, 15, 45, 75, 105]


def test_batches_are_resent_after_30_s_doubling_to_10_minutes() -> None:
    assert [batch_wait_s(sent, USUAL) for sent in (1, 2, 3, 4, 5, 6, 99)] == [30, 60, 120, 240, 480, 600, 600]


def test_the_first_reconnect_is_at_once_and_a_waiting_event_keeps_it_quick() -> None:
    def delay(failures: int, outage_s: float, urgent: bool, chance: float = 0.999) -> float:
        return reconnect_s(failures, outage_s, urgent=urgent, chance=chance, timings=USUAL)

    assert delay(0, 0, False) == delay(0, 9999, False) == delay(1, 9999, True) == 0
    assert delay(50, 9999, True) <= 2
    assert all(0.2 < delay(n, 30, False) <= 5 for n in range(1, 9))
    assert delay(5, 600, False) > 29
    assert delay(5, 600, False, chance=0.0) == 2


def test_a_device_state_is_said_when_it_changes_and_now_and_then() -> None:
    entries = {"watch-1": DeviceEntry(id="watch-1", role="wrist", room="bathroom")}
    board = Board(entries, 3600, "run00001", "b", ClockState)
    board.see(DeviceState(device="watch-1", at=0, battery_percent=50, worn=True), "watch")
    assert [state.role for state in board.changed()] == ["wrist"]
    board.see(DeviceState(device="watch-1", at=1000), "watch")
    board.see(DeviceState(device="watch-1", at=2000, battery_percent=49), "watch")
    assert board.changed() == []
    board.see(DeviceState(device="watch-1", at=3000, worn=False), "watch")
    (state,) = board.changed()
    assert (state.worn, state.battery_percent, state.last_seen, state.run) == (False, 49, 3000, "run00001")
    board.see(DeviceState(device="watch-1", at=3_604_000), "watch")
    assert len(board.changed()) == 1
    assert len(board.everything()) == 1


def test_what_others_believe_of_a_device_is_no_sign_of_it() -> None:
    """Zigbee2MQTT calls a sensor available that it has not heard since it started."""
    board = Board({}, 3600, "run00001", "b", ClockState)
    board.see(DeviceState(device="zb-1", at=1000), "zigbee2mqtt")
    assert board.states()[0].last_seen is None
    board.see(DeviceState(device="zb-1", at=2000, online=True), "zigbee2mqtt")
    board.see(DeviceState(device="zb-1", at=3000, online=False), "zigbee2mqtt")
    assert board.states()[0].last_seen == 2000


def test_a_device_is_missed_though_the_clock_was_set_back() -> None:
    board = Board({}, 3600, "run00001", "b", ClockState)
    board.see(DeviceState(device="zb-1", at=31_536_000_000, online=True), "zigbee2mqtt")
    board.changed()
    board.see(DeviceState(device="zb-1", at=10_000, online=True), "zigbee2mqtt")
    assert [state.last_seen for state in board.changed()] == [10_000]


async def test_events_that_wait_again_while_others_are_looked_up_are_not_overlooked() -> None:
    asked: list[int] = []

    class Shelf:
        async def waiting_events(self, limit: int) -> list[Event]:
            asked.append(limit)
            if len(asked) == 1:
                lane.look_again()  # a replay in this very moment
            return []

    lane = EventLane(cast(Outbox, Shelf()), Timings(), lambda event: event)
    await lane.load()
    await lane.load()
    assert len(asked) == 2


def test_the_inventory_joins_configuration_drivers_and_sightings() -> None:
    board = Board({"zb-1": DeviceEntry(id="zb-1", room="hall")}, 3600, "run00001", "b", ClockState)
    board.see(DeviceState(device="watch-1", at=0), "watch")
    known = [InventoryEntry(device="zb-1", driver="zigbee2mqtt", model="SNZB-03")]
    found = board.inventory(known)
    assert [(e.device, e.driver, e.model, e.room) for e in found] == [
        ("watch-1", "watch", None, None),
        ("zb-1", "zigbee2mqtt", "SNZB-03", "hall"),
    ]
    assert inventory_hash(found) != inventory_hash(found[:1])


def test_a_name_that_is_too_long_costs_no_birth() -> None:
    entries = {"zb-1": DeviceEntry(id="zb-1", room="卧室" * 40, role="sos\n")}
    board = Board(entries, 3600, "run00001", "b", ClockState)
    board.see(DeviceState(device="zb-1", at=0), "zigbee2mqtt")
    models = [InventoryEntry(device="zb-2", driver="home_assistant", model="m" * 100_000)]
    for entry in board.inventory(models):
        assert msgspec.convert(msgspec.to_builtins(entry), InventoryEntry) == entry
    (state,) = board.states()
    assert msgspec.convert(msgspec.to_builtins(state), DeviceState) == state


@pytest.mark.broker
async def test_an_event_during_an_outage_is_delivered_as_soon_as_the_broker_is_back(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        broker.kill()
        await until(lambda: not agent.link.connected.is_set())
        assert b"*AL]" in await device.ask(sos())
        broker.start()
        await until(lambda: bool(fake_cloud.events))


@pytest.mark.broker
async def test_without_a_broker_the_agent_is_ready_and_says_that_it_is_away(
    tmp_path: Path, broker: Broker
) -> None:
    broker.kill()
    agent = AgentProcess(write_config(tmp_path / "home", broker))
    port = await agent.start()
    assert "broker=away" in agent.line
    async with watch(port) as device:
        assert b"*AL]" in await device.ask(sos())
    assert await agent.terminate() == 0


@pytest.mark.broker
async def test_an_order_to_restart_is_refused_while_an_event_waits_and_done_after(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    fake_cloud.acking = False
    agent = AgentProcess(write_config(tmp_path / "home", broker))
    port = await agent.start()
    async with watch(port) as device:
        await device.ask(sos())
    await until(lambda: bool(fake_cloud.event_copies))
    first_run = fake_cloud.event_copies[0][0]
    await fake_cloud.order_to(GATEWAY, order("restart", 1))
    await until(lambda: len(fake_cloud.results) == 1)
    assert fake_cloud.results[0].status == "rejected"
    fake_cloud.acking = True
    await until(lambda: bool(fake_cloud.events), 30)
    await fake_cloud.order_to(GATEWAY, order("restart", 2))
    await until(lambda: len(fake_cloud.results) == 2)
    assert fake_cloud.results[1].status == "done"
    await until(lambda: fake_cloud.states["birth"]["run"] != first_run)
    assert agent.process is not None
    assert agent.process.returncode is None
    assert await agent.terminate() == 0


@pytest.mark.broker
async def test_a_message_of_the_cloud_that_is_garbage_changes_nothing(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        assert fake_cloud.client is not None
        for topic in ("ack", "command", "config", "nonsense"):
            for payload in (b"", b"{", b"\xff\xfe", b"[]", b'{"run": 1}', os.urandom(300), b"[" * 100_000):
                await fake_cloud.client.publish(f"carebed/v1/{GATEWAY}/down/{topic}", payload, qos=1)
        await fake_cloud.client.publish("carebed/v1/cloud/status", b"{", qos=1, retain=True)
        await device.ask(sos())
        await until(lambda: bool(fake_cloud.events))
        await until(agent.link.events.idle)


@pytest.mark.broker
async def test_a_watch_is_asked_for_its_position(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        await device.ask(sos())
        async with asyncio.timeout(30):
            assert (await device.reader.readuntil(b"]")).endswith(b"*CR]"), "a call for help asks at once"
        await fake_cloud.order_to(GATEWAY, order("locate", 1, DEVICE))
        async with asyncio.timeout(30):
            assert (await device.reader.readuntil(b"]")).endswith(b"*CR]")
        await fake_cloud.order_to(GATEWAY, order("locate", 2, "watch-999"))
        await fake_cloud.order_to(GATEWAY, order("locate", 3))
        await until(lambda: len(fake_cloud.results) == 3)
        assert [result.status for result in fake_cloud.results] == ["done", "rejected", "rejected"]
        call = {"name": "call", "phone": "05468001234"}
        await fake_cloud.order_to(GATEWAY, order("order", 4, DEVICE, call))
        async with asyncio.timeout(30):
            assert (await device.reader.readuntil(b"]")).endswith(b"*CALL,05468001234]")
        for number, (to, args) in enumerate(
            [(DEVICE, {"name": "power_off"}), (DEVICE, {"name": "dance"}), ("watch-999", call), (None, call)],
            5,
        ):
            await fake_cloud.order_to(GATEWAY, order("order", number, to, args))
        await until(lambda: len(fake_cloud.results) == 8)
        assert [result.status for result in fake_cloud.results[3:]] == ["done", *["rejected"] * 4]
        assert "dangerous" in (fake_cloud.results[4].error or "")


@pytest.mark.broker
async def test_a_technicians_orders_are_answered_and_only_his_devices_are_tested(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        await device.ask(sos())
        await until(lambda: len(fake_cloud.events) == 1)
        proof = {"how": "sms", "number": "13800000001", "text": "1234"}
        orders = [
            order("ping", 1),
            order("test_mode", 2, args={"minutes": 5, "devices": ["zb-other"]}),
            order("test_mode", 3, args={"minutes": 99, "devices": []}),
            order("prove_phone", 4, args=proof),
            order("prove_phone", 5, args=proof | {"number": "1;ATD2"}),
        ]
        for command in orders:
            await fake_cloud.order_to(GATEWAY, command)
        await until(lambda: len(fake_cloud.results) == len(orders))
        results = {result.id: result for result in fake_cloud.results}
        answers = [results[command.id] for command in orders]
        assert [answer.status for answer in answers] == ["done", "done", "rejected", "rejected", "rejected"]
        assert answers[0].at is not None
        assert answers[0].clock is not None
        assert answers[3].error == "this gateway has no modem"
        await device.ask(sos())
        await until(lambda: len(fake_cloud.events) == 2)
        await fake_cloud.order_to(GATEWAY, order("test_mode", 9, args={"minutes": 5, "devices": [DEVICE]}))
        await until(lambda: len(fake_cloud.results) == len(orders) + 1)
        await device.ask(sos())
        await until(lambda: len(fake_cloud.events) == 3)
        assert sorted(event.test for event in fake_cloud.events.values()) == [False, False, True]


@pytest.mark.broker
async def test_the_modem_proves_itself_while_acks_go_on(
    tmp_path: Path, broker: Broker, fake_cloud: FakeCloud
) -> None:
    ringing, said = asyncio.Event(), list[tuple[str, str, str]]()

    async def prove(how: str, number: str, text: str) -> str:
        said.append((how, number, text))
        await ringing.wait()
        return "no_answer"

    async with running(write_config(tmp_path / "home", broker)) as agent, watch(door(agent)) as device:
        agent.link.commands.prove_phone = prove
        call = order("prove_phone", 1, args={"how": "call", "number": "13800000001"})
        await fake_cloud.order_to(GATEWAY, call)
        await fake_cloud.order_to(GATEWAY, call)
        await until(lambda: bool(said))
        await device.ask(sos())
        await until(lambda: bool(fake_cloud.events))
        await until(agent.link.events.idle)
        ringing.set()
        await until(lambda: bool(fake_cloud.results))
        assert [(one.status, one.error) for one in fake_cloud.results] == [("failed", "no_answer")]
        assert said == [("call", "13800000001", "")]


def order(op: str, number: int, device: str | None = None, args: dict[str, Any] | None = None) -> Command:
    return Command(id=str(uuid7(number)), op=op, device=device, args=args or {}, expires_at=FAR, by="test")
