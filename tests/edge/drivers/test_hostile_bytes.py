import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from edge.readings import Happening, Reading
from simulators.devices import beds, radars
from simulators.devices.bluetooth import Peripheral
from simulators.devices.gt06 import Gt06
from simulators.devices.home_assistant import Board
from simulators.devices.jt808 import Jt808
from simulators.devices.trv import Trv
from tests.edge.drivers.frames import AT, frame, position
from tests.edge.drivers.test_home_assistant import line as ha_line
from tests.edge.drivers.test_wrist_accelerometer import HELLO, line, samples
from tests.edge.drivers.zigbee_lines import binary, entry, enum, tell
from tests.edge.drivers.zigbee_lines import line as zigbee_line

ALARM = Peripheral("54:48:E6:00:00:02")
CALLS = {"sos", "fall", "smoke", "in_bed"}
SOS: dict[str, bytes] = {
    "watch": frame(position("AL", status="00010000")),
    "zigbee2mqtt": zigbee_line("bridge/devices", [entry(enum("action", "sos"))])
    + zigbee_line("厨房/烟感", {"action": "sos"}),
    "wrist_accelerometer": line(HELLO) + samples(1) + line({"type": "button", "at": AT, "button": "sos"}),
    "bluetooth": ALARM.advertises("clear_air") + ALARM.advertises("smoke"),
    "sca11h": beds.sca11h_record("sleeps"),
    "emfit_qs": json.dumps({"status": 200, "body": beds.emfit_page("sleeps")}).encode() + b"\n",
    "home_assistant": b"".join(map(ha_line, [*Board("bath-1").announce(), Board("bath-1").tell("sos")])),
    "trv": Trv().login() + Trv().alarm("sos", AT),
    "gt06": Gt06().login() + Gt06().alarm("sos", AT),
    "jt808": Jt808().alarm("sos", AT),
    "r60": radars.r60_frame("gets_up") + radars.r60_frame("fall"),
    "tinyframe": radars.tiny_frame("gets_up") + radars.tiny_frame("fall"),
}
BOTHERSOME: dict[str, bytes] = {
    "jt808 marks": b"\x7e",
    "jt808 messages that seem to miss their end": b"\x7e\x02\x00\x03\xff" + b"\x01" * 6 + b"\0\0a",
    "gt06 x": b"x",
    "gt06 y": b"y",
}
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def assert_calm(name: str, pieces: list[bytes]) -> None:
    driver = DRIVERS[name](DriverOptions())
    for piece in pieces:
        driver.receive(piece, AT)
        driver.replies()


@pytest.mark.parametrize("what", sorted(BOTHERSOME))
def test_no_bytes_keep_a_driver_busy_while_somebody_else_calls_for_help(what: str) -> None:
    """What grows with the square of the length took seconds here; what grows with it, a tenth of one."""
    unit = BOTHERSOME[what]
    began = time.process_time()
    DRIVERS[what.partition(" ")[0]](DriverOptions()).receive(unit * (64 * 1024 // len(unit)), AT)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("name", sorted(DRIVERS))
@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.binary(max_size=300), max_size=6))
def test_random_bytes_never_raise(name: str, pieces: list[bytes]) -> None:
    assert_calm(name, pieces)


@pytest.mark.parametrize("name", sorted(DRIVERS))
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_damaged_messages_never_raise_and_the_next_sos_is_heard(name: str, data: st.DataObject) -> None:
    good = SOS[name]
    damaged = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                damaged[at] = data.draw(st.integers(0, 255))
            case "cut":
                del damaged[at : at + data.draw(st.integers(1, 30))]
                damaged = damaged or bytearray(b"x")
            case _:
                damaged[at:at] = data.draw(st.binary(max_size=10))
    driver = DRIVERS[name](DriverOptions())
    driver.receive(bytes(damaged) + (b"\n" if name != "watch" else b""), AT)
    items = driver.receive(good + good, AT) + driver.receive(b"", AT + 60_000)
    events = {item.kind for item in items if isinstance(item, Happening)}
    beds_told = {item.kind for item in items if isinstance(item, Reading) and item.kind == "in_bed"}
    assert (events | beds_told) & CALLS


@settings(max_examples=300, deadline=None)
@given(
    fields=st.lists(st.text(max_size=12) | st.floats().map(str) | st.integers().map(str), max_size=30),
    kind=st.text(max_size=6),
)
def test_watch_fields_of_any_kind_never_raise(fields: list[str], kind: str) -> None:
    for word in ("UD", "UD2", "AL", "LK", "BLOOD", "btemp2", kind):
        content = ",".join([word, *fields]).encode("utf-8", "replace")
        assert_calm(
            "watch", [frame(content), frame(position("AL").replace("37.381500", fields[0] if fields else ""))]
        )


@settings(max_examples=300, deadline=None)
@given(
    value=json_values,
    state=st.dictionaries(
        st.sampled_from(["smoke", "action", "last_seen", "battery", "contact"]), json_values
    ),
)
def test_zigbee_values_of_any_type_never_raise(value: Any, state: dict[str, Any]) -> None:
    driver = DRIVERS["zigbee2mqtt"](DriverOptions())
    exposes = [
        binary("smoke", value, value),
        enum("action", "x"),
        value,
        binary("contact"),
        {"type": value, "name": value},
    ]
    for topic, payload in (
        ("bridge/devices", [entry(*exposes), value]),
        ("bridge/state", value),
        ("厨房/烟感", state),
    ):
        driver.receive(zigbee_line(topic, payload), AT)
    driver.receive(zigbee_line("厨房/烟感/availability", value), AT)
    tell(driver, value)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(
    value=json_values,
    key=st.sampled_from(["type", "seq", "at", "xyz", "button", "battery", "device", "rate_hz"]),
)
def test_wrist_fields_of_any_type_never_raise(value: Any, key: str) -> None:
    lines = [
        HELLO,
        {"type": "samples", "seq": 1, "at": 1, "xyz": [[0, 0, 1]]},
        {"type": "button", "at": 1, "button": "sos"},
    ]
    assert_calm("wrist_accelerometer", [json.dumps(part | {key: value}).encode() + b"\n" for part in lines])
