import pytest

from edge.drivers.jt808 import Jt808Driver
from edge.drivers.jt808_frames import decode_location, decode_register
from edge.drivers.jt808_framing import decode_frame, encode_frame
from edge.drivers.options import DriverOptions
from edge.drivers.orders import OrderRefused
from edge.readings import Fix, Happening, HeardWifi, Item, Sighting
from simulators.devices.jt808 import Jt808
from tests.edge.drivers.frames import AT, of, raised, values

HEARTBEAT = "7E 00 02 00 00 01 39 00 00 00 17 00 05 28 7E"
SOS = (
    "7E 02 00 00 22 01 39 00 00 00 17 00 06 00 00 00 01 00 00 00 02 02 3A 65 7C 07 08 B9 8C 00 0C 00 04 00 5A"
    " 26 02 07 02 10 00 01 04 00 00 00 7B 0C 7E"
)
PLACE = bytes.fromhex("00000002 023A657C 0708B98C 000C 0004 005A 260207021000")


def hear(*messages: bytes, driver: Jt808Driver | None = None, at: int = AT) -> list[Item]:
    heard = driver or Jt808Driver(DriverOptions())
    return [item for message in messages for item in heard.receive(message, at)]


def location(word: int = 0, additions: str = "") -> bytes:
    return Jt808().message(0x0200, word.to_bytes(4, "big") + PLACE + bytes.fromhex(additions))


def events(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.kind, item.phase) for item in of(Happening, items)]


def spoiled(message: bytes) -> bytes:
    return message[:-2] + bytes((message[-2] ^ 1,)) + message[-1:]


def encrypted(message: bytes) -> bytes:
    """The same message with the mark of an RSA body."""
    frame = bytearray(message)
    frame[3] |= 1 << 2
    frame[-2] ^= 1 << 2
    return bytes(frame)


def test_the_page_s_heartbeat_and_alarm() -> None:
    driver = Jt808Driver(DriverOptions())
    items = hear(bytes.fromhex(HEARTBEAT), bytes.fromhex(SOS), driver=driver)
    answers = driver.replies()
    assert answers[:20].hex() == "7e8001000501390000001700000005000200ac7e"[:40]
    assert raised(items) == ["sos"]
    [fix] = of(Fix, items)
    assert (fix.position.lat, fix.position.lon, fix.position.at) == (37.3815, 118.0123, AT)
    assert fix.position.device == "jt808-13900000017"


def test_the_form_of_2019_is_answered_in_its_own_form() -> None:
    device, driver = Jt808(newer=True), Jt808Driver(DriverOptions())
    hear(device.login(), driver=driver)
    answer = decode_frame(driver.replies().strip(b"\x7e"))
    assert answer is not None
    assert (answer.message, answer.version, answer.phone) == (0x8001, 1, "00000000013900000017")
    assert answer.body.hex() == "0001010200"


def test_a_registration_gets_its_code() -> None:
    body = (
        bytes.fromhex("002C012F")
        + b"70111"
        + b"BED-1".ljust(20, b"\0")
        + b"0567872\x01"
        + "鲁E88888".encode("gbk")
    )
    message = Jt808().message(0x0100, body)
    frame = decode_frame(message.strip(b"\x7e"))
    assert frame is not None
    found = decode_register(frame)
    assert found is not None
    assert (found.maker, found.model, found.terminal_id, found.plate) == (
        "70111",
        "BED-1",
        "0567872",
        "鲁E88888",
    )
    driver = Jt808Driver(DriverOptions())
    hear(message, driver=driver)
    answer = decode_frame(driver.replies().strip(b"\x7e"))
    assert answer is not None
    assert (answer.message, answer.body) == (0x8100, b"\x00\x01\x00" + b"013900000017")


def test_the_time_is_told() -> None:
    driver = Jt808Driver(DriverOptions())
    hear(Jt808().message(0x0004, b""), driver=driver)
    answer = decode_frame(driver.replies().strip(b"\x7e"))
    assert answer is not None
    assert (answer.message, answer.body.hex()) == (0x8004, "260206181000")


@pytest.mark.parametrize("fill", [b"\x7e", b"\x7d", b"\x7d\x02", b"\x7e\x7d\x7e"])
def test_what_is_escaped_comes_out_as_it_was(fill: bytes) -> None:
    frame = decode_frame(Jt808().message(0x0900, fill).strip(b"\x7e"))
    assert frame is not None
    assert (frame.body, frame.checksum_ok) == (fill, True)
    again = decode_frame(encode_frame(frame, 0x8300, 1, fill).strip(b"\x7e"))
    assert again is not None
    assert (again.body, again.checksum_ok) == (fill, True)


