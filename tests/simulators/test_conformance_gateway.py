"""The kit against a gateway that does all right, gateways with one thing wrong, and the project's own."""

import asyncio
import itertools
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge.uplink.schedule import Timings
from firmware_specs.clock import Clock
from simulators.conformance.checks import CHECKS, Finding, judge
from simulators.conformance.evidence import Pace
from simulators.conformance.examination import Examination
from simulators.conformance.given_broker import GivenBroker
from simulators.conformance.hands import Hands, from_script
from simulators.conformance.record import Record
from simulators.conformance.report import readable, write_junit
from simulators.conformance.small_broker import SmallBroker
from simulators.processes import SimulatorError
from tests.edge.stand import GATEWAY, Broker, door, heart_rate, running, sos, watch, write_config
from tests.simulators.played_gateway import PlayedGateway
from tests.simulators.virtual_time import VirtualLoop

# What is wrong with a gateway: the checks that must fail, and no other.
WRONG = {
    "long_keep_alive": {"keep_alive"},
    "no_will": {"last_will"},
    "will_of_another_run": {"last_will"},
    "no_status_subscription": {"subscribes"},
    "listens_to_all": {"subscribes"},
    "strange_topic": {"topics"},
    "event_retained": {"retained"},
    "online_not_retained": {"retained"},
    "battery_of_150": {"messages"},
    "no_birth": {"greeting"},
    "no_heartbeat": {"heartbeat"},
    "deaf_to_presses": {"event"},
    "seq_gap": {"event_seq"},
    "no_clock": {"clock"},
    "no_resend": {"resend"},
    "storms": {"resend"},
    "takes_claimed": {"only_stored"},
    "takes_any_run": {"only_stored"},
    "stays_away": {"reconnects"},
    "forgets_in_loss": {"kept"},
    "never_stops": {"stops"},
    "no_batch_resend": {"telemetry_resend"},
    "ignores_config": {"config"},
    "takes_older": {"config"},
    "dies_of_garbage": {"garbage"},
    "mute": {"order"},
    "answers_anew": {"order_once"},
    "late_orders": {"order_expired"},
    "no_event_replay": {"replay"},
    "renumbers_replay": {"replay"},
    "no_batch_replay": {"replay_telemetry"},
    "forgets_in_power_cut": {"power_cut"},
    "same_run": {"new_run"},
}


async def _examined(wrong: str) -> list[Finding]:
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()

    def now_ms() -> int:
        return 1_770_401_400_000 + round((loop.time() - began) * 1000)

    broker = SmallBroker(Record("gw-1"), "secret")
    await broker.start("127.0.0.1", 0)
    gateway = PlayedGateway("gw-1", broker.port, now_ms, wrong)
    gateway.start()
    hands = Hands(gateway.press, None, gateway.power_cycle, person=False, limit_s=60)
    try:
        return judge(await Examination(broker, hands, Pace(), now_ms).run())
    finally:
        await gateway.stop()
        await broker.stop()


async def _all_examined() -> dict[str, list[Finding]]:
    async with asyncio.TaskGroup() as group:
        tasks = {wrong: group.create_task(_examined(wrong)) for wrong in ["", *WRONG]}
    return {wrong: task.result() for wrong, task in tasks.items()}


