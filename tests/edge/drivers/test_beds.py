import json
from typing import Any

import pytest

from edge.drivers import emfit_qs, sca11h
from edge.drivers.catalogue import DRIVERS
from edge.drivers.options import DriverOptions
from edge.readings import Item, Reading, Sighting
from simulators.devices import beds
from tests.edge.drivers.replays import AT, assert_same_in_pieces


def line(what: str, status: int = 200) -> bytes:
    return json.dumps({"status": status, "body": beds.emfit_page(what)}).encode() + b"\n"


def told(items: list[Item]) -> list[Any]:
    return [(item.kind, item.value) for item in items if isinstance(item, Reading)]


def test_a_night_on_the_murata_in_every_way_it_can_arrive() -> None:
    night = [beds.sca11h_record(what, n) for n, what in enumerate(["sleeps", "turns", "no_rates"])]
    assert told(assert_same_in_pieces("sca11h", night, garbage=b"\x00~")) == [
        ("in_bed", 1),
        ("vibration", 0),
        ("heart_rate", 58),
        ("resp_rate", 14),
        ("in_bed", 1),
        ("vibration", 1),
        ("in_bed", 1),
        ("vibration", 0),
    ]


def test_the_murata_record_by_the_page() -> None:
    record = bytes.fromhex(
        "FE2400000000000000 3A000000 0E000000 3D000000 28000000 60090000 01000000 0A040000 0A040000 00000000"
    )
    assert record == beds.sca11h_record("sleeps")
    assert sca11h.decode_frame(record) == {
        "heart_rate": 58,
        "resp_rate": 14,
        "stroke_volume": 61,
        "heart_rate_variability": 40,
        "signal_strength": 2400,
        "status": 1,
        "b2b_ms": 1034,
        "b2b_1_ms": 1034,
        "b2b_2_ms": 0,
    }


def test_a_weak_moment_is_no_getting_up_and_an_empty_bed_is() -> None:
    driver = DRIVERS["sca11h"](DriverOptions(device="bed-1"))
    states = ["sleeps"] * 3 + ["empty"] * 10 + ["sleeps"] + ["empty"] * 20
    in_bed = [
        (second, item.value)
        for second, what in enumerate(states)
        for item in driver.receive(beds.sca11h_record(what), AT + second * 1000)
        if isinstance(item, Reading) and item.kind == "in_bed"
    ]
    assert [value for _, value in in_bed] == [1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert in_bed[4][0] == 14 + 15


def test_what_no_bed_has_is_no_record() -> None:
    driver = DRIVERS["sca11h"](DriverOptions())
    good = beds.sca11h_record("sleeps")
    broken = good[:9] + b"\xff\xff\xff\xff" + good[13:]
    assert len(told(driver.receive(broken + good, AT))) == 4
    assert driver.counts["implausible"] >= 1


def test_the_emfit_page_is_read_and_silence_is_told_once() -> None:
    items = assert_same_in_pieces(
        "emfit_qs", [line("sleeps"), line("no_rates"), line("empty")], garbage=b"~\n"
    )
    assert told(items) == [
        ("in_bed", 1),
        ("heart_rate", 58),
        ("resp_rate", 14.5),
        ("in_bed", 1),
        ("in_bed", 0),
    ]
    assert {item.device for item in items if isinstance(item, Reading)} == {"emfit-001122"}
    driver = DRIVERS["emfit_qs"](DriverOptions(device="other"))
    driver.receive(line("sleeps"), AT)
    seen = [
        item for s in range(200) for item in driver.receive(b"", AT + s * 1000) if isinstance(item, Sighting)
    ]
    assert [(item.state.device, item.state.online) for item in seen] == [("emfit-001122", False)]


@pytest.mark.parametrize(
    ("body", "values"),
    [
        ("SER=1<br>PRES=1<br>HR=61<br>RR=13<br>", {"in_bed": True, "heart_rate": 61.0, "resp_rate": 13.0}),
        ("SER=1<br/>\nPRES=0\nHR=61", {"in_bed": False}),
        ("SER=1<br>PRES=<br>HR=61", {}),
        ("SER=1<br>PRES=1<br>HR=-<br>RR=1e9", {"in_bed": True}),
    ],
)
def test_fields_of_the_emfit_page(body: str, values: dict[str, Any]) -> None:
    assert emfit_qs.values(emfit_qs.read_page(body)) == values


def test_other_pages_say_nothing() -> None:
    driver = DRIVERS["emfit_qs"](DriverOptions())
    for page in (
        line("sleeps", status=404),
        b'{"status":200,"body":"<html>"}\n',
        b'{"status":"x"}\n',
        b"[]\n",
    ):
        assert driver.receive(page, AT) == []
    assert (driver.counts["page_unreadable"], driver.counts["line_unreadable"]) == (2, 2)


def test_a_bed_that_was_left_does_not_stir() -> None:
    driver = DRIVERS["sca11h"](DriverOptions(device="bed-1"))
    heard = [
        item
        for second, what in enumerate(["sleeps", "turns"] + ["empty"] * 20)
        for item in driver.receive(beds.sca11h_record(what), AT + second * 1000)
    ]
    assert [item.value for item in heard if isinstance(item, Reading) and item.kind == "vibration"][-1] == 0
