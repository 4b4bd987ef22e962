"""A home's own rhythm: learned, not misled by holidays and visits, explained."""

import json
from random import Random

import pytest

from edge.pipeline.inactivity import Inactivity
from edge.pipeline.others import Others
from edge.readings import Happening, Item, Press, Reading
from simulators.resident import Resident
from tests.edge.pipeline.making import fix, of, options

START = 1_770_048_000_000  # midnight in China
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def motion(at: int, room: str = "kitchen") -> list[Item]:
    return [Reading(device=f"zb-{room}", kind="motion", at=at, value=value) for value in (1.0, 0.0)]


def door(at: int) -> list[Item]:
    return [Reading(device="zb-door", kind="door_open", at=at, value=value) for value in (1.0, 0.0)]


def warmth(at: int) -> list[Item]:
    return [Reading(device="zb-warm", kind="temperature", at=at, value=20.0)]


class Home:
    """Time goes in steps of ten minutes; somebody moves each half hour from 7 to 22."""

    def __init__(self, **more: object) -> None:
        self.step = Inactivity(options(rooms={"zb-kitchen": "kitchen"}, **more))
        self.now = START
        self.told: list[Happening] = []

    def hear(self, items: list[Item]) -> None:
        self.told += of(Happening, self.step(items, self.now))

    def live(self, days: float, *, moving: bool = True, heard: bool = True) -> list[Happening]:
        before = len(self.told)
        for _ in range(round(days * 144)):
            self.now += 10 * MINUTE
            hour = (self.now - START) % DAY / HOUR
            if moving and 7 <= hour < 22 and self.now % (30 * MINUTE) == 0:
                self.hear(motion(self.now))
            self.hear(warmth(self.now) if heard else [])
        return self.told[before:]


def test_before_enough_days_are_learned_only_sixteen_hours_are_too_long() -> None:
    home = Home()
    assert home.live(6.5) == []
    assert home.live(0.6, moving=False) == []
    asked, quiet = home.live(0.1, moving=False)
    assert (asked.phase, quiet.phase, quiet.evidence["bound_s"]) == ("suspected", "raised", 16 * 3600)
    assert quiet.evidence["reasons"] == ["not_learned_yet", "at_home"]


def test_a_home_where_nothing_tells_of_movement_is_never_too_quiet() -> None:
    home = Home()
    home.hear([Press(device="button", button="sos", at=START)])
    assert home.live(2, moving=False) == []
    home.hear(motion(home.now))
    assert [told.phase for told in home.live(0.8, moving=False)] == ["suspected", "raised"]


def test_motion_that_was_seen_while_somebody_lay_in_the_bed_is_no_sign_of_the_elder() -> None:
    rooms = {"zb-kitchen": "kitchen", "zb-lounge": "living_room"}
    step = Inactivity(options(rooms=rooms))

    def seen(hours: float, device: str, kind: str, value: float) -> int:
        at = START + round(hours * HOUR)
        step([Reading(device=device, kind=kind, at=at, value=value)], at)
        return int(step.state()["since"]) - START

    for night in (0, 24, 48):
        seen(night, "zb-bed", "in_bed", 1)
        assert seen(night + 4, "zb-lounge", "motion", 1) == (night + 4) * HOUR
        seen(night + 8, "zb-bed", "in_bed", 0)
    assert seen(56.5, "zb-lounge", "motion", 1) == 56 * HOUR
    assert seen(57, "zb-kitchen", "motion", 1) == 57 * HOUR
    kept = Inactivity(options(rooms=rooms))
    kept.restore(json.loads(json.dumps(step.state())))
    assert kept.state() == step.state()


def test_a_room_of_guests_is_learned_once_and_forgotten_after_four_weeks_without_them() -> None:
    others, learned = Others(), []
    nights = {0, 8, 16, 30, 50, 60, 70, 80, 120, 122, 124}
    for day in range(130):
        others.lies("zb-bed", True, START + day * DAY)
        if day in nights:
            others.moves("living_room", START + day * DAY + 3 * HOUR)
        if others.lies("zb-bed", False, START + day * DAY + 8 * HOUR):
            learned.append(day)
    assert learned == [16, 124]
    assert not others.doubtful("living_room", START + 160 * DAY)


