from typing import Any

import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.orders import OrderRefused
from edge.drivers.watch import WatchDriver
from edge.drivers.watch_commands import command_content, zone_hours
from edge.drivers.watch_frames import encode_frame
from tests.edge.drivers.frames import AT, frame


@pytest.mark.parametrize(
    ("name", "args", "content"),
    [
        ("locate", {}, "CR"),
        ("upload_interval", {"seconds": 600}, "UPLOAD,600"),
        ("call", {"phone": "0546 800-1234"}, "CALL,05468001234"),
        ("message", {"text": "请吃药"}, "MESSAGE,8bf75403836f"),
        ("sos_number", {"index": 2, "phone": "13900000001"}, "SOS2,13900000001"),
        ("sos_numbers", {"phones": ["120", "+8613900000001"]}, "SOS,120,+8613900000001"),
        ("removal_alarm", {"enable": True}, "REMOVE,1"),
        ("timezone", {"tz": "Asia/Shanghai", "language": 1}, "LZ,1,+8"),
        ("measure_heart_rate", {"seconds": 300}, "hrtstart,300"),
        ("remind", {"data": "8:10-1-1"}, "REMIND,8:10-1-1"),
        ("indicator", {"data": "3"}, "FLOWER,3"),
        ("voice", {"data": "2321414d527d5b5d2c2aff"}, b"TK,#!AMR}\x01}\x02}\x03}\x04}\x05\xff"),
        ("custom", {"data": "PROFILE,2"}, "PROFILE,2"),
    ],
)
def test_commands_by_the_page(name: str, args: dict[str, Any], content: str | bytes) -> None:
    assert command_content(name, args) == content


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("GMT+05:45", "+5.75"), ("GMT-3", "-3"), ("UTC", "+0"), ("+0930", "+9.5"), ("Europe/Berlin", "+1")],
)
def test_zones(zone: str, hours: str) -> None:
    assert zone_hours(zone) == hours


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("dance", {}),
        ("upload_interval", {}),
        ("upload_interval", {"seconds": 1}),
        ("call", {"phone": "12]*[3G"}),
        ("call", {}),
        ("message", {"text": "x" * 101}),
        ("sos_number", {"index": 4, "phone": "120"}),
        ("sos_numbers", {"phones": []}),
        ("removal_alarm", {"enable": "yes"}),
        ("timezone", {"tz": "Mars/Olympus"}),
        ("timezone", {"tz": "../../etc/passwd"}),
        ("timezone", {"tz": "GMT+19"}),
        ("timezone", {"tz": "GMT+8", "language": "0,8][3G*2300000017*0008*POWEROFF"}),
        ("custom", {"data": "x][3G*1*2"}),
        ("custom", {}),
        ("voice", {"data": "xyz"}),
        ("voice", {}),
        ("reboot", {}),
        ("power_off", {}),
        ("custom", {"data": "IP,198.51.100.7,5093"}),
        ("custom", {"data": " monitor,13900000001"}),
    ],
)
def test_what_does_not_fit_or_takes_the_watch_away_is_refused(name: str, args: dict[str, Any]) -> None:
    driver = WatchDriver(DriverOptions())
    driver.receive(frame("LK"), AT)
    driver.replies()
    with pytest.raises(OrderRefused):
        driver.order("watch-2300000017", name, args)
    assert driver.replies() == b""


def test_a_watch_is_addressed_as_it_speaks_and_only_where_it_was_heard() -> None:
    driver = WatchDriver(DriverOptions())
    assert not driver.order("watch-2300000017", "call", {"phone": "120"})
    driver.receive(frame("LK", maker="ZJ", index="00A3"), AT)
    driver.replies()
    assert driver.order("watch-2300000017", "call", {"phone": "120"})
    assert driver.replies() == b"[ZJ*2300000017*00A3*0008*CALL,120]"
    assert encode_frame("2300000017", "CR") == b"[CS*2300000017*0002*CR]"
