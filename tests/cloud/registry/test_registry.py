"""ID-card numbers, ages, addresses."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.registry.registry import (
    age_on,
    born_on,
    china_date,
    id_number_fault,
    normal_id_number,
    place_text,
    sex_of,
)

TODAY = date(2026, 1, 1)
# The standard's own two examples.
RIGHT = ("11010519491231002X", "440524188001010014")


def with_check(body: str) -> str:
    """17 digits with the right check character, counted the recursive way of ISO 7064."""
    total = 0
    for digit in body:
        total = (total + int(digit)) * 2 % 11
    return body + "10X98765432"[total]


@pytest.mark.parametrize("number", RIGHT)
def test_the_standards_examples_are_right(number: str) -> None:
    assert id_number_fault(number, TODAY) is None


@pytest.mark.parametrize(
    "number",
    ["", "123", "110105194912310021", "11010519491231002x", "11010520491231002X", "1101051949123100２X",
     "11010519490231002X", "11010519491231002X0", "\x00" * 18, "１１０１０５１９４９１２３１００２Ｘ"],
)  # fmt: skip
def test_wrong_numbers_are_told_apart_from_right_ones(number: str) -> None:
    fault = id_number_fault(number, TODAY)
    assert fault is not None
    assert all(fault)


def test_full_width_digits_and_a_small_x_are_tidied() -> None:
    assert normal_id_number("１１０１０５ 1949-1231 002ｘ") == "11010519491231002X"


@given(st.dates(date(1900, 1, 1), date(2025, 12, 31)), st.integers(0, 999))
def test_a_computed_check_character_is_accepted_and_any_other_refused(born: date, order: int) -> None:
    number = with_check(f"370502{born:%Y%m%d}{order:03}")
    assert id_number_fault(number, TODAY) is None
    assert born_on(number) == born
    assert sex_of(number) == ("male" if order % 2 else "female")
    for other in "0123456789X":
        if other != number[-1]:
            assert id_number_fault(number[:17] + other, TODAY) is not None


@given(st.dates(date(1900, 1, 1), date(2025, 12, 31)), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(born: date, place: int, step: int) -> None:
    number = with_check(f"370502{born:%Y%m%d}001")
    changed = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert id_number_fault(changed, TODAY) is not None


def test_age_counts_completed_years() -> None:
    assert age_on(date(1943, 5, 1), date(2026, 4, 30)) == 82
    assert age_on(date(1943, 5, 1), date(2026, 5, 1)) == 83
    assert age_on(date(1940, 2, 29), date(2026, 2, 28)) == 85
    assert age_on(None, TODAY) is None
    assert age_on(date(2027, 1, 1), TODAY) is None


def test_the_day_changes_at_midnight_in_shanghai() -> None:
    assert china_date(1_767_196_799) == date(2025, 12, 31)
    assert china_date(1_767_196_800) == date(2026, 1, 1)


def test_an_address_leaves_out_what_is_empty() -> None:
    assert place_text("", "胜利小区", None, "2单元", "501") == "胜利小区 2单元 501"
