from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers import r60, tinyframe
from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from edge.readings import Driver, Happening, Item, Reading, Sighting
from simulators.devices import radars
from simulators.devices.faults import FAULTS
from tests.edge.drivers.replays import AT, WIRE, assert_same_in_pieces

FRAME = {"r60": radars.r60_frame, "tinyframe": radars.tiny_frame}
DAY = ["somebody", "heart_72", "breath_16", "fall", "gets_up", "no_breath", "nobody"]


def told(items: list[Item]) -> list[tuple[str, Any]]:
    events = [(item.kind, item.phase) for item in items if isinstance(item, Happening)]
    return [(item.kind, item.value) for item in items if isinstance(item, Reading)] + events


def radar(name: str) -> Driver:
    return DRIVERS[name](DriverOptions(device="radar-1"))


@pytest.mark.parametrize("name", sorted(FRAME))
def test_a_day_with_a_fall_in_every_way_it_can_arrive(name: str) -> None:
    items = assert_same_in_pieces(name, [FRAME[name](what) for what in DAY])
    assert told(items) == [
        ("presence", 1),
        ("heart_rate", 72),
        ("resp_rate", 16),
        ("presence", 0),
        ("fall", "raised"),
        ("fall", "cleared"),
    ]
    assert {item.device for item in items if isinstance(item, Reading)} == {"radar-1"}


@pytest.mark.parametrize(
    ("frame", "field", "value"),
    [
        ("5359 8001 0001 01 2F 5443", "presence", True),
        ("5359 8502 0001 48 7C 5443", "heart_rate", 72),
        ("5359 8005 0006 0064 800A 00C8 ED 5443", "xyz_cm", [100, -10, 200]),
        ("5359 8081 0001 0F BD 5443", None, None),
        ("5359 8081 0001 01 AF 5443", "presence", True),
        ("5359 8002 0001 02 31 5443", "motion", "active"),
        ("5359 8401 0001 02 34 5443", "in_bed", None),
        ("5359 8390 0001 0F CF 5443", None, None),
        ("5359 830C 0004 0000 001E 5D 5443", "fall_duration_s", 30),
        ("5359 0601 0006 0001 FFFF 0002 BA 5443", "install_angle", [1, -1, 2]),
        ("5359 02A1 0003 523630 0A 5443", "model", "R60"),
        ("5359 0101 0001 0F BE 5443", None, None),
    ],
)
def test_r60_fields_by_the_page(frame: str, field: str | None, value: Any) -> None:
    raw = bytes.fromhex(frame)
    rebuilt = r60.encode(raw[2], raw[3], raw[6:-3])
    decoded = r60.decode_frame(rebuilt)
    assert (decoded.field, decoded.value) == (field, value)
    assert r60.check(raw) == ""
    assert raw == rebuilt


@pytest.mark.parametrize(
    ("frame", "values"),
    [
        ("01 0001 0001 0E02 F2 01 FE", {"fall": True}),
        ("01 0002 0001 0F09 FB 00 FF", {"presence": False}),
        ("01 0003 0004 0A15 E6 00009042 2D", {"heart_rate": 72.0}),
        ("01 0004 0008 0A16 EE 01000000 00009642 2A", {"range_flag": 1, "distance_cm": 75.0}),
    ],
)
def test_tinyframe_values_by_the_page(frame: str, values: dict[str, Any]) -> None:
    raw = bytes.fromhex(frame)
    assert (tinyframe.check(raw), tinyframe.measure(raw)) == ("", len(raw))
    assert tinyframe.decode_frame(raw).values == values


def test_tinyframe_lists_and_settings() -> None:
    target = tinyframe.encode(0x0A04, bytes.fromhex("01000000 0000803F 00000040 00000000 05000000"))
    [found] = tinyframe.decode_frame(target).values["targets"]
    assert found == {"x_m": 1.0, "y_m": 2.0, "doppler": 0, "cluster": 5}
    assert tinyframe.decode_frame(tinyframe.encode(0x0A04, b"\xff\xff\xff\xff")).values == {}
    zones = tinyframe.encode(0x0A0A, bytes.fromhex("00000000 00000000 01000000 00000000"))
    assert tinyframe.decode_frame(zones).values == {"zones": [False, False, True, False], "presence": True}
    assert tinyframe.decode_frame(tinyframe.encode(0x0E0A, b"\x00")).values == {"accepted": False}
    nothing = tinyframe.encode(0x0A15, bytes.fromhex("0000C07F"))
    assert tinyframe.decode_frame(nothing).values == {"heart_rate": None}


@pytest.mark.parametrize("name", sorted(FRAME))
@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_after_every_fault_the_next_fall_is_heard_once(name: str, fault: str) -> None:
    frames = [FRAME[name](what) for what in ("heart_72", "fall", "fall")]
    driver = radar(name)
    items: list[Item] = []
    for piece in radars.stream(frames, fault):
        if not piece:
            driver.finish()
            driver = radar(name)
        items += driver.receive(piece, AT)
    items += driver.receive(b"", AT + 2_000)
    assert [event for event in told(items) if event[0] == "fall"] == [("fall", "raised")]


@pytest.mark.parametrize("name", sorted(FRAME))
def test_a_silent_radar_is_offline_once_and_back_with_its_next_frame(name: str) -> None:
    driver = radar(name)
    states = [
        item.state.online
        for item in driver.receive(FRAME[name]("somebody"), AT)
        if isinstance(item, Sighting)
    ]
    for second in range(200):
        states += [s.state.online for s in driver.receive(b"", AT + second * 1000) if isinstance(s, Sighting)]
    states += [
        s.state.online for s in driver.receive(FRAME[name]("nobody"), AT + 300_000) if isinstance(s, Sighting)
    ]
    assert states == [True, False, True]


def test_a_quiet_r60_is_asked_each_half_minute() -> None:
    driver = radar("r60")
    asked = []
    for second in range(0, 91):
        driver.receive(b"", AT + second * 1000)
        if reply := driver.replies():
            asked.append((second, reply.hex(" ").upper()))
    assert asked == [(second, "53 59 80 81 00 01 0F BD 54 43") for second in (30, 60, 90)]


def test_a_motionless_person_is_an_inactivity() -> None:
    assert told(radar("r60").receive(radars.r60_frame("motionless"), AT)) == [("inactivity", "raised")]


@pytest.mark.parametrize("name", sorted(FRAME))
@settings(max_examples=60, deadline=None)
@given(noise=st.binary(max_size=60), what=st.sampled_from(["fall", "heart_72"]))
def test_a_frame_is_heard_behind_any_noise(name: str, noise: bytes, what: str) -> None:
    driver = DRIVERS[name](WIRE)
    items = driver.receive(noise + FRAME[name](what), AT)
    items += driver.receive(b"", AT + 2_000)
    assert ("fall", "raised") in told(items) if what == "fall" else ("heart_rate", 72) in told(items)
    WIRE.memory.clear()


def test_a_radar_is_missed_and_asked_though_the_clock_was_set_back_by_a_year() -> None:
    driver, later = radar("r60"), AT + 31_536_000_000
    driver.receive(FRAME["r60"]("somebody"), later)
    items = driver.receive(b"", AT)
    assert driver.replies() == r60.encode(0x80, 0x81, r60.ASK)
    assert [item.state.online for item in items if isinstance(item, Sighting)] == [False]
