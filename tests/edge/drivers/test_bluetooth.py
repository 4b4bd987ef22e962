import json
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.drivers import bthome, gatt, oximeters, viatom
from edge.drivers.bluetooth import BluetoothDriver
from edge.drivers.ieee11073 import float32, sfloat
from edge.drivers.options import DriverOptions
from edge.readings import Happening, Item, Press, Reading, Sighting
from simulators.devices.bluetooth import GATT, VENDOR, Peripheral, moment
from tests.edge.drivers.replays import assert_same_in_pieces

AT = 1_770_401_400_000
HOUR = 3_600_000
CUFF = Peripheral("54:48:E6:00:00:01", "UA-651BLE")


def driver(**options: Any) -> BluetoothDriver:
    return BluetoothDriver(DriverOptions(**options))


def told(items: list[Item]) -> list[Any]:
    found: list[Any] = [(item.kind, item.value) for item in items if isinstance(item, Reading)]
    found += [(item.kind, item.phase) for item in items if isinstance(item, Happening)]
    return found + [item.button for item in items if isinstance(item, Press)]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("7B00", 123.0),
        ("6EF1", 36.6),
        ("FF0F", -1.0),
        ("0110", 10.0),
        ("FF07", None),
        ("0008", None),
        ("0108", None),
        ("FE07", math.inf),
        ("0208", -math.inf),
        ("FF17", 20470.0),
    ],
)
def test_sfloat(data: str, value: float | None) -> None:
    assert sfloat(bytes.fromhex(data)) == value


@pytest.mark.parametrize(
    ("data", "value"),
    [("730100FF", 37.1), ("FFFFFF00", -1.0), ("FFFF7F00", None), ("00008000", None), ("FEFF7F00", math.inf)],
)
def test_float(data: str, value: float | None) -> None:
    assert float32(bytes.fromhex(data)) == value


@given(mantissa=st.integers(-2045, 2045), exponent=st.integers(-8, 7))
def test_every_sfloat_is_its_decimal_number(mantissa: int, exponent: int) -> None:
    assert sfloat(struct.pack("<H", (exponent & 15) << 12 | mantissa & 0xFFF)) == float(
        f"{mantissa}e{exponent}"
    )


@pytest.mark.parametrize(
    ("what", "readings"),
    [
        ("pressure_123_80", [("systolic", 123), ("diastolic", 80), ("heart_rate", 72)]),
        ("pressure_failed", []),
        ("pressure_kpa", [("systolic", 120.01), ("diastolic", 80.257)]),
        ("fever_38_6", [("body_temperature", 38.6)]),
        ("spo2_96", [("spo2", 96), ("heart_rate", 72)]),
        ("spo2_demo", []),
        ("spo2_no_finger", []),
        ("spot_95", [("spo2", 95), ("heart_rate", 70)]),
        ("weight_70_2", [("weight", 70.2)]),
        ("glucose_5_5", [("glucose", 5.5)]),
        ("heart_72", [("heart_rate", 72)]),
        ("heart_no_contact", []),
        ("battery_80", [("battery", 80)]),
    ],
)
def test_health_profiles(what: str, readings: list[tuple[str, float]]) -> None:
    items = assert_same_in_pieces("bluetooth", [CUFF.measures(what, AT)], garbage=b"~\n")
    assert told(items) == readings
    assert {item.device for item in items if isinstance(item, Reading)} <= {CUFF.device_id}


@pytest.mark.parametrize("what", sorted(GATT))
def test_a_truncated_characteristic_gives_nothing(what: str) -> None:
    uuid, value = GATT[what]
    whole = value(moment(AT))
    for length in range(len(whole)):
        if uuid == "2a37" and length > 1:
            continue
        heart = driver()
        assert heart.receive(CUFF.notifies(uuid, whole[:length]), AT) == []
        assert heart.counts["characteristic_invalid"] == 1


@pytest.mark.parametrize(
    ("measured", "error_ms", "at", "late"),
    [
        (AT - 60_000, 0, AT - 60_000, False),
        (AT, -8 * HOUR, AT, False),
        (AT, 8 * HOUR, AT, False),
        (AT, 946_684_800_000 - AT, AT, False),
        (AT - 30 * HOUR, 0, AT - 30 * HOUR, True),
    ],
)
def test_the_clock_of_a_cuff(measured: int, error_ms: int, at: int, late: bool) -> None:
    cuff = Peripheral(CUFF.address, clock_error_ms=error_ms)
    [first, *_] = [
        i for i in driver().receive(cuff.measures("pressure_123_80", measured), AT) if isinstance(i, Reading)
    ]
    assert (first.at, first.late, first.device_at is not None) == (at, late, True)


