"""One number in every spelling that exchanges and people use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.telephony.numbers import canonical, ending, same_number, spellings


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("13800000000", "13800000000"),
        ("+8613800000000", "13800000000"),
        ("0086 138 0000 0000", "13800000000"),
        ("86-138-0000-0000", "13800000000"),
        ("013800000000", "13800000000"),
        ("+86013800000000", "13800000000"),
        ("05461234567", "05461234567"),
        ("0546-8234567", "05468234567"),
        ("+86 546 8234567", "05468234567"),
        ("(0546) 8234567", "05468234567"),
        ("8605468234567", "05468234567"),
        ("865468234567", "05468234567"),
        ("8234567", "05468234567"),
        ("+86 10 82345678", "01082345678"),
        ("sip:13800000000@pbx.local", "13800000000"),
        ("+44 20 7946 0000", "+442079460000"),
        ("0044 20 7946 0000", "+442079460000"),
        ("120", "120"),
        ("12349", "12349"),
        ("4006123456", "4006123456"),
        ("", ""),
        ("anonymous", ""),
        ("+", ""),
        ("86123456", "054686123456"),
        ("+86 120", "120"),
    ],
)
def test_every_spelling_becomes_one_number(said: str, plain: str) -> None:
    assert canonical(said, "0546") == plain


def test_a_local_number_without_a_towns_code_stays_as_it_is() -> None:
    assert canonical("8234567") == "8234567"


@pytest.mark.parametrize(
    "stored", ["13800000000", "+8613800000000", "8613800000000", "008613800000000", "013800000000"]
)
def test_the_registrys_spelling_of_a_mobile_is_among_those_looked_for(stored: str) -> None:
    for said in ("13800000000", "+86 138 0000 0000", "0086-13800000000", "013800000000"):
        assert stored in spellings(said)


@pytest.mark.parametrize("stored", ["05468234567", "+865468234567", "8605468234567", "8234567"])
def test_the_registrys_spelling_of_a_land_line_is_among_those_looked_for(stored: str) -> None:
    assert stored in spellings("+86 546 8234567", "0546")
    assert stored in spellings("8234567", "0546")


def test_another_towns_local_number_is_another_number() -> None:
    assert "8234567" not in spellings("053182345678", "0546")
    assert not same_number("05318234567", "8234567", "0546")
    assert not same_number("", "", "0546")


def test_a_withheld_number_has_no_spelling() -> None:
    assert spellings("anonymous") == spellings("") == []


def test_a_timeline_says_four_digits_at_most() -> None:
    assert ending("+86 138 0000 1234") == "…1234"
    assert ending("120") == "120"


@given(st.text(max_size=40), st.sampled_from(["", "0546"]))
def test_any_text_is_read_and_reading_again_changes_nothing(text: str, code: str) -> None:
    plain = canonical(text, code)
    assert set(plain) <= set("+0123456789")
    assert canonical(plain, code) == plain
    assert not plain or plain in spellings(text, code)
