"""Breathing, pulse and heart rate from raw signals: right, blank, the same in pieces and in one."""

import math
from collections.abc import Iterable

import numpy as np
import pytest

from edge.pipeline.meters import BREATHING, HEART, PULSE, Estimate, Meter, Method
from edge.pipeline.rhythm import Vector, period, rises, smooth, tops
from simulators import bed_signal
from simulators.bed_signal import Movement

METHODS = {"breathing": BREATHING, "pulse": PULSE, "heart": HEART}


def breath(per_min: float, seconds: float, hz: float) -> Vector:
    t = np.arange(round(seconds * hz)) / hz
    return np.asarray(np.sin(2 * np.pi * per_min / 60 * t), dtype=np.float64)


def ppg(per_min: float, seconds: float, hz: float) -> Vector:
    phase = np.arange(round(seconds * hz)) / hz * per_min / 60 % 1
    return np.asarray(np.exp(-(((phase - 0.25) / 0.1) ** 2)) + 0.4 * np.exp(-(((phase - 0.55) / 0.1) ** 2)))


def felt(per_min: float, seconds: float, *, noise: float = 0.5, movements: Iterable[Movement] = ()) -> Vector:
    beats = np.arange(0.5, seconds, 60 / per_min)
    return bed_signal.bed(
        beats,
        breath(14, seconds, 50),
        bed_signal.beat_shape(),
        noise=noise,
        movements=list(movements),
        rng=np.random.default_rng(3),
    )


def estimates(method: Method, hz: float, signal: Vector) -> list[Estimate]:
    return [estimate for _, estimate in Meter(hz, method).feed(signal.tolist())]


def values(found: list[Estimate]) -> list[float]:
    return [estimate.per_min for estimate in found if estimate.per_min is not None]


@pytest.mark.parametrize("per_min", [6.0, 12.0, 16.5, 32.0])
@pytest.mark.parametrize("hz", [20.0, 50.0, 125.0])
def test_breaths_are_counted_at_any_rate_of_the_sensor(per_min: float, hz: float) -> None:
    found = values(estimates(BREATHING, hz, breath(per_min, 90, hz)))
    assert found == pytest.approx([per_min] * 7, abs=0.15)


@pytest.mark.parametrize("per_min", [42.0, 75.0, 140.0])
def test_the_second_wave_of_a_pulse_is_not_a_beat(per_min: float) -> None:
    found = values(estimates(PULSE, 100, ppg(per_min, 60, 100)))
    assert len(found) == 7
    assert found == pytest.approx([per_min] * 7, rel=0.01)


@pytest.mark.parametrize("per_min", [48.0, 66.0, 90.0])
def test_beats_are_found_under_breathing_eight_times_as_strong(per_min: float) -> None:
    found = values(estimates(HEART, 50, felt(per_min, 90)))
    assert len(found) >= 11
    assert found == pytest.approx([per_min] * len(found), abs=1.5)


@pytest.mark.parametrize("name", METHODS)
def test_noise_yields_no_value(name: str) -> None:
    noise = np.random.default_rng(5).standard_normal(50 * 180)
    found = estimates(METHODS[name], 50, noise)
    assert len(values(found)) <= len(found) / 20


def test_an_empty_bed_has_no_heart() -> None:
    found = estimates(HEART, 50, bed_signal.empty(120, noise=0.5, rng=np.random.default_rng(2)))
    assert len(values(found)) <= 1


@pytest.mark.parametrize("name", METHODS)
def test_a_dead_sensor_yields_no_value(name: str) -> None:
    assert {found.blank for found in estimates(METHODS[name], 50, np.full(50 * 70, 7.0))} == {"no_signal"}
    broken = breath(14, 70, 50)
    broken[2000] = math.nan
    assert "no_signal" in {found.blank for found in estimates(METHODS[name], 50, broken)}


def test_a_pause_in_breathing_is_not_averaged_away() -> None:
    signal = breath(15, 120, 50)
    signal[50 * 60 : 50 * 85] = 0
    blanks = {found.blank for found in estimates(BREATHING, 50, signal)}
    assert "pause" in blanks


def test_a_person_who_tosses_about_has_no_heart_rate_until_still() -> None:
    signal = felt(60, 120, movements=[Movement(30, 25)])
    found = estimates(HEART, 50, signal)
    assert "movement" in {estimate.blank for estimate in found}
    assert found[0].per_min == pytest.approx(60, abs=1.5)
    assert found[-1].per_min == pytest.approx(60, abs=1.5)


@pytest.mark.parametrize("name", METHODS)
def test_in_pieces_and_in_one_the_answer_is_the_same(name: str) -> None:
    signal = felt(64, 80).tolist()
    whole = list(Meter(50, METHODS[name]).feed(signal))
    one_by_one, meter = [], Meter(50, METHODS[name])
    for sample in signal:
        one_by_one += list(meter.feed([sample]))
    odd, meter = [], Meter(50, METHODS[name])
    for start in range(0, len(signal), 37):
        odd += list(meter.feed(signal[start : start + 37]))
    assert whole == one_by_one == odd
    assert whole


def test_quality_falls_with_noise() -> None:
    clear, loud = (
        np.mean([found.quality for found in estimates(HEART, 50, felt(64, 60, noise=noise))])
        for noise in (0.2, 1.5)
    )
    assert clear > loud + 10


def test_the_tools_at_their_edges() -> None:
    assert list(smooth(np.array([1.0, 2.0, 3.0]), 1)) == [1, 2, 3]
    assert period(np.array([1.0, 2.0, 1.0]), 1, 1, 2, 0.8) is None
    assert period(np.arange(100.0), 1, 2, 30, 0.8) is None
    assert len(tops(np.array([1.0]), 3)) == 0
    assert len(rises(np.ones(10), 0.5)) == 0