def test_glucose_records_are_asked_for_and_taken_once() -> None:
    meter = driver()
    meter.receive(CUFF.connects("2a18", "00002a52-0000-1000-8000-00805f9b34fb"), AT)
    assert json.loads(meter.replies()) == {
        "address": "54 48 E6 00 00 01".replace(" ", ""),
        "uuid": "2a52",
        "value": "0101",
    }
    record = CUFF.measures("glucose_5_5", AT)
    assert told(meter.receive(record + record, AT)) == [("glucose", 5.5)]
    assert meter.counts["repeats"] == 1


def test_doubtful_values_say_so() -> None:
    loose = b"\x10" + bytes.fromhex("7B00 5000 5D00 0200")
    readings = [i for i in driver().receive(CUFF.notifies("2a35", loose), AT) if isinstance(i, Reading)]
    assert [item.quality for item in readings] == [40, 40]
    weak = b"\x08" + bytes.fromhex("6000 4800 080000")
    readings = [i for i in driver().receive(CUFF.notifies("2a5f", weak), AT) if isinstance(i, Reading)]
    assert [item.quality for item in readings] == [40, 40]


def test_glucose_in_kg_per_litre_and_weight_in_pounds() -> None:
    glucose = gatt.decode("2a18", b"\x02\x01\x00" + moment(AT) + bytes.fromhex("63B0 11"))
    assert (glucose["mg_dl"], glucose["type"], glucose["location"]) == (99.0, 1, 1)
    pounds = driver().receive(CUFF.notifies("2a9d", b"\x01" + struct.pack("<H", 15_000)), AT)
    assert told(pounds) == [("weight", 68.039)]


def test_advertisements_of_a_smoke_alarm_in_every_way_they_can_arrive() -> None:
    alarm = Peripheral("54:48:E6:00:00:02")
    lines = [
        alarm.advertises("smoke"),
        alarm.advertises("smoke", again=True),
        alarm.hci("smoke"),
        alarm.advertises("clear_air"),
    ]
    items = assert_same_in_pieces("bluetooth", lines, garbage=b'{"hci":"zz"}\n')
    dbm = ("signal_dbm", -60)
    values = [("smoke", 1), dbm, ("smoke", 1), dbm, ("smoke", 0), dbm]
    assert told(items) == [*values, ("smoke", "raised"), ("smoke", "cleared")]


def test_a_press_is_told_once_and_the_next_one_again() -> None:
    button = Peripheral("54:48:E6:00:00:03")
    hub = driver()
    first = button.advertises("press")
    for data, word in ((first * 30, "press"), (button.advertises("press"), "press"),
                       (button.advertises("long_press"), "long_press")):  # fmt: skip
        assert told(hub.receive(data, AT)) == [("signal_dbm", -60), f"button_{word}"]


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ("40 00 07 01 5A 29 01", {"packet": 7, "battery": 90, "smoke": 1}),
        ("40 02 34 08 03 88 13", {"temperature": 21.0, "humidity": 50.0}),
        ("44 3A 04", {"button": "long_press"}),
        ("40 2D 01 99 01 02", {"window": 1}),
        ("40 02 FE FF", {"temperature": -0.02}),
        ("40 53 02 68 69 17 01", {"text": "hi", "carbon_monoxide": 1}),
        ("40 07 E8 03", {"weight": 10.0, "weight_unit": "lbs"}),
        ("40 3C 01 05", {"dimmer": "rotate_left", "steps": 5}),
        ("40 29", {}),
    ],
)
def test_bthome_objects_by_the_page(data: str, values: dict[str, Any]) -> None:
    content = bthome.read(bthome.Advert(address="5448E6000003", data=bytes.fromhex(data)), None)
    assert content.named() == values
    assert content.whole is (data not in ("40 2D 01 99 01 02", "40 29"))


def test_an_address_inside_is_no_value_and_the_one_that_an_encrypted_device_means() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    inside, key = "5448e6000129", "00112233445566778899aabbccddeeff"
    reversed_ = bytes.fromhex(inside)[::-1]
    assert bthome.read(
        bthome.Advert(address="0" * 12, data=b"\x42" + reversed_ + b"\x01\x5a"), None
    ).values == [("battery", 90)]
    counter = (7).to_bytes(4, "little")
    nonce = bytes.fromhex(inside) + b"\xd2\xfc\x43" + counter
    sealed = AESCCM(bytes.fromhex(key), tag_length=4).encrypt(nonce, b"\x29\x01", None)
    data = b"\x43" + reversed_ + sealed[:-4] + counter + sealed[-4:]
    found = bthome.read(bthome.Advert(address="0" * 12, data=data), key)
    assert (found.values, found.counter) == ([("smoke", 1)], 7)
    for cut in range(7):
        with pytest.raises(bthome.Unreadable):
            bthome.read(bthome.Advert(address="0" * 12, data=data[:cut]), key)


