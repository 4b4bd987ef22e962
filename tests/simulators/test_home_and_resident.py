from datetime import date

import pytest

from simulators.home import COMPOUNDS, DISTRICT_CODE, id_number, invent_home
from simulators.resident import Resident, distant_point

DAY = 86_400_000
MORNING = 1_768_435_200_000  # 2026-01-15T00:00:00Z, 08:00 in Anlan


def test_id_numbers_end_in_the_check_character_of_the_standard() -> None:
    assert id_number("110105", date(1949, 12, 31), 2) == "11010519491231002X"
    assert id_number("440524", date(1880, 1, 1), 1) == "440524188001010014"


def test_the_same_seed_is_the_same_home_and_another_seed_another() -> None:
    assert invent_home(7) == invent_home(7)
    assert invent_home(7) != invent_home(8)


def test_homes_lie_in_the_invented_district_and_telephones_have_no_carrier() -> None:
    for seed in range(60):
        home = invent_home(seed)
        assert home.compound.code.startswith(DISTRICT_CODE)
        for person in home.residents:
            assert person.id_number.startswith(DISTRICT_CODE)
            assert int(person.id_number[16]) % 2 == (person.sex == "male")
            phones = [*person.phones, *(contact.phone for contact in person.contacts)]
            assert all(len(phone) == 11 and phone.startswith("120") for phone in phones)


def test_people_of_many_homes_have_different_id_numbers() -> None:
    numbers = [person.id_number for seed in range(300) for person in invent_home(seed).residents]
    assert len(set(numbers)) == len(numbers)


def test_a_couple_is_two_residents_with_two_beds() -> None:
    home = invent_home(3, residents=2, compound="松林里")
    assert [person.sex for person in home.residents] == ["male", "female"]
    assert len({person.bed_label for person in home.residents}) == 2
    assert "松林里" in home.label


def test_an_unknown_compound_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="桂花苑"):
        invent_home(1, compound="nowhere")


def test_the_same_seed_lives_the_same_day() -> None:
    first, second = (Resident(5, MORNING, 37.38, 118.01) for _ in range(2))
    first.advance(MORNING + DAY)
    for hour in range(1, 25):
        second.advance(MORNING + hour * DAY // 24)
    assert first.truth == second.truth


def test_a_day_holds_sleep_meals_washing_and_steps() -> None:
    person = Resident(5, MORNING, 37.38, 118.01, falls_a_year=0)
    steps = 0
    for hour in range(48):
        steps = max(steps, person.advance(MORNING + hour * DAY // 24).steps)
    seen = {entry.what for entry in person.truth}
    assert {"asleep", "washing", "cooking", "resting"} <= seen
    assert "on_floor" not in seen
    assert steps > 500


def test_nights_are_for_sleep() -> None:
    person = Resident(11, MORNING, 37.38, 118.01, falls_a_year=0)
    three_at_night = MORNING + 19 * DAY // 24
    person.advance(three_at_night)
    assert person.activity in ("asleep", "washing")


def test_who_falls_stays_on_the_floor_until_helped_and_it_is_in_the_ground_truth() -> None:
    person = Resident(5, MORNING, 37.38, 118.01)
    person.fall(MORNING + 1000)
    assert person.advance(MORNING + 3 * 3_600_000).activity == "on_floor"
    person.help_up(MORNING + 3 * 3_600_000)
    assert person.activity == "resting"
    assert (person.truth[-2].what, person.truth[-2].room) == ("on_floor", "bathroom")


def test_a_thousand_years_bring_some_falls() -> None:
    falls = 0
    for seed in range(60):
        person = Resident(seed, MORNING, 37.38, 118.01, falls_a_year=40)
        person.advance(MORNING + 5 * DAY)
        falls += any(entry.what == "on_floor" for entry in person.truth)
    assert 10 < falls < 60


@pytest.mark.parametrize("place", COMPOUNDS)
def test_a_distant_point_is_as_far_as_asked(place: object) -> None:
    lat, lon = distant_point(37.38, 118.01, 800)
    north, east = (lat - 37.38) * 111_320, (lon - 118.01) * 111_320 * 0.7947
    assert abs((north**2 + east**2) ** 0.5 - 800) < 8
