import pytest

from edge.pipeline.fence import Fence, distance_m
from edge.pipeline.options import SafeZone
from edge.readings import Fix, Happening
from tests.edge.pipeline.making import NOW, fix, of, options

ZONE = SafeZone(lat=37.38, lon=118.0, radius_m=300)
HOME, NEAR, FAR = 37.38, 37.3831, 37.39


def fence() -> Fence:
    return Fence(options(safe_zone=ZONE))


def walk(step: Fence, *fixes: Fix) -> list[str]:
    return [h.phase for f in fixes for h in of(Happening, step([f], f.position.at))]


def test_distance() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert distance_m(37.38, 118, 37.39, 118) == pytest.approx(1112, abs=1)


def test_two_fixes_outside_raise_once_and_coming_home_clears() -> None:
    step = fence()
    told = walk(
        step,
        fix(HOME),
        fix(FAR, at=NOW + 1),
        fix(FAR, at=NOW + 2),
        fix(FAR, at=NOW + 3),
        fix(HOME, at=NOW + 4),
    )
    assert told == ["raised", "cleared"]
    assert walk(step, fix(FAR, at=NOW + 5), fix(FAR, at=NOW + 6)) == ["raised"]


def test_one_jump_of_the_position_raises_nothing() -> None:
    assert walk(fence(), fix(HOME), fix(FAR, at=NOW + 1), fix(HOME, at=NOW + 2), fix(FAR, at=NOW + 3)) == []


def test_one_fix_is_enough_when_it_is_surely_outside() -> None:
    assert walk(fence(), fix(FAR, accuracy_m=20)) == ["raised"]
    assert walk(fence(), fix(NEAR, accuracy_m=100)) == []
    assert walk(fence(), fix(FAR, accuracy_m=5000)) == []


def test_late_old_and_repeated_fixes_never_count() -> None:
    step = fence()
    assert walk(step, fix(HOME), fix(FAR, at=NOW + 1, late=True), fix(FAR, at=NOW + 2, late=True)) == []
    assert walk(step, fix(FAR, at=NOW - 60_000), fix(FAR, at=NOW - 59_000)) == []
    assert walk(step, fix(FAR, at=NOW + 3), fix(FAR, at=NOW + 3)) == [], "the same fix told twice is one"


def test_the_event_tells_where_and_how_far() -> None:
    step = fence()
    step([fix(FAR)], NOW)
    items = step([fix(FAR, at=NOW + 1, accuracy_m=9000)], NOW + 1)
    [left] = of(Happening, items)
    assert items[0] == fix(FAR, at=NOW + 1, accuracy_m=9000)
    assert (left.kind, left.position) == ("fence_exit", fix(FAR, at=NOW + 1, accuracy_m=9000).position)
    assert left.evidence["beyond_m"] == pytest.approx(812, abs=1)


def test_a_restart_remembers_who_is_outside() -> None:
    first, second = fence(), fence()
    walk(first, fix(FAR), fix(FAR, at=NOW + 1))
    second.restore(first.state() | {"watch-9": "rubbish"})
    assert walk(second, fix(FAR, at=NOW + 2), fix(HOME, at=NOW + 3)) == ["cleared"]


def test_without_a_zone_nothing_is_judged() -> None:
    assert walk(Fence(options()), fix(FAR), fix(FAR, at=NOW + 1)) == []
