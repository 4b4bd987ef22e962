import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.trv import TrvDriver
from edge.drivers.trv_frames import decode_message
from edge.readings import Fix, Happening, HeardWifi, Item
from tests.edge.drivers.frames import AT, of, raised, values

PLACE = "260206A3722.8900N11800.7380E000.4181000090.0008000908000102,460,0,9377,36611"


def hear(*texts: str) -> tuple[list[Item], str]:
    driver = TrvDriver(DriverOptions())
    items = [item for text in texts for item in driver.receive(text.encode(), AT)]
    return items, driver.replies().decode()


def test_the_page_s_login_and_alarm() -> None:
    items, answers = hear(
        "IWAP00861100000000017,89860000000000000000,460000000000000#", f"IWAP10{PLACE},01,zhcn,00#"
    )
    assert answers == "IWBP00,20260206181000,0#IWBP10#"
    assert raised(items) == ["sos"]
    [fix] = of(Fix, items)
    assert (fix.position.lat, fix.position.lon, fix.position.at) == (37.3815, 118.0123, AT)
    assert fix.position.device == "trv-861100000000017"
    assert values(items) == {"battery": 80, "signal_strength": 80}


@pytest.mark.parametrize(
    ("text", "answer", "read"),
    [
        (
            "IWAPHP,66,128,76,97,5.4,36.6#",
            "IWBPHP#",
            {
                "heart_rate": 66,
                "systolic": 128,
                "diastolic": 76,
                "spo2": 97,
                "glucose": 5.4,
                "body_temperature": 36.6,
            },
        ),
        ("IWAPHP,66,128,,97,90,0,,,,#", "IWBPHP#", {"heart_rate": 66, "spo2": 97, "glucose": 5.0}),
        ("IWAPHT,66,128,76#", "IWBPHT#", {"heart_rate": 66, "systolic": 128, "diastolic": 76}),
        ("IWAP49,0#", "IWBP49#", {}),
        ("IWAP50,36.6,44#", "IWBP50#", {"body_temperature": 36.6, "battery": 44}),
        ("IWAP03,08000907700102,1204,16#", "IWBP03#", {"signal_strength": 80, "battery": 77, "steps": 1204}),
        ("TRVCP01,08000908000102#", "TRVDP01#", {"signal_strength": 80, "battery": 80}),
        ("TRVAP00861100000000017#", "TRVBP00#", {}),
        ("IWAP33,080835,3#", "", {}),
        ("IWAP14,080835,x#", "", {}),
        ("TRVAP14,080835,x#", "TRVBP14#", {}),
        ("IWAPZZ,what is this#", "IWBPZZ#", {}),
    ],
)
def test_types_by_the_page(text: str, answer: str, read: dict[str, float]) -> None:
    items, answers = hear(text)
    assert answers == answer
    assert values(items) == read


@pytest.mark.parametrize(
    ("code", "events"),
    [
        (",01,zhcn,00", ["sos"]),
        (",05,zhcn,00", ["fall"]),
        (",06", ["fall"]),
        (",00,zhcn,00", []),
        (",42", ["unknown_alarm_bit"]),
        ("", ["sos", "unknown_alarm_bit"]),
    ],
)
def test_alarm_codes(code: str, events: list[str]) -> None:
    assert raised(hear(f"IWAP10{PLACE}{code}#")[0]) == events


def test_an_alarm_that_cannot_be_read_may_be_a_call_for_help() -> None:
    items, answers = hear("IWAP10260206A37#")
    assert raised(items) == ["sos", "unknown_alarm_bit"]
    assert answers == "IWBP10#"


def test_without_a_fix_cells_and_networks_tell_the_place() -> None:
    text = f"IWAP10{PLACE.replace('A37', 'V37')},01,zhcn,00,My IWIFI|A4-00-00-00-00-01|-61&bad|A4-00|1#"
    [call] = [item for item in of(Happening, hear(text)[0]) if item.kind == "sos"]
    assert call.position is None
    assert call.evidence["cells"] == [{"mcc": 460, "mnc": 0, "lac": 9377, "cid": 36611, "rssi": None}]
    assert call.evidence["wifi"] == [{"ssid": "My IWIFI", "mac": "A4:00:00:00:00:01", "rssi": -61}]


def test_a_network_report() -> None:
    text = b"IWAP02,zh_cn,0,2,460,0,9377|36611|13,9377|36612|12,1,1|A4-00-00-00-00-01|-59"
    message = decode_message(text)
    assert message is not None
    assert [cell.cid for cell in message.cells] == [36611, 36612]
    assert [(seen.mac, seen.rssi) for seen in message.wifi] == [("A4:00:00:00:00:01", -59)]


@pytest.mark.parametrize("odd", ["\x1e", "\u0665", "\x85", "-", " ", "9" * 30])
def test_odd_characters_in_numbers_are_left_out(odd: str) -> None:
    tail = f",01,zhcn,00,x|A4-00-00-00-00-01|{odd}1#"
    assert raised(hear(f"IWAP10{PLACE.replace(',460', f',{odd}460')}{tail}")[0]) == ["sos"]
    hear(f"IWAP49,{odd}#", f"IWAP02,x,0,{odd},460,0,{odd}|1|1,1,x#", f"IWCP01,{odd}#", f"IWAP00{odd}#")


def test_a_message_cut_by_the_next_one_is_still_tried() -> None:
    items, answers = hear(f"IWAP10{PLACE},01IWCP01,08000908000102#")
    assert raised(items) == ["sos"]
    assert answers == "IWBP10#IWDP01#"


def test_a_cut_message_that_is_said_again_counts_once() -> None:
    items, answers = hear("IWAP10260206A3722", f"IWAP10{PLACE},05#")
    assert raised(items) == ["fall"]
    assert answers == "IWBP10#"


def test_what_was_heard_in_dbm_tells_who_is_at_home_and_a_strength_in_no_known_unit_nothing() -> None:
    heard = "HOME|A4-00-00-00-00-01|-61&LOUD|A4-00-00-00-00-02|61"
    items, _ = hear(f"IWAP01{PLACE},{heard}#", f"IWAP02,zhcn,0,0,460,0,2,{heard}#")
    assert [(one.at, one.access_points) for one in of(HeardWifi, items)] == [
        (AT, [("a4:00:00:00:00:01", -61)])
    ] * 2
