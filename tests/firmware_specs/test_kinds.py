"""The closed list of kinds: unique, in known units, with sensible ranges, and all alarms of the product."""

import re
from typing import Final

import pytest

from firmware_specs.kinds import _EVENTS, _READINGS, EVENTS, LIFE_SAFETY, READINGS, EventKind, ReadingKind

SENML: Final = {
    *(
        "m",
        "kg",
        "g",
        "s",
        "A",
        "K",
        "cd",
        "mol",
        "Hz",
        "rad",
        "sr",
        "N",
        "Pa",
        "J",
        "W",
        "C",
        "V",
        "F",
        "Ohm",
    ),
    *(
        "S",
        "Wb",
        "T",
        "H",
        "Cel",
        "lm",
        "lx",
        "Bq",
        "Gy",
        "Sv",
        "kat",
        "m2",
        "m3",
        "m/s",
        "m/s2",
        "m3/s",
        "W/m2",
    ),
    *(
        "cd/m2",
        "bit",
        "bit/s",
        "lat",
        "lon",
        "pH",
        "dB",
        "dBW",
        "count",
        "/",
        "%RH",
        "%EL",
        "EL",
        "1/s",
        "1/min",
    ),
    *("beat/min", "beats", "S/m", "B", "VA", "VAs", "var", "vars", "J/m", "kg/m3", "deg"),
    *(
        "ms",
        "min",
        "h",
        "MHz",
        "kW",
        "kVA",
        "kvar",
        "Ah",
        "Wh",
        "kWh",
        "mV",
        "mA",
        "dBm",
        "ug/m3",
        "mm/h",
        "m/h",
    ),
    *("ppm", "/100", "/1000", "hPa", "mm", "cm", "km", "km/h"),
    "%",  # deprecated by the registry for /, but what every oximeter and gauge says
}
UCUM_WHERE_SENML_HAS_NONE: Final = {"mm[Hg]", "mmol/l", "[g]"}

PRODUCT: Final = {
    1: {"sos", "fall", "smoke", "gas", "co", "heat", "news2_high", "no_answer"},
    2: {"fall_suspected", "inactivity", "fence_exit", "not_returned_to_bed", "news2_medium", "water_leak"},
    3: {"vital_out_of_band", "door_left_open", "medication_missed"},
    4: {
        "device_offline",
        "gateway_offline",
        "battery_low",
        "mains_lost",
        "tamper",
        "clock_wrong",
        "gateway_cloned",
    },
}


def test_names_are_unique_and_plain() -> None:
    for given, made in ((_READINGS, READINGS), (_EVENTS, EVENTS)):
        assert len(given) == len(made)
        assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) for name in made)


@pytest.mark.parametrize("kind", READINGS.values(), ids=lambda kind: str(kind.name))
def test_a_reading_kind_is_sensible(kind: ReadingKind) -> None:
    assert kind.unit in SENML | UCUM_WHERE_SENML_HAS_NONE
    assert kind.low < kind.high
    assert 0 <= kind.dead_band < kind.high - kind.low
    assert 60 <= kind.heartbeat_s <= 86_400
    assert kind.loinc is None or (re.fullmatch(r"\d{4,5}-\d", kind.loinc) and kind.ucum)
    assert kind.loinc is None or luhn(kind.loinc)
    assert kind.zh
    assert kind.en


def luhn(loinc: str) -> bool:
    """The check digit of a LOINC code (mod 10, from the right, odd places doubled)."""
    digits = [int(digit) for digit in reversed(loinc[:-2])]
    doubled = [digit * 2 if place % 2 == 0 else digit for place, digit in enumerate(digits)]
    return (10 - sum(digit // 10 + digit % 10 for digit in doubled) % 10) % 10 == int(loinc[-1])


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: str(kind.name))
def test_an_event_kind_is_sensible(kind: EventKind) -> None:
    assert kind.priority in (1, 2, 3, 4)
    assert (kind.alarm_class == "care") is (kind.priority < 4)
    assert kind.scaip is None or re.fullmatch(r"\d{4}", kind.scaip)
    assert re.search("[\u4e00-\u9fff]", kind.zh)
    assert kind.en


def test_every_kind_of_the_product_is_there_with_its_priority() -> None:
    for priority, names in PRODUCT.items():
        assert {name: EVENTS[name].priority for name in names} == dict.fromkeys(names, priority)


def test_life_safety_is_priority_1_and_a_fall_that_nobody_has_cancelled_yet() -> None:
    assert {name for name, kind in EVENTS.items() if kind.priority == 1} | {"fall_suspected"} == LIFE_SAFETY
    assert {"sos", "fall", "smoke", "gas", "co"} <= LIFE_SAFETY


def test_the_trackers_of_other_alarm_centres_are_named() -> None:
    wanted = {
        "sos": "0003",
        "fall": "0005",
        "smoke": "0023",
        "co": "0026",
        "gas": "0021",
        "water_leak": "0033",
    }
    assert {name: EVENTS[name].scaip for name in wanted} == wanted


@pytest.mark.parametrize(
    ("kind", "worst_plausible"),
    [
        ("heart_rate", 220),
        ("resp_rate", 60),
        ("spo2", 60),
        ("body_temperature", 42),
        ("systolic", 250),
        ("co2", 5000),
    ],
)
def test_the_range_takes_what_an_ill_person_or_a_full_room_shows(kind: str, worst_plausible: float) -> None:
    assert READINGS[kind].low <= worst_plausible <= READINGS[kind].high


@pytest.mark.parametrize(
    "state", ["in_bed", "door_open", "motion", "presence", "worn", "charging", "smoke", "battery_low"]
)
def test_a_state_is_one_or_zero_and_each_change_is_sent(state: str) -> None:
    kind = READINGS[state]
    assert (kind.low, kind.high) == (0, 1)
    assert kind.dead_band < 1
