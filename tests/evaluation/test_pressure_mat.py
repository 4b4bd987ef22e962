"""Somebody on a mat of pressure cells: there, gone, turned over, or not sure."""

import numpy as np
import pytest

from edge.pipeline.rhythm import Vector
from tests.evaluation.mat import PressureMat

RANDOM = np.random.default_rng(4)
EMPTY = 480 + RANDOM.normal(0, 0.3, (4, 200))


def lying(first: int, cells: int = 60, counts: float = 30) -> Vector:
    frame: Vector = 480 + RANDOM.normal(0, 0.3, 200)
    frame[first : first + cells] += counts
    return frame


def test_a_mat_that_knows_its_empty_bed_tells_who_is_there_and_who_turned() -> None:
    mat = PressureMat(EMPTY)
    quiet = mat.feed(480 + RANDOM.normal(0, 0.3, 200))
    assert (quiet.occupied, quiet.moved) == (False, None)
    assert quiet.quality >= 90
    looks = [mat.feed(lying(first)) for first in (20, 20, 21, 110, 110)]
    assert [look.occupied for look in looks] == [True] * 5
    assert [look.moved for look in looks] == [None, False, False, True, False]
    assert min(look.quality for look in looks) >= 90
    assert mat.feed(EMPTY[0]).occupied is False


def test_a_light_load_is_left_blank_and_rubbish_says_nothing() -> None:
    mat = PressureMat(EMPTY)
    light = mat.feed(lying(20, cells=8))
    assert (light.occupied, light.quality) == (None, 0)
    assert mat.feed(np.full(200, np.nan)).occupied is None
    assert mat.feed(lying(20)).occupied is True


@pytest.mark.parametrize("drift", [0.02, -0.02])
def test_a_mat_follows_the_slow_drift_of_its_empty_bed(drift: float) -> None:
    mat = PressureMat(EMPTY)
    looks = [mat.feed(EMPTY[0] + drift * n) for n in range(400)]
    assert {look.occupied for look in looks} == {False}