def test_a_bed_sensor_that_sticks_and_two_beds_say_nothing_of_others() -> None:
    for beds, hours in ((("zb-bed",), 30), (("zb-bed", "zb-other"), 8)):
        others = Others()
        for day in range(5):
            at = START + day * 2 * DAY
            for bed in beds:
                others.lies(bed, True, at)
            others.moves("living_room", at + 4 * HOUR)
            for bed in beds:
                others.lies(bed, False, at + hours * HOUR)
        assert not others.doubtful("living_room", START + 10 * DAY)


def test_a_quiet_day_is_an_alarm_that_explains_itself_and_a_sign_of_life_ends_it() -> None:
    home = Home()
    assert home.live(15.5) == []
    asked, quiet = home.live(0.4, moving=False)
    assert (quiet.kind, asked.phase, quiet.phase) == ("inactivity", "suspected", "raised")
    assert quiet.evidence == asked.evidence | {"confirmed_by": "not_cancelled"}
    assert quiet.evidence["quiet_s"] > quiet.evidence["bound_s"] >= quiet.evidence["usual_s"] + 2 * 3600
    assert quiet.evidence["days_learned"] >= 10
    assert quiet.evidence["last_sign"]["room"] == "kitchen"
    assert quiet.evidence["reasons"] == ["quieter_than_usual", "at_home"]
    assert quiet.evidence["quiet_s"] < 4 * 3600, "by day it does not take half a day"
    home.hear(motion(home.now))
    assert home.told[-1].phase == "cleared"


def asked_home() -> Home:
    """A home that has just been asked whether somebody is well."""
    home = Home()
    home.live(15.5)
    while not home.live(1 / 144, moving=False):
        pass
    return home


@pytest.mark.parametrize("by", ["button", "motion"])
def test_within_fifteen_seconds_a_button_or_a_movement_takes_the_question_back(by: str) -> None:
    home = asked_home()
    home.now += 14_000
    home.hear([])
    press: list[Item] = [Press(device="zb-button", button="cancel", at=home.now)]
    home.hear(press if by == "button" else motion(home.now))
    home.now += 60_000
    home.hear([])
    assert [told.phase for told in home.told] == ["suspected", "cancelled"]
    assert home.told[-1].evidence["by"] == by


@pytest.mark.parametrize("seconds", [15, -3600])
def test_nobody_answers_and_no_clock_that_is_set_makes_it_wait(seconds: int) -> None:
    home = asked_home()
    restarted = Home()
    restarted.step.restore(json.loads(json.dumps(home.step.state())))
    restarted.now = home.now + seconds * 1000
    restarted.hear([])
    assert [told.phase for told in restarted.told] == ["raised"]


def test_hours_in_which_the_agent_was_off_are_no_quiet_nor_is_a_clock_that_is_set() -> None:
    home = Home()
    home.live(15.5)
    for hours in (9, 24 * 365 * 10, -24 * 365):
        home.now += hours * HOUR
        home.hear(warmth(home.now))
        assert home.told == []


def test_a_night_of_sleep_is_usual() -> None:
    home = Home()
    assert home.live(20) == []
    night, noon = home.step.bound_s(5), home.step.bound_s(14)
    assert night is not None
    assert noon is not None
    assert night > 9 * 3600 > 3 * 3600 >= noon


def test_a_holiday_is_neither_an_alarm_at_once_nor_learned() -> None:
    home = Home()
    home.live(15.5)
    learned = home.step.bound_s(14)
    home.hear(door(home.now))
    [_, gone] = home.live(5, moving=False)
    assert gone.evidence["reasons"] == ["quieter_than_usual", "left_by_door"]
    assert gone.evidence["quiet_s"] > 14 * 3600
    home.hear(door(home.now))
    assert home.told[-1].phase == "cleared"
    home.live(3)
    assert home.step.bound_s(14) == learned


