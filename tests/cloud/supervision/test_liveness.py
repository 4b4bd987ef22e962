"""How long a device may be silent, learned from how it speaks."""

from datetime import timedelta

import pytest

from cloud.supervision import liveness
from cloud.supervision.liveness import Life, after_sign, may_be_silent
from tests.cloud.town import NOW, seconds


def spoken(pause_s: float, signs: int, *, battery: bool = False) -> Life:
    life: Life | None = None
    for n in range(signs):
        life = after_sign(life, NOW + seconds(n * pause_s), battery=battery)
    assert life is not None
    return life


@pytest.mark.parametrize(
    ("pause_s", "battery", "allowed"),
    [
        (60, False, timedelta(minutes=30)),
        (60, True, timedelta(hours=2)),
        (900, False, timedelta(minutes=45)),
        (900, True, timedelta(hours=2)),
        (3600, False, timedelta(hours=3)),
        (3600, True, timedelta(hours=3)),
        (6 * 3600, True, timedelta(hours=18)),
        (20 * 3600, True, timedelta(hours=26)),
    ],
)
def test_three_of_its_usual_pauses_with_floors_and_a_ceiling(
    pause_s: float, battery: bool, allowed: timedelta
) -> None:
    assert may_be_silent(spoken(pause_s, 10, battery=battery)) == allowed


@pytest.mark.parametrize("signs", [1, 2, 3])
def test_before_it_has_spoken_four_times_nothing_is_known_of_its_rhythm(signs: int) -> None:
    assert may_be_silent(spoken(60, signs)) == liveness.CEILING


def test_one_long_pause_is_not_a_new_rhythm() -> None:
    life = spoken(600, 20)
    later = after_sign(life, life.last_at + timedelta(hours=10), battery=False)
    assert may_be_silent(later) <= timedelta(hours=2)


def test_a_rhythm_that_becomes_slower_is_learned_within_a_few_signs() -> None:
    life = spoken(600, 20)
    for _ in range(10):
        life = after_sign(life, life.last_at + timedelta(hours=1), battery=False)
    assert may_be_silent(life) >= timedelta(hours=2, minutes=50)


def test_a_sign_that_is_not_newer_changes_nothing() -> None:
    life = spoken(600, 5)
    assert after_sign(life, NOW, battery=True) == life
