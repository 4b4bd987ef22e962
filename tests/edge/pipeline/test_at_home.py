"""Who hears the Wi-Fi of home has left no fence, wherever satellites put them; hearing it ends an alarm."""

from typing import Any

import pytest

from edge.pipeline import steps
from edge.pipeline.at_home import AtHome
from edge.pipeline.zones import Home, SafeZone
from edge.readings import Fix, Happening, HeardWifi, IdentifiedEvent, Item
from tests.edge.pipeline.making import NOW, fix, happening, of, options

OURS, THEIRS = "a4:00:00:00:00:01", "a4:00:00:00:00:02"
ZONE = SafeZone(lat=37.38, lon=118.0, radius_m=300, night_radius_m=60)
HOME = Home(ZONE, (37.38, 118.0), frozenset({OURS}))
FAR = 37.398
MINUTE = 60_000
NIGHT = NOW - NOW % 86_400_000 + 15 * 60 * MINUTE
NOON = NIGHT - 11 * 60 * MINUTE


def heard(
    at: int = NOW, dbm: int = -60, bssid: str = OURS, device: str = "watch-1", **more: Any
) -> HeardWifi:
    return HeardWifi(device=device, at=at, access_points=[(THEIRS, -40), (bssid, dbm)], **more)


class Watch:
    """One watch and the whole pipeline: what each report makes of fence_exit."""

    def __init__(self, home: Home = HOME, **more: Any) -> None:
        self.pipeline = steps.steps(options(home=home, **more))

    def tells(self, *items: Item, at: int) -> list[str]:
        events = of(IdentifiedEvent, steps.run(self.pipeline, list(items), at))
        return [event.phase for event in events if event.kind == "fence_exit"]


@pytest.mark.parametrize("start", [NOON, NIGHT])
def test_a_jump_while_home_is_heard_raises_nothing_leaving_does_and_hearing_home_ends_it(start: int) -> None:
    watch = Watch()
    for n in range(4):
        at = start + n * MINUTE
        assert watch.tells(fix(FAR, at=at, accuracy_m=5), heard(at), at=at) == []
    times = [start + minutes * MINUTE for minutes in (5, 6, 8)]
    told = [watch.tells(fix(FAR, at=at, accuracy_m=5), heard(at, bssid=THEIRS), at=at) for at in times]
    assert told == [[], ["raised"], []], "within three minutes of home one fix alone is not enough"
    back = start + 12 * MINUTE
    assert watch.tells(heard(back), at=back) == ["cleared"]
    assert watch.tells(heard(back + MINUTE), at=back + MINUTE) == []
    gone = back + 5 * MINUTE
    assert watch.tells(fix(FAR, at=gone, accuracy_m=5), at=gone) == ["raised"], "home was heard long ago"


@pytest.mark.parametrize(
    "not_home",
    [heard(dbm=-81), heard(bssid="a4:00:00:00:00:03"), heard(at=NOW - 1000), heard(device="watch-2")],
)
def test_what_is_weak_strange_or_of_another_report_is_not_home(not_home: HeardWifi) -> None:
    assert Watch().tells(fix(FAR, accuracy_m=5), not_home, at=NOW) == ["raised"]


def test_the_watch_s_own_fence_is_judged_by_the_wifi_too() -> None:
    watch = Watch()
    own = happening("fence_exit", at=NOW, position=fix(FAR).position)
    assert watch.tells(own, fix(FAR, accuracy_m=5), heard(), at=NOW) == []
    later = happening("fence_exit", at=NOW + MINUTE)
    assert watch.tells(later, at=NOW + MINUTE) == ["raised"]
    assert watch.tells(heard(NOW + 2 * MINUTE), at=NOW + 2 * MINUTE) == ["cleared"]


def test_a_call_for_help_from_home_is_at_home() -> None:
    sos = happening("sos", position=fix(FAR).position, instant=True)
    items = AtHome(options(home=HOME))([sos, fix(FAR), heard()], NOW)
    [told, _] = of(Happening, items)
    [where] = of(Fix, items)
    assert told.position == where.position
    assert (where.position.source, where.position.lat, where.position.accuracy_m) == ("home", 37.38, 50)
    assert told.evidence == {"home_wifi": -60}
    assert of(HeardWifi, items) == []


def test_late_reports_are_placed_and_end_nothing() -> None:
    items = AtHome(options(home=HOME))([fix(FAR, late=True), heard(late=True)], NOW)
    assert [(item.position.source, item.late) for item in of(Fix, items)] == [("home", True)]
    assert of(Happening, items) == []


def test_without_its_gate_a_home_is_in_the_middle_of_its_zone_or_nowhere() -> None:
    ring = SafeZone(37.38, 118.0, 1, ((118.0, 37.38), (118.02, 37.38), (118.02, 37.40), (118.0, 37.40)))
    bssids = frozenset({OURS})
    [middle] = of(Fix, AtHome(options(home=Home(ring, None, bssids)))([fix(FAR), heard()], NOW))
    assert (middle.position.lat, middle.position.lon) == pytest.approx((37.39, 118.01))
    assert middle.position.accuracy_m is None
    assert of(Fix, AtHome(options(home=Home(None, None, bssids)))([fix(FAR), heard()], NOW)) == []


def test_on_a_gateway_of_many_homes_each_watch_has_its_own() -> None:
    other = Home(ZONE, (37.38, 118.0), frozenset({THEIRS}))
    watch = Watch(Home(), homes={"watch-1": other})
    assert watch.tells(fix(FAR, accuracy_m=5), heard(), at=NOW) == [], "its own home is the other one here"
    watch = Watch(Home(), homes={"watch-1": Home(ZONE, None, frozenset())})
    assert watch.tells(fix(FAR, accuracy_m=5), heard(), at=NOW) == ["raised"]
    assert Watch(Home(), homes={}).tells(fix(FAR, accuracy_m=5), heard(), at=NOW) == []
