"""Identifiers: UUIDv7 carries its time and sorts by it; any name becomes a wire id, and names stay apart."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.ids import is_wire_id, new_run, uuid7, uuid7_ms, wire_id

milliseconds = st.integers(0, (1 << 48) - 1)


@given(milliseconds)
def test_a_uuid7_carries_its_time_version_and_variant(at_ms: int) -> None:
    value = uuid7(at_ms)
    assert uuid7_ms(value) == at_ms
    assert value.version == 7
    assert value.variant == uuid.RFC_4122


@given(milliseconds, milliseconds)
def test_uuid7s_sort_by_time(first: int, second: int) -> None:
    if first != second:
        assert (uuid7(first) < uuid7(second)) is (first < second)
        assert (str(uuid7(first)) < str(uuid7(second))) is (first < second)


@given(milliseconds, st.integers(0, (1 << 74) - 1))
def test_the_random_bits_all_arrive(at_ms: int, bits: int) -> None:
    value = uuid7(at_ms, bits).int
    assert (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1 == bits


def test_the_layout_is_that_of_rfc_9562() -> None:
    assert (
        str(uuid7(0x017F22E279B0, 0xCC3 << 62 | 0x18C4DC0C0C07398F)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    )


@pytest.mark.parametrize(("at_ms", "kept"), [(-5, 0), (1 << 60, (1 << 48) - 1)])
def test_impossible_times_are_clamped(at_ms: int, kept: int) -> None:
    assert uuid7_ms(uuid7(at_ms)) == kept


def test_two_uuid7s_of_one_millisecond_differ() -> None:
    assert len({uuid7(1) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("name", "mapped"),
    [
        ("gw-1", "gw-1"),
        ("Kitchen PIR", "kitchen-pir"),
        ("hall/light_2", "hall-light-2"),
        ("  A.B  ", "a-b"),
        ("--x--", "x"),
        ("0x00158D0001A2B3C4", "0x00158d0001a2b3c4"),
        ("", "unnamed"),
    ],
)
def test_names_become_readable_wire_ids(name: str, mapped: str) -> None:
    assert wire_id(name) == mapped


def test_chinese_names_stay_apart() -> None:
    names = ["奶奶", "爷爷", "卧室1", "客厅1", "卧室", "厨房 PIR", "阳台 PIR", "//", "///"]
    mapped = [wire_id(name) for name in names]
    assert len(set(mapped)) == len(names)
    assert all(is_wire_id(one) for one in mapped)
    assert wire_id("厨房 PIR").startswith("pir-")


def test_long_names_that_differ_at_their_end_stay_apart() -> None:
    assert wire_id("x" * 100 + "1") != wire_id("x" * 100 + "2")
    assert wire_id("x" * 64) == "x" * 64


@given(st.text(st.characters(), max_size=200))
def test_any_text_becomes_a_wire_id_that_maps_to_itself(name: str) -> None:
    mapped = wire_id(name)
    assert is_wire_id(mapped)
    assert wire_id(mapped) == mapped


@given(st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True))
def test_a_wire_id_stays_what_it_is(name: str) -> None:
    if name.strip("-") == name:
        assert wire_id(name) == name


@pytest.mark.parametrize("text", ["", "A", "a_b", "a" * 65, "a\n", "床", "a b", "a/b", "a+", "#"])
def test_what_is_no_wire_id(text: str) -> None:
    assert not is_wire_id(text)


def test_runs_are_random_and_fit_the_contract() -> None:
    runs = {new_run() for _ in range(1000)}
    assert len(runs) == 1000
    assert all(len(run) == 16 and is_wire_id(run) for run in runs)
