import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.watch import WatchDriver
from edge.drivers.watch_frames import decode_frame
from edge.readings import Fix, Happening, HeardWifi, Reading, Sighting
from tests.edge.drivers.frames import AT, frame, hear, of, position, raised, values

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        ("LK", "LK"),
        ("LK,1204,16,87", "LK"),
        (position("UD"), None),
        (position("UD_LTE"), None),
        (position("UD2"), None),
        (position("UD3"), None),
        (position("WT"), None),
        (position("AL"), "AL"),
        (position("AL_LTE"), "AL"),
        (position("ALCUSTOMER1"), "AL"),
        ("AL,unreadable", "AL"),
        ("INIT", "INIT,1"),
        ("TKQ", "TKQ"),
        ("TKQ2", "TKQ2"),
        ("TK,voice", None),
        ("JXTK,1,2,voice", "JXTKR,1"),
        ("img,picture", None),
        ("PULSE,72", None),
        ("ICCID,89860", None),
        ("SOMETHING,new", None),
    ],
)
@pytest.mark.parametrize("index", ["", "00a3"])
def test_each_type_gets_its_answer_with_the_index_it_came_with(
    content: str, answer: str | None, index: str
) -> None:
    driver = WatchDriver(DriverOptions())
    driver.receive(frame(content, maker="ZJ", index=index), AT)
    middle = f"{index}*" if index else ""
    wanted = b"" if answer is None else f"[ZJ*2300000017*{middle}{len(answer):04x}*{answer}]".encode()
    assert driver.replies() == wanted
    assert driver.replies() == b"", "each answer once"


def test_one_connection_carries_several_watches() -> None:
    driver = WatchDriver(DriverOptions())
    items = driver.receive(
        frame("LK,1,2,80", identity="2300000017") + frame("LK,1,2,70", identity="2300000018"), AT
    )
    assert {item.state.device for item in of(Sighting, items)} == {"watch-2300000017", "watch-2300000018"}


def test_keep_alive_tells_steps_and_battery_only_with_three_fields() -> None:
    assert values(hear("LK,1204,16,87")) == {"steps": 1204, "tumbles": 16, "battery": 87}
    assert values(hear("LK,0,100")) == {}


@pytest.mark.parametrize(
    ("content", "want"),
    [
        ("PULSE,72", {"heart_rate": 72}),
        ("heart,71", {"heart_rate": 71}),
        ("heart,0", {}),
        ("BLOOD,109,68", {"systolic": 109, "diastolic": 68}),
        ("bphrt,120,79,73,,,,", {"systolic": 120, "diastolic": 79, "heart_rate": 73}),
        ("bphrt,120,0,73", {}),
        ("TEMP,36.5", {"body_temperature": 36.5}),
        ("btemp2,1,36.6", {"body_temperature": 36.6}),
        ("btemp2,0,36.6", {}),
        ("oxygen,0,98", {"spo2": 98}),
        ("oxygen,0,0", {}),
        ("PULSE,nan", {}),
        ("PULSE", {}),
    ],
)
def test_vitals_and_what_was_not_measured(content: str, want: dict[str, float]) -> None:
    assert values(hear(content)) == want


def test_a_position_has_place_accuracy_and_both_times() -> None:
    [fix] = of(Fix, hear(position()))
    assert (fix.position.lat, fix.position.lon, fix.position.accuracy_m) == (37.3815, 118.0123, 12.5)
    assert (fix.position.at, fix.position.source, fix.late) == (AT, "gnss", False)
    [battery] = [r for r in of(Reading, hear(position(battery=33))) if r.kind == "battery"]
    assert (battery.value, battery.at, battery.device_at) == (33, AT, AT)


@pytest.mark.parametrize(
    ("fix", "place"),
    [
        ("V", "37.381500,N,118.012300,E"),
        ("V", "00.000000,N,000.000000,E"),
        ("A", "0.0,N,0.0,E"),
        ("A", "91.0,N,10.0,E"),
        ("A", "x,N,10.0,E"),
    ],
)
def test_without_a_fix_there_is_no_position_never_the_gulf_of_guinea(fix: str, place: str) -> None:
    items = hear(
        position(
            "AL", status="00010000", fix=fix, place=place, tail="1,0,460,0,9340,3663,35,1,net,a0:00,-60,5"
        )
    )
    assert of(Fix, items) == []
    [sos] = of(Happening, items)[:1]
    assert sos.position is None
    assert sos.evidence["cells"] == [{"mcc": 460, "mnc": 0, "lac": 9340, "cid": 3663, "rssi": 35}]
    assert sos.evidence["wifi"] == [{"ssid": "net", "mac": "a0:00", "rssi": -60}]


@pytest.mark.parametrize(("kind", "late"), [("UD", False), ("AL", False), ("UD2", True)])
@pytest.mark.parametrize("fix", ["A", "V"])
def test_what_a_report_heard_in_dbm_goes_with_it_whether_there_is_a_fix_or_not(
    kind: str, fix: str, *, late: bool
) -> None:
    entries = "net,A4-00-00-00-00-01,-60", "b,a4:00:00:00:00:02,-71", "c,a0:00,-60", "d,a4:00:00:00:00:03,61"
    items = hear(position(kind, fix=fix, tail=f"0,{len(entries)},{','.join(entries)},5"))
    [heard] = of(HeardWifi, items)
    assert heard == HeardWifi(
        device="watch-2300000017", at=AT, access_points=[("a4:00:00:00:00:02", -71)], late=late
    )


