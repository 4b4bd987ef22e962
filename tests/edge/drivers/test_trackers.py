"""What the drivers of TRV/IW, GT06 and JT/T 808 have in common."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from edge.drivers.orders import Ordering, OrderRefused
from edge.drivers.trv import TrvDriver
from edge.intake import Locating
from edge.readings import Driver, Fix, Happening, Item, Sighting
from simulators.devices.gt06 import Gt06
from simulators.devices.jt808 import Jt808
from simulators.devices.trv import Trv
from tests.benchmarks.fuzz_drivers import fuzz
from tests.edge.drivers.frames import AT, of, raised, values
from tests.edge.drivers.replays import AT as REPLAYED_AT
from tests.edge.drivers.replays import assert_same_in_pieces

MAKE: dict[str, Callable[..., Any]] = {"trv": Trv, "gt06": Gt06, "jt808": Jt808}
trackers = pytest.mark.parametrize("name", sorted(MAKE))
HOUR = 3_600_000


def new(name: str) -> Driver:
    return DRIVERS[name](DriverOptions())


def hear(driver: Driver, *pieces: bytes, at: int = AT) -> list[Item]:
    return [item for piece in pieces for item in driver.receive(piece, at)]


@trackers
def test_an_sos_with_its_place_comes_in_every_way_it_can_arrive(name: str) -> None:
    device = MAKE[name]()
    frames = [
        device.login(),
        device.position(REPLAYED_AT),
        device.heartbeat(),
        device.alarm("sos", REPLAYED_AT),
    ]
    items = assert_same_in_pieces(name, frames)
    assert raised(items) == ["sos"]
    [first, second] = of(Fix, items)
    assert (first.position.lat, first.position.lon) == pytest.approx((37.3815, 118.0123), abs=2e-6)
    assert second.position.at == REPLAYED_AT
    assert {item.state.device for item in of(Sighting, items)} == {device.device_id}
    assert 79 <= values(items)["battery"] <= 84


@trackers
def test_each_message_is_answered_so_that_the_device_goes_on(name: str) -> None:
    device, driver = MAKE[name](), new(name)
    for message in (device.login(), device.heartbeat(), device.position(AT), device.alarm("sos", AT)):
        hear(driver, message)
        assert device.is_answer(driver.replies(), message)
        assert driver.replies() == b""


LOCATE = {
    "trv": b"IWBP16,861100000000017,181000#",
    "gt06": bytes.fromhex("7878 10 80 0A 00000001") + b"WHERE#" + bytes.fromhex("0001 9FC2 0D0A"),
    "jt808": bytes.fromhex("7E820100000139000000170001AD7E"),
}


@trackers
def test_a_tracker_is_asked_where_it_is_and_takes_no_order_that_it_does_not_know(name: str) -> None:
    device, driver = MAKE[name](), new(name)
    assert isinstance(driver, Ordering)
    assert isinstance(driver, Locating)
    assert not driver.locate(device.device_id), "not before it was heard"
    hear(driver, device.login())
    driver.replies()
    assert not driver.locate(f"{name}-1")
    assert driver.locate(device.device_id)
    asked = driver.replies()
    assert (asked[:-4], len(asked)) == (LOCATE[name][:-4], len(LOCATE[name]))
    with pytest.raises(OrderRefused):
        driver.order(device.device_id, "power_off", {})


SOS_NUMBERS = {"gt06": b"SOS,A,05468001234#", "jt808": b"\x01\x00\x00\x00\x40\x0b05468001234"}


@pytest.mark.parametrize("name", SOS_NUMBERS)
def test_the_numbers_to_call_for_help_are_written_into_a_tracker(name: str) -> None:
    device, driver = MAKE[name](), new(name)
    assert isinstance(driver, Ordering)
    hear(driver, device.login())
    driver.replies()
    assert driver.order(device.device_id, "sos_numbers", {"phones": ["0546-8001234"], "sim_number": "1"})
    assert SOS_NUMBERS[name] in driver.replies()
    for phones in ([], ["1;#"], "120", ["120"] * 4):
        with pytest.raises(OrderRefused):
            driver.order(device.device_id, "sos_numbers", {"phones": phones})
    assert driver.replies() == b""


def test_a_watch_that_says_it_was_asked_is_not_asked_again() -> None:
    device, driver = Trv(), TrvDriver(DriverOptions())
    hear(driver, device.login(), b"IWAP16,181000#")
    assert driver.replies().endswith(b"IWBP16#"), "answered like any other message while nobody asked"
    assert isinstance(driver, Locating)
    assert driver.locate(device.device_id)
    driver.replies()
    hear(driver, b"IWAP16,181000#")
    assert driver.replies() == b""


def test_a_gt06_answers_in_words_where_it_is() -> None:
    device, driver = Gt06(), new("gt06")
    text = b"Lat:N37.381500,Lon:E118.012300,Course:90,Speed:0.4,DateTime:2026-02-06 18:10:00"
    answer = device.frame(0x15, bytes((4 + len(text),)) + b"\0\0\0\1" + text)
    [fix] = of(Fix, hear(driver, device.login(), answer))
    assert (fix.position.lat, fix.position.lon) == (37.3815, 118.0123)
    assert of(Fix, hear(driver, device.frame(0x15, b"\x09\0\0\0\1No fix"))) == []


def test_an_encrypted_location_is_set_aside_and_told_once_a_day() -> None:
    driver, device = new("jt808"), Jt808()
    closed = bytearray(device.message(0x0200, bytes(range(28))))
    closed[3] |= 0x04  # RSA
    closed[-2] ^= 0x04
    items = hear(driver, bytes(closed), bytes(closed))
    events = of(Happening, items)
    assert [event.kind for event in events] == ["unknown_alarm_bit"] * 2
    assert events[0].fingerprint == events[1].fingerprint
    assert events[0].repeat_ms == 24 * HOUR
    assert events[0].evidence["encryption"] == "RSA"
    assert of(Fix, items) == []
    assert bytes.fromhex("020003") in driver.replies(), "not supported, never a success"


@trackers
def test_a_call_before_the_login_is_heard(name: str) -> None:
    assert raised(hear(new(name), MAKE[name]().alarm("sos", AT))) == ["sos"]


@trackers
def test_a_repeated_alarm_is_the_same_activation_and_a_new_press_is_not(name: str) -> None:
    device, driver = MAKE[name](), new(name)
    press = device.alarm("sos", AT)
    told = hear(driver, press, press) + hear(driver, device.position(AT), device.alarm("sos", AT + 60_000))
    marks = [item.fingerprint for item in of(Happening, told) if item.kind == "sos"]
    assert marks[0] == marks[1] != marks[2]


@trackers
@pytest.mark.parametrize(
    ("error", "believed"),
    [
        (0, True),
        (8 * HOUR, True),
        (-45 * 60_000, True),
        (-26 * 365 * 24 * HOUR, False),
        (-30 * 365 * 24 * HOUR, False),
    ],
)
def test_a_clock_of_another_zone_is_understood_and_a_wrong_one_rejects_nothing(
    name: str, error: int, believed: bool
) -> None:
    device, driver = MAKE[name](), new(name)
    hear(driver, device.login())
    heard = of(Happening, hear(driver, device.alarm("sos", AT + error)))
    [call] = [event for event in heard if event.phase == "raised"]
    assert abs(call.at - AT) <= 1_000
    assert ("clock" in call.evidence) is not believed


@trackers
def test_a_place_at_zero_is_no_place(name: str) -> None:
    device = MAKE[name](lat=0.0, lon=0.0)
    items = hear(new(name), device.login(), device.alarm("sos", AT))
    assert of(Fix, items) == []
    assert raised(items) == ["sos"]


@trackers
@settings(max_examples=40, deadline=None)
@given(
    lat=st.floats(-89.9, 89.9),
    lon=st.floats(-179.9, 179.9),
    at=st.integers(AT - 300 * 24 * HOUR, AT),
    what=st.sampled_from(["sos", "position"]),
)
def test_what_a_device_says_is_what_is_read(name: str, lat: float, lon: float, at: int, what: str) -> None:
    assume(max(abs(lat), abs(lon)) > 1e-3)
    device = MAKE[name](lat=lat, lon=lon)
    message = device.alarm("sos", at) if what == "sos" else device.position(at)
    items = hear(new(name), device.login(), message, at=at)
    assert raised(items) == (["sos"] if what == "sos" else [])
    places = [(fix.position.lat, fix.position.lon) for fix in of(Fix, items)]
    assert places == [pytest.approx((lat, lon), abs=5e-6)]
    assert all(fix.position.at == at // 1000 * 1000 for fix in of(Fix, items))


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_hostile_bytes_neither_raise_nor_pile_up(name: str) -> None:
    outcome = fuzz(name, 60_000)
    assert (outcome.crashes, outcome.held_kib < 1024) == (0, True)