def test_alarm_bits_are_raised_as_they_rise_and_cleared_as_they_end() -> None:
    driver = Jt808Driver(DriverOptions())
    told = [
        events(hear(location(word), driver=driver))
        for word in (1 << 7, 0, 1 << 7, 1 << 7 | 1, 1 << 17, 1 << 12 | 1 << 1, 1 << 8)
    ]
    others = ("fence_exit", "mains_lost", "tamper", "watch_removed")
    assert told[0] == [("battery_low", "raised"), *((kind, "cleared") for kind in others)]
    assert told[1] == [("battery_low", "cleared")]
    assert told[2] == [("battery_low", "raised")]
    assert told[3] == [("sos", "raised")]
    assert told[4] == [("tamper", "raised"), ("battery_low", "cleared")]
    assert told[5] == [("unknown_alarm_bit", "raised"), ("tamper", "cleared")]
    assert told[6] == [("mains_lost", "raised")]


@pytest.mark.parametrize(
    ("word", "additions", "kind"),
    [
        (0, "EB08 0006 0089 FFFFEFFF", "watch_removed"),
        (1 << 20, "1206 01 00000007 01", "fence_exit"),
        (1 << 20, "", "fence_exit"),
        (1 << 20, "1206 01 00000007 00", None),
        (0, "E708 0004000000000000", "sos"),
        (0, "E708 0001000000000000", None),
        (0, "E707 00040000000000", None),
    ],
)
def test_alarms_of_additions(word: int, additions: str, kind: str | None) -> None:
    driver = Jt808Driver(DriverOptions())
    hear(location(), driver=driver)
    assert raised(hear(location(word, additions), driver=driver)) == ([kind] if kind else [])


def test_additions_by_the_page() -> None:
    wifi = "01" + b"a4:00:00:00:00:01,-61".hex()
    nested = f"0004 002D 0FA5 0003 00A8 5C {len(wifi) // 2 + 2:04X} 00B9 {wifi}"
    size = len(bytes.fromhex(nested))
    found = decode_location(
        b"\0\0\0\0" + PLACE + bytes.fromhex(f"0104 0000007B 3001 0F EB{size:02X} {nested} 31FF")
    )
    assert found is not None
    told = found.additions
    assert (told.battery_mv, told.battery_pct) == (4005, 92)
    assert [(seen.mac, seen.rssi) for seen in told.wifi] == [("a4:00:00:00:00:01", -61)]
    assert set(told.tlv) == {"01", "30", "eb"}
    assert values(hear(location(0, "3001 0F E402 0150 EB06 0004 002D 0FA5"))) == {
        "battery": 80,
        "battery_voltage": 4.005,
        "signal_strength": 48,
        "charging": 0,
    }


@pytest.mark.parametrize(
    "additions",
    [
        *("060150", "e4020050", "56020800", "eb05000300a850", "eb05000300e150", "d40150", "e10150", "e90150"),
        *("fe0150", "e304005001a0", "e306005001a00000", "f7060000103b0150", "68021f40"),
    ],
)
def test_the_battery_is_told_in_one_of_many_additions(additions: str) -> None:
    assert values(hear(location(additions=additions)))["battery"] == 80
    assert "battery" not in values(hear(location(additions="0602ff38"))), "the temperature of a cabin"


@pytest.mark.parametrize("name", ["ec", "f4"])
def test_what_was_heard_tells_who_is_at_home_with_a_fix_and_without(name: str) -> None:
    list_ = f"{name}15 a40000000001 c3 000000000000 00 a40000000002 9c"
    [heard] = of(HeardWifi, hear(location(additions=list_)))
    assert heard.access_points == [("a4:00:00:00:00:01", -61), ("a4:00:00:00:00:02", -100)]
    assert (heard.at, heard.late) == (AT, False)


@pytest.mark.parametrize(
    ("additions", "charging"),
    [("e4020050", 1), ("e4020150", 0), ("d401ff", 1), ("e10150", 0), ("060150", None)],
)
def test_charging_is_known_where_the_terminal_tells_it(additions: str, charging: int | None) -> None:
    items = hear(location(additions=additions))
    assert values(items).get("charging") == charging
    assert [one.state.charging for one in of(Sighting, items)] == [
        None if charging is None else bool(charging)
    ]


def test_volts_of_the_battery_in_hundredths_and_thousandths() -> None:
    told = [values(hear(location(additions=one)))["battery_voltage"] for one in ("69020195", "d5020195")]
    assert [*told, values(hear(location(additions="f7060000103b0150")))["battery_voltage"]] == [
        4.05,
        4.05,
        4.155,
    ]


def test_an_alarm_with_a_wrong_checksum_needs_a_second_message() -> None:
    device, driver = Jt808(), Jt808Driver(DriverOptions())
    assert raised(hear(spoiled(device.alarm("sos", AT)), driver=driver)) == []
    assert driver.replies() == b"", "no answer: the terminal says it again"
    assert raised(hear(spoiled(device.alarm("sos", AT)), driver=driver)) == ["sos"]
    assert driver.replies()
    later = AT + 3_600_000
    assert (
        raised(hear(device.position(later), spoiled(device.alarm("sos", later)), driver=driver, at=later))
        == []
    )
    assert raised(hear(device.alarm("sos", later), driver=driver, at=later)) == ["sos"]


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("kind", [0x0200, 0x0201, 0x0704, 0x0210])
def test_an_encrypted_location_is_an_alarm_of_its_own_and_never_silent(kind: int, newer: bool) -> None:
    device, driver = Jt808(newer=newer), Jt808Driver(DriverOptions())
    sealed = encrypted(device.message(kind, bytes(range(40))))
    items = hear(sealed, driver=driver)
    [alarm] = of(Happening, items)
    assert (alarm.kind, alarm.phase, alarm.evidence["reasons"]) == (
        *("unknown_alarm_bit", "raised"),
        ["body_encrypted"],
    )
    assert of(Fix, items) == []
    answer = decode_frame(driver.replies().strip(b"\x7e"))
    assert kind == 0x0201 if answer is None else answer.body[-1] == 3, "not supported"


