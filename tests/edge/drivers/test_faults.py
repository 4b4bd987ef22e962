"""Every driver against every fault that its devices can have: none raises, the next message is heard."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from edge.readings import Driver, Happening, Item, Reading
from simulators.devices import beds, radars
from simulators.devices.bluetooth import Peripheral
from simulators.devices.faults import CLOCKS, FAULTS, FAULTS_OF
from simulators.devices.gt06 import Gt06
from simulators.devices.home_assistant import Board
from simulators.devices.jt808 import Jt808
from simulators.devices.trv import Trv
from simulators.devices.watch import SOS, WatchState, frame, position_content
from simulators.devices.wrist import button_line, hello_line
from tests.edge.drivers.frames import AT
from tests.edge.drivers.test_home_assistant import line as ha_line
from tests.edge.drivers.zigbee_lines import binary, entry
from tests.edge.drivers.zigbee_lines import line as zigbee_line

BOARD = Board("bath-1")
CUFF = Peripheral("54:48:E6:00:00:01")
LATER = 700_000  # what was said before it is no repeat of it any more


@dataclass
class Family:
    """What a device says first, its call at a time of its clock, the `kind` this gives, what calms it."""

    kind: str
    first: bytes
    call: Callable[[int], bytes]
    calm: bytes = b""


def _page(what: str) -> bytes:
    return json.dumps({"status": 200, "body": beds.emfit_page(what)}).encode() + b"\n"


def _watch(at: int) -> bytes:
    return frame("3G", "2300000017", position_content("AL", WatchState(status=SOS), at))


FAMILIES = {
    "watch": Family("sos", b"", _watch),
    "trv": Family("sos", Trv().login(), lambda at: Trv().alarm("sos", at)),
    "gt06": Family("sos", Gt06().login(), lambda at: Gt06().alarm("sos", at)),
    "jt808": Family("sos", b"", lambda at: Jt808().alarm("sos", at), Jt808().position(AT + LATER - 1000)),
    "wrist_accelerometer": Family("sos", hello_line("wrist-a"), lambda at: button_line(at, "sos")),
    "r60": Family("fall", b"", lambda at: radars.r60_frame("fall"), radars.r60_frame("gets_up")),
    "tinyframe": Family("fall", b"", lambda at: radars.tiny_frame("fall"), radars.tiny_frame("gets_up")),
    "sca11h": Family("in_bed", b"", lambda at: beds.sca11h_record("sleeps")),
    "emfit_qs": Family("in_bed", b"", lambda at: _page("sleeps")),
    "bluetooth": Family("systolic", CUFF.connects("1810"), lambda at: CUFF.measures("pressure_123_80", at)),
    "zigbee2mqtt": Family(
        "smoke",
        zigbee_line("bridge/devices", [entry(binary("smoke"))]) + zigbee_line("厨房/烟感", {"smoke": False}),
        lambda at: zigbee_line("厨房/烟感", {"smoke": True}),
        zigbee_line("厨房/烟感", {"smoke": False}),
    ),
    "home_assistant": Family(
        "fall",
        b"".join(map(ha_line, [*BOARD.announce(), BOARD.tell("gets_up")])),
        lambda at: ha_line(BOARD.tell("fall")),
        ha_line(BOARD.tell("gets_up")),
    ),
}
CASES = [(name, fault) for name, row in FAULTS_OF.items() for fault in sorted(row)]


def test_the_table_has_every_driver_and_every_fault() -> None:
    assert FAULTS_OF.keys() == DRIVERS.keys() == FAMILIES.keys()
    known = FAULTS.keys() - {"noise"} | CLOCKS.keys() | {"half_open", "replayed_retained"}
    assert frozenset[str]().union(*FAULTS_OF.values()) == known


@dataclass
class Line:
    """The device's connection: a driver that may be replaced by one with the same memory."""

    name: str
    memory: dict[str, object]
    driver: Driver

    def again(self) -> None:
        self.driver = DRIVERS[self.name](DriverOptions(memory=self.memory))

    def say(self, data: bytes, at: int) -> list[Item]:
        items = self.driver.receive(data, at) + self.driver.receive(b"", at + 2_500)
        self.driver.replies()
        return items


def _pieces(fault: str, call: bytes, at: int, family: Family) -> list[bytes]:
    if fault in CLOCKS:
        return [family.call(CLOCKS[fault](at))]
    if fault == "half_open":
        return [call[: len(call) // 2], b""]
    if fault == "replayed_retained":
        return [call.replace(b'"retained": false', b'"retained": true')]
    return FAULTS[fault](call)


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_a_fault_raises_nothing_and_the_next_message_is_heard(name: str, fault: str) -> None:
    family, memory = FAMILIES[name], dict[str, object]()
    line = Line(name, memory, DRIVERS[name](DriverOptions(memory=memory)))
    line.say(family.first, AT - 60_000)
    heard: list[Item] = []
    for piece in _pieces(fault, family.call(AT), AT, family):
        if not piece:
            if fault != "half_open":
                line.driver.finish()
            line.again()
            line.say(family.first, AT)
            continue
        heard += line.say(piece, AT)
    if fault == "replayed_retained":
        assert family.kind not in _kinds(heard), "what the broker kept is no news"
    line.say(b"\n", AT + 30_000)
    line.say(family.calm, AT + LATER - 1000)
    assert family.kind in _kinds(line.say(family.call(AT + LATER), AT + LATER))


@pytest.mark.parametrize("name", sorted(name for name, row in FAULTS_OF.items() if CLOCKS.keys() <= row))
@pytest.mark.parametrize("clock", sorted(CLOCKS))
def test_a_wrong_clock_rejects_nothing_and_is_not_believed(name: str, clock: str) -> None:
    family, memory = FAMILIES[name], dict[str, object]()
    line = Line(name, memory, DRIVERS[name](DriverOptions(memory=memory)))
    line.say(family.first, AT - 60_000)
    items = line.say(family.call(CLOCKS[clock](AT)), AT)
    found = [item for item in items if isinstance(item, Happening | Reading) and item.kind == family.kind]
    assert found
    assert abs(found[0].at - AT) <= 60_000


def _kinds(items: list[Item]) -> set[str]:
    found = {item.kind for item in items if isinstance(item, Happening) and item.phase == "raised"}
    return found | {item.kind for item in items if isinstance(item, Reading)}
