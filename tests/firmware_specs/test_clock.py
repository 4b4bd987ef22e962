"""The clock: rate, anchor, and the same clock for a child process."""

import argparse
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_specs.clock import Clock, add_clock_arguments, clock_from

START = 1_770_401_400_000


def parsed(*arguments: str) -> Clock:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_clock_arguments(parser)
    return clock_from(parser.parse_args(arguments))


def real_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def at_real(monkeypatch: pytest.MonkeyPatch) -> "Real":
    return Real(monkeypatch)


class Real:
    """Sets the machine's clock as `Clock` reads it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, ms: float) -> None:
        self._monkeypatch.setattr("firmware_specs.clock.time.time", lambda: ms / 1000)


def test_without_arguments_it_is_the_machines_clock() -> None:
    clock = parsed()
    assert clock == Clock()
    assert clock.arguments() == []
    assert abs(clock.now_ms() - real_ms()) < 1000


def test_a_minute_of_play_is_an_hour_at_rate_60(at_real: Real) -> None:
    clock = Clock(START, 1000, 60.0)
    at_real(1000)
    assert clock.now_ms() == START
    at_real(61_000)
    assert clock.now_ms() == START + 3_600_000
    assert clock.now() == datetime(2026, 2, 6, 19, 10, tzinfo=UTC)


def test_real_moments_before_the_anchor_are_before_the_start(at_real: Real) -> None:
    at_real(0)
    assert Clock(START, 1000, 60.0).now_ms() == START - 60_000


def test_a_start_without_an_anchor_begins_now(at_real: Real) -> None:
    at_real(5000)
    assert parsed("--clock-start", "2026-02-07T02:10:00+08:00") == Clock(START, 5000, 1.0)
    assert parsed("--clock-start", "2026-02-06T18:10:00Z", "--clock-rate", "2").now_ms() == START


def test_a_rate_alone_starts_at_the_real_time(at_real: Real) -> None:
    at_real(START)
    assert parsed("--clock-rate", "10") == Clock(START, START, 10.0)


@given(
    st.integers(0, 4_102_444_800_000),
    st.integers(0, 4_102_444_800_000),
    st.floats(min_value=0.001, max_value=10_000, allow_nan=False),
)
def test_a_child_process_gets_the_same_clock(start_ms: int, anchor_ms: int, rate: float) -> None:
    clock = Clock(start_ms, anchor_ms, rate)
    assert parsed(*clock.arguments()) == clock


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--clock-rate", "0"], "above 0"),
        (["--clock-rate", "-1"], "above 0"),
        (["--clock-rate", "nan"], "above 0"),
        (["--clock-rate", "inf"], "above 0"),
        (["--clock-start", "2026-02-06T18:10:00"], "needs a zone"),
        (["--clock-start", "yesterday"], "Invalid isoformat"),
        (["--clock-start", "2026-02-06T18:10:00Z@noon"], "invalid literal"),
    ],
)
def test_an_unreadable_clock_says_what_is_wrong(arguments: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parsed(*arguments)


async def test_a_simulated_hour_sleeps_a_fraction_of_a_second() -> None:
    before = time.monotonic()
    await Clock(START, 0, 360_000.0).sleep(3600)
    await Clock(START, 0, 360_000.0).sleep(-5)
    assert 0.009 <= time.monotonic() - before < 5
