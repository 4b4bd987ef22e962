"""Beds, doors, and how a person's state and needs change what an event means."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cloud.alarms.absence import Expect, Fulfilled, expect, is_night, still_matters
from cloud.alarms.advice import advice_for, remote_switching_allowed
from cloud.alarms.alarm import AlarmDraft
from cloud.alarms.person import Person, person_of
from cloud.alarms.rule_versions import RULES_V1
from cloud.alarms.rules import judge
from firmware_specs.kinds import LIFE_SAFETY
from tests.cloud.alarms.people import ANN, ann
from tests.cloud.alarms.test_rules import HOME, an_event, context

NIGHT = datetime(2026, 1, 1, 18, 0, tzinfo=UTC)  # 02:00 in Dongying
DAY = datetime(2026, 1, 1, 6, 0, tzinfo=UTC)
BOB = UUID(int=12)


@pytest.mark.parametrize(
    ("clock", "night"), [("21:59", False), ("22:00", True), ("05:59", True), ("06:00", False)]
)
def test_night_is_from_ten_to_six_where_the_elder_lives(clock: str, night: bool) -> None:
    at = datetime.fromisoformat(f"2026-01-01T{clock}:00+08:00")
    assert is_night(at.astimezone(UTC), RULES_V1) is night


def bed(value: float, before: float | None, at: datetime = NIGHT, person: Person | None = None) -> Any:
    return expect("in_bed", value, before, at=at, person=person or ann(), rules=RULES_V1)


def test_a_bed_left_at_night_is_awaited_for_half_an_hour() -> None:
    due = NIGHT + timedelta(minutes=30)
    assert bed(0, 1) == Expect(rule="not_returned_to_bed", began_at=NIGHT, due_at=due)
    assert bed(0, 1, person=ann(bed_return_min=10)).due_at == NIGHT + timedelta(minutes=10)
    assert bed(1, 0) == Fulfilled(rule="not_returned_to_bed", at=NIGHT)


@pytest.mark.parametrize("before", [0.0, None])
def test_a_bed_that_was_empty_already_is_not_left(before: float | None) -> None:
    assert bed(0, before) is None


def test_by_day_and_shortly_before_it_nobody_is_awaited() -> None:
    assert bed(0, 1, at=DAY) is None
    assert bed(0, 1, at=datetime.fromisoformat("2026-01-01T05:45:00+08:00")) is None


@pytest.mark.parametrize("state", ["hospital", "away"])
def test_nobody_is_awaited_in_bed_who_is_in_hospital_or_away(state: str) -> None:
    gone = person_of(ANN, state=state)
    assert bed(0, 1, person=gone) is None
    assert not still_matters("not_returned_to_bed", gone, RULES_V1)
    assert still_matters("not_returned_to_bed", ann(), RULES_V1)
    assert still_matters("door_left_open", gone, RULES_V1)


@pytest.mark.parametrize(("at", "minutes"), [(DAY, 15), (NIGHT, 5)])
def test_a_door_may_stand_open_longer_by_day(at: datetime, minutes: int) -> None:
    opened = expect("door_open", 1, None, at=at, person=None, rules=RULES_V1)
    assert isinstance(opened, Expect)
    assert opened.due_at - at == timedelta(minutes=minutes)
    own = expect("door_open", 1, None, at=at, person=ann(door_open_min=40), rules=RULES_V1)
    assert isinstance(own, Expect)
    assert own.due_at - at == timedelta(minutes=40)
    assert expect("door_open", 0, 1, at=at, person=None, rules=RULES_V1) == Fulfilled(
        rule="door_left_open", at=at
    )


def drafts(kind: str, *people: Person, about: Person | None = None, **fields: Any) -> list[AlarmDraft]:
    known = context(people=people, person=about, resident_id=None if about is None else about.id)
    return [action for action in judge(an_event(kind, **fields), known) if isinstance(action, AlarmDraft)]


@pytest.mark.parametrize("state", ["hospital", "away"])
def test_hospital_and_away_silence_inactivity_and_the_bed(state: str) -> None:
    gone, here = person_of(ANN, state=state), person_of(BOB)
    for kind in ("inactivity", "not_returned_to_bed"):
        assert drafts(kind, gone, about=gone) == []
        assert drafts(kind, gone) == []
        assert len(drafts(kind, gone, here)) == 1, "it may be the other one's"
        assert len(drafts(kind, gone, here, about=here)) == 1
        assert len(drafts(kind)) == 1
    known = context(people=(gone,), person=gone, resident_id=gone.id)
    assert judge(an_event("inactivity", phase="suspected"), known) == []


@pytest.mark.parametrize("state", ["hospital", "away", "suspended", "moved", "deceased"])
@pytest.mark.parametrize("kind", sorted(LIFE_SAFETY))
def test_no_state_of_a_resident_silences_a_matter_of_life(kind: str, state: str) -> None:
    gone = person_of(ANN, state=state)
    (draft,) = drafts(kind, gone, about=gone)
    assert draft.priority == (2 if kind == "fall_suspected" else 1)


@pytest.mark.parametrize(
    ("quiet_s", "rings"), [(8 * 3600 - 1, False), (8 * 3600, True), (None, True), ("x", True)]
)
def test_inactivity_rings_beyond_the_persons_own_limit(quiet_s: Any, rings: bool) -> None:
    patient = ann(inactivity_h=8)
    evidence = {} if quiet_s is None else {"quiet_s": quiet_s}
    assert bool(drafts("inactivity", patient, about=patient, evidence=evidence)) is rings


@pytest.mark.parametrize(
    ("fence", "priority"), [("urgent", 2), ("attention", 3), ("off", None), ("?", 2), (None, 2)]
)
def test_the_fence_is_as_urgent_as_the_profile_says(fence: str | None, priority: int | None) -> None:
    person = ann(fence=fence)
    assert [draft.priority for draft in drafts("fence_exit", person, about=person)] == (
        [priority] if priority else []
    )


def test_mains_lost_is_technical_unless_somebody_lives_by_it() -> None:
    (plain,) = drafts("mains_lost", ann())
    assert (plain.alarm_class, plain.priority) == ("technical", 4)
    breathing = person_of(BOB, needs={"power": "家用制氧机，断电需立即联系"})
    (urgent,) = drafts("mains_lost", ann(), breathing, device=None)
    assert (urgent.alarm_class, urgent.priority, urgent.subject_id) == ("care", 2, str(HOME))
    assert (urgent.resident_id, "depends_on_power" in urgent.reasons) == (BOB, True)
    assert person_of(BOB, needs={"power": ""}).power_dependent is False


def test_a_test_of_a_device_stays_a_test() -> None:
    gone = person_of(ANN, state="hospital", needs={"power": "O2"})
    known = context(people=(gone,), person=gone, test_window=True)
    for kind in ("inactivity", "mains_lost", "fence_exit"):
        (draft,) = judge(an_event(kind, test=True), known)
        assert isinstance(draft, AlarmDraft)
        assert (draft.alarm_class, draft.priority) == ("test", 4)


def test_a_suspected_fire_says_call_119_first_and_gas_switches_nothing() -> None:
    assert advice_for(["sos"], fire_suspected=True)[0].code == "call_119_first"
    assert advice_for(["smoke", "sos"])[0].code == "call_119_first"
    gas = [advice.code for advice in advice_for(["gas"])]
    assert gas == ["no_switching", "no_phone_inside", "call_neighbours_and_gas_company"]
    assert not remote_switching_allowed(["sos", "gas"])
    assert remote_switching_allowed(["sos"])
    assert advice_for(["sos"]) == ()
    (draft,) = drafts("gas")
    assert draft.inputs["advice"] == gas