def test_an_encrypted_advertisement_needs_its_key_and_is_never_taken_twice() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESCCM

    key, address = "00112233445566778899aabbccddeeff", "54:48:E6:00:00:04"

    def line(counter: int) -> bytes:
        count = struct.pack("<I", counter)
        nonce = bytes.fromhex(address.replace(":", "")) + b"\xd2\xfc\x41" + count
        sealed = AESCCM(bytes.fromhex(key), tag_length=4).encrypt(nonce, b"\x3a\x01", None)
        data = b"\x41" + sealed[:-4] + count + sealed[-4:]
        return json.dumps({"address": address, "service_data": {"fcd2": data.hex()}}).encode() + b"\n"

    open_hub, hub = driver(), driver(keys={address: key})
    assert open_hub.receive(line(500), AT) == []
    assert open_hub.counts["bthome_no_key"] == 1
    presses = [told(hub.receive(line(counter), AT)) for counter in (500, 500, 501, 499, 0)]
    assert presses == [["button_press"], [], ["button_press"], [], ["button_press"]]
    wrong = driver(keys={address: "ff" * 16})
    assert wrong.receive(line(1), AT) == []
    assert wrong.counts["bthome_wrong_key"] == 1


def test_a_silent_sensor_is_offline_once() -> None:
    sensor = Peripheral("54:48:E6:00:00:05")
    hub = driver()
    for n in range(10):
        hub.receive(sensor.advertises("climate"), AT + n * HOUR)
    states = [
        (minute, item.state.online)
        for minute in range(1, 600)
        for item in hub.receive(b"", AT + 9 * HOUR + minute * 60_000)
        if isinstance(item, Sighting)
    ]
    assert states == [(181, False)]


@pytest.mark.parametrize("what", ["pc60_97", "berrymed_97", "ffe4_97"])
def test_vendors_oximeters_in_every_way_their_frames_can_be_cut(what: str) -> None:
    uuid, data = VENDOR[what]
    worn = [("worn", 1)] if what == "berrymed_97" else []
    assert told(driver().receive(CUFF.vendor(what), AT)) == [("spo2", 97), ("heart_rate", 72), *worn]
    data = data if what != "pc60_97" else data + bytes((oximeters.crc8_maxim(data),))
    pieces = [driver().receive(CUFF.notifies(uuid, data), AT)]
    cut = driver()
    pieces.append(
        [i for n in range(len(data)) for i in cut.receive(CUFF.notifies(uuid, data[n : n + 1]), AT)]
    )
    pieces.append(driver().receive(CUFF.notifies(uuid, b"\x01\x55" + data), AT))
    assert [told(items) for items in pieces] == [[("spo2", 97), ("heart_rate", 72), *worn]] * 3


def test_no_finger_is_no_value_and_a_hundred_packets_a_second_are_one_reading() -> None:
    hub = driver()
    assert told(hub.receive(CUFF.vendor("berrymed_no_finger"), AT)) == [("worn", 0)]
    items = [
        item for n in range(100) for item in hub.receive(CUFF.vendor("berrymed_97"), AT + 1_000 + n * 10)
    ]
    assert told(items) == [("spo2", 97), ("heart_rate", 72), ("worn", 1)]


def viatom_frame(mark: int, command: int, data: bytes) -> bytes:
    body = bytes((mark, command, command ^ 0xFF, 0, 0)) + struct.pack("<H", len(data)) + data
    return body + bytes((viatom.crc8(body),))


def written(hub: BluetoothDriver) -> list[str]:
    return [json.loads(line)["value"] for line in hub.replies().splitlines()]