@pytest.fixture(scope="module")
def reports() -> dict[str, list[Finding]]:
    """Every gateway at the same time, in some minutes that pass in seconds."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_all_examined())


def test_a_gateway_that_does_everything_right_passes_every_check(reports: dict[str, list[Finding]]) -> None:
    assert {found.result for found in reports[""]} == {"passed"}, readable("", reports[""])
    assert len(reports[""]) == len(CHECKS)


@pytest.mark.parametrize("wrong", WRONG)
def test_each_thing_that_is_wrong_fails_its_own_check(wrong: str, reports: dict[str, list[Finding]]) -> None:
    failed = {found.name for found in reports[wrong] if found.result == "failed"}
    assert failed == WRONG[wrong], readable(wrong, reports[wrong])


TWENTIETH = Pace(scale=0.05, grace_s=60, settle_s=1.0)
QUICK = Timings(
    event_resend_s=(0.1, 0.2, 0.4, 0.75),
    event_every_s=1.5,
    batch_first_s=1.5,
    heartbeat_s=1.4,
    calm_retry_s=0.5,
    urgent_retry_s=0.2,
    short_connection_s=0.1,
    inventory_s=1,
)


class _OwnGateway:
    """The project's agent in this process, with a watch."""

    def __init__(self, path: Path, stack: AsyncExitStack) -> None:
        self.path, self.stack, self.beats = path, stack, itertools.count(60)
        self.port = 0

    async def start(self) -> None:
        agent = await self.stack.enter_async_context(running(self.path, timings=QUICK))
        self.port = door(agent)

    async def press(self) -> None:
        async with watch(self.port) as device:
            await device.ask(sos())
            await device.say(heart_rate(next(self.beats)))

    async def power_cycle(self) -> None:
        await self.stack.aclose()
        await self.start()


async def test_the_projects_own_agent_passes_every_check(tmp_path: Path) -> None:
    broker = SmallBroker(Record(GATEWAY), "secret")
    await broker.start("127.0.0.1", 0)
    async with AsyncExitStack() as stack:
        path = write_config(tmp_path / "home", Broker(tmp_path, broker.port))
        gateway = _OwnGateway(path, stack)
        await gateway.start()
        hands = Hands(gateway.press, None, gateway.power_cycle, person=False, limit_s=60)
        findings = judge(await Examination(broker, hands, TWENTIETH, Clock().now_ms).run())
    await broker.stop()
    assert {found.result for found in findings} == {"passed"}, readable("agent", findings)


@pytest.mark.broker
async def test_through_a_broker_that_runs_already_what_it_hides_is_not_judged(
    tmp_path: Path, broker: Broker
) -> None:
    record = Record(GATEWAY)
    given = GivenBroker(record, broker.url)
    async with AsyncExitStack() as stack, given.connected():
        gateway = _OwnGateway(write_config(tmp_path / "home", broker), stack)
        await gateway.start()
        hands = Hands(gateway.press, None, gateway.power_cycle, person=False, limit_s=60)
        findings = judge(await Examination(given, hands, TWENTIETH, Clock().now_ms).run())
    assert not [found for found in findings if found.result == "failed"], readable("given", findings)
    unseen = {found.name for found in findings if found.result == "not_observed"}
    assert unseen <= {"keep_alive", "subscribes", "reconnects", "kept"}


def test_the_report_is_read_by_people_and_by_machines(
    tmp_path: Path, reports: dict[str, list[Finding]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    text = readable("gw-1", reports["seq_gap"])
    assert "✗ 不符  event_seq" in text
    assert text.rstrip().endswith("28 项通过，1 项不符，0 项没有机会观察")
    write_junit(tmp_path / "junit.xml", "gw-1", reports["seq_gap"])
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(CHECKS)), "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["event_seq"]


async def test_a_script_does_what_hands_would_do_and_says_what_it_cannot(tmp_path: Path) -> None:
    script = tmp_path / "hands.toml"
    pressed = tmp_path / "pressed"
    script.write_text(f'press_sos = ["{sys.executable}", "-c", "open({str(pressed)!r}, \'w\')"]\n')
    hands = from_script(script)
    await hands.press()
    assert pressed.exists()
    assert not await hands.cut()
    assert not hands.can_power_cycle
    script.write_text('press_sos = ["/nowhere/at-all"]\n')
    with pytest.raises(SimulatorError, match="nowhere"):
        await from_script(script).press()
    script.write_text("press = 1\n")
    with pytest.raises(SimulatorError, match="press_sos"):
        from_script(script)
