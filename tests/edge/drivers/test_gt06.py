import pytest

from edge.drivers.gt06 import Gt06Driver
from edge.drivers.options import DriverOptions
from edge.readings import Fix, Happening, Item, Sighting
from simulators.devices.gt06 import Gt06
from tests.edge.drivers.frames import AT, of, raised, values

LOGIN = "78 78 0D 01 08 61 10 00 00 00 00 17 00 01 C9 6F 0D 0A"
SOS = (
    "78 78 25 16 1A 02 06 12 0A 00 C9 04 02 B6 AC 0C A9 4D FC 00 14 5A"
    " 09 01 CC 00 24 A1 00 8F 03 62 05 04 01 02 00 02 7D 45 0D 0A"
)
GPS = bytes.fromhex("1A0206120A00C90402B6AC0CA94DFC00145A")
CELL = bytes.fromhex("01CC0024A1008F03")
CELL_4G = bytes.fromhex("81CC0001000024A10000000000008F03")


def hear(*frames: bytes, driver: Gt06Driver | None = None, at: int = AT) -> list[Item]:
    heard = driver or Gt06Driver(DriverOptions())
    return [item for frame in frames for item in heard.receive(frame, at)]


def frame(protocol: int, body: bytes) -> bytes:
    return Gt06().frame(protocol, body)


def test_the_page_s_login_and_alarm() -> None:
    driver = Gt06Driver(DriverOptions())
    items = hear(bytes.fromhex(LOGIN), bytes.fromhex(SOS), driver=driver)
    assert driver.replies().hex() == "787805010001d9dc0d0a787805160002e2d70d0a"
    assert raised(items) == ["sos"]
    [fix] = of(Fix, items)
    assert (fix.position.lat, fix.position.lon, fix.position.at) == (37.3815, 118.0123, AT)
    assert fix.position.device == "gt06-861100000000017"
    assert values(items) == {"battery": 83, "signal_strength": 100, "charging": 0}


@pytest.mark.parametrize(
    ("protocol", "body", "events"),
    [
        (0x16, GPS + b"\x09" + CELL + bytes((0x18, 5, 4, 0x01, 2)), ["sos", "battery_low"]),
        (0x16, GPS + b"\x08" + CELL + bytes((0, 5, 4, 0x23, 2)), ["fall"]),
        (0x26, GPS + b"\x09" + CELL + bytes((0x30, 5, 4, 0x05, 2)), ["fence_exit"]),
        (0x27, GPS + b"\x09" + CELL + bytes((0x38, 5, 4, 0x00, 2, 7)), ["watch_removed"]),
        (0x16, GPS + CELL + bytes((0x20, 5, 4, 0x00, 2)), ["sos"]),
        (0x16, GPS + b"\x09" + CELL + bytes((0, 1, 0x70, 4, 0x01, 2)), ["sos"]),
        (0x16, GPS + b"\x00" + bytes((0, 5, 4, 0x0E, 2)), ["battery_low"]),
        (0xA4, GPS + b"\x10" + CELL_4G + bytes((0, 5, 4, 0x13, 2, 255)), ["tamper"]),
        (0xA5, CELL_4G + bytes((0, 5, 4, 0x01, 2)), ["sos"]),
        (0x19, CELL + bytes((0x20, 5, 4, 0x01, 2)), ["sos"]),
        (0x16, GPS + b"\x09" + CELL + bytes((0, 5, 4, 0x06, 2)), []),
        (0x16, GPS + b"\x09" + CELL + bytes((0, 5, 4, 0x77, 2)), ["unknown_alarm_bit"]),
        (0x16, GPS + b"\x09" + CELL + bytes((0, 5, 4, 0x00, 2)), ["unknown_alarm_bit"]),
        (0x16, GPS + b"\x09", ["sos", "unknown_alarm_bit"]),
        (0x16, GPS[:9], ["sos", "unknown_alarm_bit"]),
        (0x16, b"", ["sos", "unknown_alarm_bit"]),
        (0x12, GPS + CELL, []),
        (0x01, b"\x08", []),
        (0x94, b"\x00\x02\xe3", []),
    ],
)
def test_both_words_of_an_alarm_are_reported(protocol: int, body: bytes, events: list[str]) -> None:
    assert raised(hear(frame(protocol, body))) == events


def test_what_stands_in_the_status_is_raised_when_it_rises_and_cleared_when_it_ends() -> None:
    device, driver = Gt06(), Gt06Driver(DriverOptions())
    told = [
        [(item.kind, item.phase) for item in of(Happening, hear(device.heartbeat(state), driver=driver))]
        for state in (3, 3, 0, 3, 0, 7, 0, 4, 4, 0)
    ]
    ended = [("battery_low", "cleared")]
    assert ("battery_low", "raised") in told[0]
    assert told[1] == []
    assert ended[0] in told[2]
    assert told[3:5] == [[("battery_low", "raised")], ended]
    assert told[5:7] == [[("watch_removed", "raised")], [("watch_removed", "cleared")]]
    assert told[7] == told[8] == [("sos", "raised")]
    assert told[9] == []


def test_a_removed_pendant_is_not_worn_and_one_that_never_said_so_is_not_judged() -> None:
    device, driver = Gt06(), Gt06Driver(DriverOptions())
    worn = [
        of(Sighting, hear(piece, driver=driver))[0].state.worn
        for piece in (
            device.heartbeat(),
            device.alarm("removed", AT),
            device.heartbeat(7),
            device.heartbeat(),
        )
    ]
    assert worn == [None, False, False, True]


def test_a_heartbeat_that_still_says_sos_is_no_second_call() -> None:
    device, driver = Gt06(), Gt06Driver(DriverOptions())
    items = hear(device.alarm("sos", AT), device.heartbeat(4), driver=driver)
    marks = {item.fingerprint for item in of(Happening, items) if item.kind == "sos"}
    assert len(marks) == 1


def test_a_position_sent_again_is_late() -> None:
    [fix] = of(Fix, hear(frame(0x22, GPS + CELL + bytes((1, 3, 1)))))
    assert fix.late


def test_the_time_is_told() -> None:
    driver = Gt06Driver(DriverOptions())
    hear(frame(0x8A, b""), driver=driver)
    assert driver.replies()[:10].hex() == "78780b8a1a0206120a00"


def test_a_wrong_checksum_gets_no_answer_so_that_the_device_says_it_again() -> None:
    driver = Gt06Driver(DriverOptions())
    good = Gt06().alarm("sos", AT)
    assert hear(good[:-3] + bytes((good[-3] ^ 1,)) + good[-2:], driver=driver) == []
    assert driver.replies() == b""
    assert raised(hear(good, driver=driver)) == ["sos"]
    assert driver.counts["checksum_wrong"] == 1


def test_a_long_frame_that_never_ends_does_not_swallow_the_call_behind_it() -> None:
    driver = Gt06Driver(DriverOptions())
    assert raised(hear(b"\x79\x79\x07\x00\x94junk" + Gt06().alarm("sos", AT), driver=driver)) == ["sos"]
    assert driver.counts["frame_cut"] == 1


def test_the_heartbeat_of_newer_boards_is_answered_and_its_state_is_read() -> None:
    driver, device = Gt06Driver(DriverOptions()), Gt06()
    beat = device.frame(0x23, bytes((0x24, 0x01, 0x9A, 0x03, 0x00, 0x01)))
    items = driver.receive(device.login() + beat, AT)
    assert raised(items) == ["sos"]
    assert values(items)["charging"] == 1
    assert device.is_answer(driver.replies(), beat)
