"""The rules: which phase of which kind does what, with which priority, and why."""

import uuid
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cloud.alarms.alarm import AlarmDraft, Context, End, Explain, KnownAlarm, Suspect
from cloud.alarms.rules import bare_alarm, fire_suspected, judge
from firmware_specs.kinds import EVENTS, LIFE_SAFETY
from firmware_specs.messages import Event
from tests.cloud import town
from tests.cloud.town import NOW

HOME = uuid.uuid4()
ID = uuid.uuid4()


def an_event(kind: str = "sos", **fields: Any) -> Event:
    return msgspec.convert(town.event(kind, **fields), Event)


def context(**fields: Any) -> Context:
    known: dict[str, Any] = {
        "gateway_id": "gw-1",
        "event_id": ID,
        "received_at": NOW,
        "occurred_at": NOW,
        "device_key": 7,
        "home_id": HOME,
        "area_code": "370502",
    }
    return Context(**known | fields)


def only_draft(event: Event, known: Context) -> AlarmDraft:
    (action,) = judge(event, known)
    assert isinstance(action, AlarmDraft)
    return action


@pytest.mark.parametrize("kind", sorted(EVENTS))
def test_each_listed_kind_gets_its_priority_and_class_and_says_why(kind: str) -> None:
    draft = only_draft(an_event(kind), context())
    assert (draft.kind, draft.priority, draft.alarm_class) == (
        kind,
        EVENTS[kind].priority,
        EVENTS[kind].alarm_class,
    )
    assert draft.reasons == (f"{kind}_raised",)
    assert draft.rule_version
    assert (draft.subject_kind, draft.subject_id) == ("home", str(HOME))


def test_an_unlisted_kind_becomes_a_technical_alarm_that_names_it() -> None:
    draft = only_draft(an_event("earthquake"), context())
    assert (draft.kind, draft.alarm_class, draft.priority) == ("unknown_alarm_bit", "technical", 4)
    assert draft.inputs["kind"] == "earthquake"


def test_a_gateways_own_fault_is_a_case_of_the_gateway_a_devices_one_of_the_home() -> None:
    own = only_draft(an_event("storage_full", device=None), context(device_key=None))
    assert (own.subject_kind, own.subject_id) == ("gateway", "gw-1")
    battery = only_draft(an_event("battery_low"), context())
    assert battery.subject_kind == "home"


def test_a_life_safety_event_without_any_home_still_rings_at_the_gateway() -> None:
    draft = only_draft(an_event("sos"), context(home_id=None, device_key=None))
    assert (draft.subject_kind, draft.alarm_class, draft.priority) == ("gateway", "care", 1)


def test_the_test_flag_counts_only_inside_a_window() -> None:
    inside = only_draft(an_event("sos", test=True), context(test_window=True))
    assert (inside.alarm_class, inside.priority) == ("test", 4)
    assert "in_test_window" in inside.reasons
    outside = only_draft(an_event("sos", test=True), context())
    assert (outside.alarm_class, outside.priority) == ("care", 1)
    assert "test_outside_window" in outside.reasons


def test_a_window_alone_makes_no_test() -> None:
    assert only_draft(an_event("sos"), context(test_window=True)).alarm_class == "care"


def test_a_detectors_own_test_bit_is_always_a_test() -> None:
    draft = only_draft(an_event("detector_test", device=None), context(home_id=None, device_key=None))
    assert (draft.alarm_class, draft.priority, draft.subject_kind) == ("test", 4, "gateway")


def test_a_late_event_rings_with_its_true_age() -> None:
    occurred = NOW - timedelta(hours=3)
    draft = only_draft(an_event("smoke"), context(occurred_at=occurred, late=True))
    assert (draft.priority, draft.late, draft.occurred_at) == (1, True, occurred)
    assert "late" in draft.reasons


@pytest.mark.parametrize(
    ("problem", "companion"),
    [
        ("unknown_device", "unknown_device"),
        ("device_not_installed", "unknown_device"),
        ("device_of_another_home", "unknown_device"),
        ("clock_implausible", "clock_wrong"),
    ],
)
def test_a_problem_rings_all_the_same_and_adds_a_technical_alarm_about_the_gateway(
    problem: str, companion: str
) -> None:
    alarm, technical = judge(an_event("sos"), context(problems=(problem,)))
    assert isinstance(alarm, AlarmDraft)
    assert isinstance(technical, AlarmDraft)
    assert (alarm.priority, alarm.kind) == (1, "sos")
    assert problem in alarm.reasons
    assert (technical.kind, technical.alarm_class, technical.subject_kind) == (
        companion,
        "technical",
        "gateway",
    )
    assert technical.event_id is None


def test_a_gateway_without_a_clock_is_no_fault_of_its_own() -> None:
    assert len(judge(an_event("sos"), context(problems=("clock_wrong",)))) == 1


def test_what_a_gateway_says_of_a_fall_is_a_reason_and_nothing_else_is() -> None:
    said = ["impact", "nobody_left", {"rubbish": 1}, "drop table", 7, "ask_if_can_get_up"]
    draft = only_draft(an_event("fall", evidence={"reasons": said}), context())
    assert draft.reasons == ("fall_raised", "impact", "nobody_left", "ask_if_can_get_up")
    assert only_draft(an_event("fall", evidence={"reasons": "impact"}), context()).reasons == ("fall_raised",)
    assert only_draft(an_event("sos", evidence={"reasons": ["impact"]}), context()).reasons == ("sos_raised",)


def test_a_suspected_fall_waits_twenty_seconds() -> None:
    (action,) = judge(an_event("fall", phase="suspected"), context())
    assert isinstance(action, Suspect)
    assert action.due_at == NOW + timedelta(seconds=20)
    assert (action.draft.kind, action.draft.priority) == ("fall_suspected", 2)


