"""The made-up arm against the figures of real ones (wrists of UMAFall, resampled to 20 Hz)."""

import numpy as np
import pytest

from edge.pipeline.fall_detector import FallDetector, Suspicion
from simulators.devices import motion
from simulators.devices.motion import RATE_HZ, Fall, Rows
from simulators.devices.wrist import STORY_PEAK_G


def _random(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def _length(rows: Rows) -> Rows:
    length: Rows = np.linalg.norm(rows, axis=1)
    return length


@pytest.fixture(scope="module")
def falls() -> list[Fall]:
    return [motion.fall(random=_random(seed), lying_s=8) for seed in range(200)]


def _found(rows: Rows) -> list[Suspicion]:
    detector = FallDetector(RATE_HZ)
    fed = [detector.feed((x, y, z), n * 1000 / RATE_HZ) for n, (x, y, z) in enumerate(rows.tolist())]
    return [found for found in fed if found is not None]


def _suspected(rows: Rows) -> int:
    return len(_found(rows))


def test_impacts_are_as_hard_as_recorded_ones(falls: list[Fall]) -> None:
    quartiles = np.percentile([_length(fall.rows).max() for fall in falls], [25, 50, 75])
    assert quartiles == pytest.approx([3.65, 5.3, 7.2], rel=0.15)


def test_the_drop_before_it_is_as_light_and_as_short(falls: list[Fall]) -> None:
    before = [_length(fall.rows)[fall.impact - RATE_HZ : fall.impact] for fall in falls]
    assert np.median([rows.min() for rows in before]) == pytest.approx(0.45, abs=0.12)
    assert np.median([(rows < 0.7).sum() for rows in before]) == pytest.approx(2, abs=1)


def test_it_comes_to_rest_as_slowly_and_lies_as_still(falls: list[Fall]) -> None:
    def spread(begin_s: float, end_s: float) -> float:
        cuts = [
            fall.rows[fall.impact + round(begin_s * RATE_HZ) : fall.impact + round(end_s * RATE_HZ)]
            for fall in falls
        ]
        return float(np.median([np.sqrt(cut.var(axis=0).sum()) for cut in cuts]))

    assert spread(0.5, 1.5) == pytest.approx(0.22, rel=0.4)
    assert spread(2.75, 4.0) == pytest.approx(0.031, rel=0.4)


def test_the_truth_is_what_the_rows_show(falls: list[Fall]) -> None:
    for fall in falls:
        assert _length(fall.rows)[fall.impact] == pytest.approx(fall.peak_g)
        rest = fall.rows[-2 * RATE_HZ :].mean(axis=0)
        cosine = rest @ motion.STANDING / np.linalg.norm(rest) / np.linalg.norm(motion.STANDING)
        assert np.degrees(np.arccos(cosine)) == pytest.approx(fall.turned_deg, abs=3)
    assert np.percentile([fall.turned_deg for fall in falls], [25, 50, 75]) == pytest.approx(
        [67, 81, 101], abs=8
    )


def test_walks_swing_and_strike_as_recorded_ones() -> None:
    walks = [motion.walk(11, random=_random(seed)) for seed in range(30)]
    assert np.median([_length(rows).std() for rows in walks]) == pytest.approx(0.19, abs=0.05)
    assert np.median([np.sqrt(rows.var(axis=0).sum()) for rows in walks]) == pytest.approx(0.29, abs=0.06)
    assert np.median([_length(rows).max() for rows in walks]) == pytest.approx(1.71, abs=0.3)
    assert np.median([_length(rows).min() for rows in walks]) == pytest.approx(0.59, abs=0.15)
    swing = np.mean([np.abs(np.fft.rfft(_length(rows) - _length(rows).mean())) for rows in walks], axis=0)
    assert np.fft.rfftfreq(220, 1 / RATE_HZ)[swing.argmax()] == pytest.approx(1.7, abs=0.1)


def test_a_walk_made_second_by_second_has_no_seams() -> None:
    pieces = [motion.walk(1.0, random=_random(n), begin_s=float(n)) for n in range(60)]
    steps = np.abs(np.diff(np.vstack(pieces), axis=0)).sum(axis=1)
    seams = steps[RATE_HZ - 1 :: RATE_HZ]
    assert np.median(seams) < 2 * np.median(steps)


def test_the_same_seed_makes_the_same_fall() -> None:
    one, two = (motion.fall(random=_random()) for _ in range(2))
    assert np.array_equal(one.rows, two.rows)


def test_the_falls_of_stories_are_found_and_walking_is_none() -> None:
    hard = [motion.fall(random=_random(seed), lying_s=8, peak_g=STORY_PEAK_G).rows for seed in range(60)]
    assert [[suspicion.unsure for suspicion in _found(rows)] for rows in hard] == [[False]] * 60
    assert _suspected(motion.walk(600, random=_random())) == 0
    up_again = np.vstack((hard[0], motion.recover(random=_random())))
    assert _suspected(up_again) == 1
