"""A simulated night: its truth, its likeness to recordings, and what the meters make of it."""

import numpy as np
import pytest

from edge.pipeline.meters import BREATHING, HEART, Estimate, Meter, Method
from simulators.bed_signal import RATE_HZ
from simulators.sleeper import Night, sleep


def estimates(night: Night, method: Method) -> list[tuple[float, Estimate]]:
    return [(rows / RATE_HZ, e) for rows, e in Meter(RATE_HZ, method).feed(night.signal.tolist())]


def test_the_same_seed_is_the_same_night() -> None:
    assert np.array_equal(sleep(3, 2).signal, sleep(3, 2).signal)
    assert not np.array_equal(sleep(3, 2).signal, sleep(4, 2).signal)


def test_nights_lie_within_what_recordings_show() -> None:
    for seed in range(12):
        night = sleep(seed, 20)
        rr = np.diff(night.beats_s)
        spread = [rr[n : n + 300].std() for n in range(0, len(rr) - 300, 300)]
        assert 50 <= 60 / np.median(rr) <= 85
        assert 0.015 <= np.median(spread) <= 0.09
        assert 0.010 <= np.sqrt(np.mean(np.diff(rr) ** 2)) <= 0.104
        breaths = np.diff(night.breaths_s)
        assert 10 <= 60 / breaths.mean() <= 17
        assert 0.07 <= breaths.std() / breaths.mean() <= 0.5


def test_pauses_are_held_and_told() -> None:
    night = sleep(5, 60, pauses_an_hour=20)
    assert 8 <= len(night.pauses) <= 32
    for pause in night.pauses:
        inside = (night.breaths_s >= pause.at_s) & (night.breaths_s < pause.at_s + pause.for_s)
        assert not inside.any()
        assert 10 <= pause.for_s <= 40


@pytest.mark.parametrize("seed", [1, 2])
def test_the_meters_follow_a_simulated_night_and_are_blank_rather_than_wrong(seed: int) -> None:
    night = sleep(seed, 10)
    for method, events, worst in ((HEART, night.beats_s, 2.0), (BREATHING, night.breaths_s, 1.0)):
        found = estimates(night, method)
        errors = []
        for end, estimate in found:
            inside = events[(events >= end - method.window_s) & (events < end)]
            true = 60 * (len(inside) - 1) / (inside[-1] - inside[0])
            if estimate.per_min is not None:
                errors.append(abs(estimate.per_min - true))
        assert len(errors) >= len(found) / 3
        assert np.mean(errors) <= worst


def test_a_long_pause_blanks_the_breathing_rate() -> None:
    night = sleep(5, 30, pauses_an_hour=12)
    long = [p for p in night.pauses if p.for_s > 25]
    found = estimates(night, BREATHING)
    assert long
    for pause in long:
        during = [e for end, e in found if end - 45 <= pause.at_s and pause.at_s + pause.for_s <= end - 5]
        assert all(estimate.per_min is None for estimate in during)
