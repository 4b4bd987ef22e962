import json
from typing import Any, TypeVar

import pytest

from edge.drivers.options import DriverOptions
from edge.drivers.wrist_accelerometer import WristDriver
from edge.readings import Happening, Item, Press, Reading, Samples, Sighting

AT = 1_770_401_401_000
HELLO = {"type": "hello", "device": "wrist-li-mei", "rate_hz": 4, "range_g": 8}
ROWS = [[0.02, -0.99, 0.1], [0.03, -0.98, 0.11], [0.3, -0.2, 0.1], [-8, 3.1, 4.4]]
T = TypeVar("T")


def of(kind: type[T], items: list[Item]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def samples(seq: int, at: int = AT - 1000, rows: Any = ROWS) -> bytes:
    return line({"type": "samples", "seq": seq, "at": at, "xyz": rows})


def band(options: DriverOptions | None = None) -> WristDriver:
    driver = WristDriver(options or DriverOptions())
    driver.receive(line(HELLO), AT)
    assert driver.replies() == b""
    return driver


def answers(driver: WristDriver) -> list[Any]:
    return [json.loads(part) for part in driver.replies().splitlines()]


def test_samples_become_rows_and_a_peak_and_are_answered() -> None:
    driver = band()
    [rows] = of(Samples, items := driver.receive(samples(1), AT))
    assert (rows.device, rows.at, rows.rate_hz, len(rows.xyz_g)) == ("wrist-li-mei", AT - 1000, 4, 4)
    [peak] = of(Reading, items)
    assert (peak.kind, peak.value) == ("acceleration_g", 9.642)
    assert driver.replies() == b'{"type":"ok","seq":1}\n'


def test_a_gap_is_told_and_a_repeat_is_answered_but_not_used() -> None:
    driver = band()
    driver.receive(samples(1), AT)
    assert of(Samples, driver.receive(samples(1), AT)) == []
    [rows] = of(Samples, driver.receive(samples(3, AT), AT + 1000))
    assert rows.gap
    [rows] = of(Samples, driver.receive(samples(4, AT + 1000), AT + 2000))
    assert not rows.gap
    assert [answer["seq"] for answer in answers(driver)] == [1, 1, 3, 4]
    assert (driver.counts["gaps"], driver.counts["repeats"]) == (1, 1)


def test_numbers_go_on_over_a_reconnect_and_start_anew_after_a_restart() -> None:
    options = DriverOptions()
    band(options).receive(samples(7), AT)
    assert of(Samples, band(options).receive(samples(7), AT)) == []
    assert len(of(Samples, band(options).receive(samples(1, AT), AT + 1000))) == 1
    assert of(Samples, band(options).receive(samples(1, AT), AT + 1000)) == []


def test_a_wrong_clock_ends_the_rows_at_the_arrival_and_keeps_them_in_line() -> None:
    driver = band()
    [first] = of(Samples, driver.receive(samples(1, 5_000), AT))
    [second] = of(Samples, driver.receive(samples(2, 6_000), AT + 1900))
    assert (first.at, second.at) == (AT - 1000, AT)


def test_status_becomes_readings_and_a_state() -> None:
    driver = band()
    items = driver.receive(line({"type": "status", "battery": 81, "worn": True, "charging": False}), AT)
    assert {r.kind: r.value for r in of(Reading, items)} == {"battery": 81, "worn": 1, "charging": 0}
    [seen] = of(Sighting, items)
    assert (seen.state.worn, seen.state.charging, seen.state.battery_percent) == (True, False, 81)
    assert of(Reading, driver.receive(line({"type": "status"}), AT)) == []


def test_buttons() -> None:
    driver = band()
    [sos] = of(Happening, driver.receive(line({"type": "button", "at": AT - 200, "button": "sos"}), AT))
    assert (sos.kind, sos.phase, sos.instant, sos.at) == ("sos", "raised", True, AT - 200)
    [late] = of(Happening, driver.receive(line({"type": "button", "at": 77, "button": "sos"}), AT))
    assert (late.at, late.device_at) == (AT, 77)
    [again] = of(Happening, driver.receive(line({"type": "button", "at": 77, "button": "sos"}), AT + 5000))
    assert again.fingerprint == late.fingerprint != sos.fingerprint
    [cancel] = of(Press, driver.receive(line({"type": "button", "at": AT, "button": "cancel"}), AT))
    assert (cancel.button, cancel.at) == ("cancel", AT)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"rubbish\n", "not_json"),
        (b"[1]\n", "not_json"),
        (b"\xff\n", "not_json"),
        (b"[" * 50_000 + b"\n", "not_json"),
        (line({"type": "dance"}), "unknown_type"),
        (line({"no": "type"}), "unknown_type"),
        (line({"type": ["hello"]}), "unknown_type"),
        (samples(0), "bad_field"),
        (samples(1, rows=[]), "bad_field"),
        (samples(1, rows=[[0, 0, 1]] * 257), "bad_field"),
        (samples(1, rows=[[0.9, 0.3]]), "bad_field"),
        (samples(1, rows=[["a", 0, 0]]), "bad_field"),
        (samples(1, rows=[[True, 0, 0]]), "bad_field"),
        (samples(1, rows=[[65, 0, 0]]), "bad_field"),
        (b'{"type":"samples","seq":1,"at":1,"xyz":[[NaN,0,0]]}\n', "not_json"),
        (b'{"type":"samples","seq":1,"at":1,"xyz":[[1e400,0,0]]}\n', "not_json"),
        (line({"type": "button", "at": AT, "button": "panic"}), "bad_field"),
        (line({"type": "status", "battery": 101}), "bad_field"),
        (line(HELLO | {"device": "wrist-other"}), "bad_field"),
        (line(HELLO | {"rate_hz": 0}), "bad_field"),
        (b"x" * 70_000 + b"\n", "too_long"),
    ],
)
def test_bad_lines_are_answered_and_the_connection_goes_on(bad: bytes, reason: str) -> None:
    driver = band()
    assert driver.receive(bad, AT) == []
    assert answers(driver) == [{"type": "error", "reason": reason}]
    assert driver.counts[reason] == 1
    assert len(of(Samples, driver.receive(samples(1), AT))) == 1


def test_nothing_counts_before_the_first_good_hello() -> None:
    driver = WristDriver(DriverOptions())
    for early in (samples(1), b'{"type":"dance"}\n', line({"type": "button", "at": AT, "button": "sos"})):
        assert driver.receive(early, AT) == []
        assert answers(driver)[0]["reason"] == "hello_expected"
    driver.receive(line(HELLO | {"device": "li-mei"}), AT)
    assert answers(driver) == [{"type": "error", "reason": "bad_field"}]
    assert driver.receive(line(HELLO), AT) != []


def test_lines_come_in_pieces_with_either_line_end() -> None:
    stream = b"\r\n".join([line(HELLO).strip(), b"", samples(1).strip(), samples(2, AT).strip(), b""])
    whole, piecewise = WristDriver(DriverOptions()), WristDriver(DriverOptions())
    items = whole.receive(stream, AT)
    assert [i for b in stream for i in piecewise.receive(bytes([b]), AT)] == items
    assert len(of(Samples, items)) == 2
    assert whole.replies() == piecewise.replies()