def test_an_oximeter_of_viatom_is_asked_and_answers() -> None:
    ring, hub = Peripheral("54:48:E6:00:00:06", "O2Ring 1234"), driver()
    hub.receive(ring.connects(viatom.NOTIFY), AT)
    assert written(hub) == ["aa17e8000000001b"]
    hub.receive(b"", AT + 3_000)
    assert written(hub) == []
    answer = viatom_frame(0x55, 0, bytes.fromhex("6148 0000 0000 00 5A 00 00 2A 01 00"))
    items = hub.receive(ring.notifies(viatom.NOTIFY, answer[:9]), AT + 4_000)
    items += hub.receive(ring.notifies(viatom.NOTIFY, answer[9:]), AT + 4_000)
    assert told(items) == [("spo2", 97), ("heart_rate", 72), ("worn", 1), ("battery", 90)]
    assert written(hub) == ["aa17e8000000001b"]


def test_an_oximeter_is_asked_and_heard_after_the_clock_was_set_back() -> None:
    ring, hub = Peripheral("54:48:E6:00:00:06", "O2Ring 1234"), driver()
    hub.receive(ring.connects(viatom.NOTIFY), AT + 31_536_000_000)
    hub.receive(CUFF.vendor("berrymed_97"), AT + 31_536_000_000)
    assert written(hub) == ["aa17e8000000001b"]
    assert told(hub.receive(CUFF.vendor("berrymed_97"), AT)) == [
        ("spo2", 97),
        ("heart_rate", 72),
        ("worn", 1),
    ]
    assert written(hub) == ["aa17e8000000001b"]


def test_a_cuff_of_viatom_gives_its_list_of_measurements_once() -> None:
    cuff, hub = Peripheral("54:48:E6:00:00:07", "BP2 0042"), driver()

    def record(at_s: int, systolic: int) -> bytes:
        head = struct.pack("<IIB", at_s + 8 * 3600, 1, 0)
        return (head + bytes(4) + struct.pack("<HHHB", systolic, 80, 93, 72)).ljust(37, b"\0")

    file = bytes(10) + record(AT // 1000 - 60, 123) + record(AT // 1000 - 86_400, 131) + bytes(37)
    hub.receive(cuff.connects(viatom.NOTIFY), AT)
    steps = [
        (0x00, bytes(39) + b"\x05"),
        (0xF2, struct.pack("<I", len(file))),
        (0xF3, file[:50]),
        (0xF3, file[50:]),
    ]
    items: list[Item] = []
    orders = [written(hub)]
    for command, payload in steps:
        items += hub.receive(cuff.notifies(viatom.NOTIFY, viatom_frame(0xA5, command, payload)), AT)
        orders.append(written(hub))
    assert [order[:2] for order in map("".join, orders)] == ["a5"] * 5
    assert [order[2:4] for order in map("".join, orders)] == ["00", "f2", "f3", "f3", "f4"]
    systolic = [(i.value, i.late, i.at) for i in items if isinstance(i, Reading) and i.kind == "systolic"]
    assert systolic == [(131, True, AT - 86_400_000), (123, False, AT - 60_000)]
    hub.receive(cuff.notifies(viatom.NOTIFY, viatom_frame(0xA5, 0xF2, struct.pack("<I", len(file)))), AT)
    assert told(hub.receive(cuff.notifies(viatom.NOTIFY, viatom_frame(0xA5, 0xF3, file)), AT)) == []


def test_a_cuff_of_viatom_is_read_once_after_each_measurement_also_after_three_in_a_row() -> None:
    cuff, hub = Peripheral("54:48:E6:00:00:07", "LP-BP2W"), driver()
    hub.receive(cuff.connects(viatom.NOTIFY), AT)
    asked = []
    for state in (4, 5, 5, 3, 15, 16, 15, 17, 17, 3, 4, 3):
        hub.receive(cuff.notifies(viatom.NOTIFY, viatom_frame(0xA5, 0x00, bytes(39) + bytes([state]))), AT)
        asked.append([order[2:4] for order in written(hub)].count("f2"))
    assert asked == [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1]


@settings(max_examples=150, deadline=None)
@given(
    uuid=st.sampled_from([*gatt.READERS, *oximeters.KINDS, viatom.NOTIFY, "fcd2"]),
    values=st.lists(st.binary(max_size=40), max_size=4),
)
def test_any_bytes_of_any_characteristic_never_raise(uuid: str, values: list[bytes]) -> None:
    hub = driver()
    hub.receive(CUFF.connects(uuid), AT)
    for value in values:
        advert = {"address": CUFF.address, "service_data": {uuid: (b"\x40" + value).hex()}}
        hub.receive(CUFF.notifies(uuid, value), AT)
        hub.receive(json.dumps(advert).encode() + b"\n", AT)
        hub.receive(json.dumps({"hci": (b"\x04\x3e" + value).hex()}).encode() + b"\n", AT)
    hub.receive(b"", AT + HOUR)
    hub.replies()
