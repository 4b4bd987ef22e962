"""Safe zones: circles and rings, jumps, borders, nights, silence."""

import gzip
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge.pipeline.fence import Fence
from edge.pipeline.zones import Home, SafeZone, beyond_m, distance_m
from edge.readings import Fix, Happening
from tests.edge.pipeline.making import NOW, fix, of, options

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
ZONE = SafeZone(lat=37.38, lon=118.0, radius_m=300)
HOME, NEAR, FAR = 37.38, 37.3831, 37.39
MINUTE = 60_000
NOON = NOW - NOW % 86_400_000 + 4 * 3_600_000
EVENING = NOON + 10 * 3_600_000 - 5 * MINUTE
RING = ((118.0, 37.38), (118.02, 37.38), (118.02, 37.40), (118.01, 37.39), (118.0, 37.40))


def fence(zone: SafeZone = ZONE) -> Fence:
    return Fence(options(home=Home(zone)))


def walk(step: Fence, *fixes: Fix) -> list[str]:
    return [h.phase for f in fixes for h in of(Happening, step([f], f.position.at))]


def each_minute(*latitudes: float, accuracy_m: float | None = 10, start: int = NOON) -> list[Fix]:
    return [fix(lat, at=start + n * MINUTE, accuracy_m=accuracy_m) for n, lat in enumerate(latitudes)]


def north(metres: float) -> float:
    return 37.38 + metres / 111_195


def test_distance() -> None:
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert distance_m(37.38, 118, 37.39, 118) == pytest.approx(1112, abs=1)


def test_a_ring_has_an_inside_and_a_distance_to_its_border() -> None:
    zone = SafeZone(37.38, 118.0, 1, RING)
    metre = math.radians(1) * 6_371_008.8
    assert beyond_m(zone, 37.385, 118.01) == pytest.approx(-0.005 * metre, rel=0.01)
    assert beyond_m(zone, 37.375, 118.01) == pytest.approx(0.005 * metre, rel=0.01)
    assert beyond_m(zone, 37.398, 118.01) > 0, "the dent in the north is outside"
    assert beyond_m(zone, 37.398, 118.0005) < 0
    assert beyond_m(zone, 37.385, 118.03) == pytest.approx(
        0.01 * metre * math.cos(math.radians(37.385)), rel=0.01
    )


def test_leaving_raises_once_and_coming_home_clears() -> None:
    step = fence()
    assert walk(step, *each_minute(HOME, FAR, FAR, FAR, HOME)) == ["raised", "cleared"]
    assert walk(step, *each_minute(FAR, FAR, start=NOON + 5 * MINUTE)) == ["raised"]


def test_a_ring_is_left_through_its_dent() -> None:
    ring = fence(SafeZone(37.38, 118.0, 1, RING))
    path = [fix(lat, 118.01, NOON + n * MINUTE, 10) for n, lat in enumerate((37.385, 37.388, 37.396))]
    assert walk(ring, *path) == ["raised"]


def test_one_jump_of_the_position_raises_nothing() -> None:
    jumping = [fix(HOME, at=NOON), fix(FAR, at=NOON + 1000, accuracy_m=5), fix(HOME, at=NOON + 2000)]
    assert walk(fence(), *jumping, fix(FAR, at=NOON + 3000, accuracy_m=5)) == []
    agreed = [*jumping, fix(FAR, at=NOON + 3000), fix(FAR, at=NOON + 13_000, accuracy_m=5)]
    assert walk(fence(), *agreed) == ["raised"], "a second fix at the same place confirms it"


def test_one_fix_is_enough_when_it_is_surely_outside() -> None:
    assert walk(fence(), fix(FAR, accuracy_m=20)) == ["raised"]
    assert walk(fence(), fix(NEAR, accuracy_m=100)) == []


def test_fixes_as_coarse_as_a_cell_never_raise() -> None:
    assert walk(fence(), *each_minute(FAR, FAR, FAR, FAR, accuracy_m=2000)) == []


def test_unsure_fixes_must_last_for_a_minute() -> None:
    assert walk(fence(), *each_minute(north(330), HOME, north(330), accuracy_m=50)) == []
    assert walk(fence(), *each_minute(north(330), north(335), accuracy_m=50)) == ["raised"]
    quick = [fix(north(330), at=NOON, accuracy_m=50), fix(north(331), at=NOON + 9000, accuracy_m=50)]
    assert walk(fence(), *quick) == []


def test_a_walk_along_the_border_is_one_alarm() -> None:
    path = [north(300 + swing) for swing in (-40, 30, -10, 15, -20, 12, -5, 25, -15)]
    assert walk(fence(), *each_minute(*path)) == ["raised"]
    assert walk(fence(), *each_minute(*path, north(260))) == ["raised", "cleared"]


def test_late_old_and_repeated_fixes_never_count() -> None:
    step = fence()
    assert (
        walk(step, fix(HOME), fix(FAR, at=NOW + 60_000, late=True), fix(FAR, at=NOW + 90_000, late=True))
        == []
    )
    assert walk(step, fix(FAR, at=NOW - 60_000), fix(FAR, at=NOW - 59_000)) == []
    same = fix(NEAR, at=NOW + MINUTE, accuracy_m=60)
    assert walk(step, same, same) == [], "the same fix told twice is one"


def test_a_clock_that_is_set_back_hides_nobody_who_leaves() -> None:
    step, before = fence(), each_minute(HOME, start=NOON + 180 * MINUTE)
    assert walk(step, *before, *each_minute(HOME, FAR, FAR)) == ["raised"]
    assert walk(step, *each_minute(HOME, start=NOON + 3 * MINUTE)) == ["cleared"]