def test_an_encrypted_heartbeat_is_a_sign_of_life_and_doubtful_bits_need_a_second_message() -> None:
    device, driver = Jt808(), Jt808Driver(DriverOptions())
    assert events(hear(encrypted(device.message(0x0002, b"")), driver=driver)) == []
    assert driver.replies() != b""
    assert events(hear(spoiled(encrypted(device.position(AT))), driver=driver)) == []
    assert driver.replies() == b"", "without an answer the terminal says it again"
    [alarm] = of(Happening, hear(spoiled(encrypted(device.position(AT))), driver=driver))
    assert alarm.evidence["encryption"] == "RSA"


def test_backfill_is_late_and_tells_an_sos_only_once() -> None:
    device, driver = Jt808(), Jt808Driver(DriverOptions())
    live = hear(device.alarm("sos", AT), driver=driver)
    again = hear(device.backfill([AT, AT - 60_000], 1 | 1 << 7), driver=driver)
    assert raised(live) == ["sos"]
    assert [(item.kind, item.at, item.late) for item in of(Happening, again)] == [("sos", AT - 60_000, True)]
    assert [fix.late for fix in of(Fix, again)] == [True, True]


@pytest.mark.parametrize(("kind", "head", "length"), [(0x0704, "000300", "0026"), (0x0210, "", "26")])
def test_of_a_live_batch_the_last_location_is_live(kind: int, head: str, length: str) -> None:
    device, times = Jt808(), [AT - 20_000, AT - 10_000, AT]
    body = [bytes.fromhex(length) + device.location(at) for at in times]
    message = device.message(kind, bytes.fromhex(head) + b"".join(body))
    assert [(fix.position.at, fix.late) for fix in of(Fix, hear(message))] == [
        (AT - 20_000, True),
        (AT - 10_000, True),
        (AT, False),
    ]


def test_an_old_location_of_a_terminal_whose_clock_was_right_is_late_and_its_call_still_rings() -> None:
    device, driver = Jt808(), Jt808Driver(DriverOptions())
    hear(device.position(AT), driver=driver)
    items = hear(device.alarm("sos", AT - 3_600_000), driver=driver)
    [fix] = of(Fix, items)
    assert (fix.position.at, fix.late) == (AT - 3_600_000, True)
    [call] = of(Happening, items)
    assert (call.kind, call.at, call.late) == ("sos", AT - 3_600_000, True)


def test_parts_are_joined_when_all_have_come() -> None:
    body = Jt808().backfill([AT - 60_000, AT - 30_000])[13:-2]
    half = len(body) // 2
    parts = []
    for index, piece in enumerate((body[:half], body[half:]), start=1):
        data = (
            bytes.fromhex(f"0704 {len(piece) | 1 << 13:04X} 013900000017 {index:04X} 0002 {index:04X}")
            + piece
        )
        total = 0
        for byte in data:
            total ^= byte
        parts.append(b"\x7e" + (data + bytes((total,))).replace(b"\x7d", b"\x7d\x01") + b"\x7e")
    driver = Jt808Driver(DriverOptions())
    assert of(Fix, hear(parts[1], driver=driver)) == []
    assert len(of(Fix, hear(parts[0], driver=driver))) == 2
    assert driver.replies().count(b"\x80\x01") == 2


def test_a_mark_that_was_not_escaped_does_not_cut_the_message() -> None:
    message = Jt808().message(0x0200, b"\0\0\0\1" + PLACE + bytes.fromhex("5002 017E"))
    raw = message.replace(b"\x7d\x02", b"\x7e")
    assert raw != message
    assert raised(hear(raw)) == ["sos"]


def test_orders() -> None:
    device, driver = Jt808(), Jt808Driver(DriverOptions())
    assert not driver.order(device.device_id, "locate", {})
    hear(device.heartbeat(), driver=driver)
    driver.replies()
    assert driver.locate(device.device_id)
    assert driver.order(device.device_id, "message", {"text": "请吃药"})
    assert driver.order(device.device_id, "upload_interval", {"seconds": 60})
    frames = [decode_frame(part) for part in driver.replies().split(b"\x7e") if part]
    assert [(frame.message, frame.body) for frame in frames if frame] == [
        (0x8201, b""),
        (0x8300, b"\x04" + "请吃药".encode("gbk")),
        (0x8103, bytes.fromhex("01 00000029 04 0000003C")),
    ]
    for name, args in (("format", {}), ("message", {"text": ""}), ("upload_interval", {"seconds": True})):
        with pytest.raises(OrderRefused):
            driver.order(device.device_id, name, args)