@pytest.mark.parametrize(
    ("place", "want"),
    [
        (" 37.5,N, 118.0,E", (37.5, 118.0)),
        ("037.5,,0118.0,", (37.5, 118.0)),
        ("37.5,S,118.0,W", (-37.5, -118.0)),
        ("-37.5,N,-118.0,E", (-37.5, -118.0)),
        ("-37.5,S,-118.0,W", (-37.5, -118.0)),
    ],
)
def test_irregular_but_legal_coordinates(place: str, want: tuple[float, float]) -> None:
    [fix] = of(Fix, hear(position(place=place)))
    assert (fix.position.lat, fix.position.lon) == want


@pytest.mark.parametrize("zone_h", [-11, -3.5, 0, 5.75, 8, 13])
def test_local_time_is_told_from_utc_by_the_arrival(zone_h: float) -> None:
    offset = round(zone_h * HOUR)
    [sos] = of(Happening, hear(position("AL", at=AT + offset, status="00010000"), at=AT + 40_000))[:1]
    assert (sos.at, sos.device_at) == (AT, AT + offset)
    assert "clock" not in sos.evidence


@pytest.mark.parametrize("wrong", [-37 * 60_000, 7 * 60_000, 400 * 24 * HOUR, -7000 * 24 * HOUR])
def test_a_wrong_clock_rejects_nothing(wrong: int) -> None:
    claimed = (AT + wrong) // 1000 * 1000
    items = hear(position("AL", at=claimed, status="00010000"))
    sos = of(Happening, items)[0]
    assert (sos.kind, sos.at, sos.device_at, sos.evidence["clock"]) == ("sos", AT, claimed, "wrong")
    assert of(Fix, items)[0].position.at == AT


def test_an_impossible_date_counts_as_a_wrong_clock() -> None:
    content = position("AL", status="00010000").replace("060226,181000", "310226,181000")
    sos = of(Happening, hear(content))[0]
    assert (sos.at, sos.device_at) == (AT, None)


def test_backfill_is_late_and_uses_the_zone_learned_on_live_messages() -> None:
    options = DriverOptions()
    zone = 8 * HOUR
    hear(position("UD", at=AT + zone), driver=WatchDriver(options))
    items = hear(position("UD2", at=AT - HOUR + zone, status="00010000"), driver=WatchDriver(options))
    [fix], [sos] = of(Fix, items), of(Happening, items)
    assert (fix.late, fix.position.at) == (True, AT - HOUR)
    assert (sos.kind, sos.late, sos.at) == ("sos", True, AT - HOUR)
    assert all(reading.late for reading in of(Reading, items))
    assert of(Sighting, items) == []


def test_backfill_does_not_tell_a_known_sos_again() -> None:
    driver = WatchDriver(DriverOptions())
    hear(position("AL", status="00010000"), driver=driver)
    again = hear(position("UD2", status="00010000"), AT + 60_000, driver)
    assert of(Happening, again) == []
    other = hear(position("UD2", at=AT - 60_000, status="00010000"), AT + 60_000, driver)
    assert raised(other) == ["sos"]


def test_a_delayed_alarm_does_not_teach_a_wrong_zone() -> None:
    driver = WatchDriver(DriverOptions())
    hear(position("UD"), AT, driver)
    hear(position("AL", at=AT, status="00010000"), AT + 30 * 60_000, driver)
    [fix] = of(Fix, hear(position("UD2", at=AT - HOUR), AT + HOUR, driver))
    assert fix.position.at == AT - HOUR


@pytest.mark.parametrize(
    "tail",
    [
        "",
        "0",
        "0,0",
        "x",
        "99999999999999999999",
        "1",
        "1,1,FFFF,FFFF,FFFE,3B882A2,132,,00",
        "0,1,,,,00",
        "30,1,460",
        "-1,0",
    ],
)
def test_a_cut_or_odd_tail_costs_nothing_but_itself(tail: str) -> None:
    items = hear(position("AL", status="00010000", tail=tail))
    assert raised(items) == ["sos"]
    [fix] = of(Fix, items)
    assert fix.position.accuracy_m is None


def test_hexadecimal_cells() -> None:
    decoded = decode_frame(frame(position(tail="1,1,460,0,24A1,8F03,51,,10")))
    assert decoded is not None
    assert decoded.fix is not None
    [cell] = decoded.fix.tail.cells
    assert (cell.lac, cell.cid, cell.rssi) == (0x24A1, 0x8F03, 51)


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_a_cut_alarm_still_raises(cut: int) -> None:
    whole = position("AL", status="00010000")
    items = hear(whole[: len(whole) - cut])
    assert "sos" in raised(items)


def test_a_frame_without_a_readable_header_is_counted_and_not_answered() -> None:
    driver = WatchDriver(DriverOptions())
    assert driver.receive(b"[3G*2300000017*LK][3G*12*0002*LK]", AT) == []
    assert driver.replies() == b""
    assert driver.counts["frame_unreadable"] == 1


def test_byte_by_byte_gives_the_same_items() -> None:
    stream = frame("LK,1,2,80") + frame(position("AL", status="00010001")) + frame(position("UD"))
    whole, piecewise = WatchDriver(DriverOptions()), WatchDriver(DriverOptions())
    items = whole.receive(stream, AT)
    assert [i for b in stream for i in piecewise.receive(bytes([b]), AT)] == items
    assert whole.replies() == piecewise.replies()