def test_a_clock_that_is_set_back_clears_whoever_came_home() -> None:
    step = fence()
    assert walk(step, *each_minute(HOME, FAR, FAR, start=NOON + 180 * MINUTE)) == ["raised"]
    assert walk(step, *each_minute(HOME)) == ["cleared"]


def test_positions_of_another_datum_are_not_judged() -> None:
    position = fix(FAR, accuracy_m=5).position
    there = type(position)(
        **{**{f: getattr(position, f) for f in position.__struct_fields__}, "datum": "gcj02"}
    )
    assert walk(fence(), Fix(position=there)) == []


def test_the_event_tells_where_and_how_far() -> None:
    items = fence()([fix(FAR, accuracy_m=8)], NOW)
    [left] = of(Happening, items)
    assert items[0] == fix(FAR, accuracy_m=8)
    assert (left.kind, left.position) == ("fence_exit", fix(FAR, accuracy_m=8).position)
    assert left.evidence["beyond_m"] == pytest.approx(812, abs=1)
    assert left.evidence["reasons"] == ["outside"]


def test_at_night_only_the_circle_around_home_counts() -> None:
    zone = SafeZone(37.38, 118.0, 300, night_radius_m=80)
    fixes = each_minute(*[north(200)] * 7, start=EVENING - 2 * MINUTE)
    step = fence(zone)
    told = [h for f in fixes for h in of(Happening, step([f], f.position.at)) if f.position.at >= EVENING]
    assert walk(fence(zone), *each_minute(north(200), north(200))) == [], "by day that is near enough"
    assert told == []
    [night] = [
        h
        for f in each_minute(north(200), north(200), start=EVENING + 6 * MINUTE)
        for h in of(Happening, step([f], f.position.at))
    ]
    assert (night.phase, night.evidence["reasons"]) == ("raised", ["outside_at_night"])
    morning = each_minute(north(200), start=EVENING + 9 * 3_600_000)
    assert walk(step, *morning) == ["cleared"]


def test_who_is_out_and_not_heard_of_is_told_once_as_stale() -> None:
    step = fence()
    walk(step, fix(FAR, at=NOON, accuracy_m=5))
    assert step([], NOON + 14 * MINUTE) == []
    [stale] = of(Happening, step([], NOON + 16 * MINUTE))
    assert (stale.phase, stale.evidence["stale"], stale.evidence["last_fix_at"]) == ("updated", True, NOON)
    assert step([], NOON + 30 * MINUTE) == []
    walk(step, fix(FAR, at=NOON + 31 * MINUTE, accuracy_m=5))
    assert len(step([], NOON + 60 * MINUTE)) == 1, "heard of again, and lost again"


def test_a_restart_remembers_who_is_outside() -> None:
    first, second = fence(), fence()
    walk(first, *each_minute(FAR))
    second.restore(first.state() | {"watch-9": "rubbish", "watch-8": {"believed": 7}})
    assert walk(second, *each_minute(FAR, HOME, start=NOON + MINUTE)) == ["cleared"]


def test_without_a_zone_nothing_is_judged() -> None:
    assert walk(Fence(options()), *each_minute(FAR, FAR)) == []


@pytest.mark.evaluation
@pytest.mark.skipif(not (SHARED / "gps_hikes").is_dir(), reason="no recordings beside the checkout")
def test_a_real_walk_leaves_a_zone_around_its_start_and_comes_back_as_often_as_it_does() -> None:
    rows = np.genfromtxt(
        SHARED / "gps_hikes" / "cerknica_20100805.csv", delimiter=",", skip_header=1, dtype=str
    )
    at = [int(np.datetime64(told.rstrip("Z"), "ms").astype("int64")) for told in rows[:, 1]]
    home = (float(rows[0, 2]), float(rows[0, 3]))
    zone = SafeZone(*home, 400)
    step = fence(zone)
    told = walk(
        step,
        *(
            fix(float(lat), float(lon), when, 8)
            for when, lat, lon in zip(at, rows[:, 2], rows[:, 3], strict=True)
        ),
    )
    far = [distance_m(*home, float(lat), float(lon)) > 400 for lat, lon in rows[:, 2:4]]
    changes = sum(a != b for a, b in pairwise(far))
    assert told[0] == "raised"
    assert 1 <= len(told) <= changes


@pytest.mark.evaluation
@pytest.mark.skipif(not (SHARED / "shenzhen_map").is_dir(), reason="no map beside the checkout")
def test_every_street_corner_of_futian_is_inside_a_ring_around_all_and_beyond_a_small_one() -> None:
    with gzip.open(SHARED / "shenzhen_map" / "futian_nodes.csv.gz", "rt", encoding="utf-8") as file:
        nodes = np.genfromtxt(file, delimiter=",", skip_header=1)[:, 1:3]
    (west, south), (east, top) = nodes.min(axis=0) - 1e-4, nodes.max(axis=0) + 1e-4
    around = SafeZone(0, 0, 1, ((west, south), (east, south), (east, top), (west, top)))
    assert all(beyond_m(around, lat, lon) < 0 for lon, lat in nodes)
    middle_lon, middle_lat = nodes.mean(axis=0)
    small = SafeZone(middle_lat, middle_lon, 500)
    outside = sum(beyond_m(small, lat, lon) > 0 for lon, lat in nodes)
    assert 0 < outside < len(nodes)
