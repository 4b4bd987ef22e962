"""Who goes: how far, how long, in which order; and what a dispatch may become."""

import uuid
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.responders import responder as rules
from cloud.responders.responder import DISPATCH, Candidate, Deed, DispatchState, ImpossibleDeed, Point, Zone
from tests.cloud.town import NOW

TOWN = Point(37.43, 118.67)
places = st.builds(Point, st.floats(-89, 89), st.floats(-179, 179))


def test_the_distance_is_the_great_circles() -> None:
    one_degree = rules.distance_m(Point(0, 0), Point(0, 1))
    assert one_degree == pytest.approx(111_195, abs=1)
    assert rules.distance_m(Point(39.9042, 116.4074), Point(31.2304, 121.4737)) == pytest.approx(
        1_067_300, rel=1e-3
    )
    assert rules.distance_m(Point(10, 179.5), Point(10, -179.5)) < 111_000


@given(places, places)
def test_a_way_is_as_long_back_and_never_longer_than_half_the_earth(a: Point, b: Point) -> None:
    assert rules.distance_m(a, b) == pytest.approx(rules.distance_m(b, a), abs=1e-3)
    assert 0 <= rules.distance_m(a, b) <= 20_015_200


def person(name: str, **fields: object) -> rules.Responder:
    return rules.Responder(staff_id=uuid.uuid5(uuid.NAMESPACE_DNS, name), name=name, **fields)  # type: ignore[arg-type]


def as_candidate(one: rules.Responder, *, needed: tuple[str, ...] = (), asked: bool = False) -> Candidate:
    return rules.candidate(one, area_code="370502", place=TOWN, needed=needed, asked=asked, now=NOW)


def test_free_ones_come_first_then_who_is_there_soonest() -> None:
    near, far = Point(37.431, 118.67), Point(37.48, 118.67)
    people = [
        person("busy and near", position=near, position_at=NOW, load=1),
        person("away", position=near, position_at=NOW, available=False),
        person("free and far", position=far, position_at=NOW),
        person("free and near", position=near, position_at=NOW),
        person("free, nowhere known"),
    ]
    order = [one.name for one in rules.ranked(map(as_candidate, people))]
    assert order == ["free and near", "free and far", "free, nowhere known", "busy and near", "away"]


def test_an_old_position_is_not_believed_the_zone_is() -> None:
    zone = Zone(id=uuid.UUID(int=1), name="东城", area_code="3705", lat=37.43, lon=118.67, promise_s=900)
    old = person("old", zone=zone, position=Point(30, 110), position_at=NOW - timedelta(minutes=31))
    found = as_candidate(old)
    assert (found.distance_m, found.minutes, found.promise_s, found.in_zone) == (0, 2, 900, True)


def test_who_lacks_a_skill_comes_after_who_has_it_and_says_so() -> None:
    nurse = person("nurse", skills=("nursing",), position=Point(37.5, 118.67), position_at=NOW)
    handy = person("handy", position=TOWN, position_at=NOW)
    first, second = rules.ranked(as_candidate(one, needed=("nursing",)) for one in (handy, nurse))
    assert (first.name, first.lacks) == ("nurse", ())
    assert (second.name, second.lacks) == ("handy", ("nursing",))


def test_the_next_one_is_free_and_was_not_asked_yet() -> None:
    listed = [
        as_candidate(person("a"), asked=True),
        as_candidate(person("b", load=1)),
        as_candidate(person("c")),
    ]
    found = rules.next_one(listed)
    assert found is not None
    assert found.name == "c"
    assert rules.next_one(listed[:2]) is None


@pytest.mark.parametrize(("state", "deed"), list(product(DispatchState, Deed)))
def test_a_dispatch_keeps_to_its_table(state: DispatchState, deed: Deed) -> None:
    if deed in DISPATCH[state]:
        assert rules.step(state, deed) is DISPATCH[state][deed]
    else:
        with pytest.raises(ImpossibleDeed):
            rules.step(state, deed)


def test_the_way_in_is_for_who_accepted_until_it_is_done() -> None:
    assert {DispatchState.ACCEPTED, DispatchState.ARRIVED} == rules.MAY_ENTER
