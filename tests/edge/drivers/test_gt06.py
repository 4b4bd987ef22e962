import pytest

from edge.drivers.gt06 import Gt06Driver
from edge.drivers.options import DriverOptions
from edge.readings import Fix, Happening, HeardWifi, Item, Reading, Sighting
from simulators.devices.gt06 import Gt06, crc_x25
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


WHEN = GPS[:6]
CELLS = CELL[:3] + (CELL[3:] + b"\x3c") * 7 + b"\xff"
CELLS_4G = CELL_4G[:4] + (CELL_4G[4:] + b"\x3c") * 7 + b"\xff"
WIFI = bytes.fromhex("03 a40000000001 c9 a40000000002 38 000000000000 00")
HEARD = [("a4:00:00:00:00:01", -55), ("a4:00:00:00:00:02", -56)]


@pytest.mark.parametrize(
    ("protocol", "body"),
    [
        (0x2C, WHEN + CELLS + WIFI),
        (0x18, WHEN + CELLS + WIFI),
        (0x33, WHEN + CELL[:3] + (CELL[3:5] + b"\0" + CELL[5:] + b"\x3c") * 6 + b"\xff" + WIFI),
        (0xA2, WHEN + CELLS_4G + WIFI),
    ],
)
def test_cells_and_wifi_are_no_position_but_tell_who_is_at_home(protocol: int, body: bytes) -> None:
    items = hear(bytes.fromhex(LOGIN), frame(protocol, body))
    assert (of(Fix, items), raised(items)) == ([], [])
    assert [(one.at, one.access_points) for one in of(HeardWifi, items)] == [(AT, HEARD)]
    for cut in range(len(body)):
        assert raised(hear(frame(protocol, body[:cut]))) == []


@pytest.mark.parametrize(
    "body",
    [
        WHEN + CELL[:3] + b"\0\x07" + (CELL[3:] + b"\x3c") * 7 + b"\xff" + WIFI + b"\x01\x02",
        WHEN + CELL_4G[:4] + b"\x01\x01" + CELL_4G[4:] + b"\x3c\xff" + WIFI + b"\x01\x02",
    ],
)
def test_an_alarm_that_has_only_cells_and_wifi_is_heard_and_answered(body: bytes) -> None:
    driver = Gt06Driver(DriverOptions())
    items = hear(frame(0xA9, body), driver=driver)
    assert raised(items) == ["sos"]
    assert driver.replies()[3] == 0xA9
    [sos] = of(Happening, items)
    assert [one["rssi"] for one in sos.evidence["wifi"]] == [-55, -56]
    assert sos.evidence["cells"][0] == {
        "mcc": 460,
        "mnc": len(body) < 60,
        "lac": 9377,
        "cid": 36611,
        "rssi": -60,
    }
    assert raised(hear(frame(0xA9, body[:-3]))) == ["sos", "unknown_alarm_bit"], (
        "cut: it may be a call for help"
    )


def test_statuses_and_alarms_of_newer_boards() -> None:
    place = hear(frame(0x32, GPS + b"\x0a" + CELL_4G[:10] + bytes((0x22, 5, 4, 1, 2))))
    assert raised(place) == ["sos"]
    assert values(place) == {"battery": 83, "signal_strength": 100, "charging": 0}
    assert len(of(Fix, place)) == 1
    driver = Gt06Driver(DriverOptions())
    placed = hear(frame(0xA2, GPS + CELL_4G + bytes((0x11, 0x44, 0, 0, 42, 4, 1, 2))), driver=driver)
    assert driver.replies()[3] == 0xA2
    assert raised(placed) == ["sos"]
    assert (len(of(Fix, placed)), values(placed)["battery"], values(placed)["charging"]) == (1, 42, 1)
    quiet = hear(frame(0xA2, GPS + CELL_4G + bytes((0x11, 0x40, 0, 0, 42, 4, 0, 2))))
    assert (raised(quiet), len(of(Fix, quiet))) == ([], 1)
    modules = b"\x00\x32\x01\x01\x00\x6a\x01\x05"
    status = hear(frame(0x36, bytes((0x04, 6, 4, 0, 2)) + modules))
    assert (raised(status), values(status)) == ([], {"battery": 5, "signal_strength": 100, "charging": 1})
    assert raised(hear(frame(0x36, bytes((0x04, 6, 4, 1, 2)) + modules))) == ["sos"]
    assert values(hear(frame(0x36, bytes((0x04, 6, 4, 1, 2)) + modules[:-1]))) == {}
    for kind in (0x1E, 0x2D, 0x31, 0x36, 0x37, 0x38):
        assert len(of(Fix, hear(frame(kind, GPS + b"\0" * 9)))) == 1


def test_a_length_that_is_two_too_small_is_believed_only_with_a_right_checksum() -> None:
    counted = bytes((8, 0x13, 0x44, 6, 2, 0, 2, 1, 2))
    status = b"xx" + counted + crc_x25(counted).to_bytes(2, "big") + b"\r\n"
    driver = Gt06Driver(DriverOptions())
    items = hear(*(status[n : n + 1] for n in range(len(status))), bytes.fromhex(SOS), driver=driver)
    assert values(items)["charging"] == 0
    assert [item.value for item in of(Reading, items) if item.kind == "charging"] == [1, 0]
    assert raised(items) == ["sos"]
    spoilt = status[:4] + b"\x20" + status[5:]
    broken = Gt06Driver(DriverOptions())
    assert raised(hear(spoilt, bytes.fromhex(SOS), driver=broken)) == ["sos"]
    assert (broken.counts["frames"], broken.counts["garbage_bytes"]) == (1, len(spoilt) - 2)