def test_a_night_without_the_usual_way_to_the_bathroom_is_sleep_until_two_hours_after_rising() -> None:
    home = Home()
    for _ in range(15):
        home.live(2 / 24)
        home.hear(motion(home.now))
        assert home.live(22 / 24) == []
    assert home.live(8.9 / 24, moving=False) == [], "ten hours of sleep, two more than are usual at that hour"
    [quiet, _] = home.live(2 / 24, moving=False)
    assert quiet.evidence["hour"] in (9, 10)


def test_quiet_in_which_nothing_at_all_was_heard_does_not_count() -> None:
    home = Home()
    home.live(15.5)
    assert home.live(5 / 24, moving=False, heard=False) == []
    assert home.live(2.5 / 24, moving=False) == []
    assert len(home.live(1 / 24, moving=False)) == 2


def test_a_watch_that_moves_far_from_home_is_a_sign_of_life() -> None:
    home = Home()
    home.live(15.5)
    home.hear(door(home.now))
    for n in range(8):
        home.hear([fix(37.4 + n / 100, at=home.now, accuracy_m=20)])
        assert home.live(0.5, moving=False) == []
    home.hear([fix(37.4701, at=home.now, accuracy_m=20)])
    [gone, _] = home.live(0.5, moving=False)
    assert gone.evidence["last_sign"]["kind"] == "moved"


def test_visitors_for_two_days_change_nothing() -> None:
    home = Home()
    home.live(15)
    learned = home.step.bound_s(12)
    for _ in range(2 * 24 * 6):
        home.now += 10 * MINUTE
        home.hear(motion(home.now, "living"))
    assert home.step.bound_s(12) == learned


def test_a_home_of_which_nothing_is_heard_is_a_technical_matter() -> None:
    home = Home()
    home.live(15.5)
    assert home.live(1, moving=False, heard=False) == []


def test_what_was_learned_survives_a_restart_and_rubbish_does_not_harm() -> None:
    home = Home()
    home.live(15.5)
    after = Home()
    after.step.restore({"quiet_s": 7})
    after.step.restore(json.loads(json.dumps(home.step.state())))
    after.now = home.now
    assert after.step.bound_s(14) == home.step.bound_s(14)
    assert [told.phase for told in after.live(0.4, moving=False)] == ["suspected", "raised"]


def test_a_gateway_of_many_homes_judges_no_quiet() -> None:
    assert Home(many_homes=True).live(20) == []


def lived(seed: int, days: int, collapse_at: int | None = None) -> list[tuple[int, Happening]]:
    """A simulated resident, minute by minute by fives: what was told and when (minutes)."""
    resident, rng = Resident(seed, START, 37.38, 118.0, falls_a_year=0), Random(seed)
    step, told, was = Inactivity(options()), [], "asleep"
    often = {"asleep": 0.02, "washing": 1.0, "cooking": 1.0, "resting": 0.5, "walking": 1.0, "out": 0.0}
    for minute in range(0, days * 1440, 5):
        now = START + minute * MINUTE
        items = warmth(now)
        if collapse_at is None or minute < collapse_at:
            doing = resident.advance(now).activity
            if (doing == "out") != (was == "out"):
                items += door(now)
            if rng.random() < often.get(doing, 0.0):
                items += motion(now)
            was = doing
        told += [(minute, happening) for happening in of(Happening, step(items, now))]
    return told


def test_a_collapse_of_a_simulated_elder_is_noticed_within_hours_of_the_day() -> None:
    collapse = 20 * 1440 + 15 * 60
    told = [(at, h) for at, h in lived(7, 21, collapse) if h.phase == "raised" and at >= collapse]
    assert told
    assert told[0][0] - collapse <= 5 * 60


def test_invented_devices_fill_no_memory() -> None:
    home = Home()
    for n in range(2_000):
        home.hear([Reading(device=f"watch-{n}", kind="steps", at=home.now, value=1.0)])
    assert sum(len(kept) for kept in vars(home.step).values() if isinstance(kept, dict)) <= 200