@pytest.mark.parametrize(
    ("reasons", "asks_s", "waits_s"),
    [
        (["unsure"], 60, 65),
        (["unsure"], 600, 65),
        (["unsure"], 4, 20),
        (["unsure"], -1, 20),
        (["unsure"], float("nan"), 20),
        (["unsure"], True, 20),
        (["unsure"], "60", 20),
        (["clear"], 60, 20),
        ("unsure", 60, 20),
    ],
)
def test_an_unsure_fall_waits_while_the_gateway_asks_and_never_longer_than_a_minute(
    reasons: Any, asks_s: Any, waits_s: int
) -> None:
    event = an_event("fall", phase="suspected", evidence={"reasons": reasons, "asks_s": asks_s})
    (action,) = judge(event, context())
    assert isinstance(action, Suspect)
    assert action.due_at == NOW + timedelta(seconds=waits_s)


def test_an_update_of_a_suspicion_explains_it_and_of_nothing_known_begins_it() -> None:
    update = an_event("fall", phase="updated", evidence={"reasons": ["impact", "lies_still", "rubbish"]})
    assert judge(update, context(suspected=True)) == [Explain(reasons=("impact", "lies_still"))]
    assert judge(update, context(suspected=True, ended=True)) == []
    assert only_draft(update, context()).priority == 1


def test_an_inactivity_says_what_the_gateway_says_of_it() -> None:
    said = {"reasons": ["quieter_than_usual", "at_home", "impact"]}
    draft = only_draft(an_event("inactivity", evidence=said), context())
    assert draft.reasons == ("inactivity_raised", "quieter_than_usual", "at_home")


def test_a_suspected_inactivity_waits_too_and_is_raised_once_whoever_raises_it() -> None:
    (action,) = judge(an_event("inactivity", phase="suspected"), context())
    assert isinstance(action, Suspect)
    assert (action.draft.kind, action.draft.priority) == ("inactivity", 2)
    assert action.draft.reasons[0] == "neither_raised_nor_cancelled"
    alarm = KnownAlarm(id=uuid.uuid4(), case_id=uuid.uuid4(), kind="inactivity")
    assert judge(an_event("inactivity"), context(alarm=alarm)) == []


def test_a_suspected_fall_in_a_test_window_stays_a_test() -> None:
    (action,) = judge(an_event("fall", phase="suspected", test=True), context(test_window=True))
    assert isinstance(action, Suspect)
    assert (action.draft.alarm_class, action.draft.priority) == ("test", 4)


@pytest.mark.parametrize("kind", sorted(LIFE_SAFETY - {"fall"}))
def test_any_other_suspected_danger_rings_at_once(kind: str) -> None:
    assert only_draft(an_event(kind, phase="suspected"), context()).kind == kind


@pytest.mark.parametrize("known", [{"begun": True}, {"ended": True}])
def test_a_suspicion_that_comes_after_its_answer_does_nothing(known: dict[str, bool]) -> None:
    assert judge(an_event("fall", phase="suspected"), context(**known)) == []


def test_a_fall_raised_after_the_clouds_own_suspicion_confirms_it() -> None:
    alarm = KnownAlarm(id=uuid.uuid4(), case_id=uuid.uuid4(), kind="fall_suspected")
    draft = only_draft(an_event("fall"), context(alarm=alarm))
    assert (draft.kind, draft.priority, draft.event_id) == ("fall", 1, ID)


def test_the_same_phase_of_a_known_alarm_does_nothing() -> None:
    alarm = KnownAlarm(id=uuid.uuid4(), case_id=uuid.uuid4(), kind="sos")
    assert judge(an_event("sos"), context(alarm=alarm)) == []
    assert judge(an_event("sos", phase="updated"), context(alarm=alarm)) == []


def test_an_update_of_something_whose_beginning_was_lost_begins_it() -> None:
    assert only_draft(an_event("gas", phase="updated"), context()).priority == 1


@pytest.mark.parametrize(
    ("phase", "meaning"), [("cleared", "cleared"), ("restored", "cleared"), ("cancelled", "cancelled")]
)
def test_an_end_ends(phase: str, meaning: str) -> None:
    assert judge(an_event("fall", phase=phase), context()) == [End(phase=meaning)]  # type: ignore[arg-type]


def test_a_beginning_that_comes_after_its_end_rings_and_is_marked_as_over() -> None:
    actions = judge(an_event("smoke"), context(ended=True, ended_by="cleared"))
    assert isinstance(actions[0], AlarmDraft)
    assert actions[-1] == End(phase="cleared")


def test_a_resident_in_hospital_silences_nothing_but_it_is_said() -> None:
    draft = only_draft(an_event("sos"), context(resident_state="hospital"))
    assert draft.priority == 1
    assert "resident_hospital" in draft.reasons


@pytest.mark.parametrize(
    ("minutes", "kinds", "fire"),
    [
        (10, ("sos", "smoke"), True),
        (-10, ("sos", "co"), True),
        (11, ("sos", "smoke"), False),
        (1, ("smoke", "co"), False),
        (1, ("sos", "gas"), False),
        (1, ("sos", "sos"), False),
    ],
)
def test_sos_and_smoke_within_ten_minutes_suggest_a_fire(
    minutes: int, kinds: tuple[str, str], fire: bool
) -> None:
    assert fire_suspected([(kinds[0], NOW), (kinds[1], NOW + timedelta(minutes=minutes))]) is fire


def test_what_is_known_of_nothing_but_its_kind_still_rings() -> None:
    draft = bare_alarm("co", gateway_id="gw-9", home_id=None, area_code="", org_id=None, event_id=ID, at=NOW)
    assert (draft.priority, draft.subject_kind, draft.alarm_class) == (1, "gateway", "care")
