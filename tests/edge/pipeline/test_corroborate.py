"""What the home says about a fall: each reason, its opposite, and the question that follows."""

import json
from typing import Any

import pytest

from cloud.alarms.words import SAID_OF_A_FALL
from edge.pipeline.corroborate import VERDICTS, Corroborate
from edge.pipeline.scene import QUESTIONS, RULES
from edge.readings import Happening, Item, Reading
from tests.edge.pipeline.making import NOW, happening, of, options, reading

ROOMS = {"pir-hall": "hall", "pir-bath": "bathroom", "wrist-1": "bathroom"}


def _reasons(
    *heard: Reading, at: int = NOW, now: int = NOW + 20_000, falls: tuple[str, ...] = (), **more: Any
) -> list[str]:
    step = Corroborate(options(rooms=ROOMS, **more))
    for item in heard:
        step([item], item.at)
    for device in falls:
        step([happening("fall", device=device, at=at - 8000)], at - 8000)
    [fall] = of(
        Happening, step([happening("fall", device="wrist-1", at=at, evidence={"reasons": ["impact"]})], now)
    )
    reasons: list[str] = fall.evidence["reasons"]
    return reasons


def _motion(after_s: float, device: str = "pir-hall") -> Reading:
    return reading("motion", 1, at=NOW + round(after_s * 1000), device=device)


@pytest.mark.parametrize(
    ("heard", "said", "question"),
    [
        ([], [], "ask_if_can_get_up"),
        ([_motion(-60)], ["no_motion_since"], "ask_if_can_get_up"),
        ([_motion(-60), _motion(9)], ["moves_in_another_room"], "ask_if_up_again"),
        ([_motion(-60), _motion(9, "pir-bath")], ["moves_there"], "ask_if_can_get_up"),
        ([_motion(-60), _motion(2)], ["no_motion_since"], "ask_if_can_get_up"),
        ([reading("in_bed", 0, device="bed")], ["bed_empty"], "ask_if_can_get_up"),
        ([reading("in_bed", 1, device="bed")], ["lies_in_bed"], "ask_if_lay_down"),
        (
            [reading("in_bed", 0, device="bed"), reading("in_bed", 1, at=NOW + 2000, device="bed")],
            ["lies_in_bed", "lay_down"],
            "ask_if_lay_down",
        ),
        ([reading("worn", 0, device="wrist-1")], ["taken_off"], "ask_if_taken_off"),
        ([reading("door_open", 0, device="door")], ["nobody_left"], "ask_if_can_get_up"),
        ([reading("door_open", 1, at=NOW + 9000, device="door")], ["door_opened_since"], "ask_who_is_there"),
        ([reading("door_open", 1, at=NOW - 9000, device="door")], ["nobody_left"], "ask_if_can_get_up"),
        ([reading("heart_rate", 70), reading("in_bed", 1, device="bed", late=True)], [], "ask_if_can_get_up"),
    ],
)
def test_each_sensor_adds_its_reason_and_the_question_follows(
    heard: list[Reading], said: list[str], question: str
) -> None:
    assert _reasons(*heard) == ["impact", *said, question]


def test_two_sensors_within_a_minute_outweigh_everything() -> None:
    reasons = _reasons(reading("in_bed", 1, device="bed"), falls=("radar-1",))
    assert reasons == ["impact", "two_fall_sensors", "lies_in_bed", "ask_where_it_hurts"]


def test_silence_says_nothing_before_it_has_lasted() -> None:
    assert "no_motion_since" not in _reasons(_motion(-60), now=NOW + 5000)


def test_on_a_gateway_of_many_homes_nothing_is_said() -> None:
    assert _reasons(reading("in_bed", 0, device="bed"), many_homes=True) == ["impact"]


def test_everything_else_passes_unchanged_and_no_rule_ends_a_fall() -> None:
    step = Corroborate(options())
    items: list[Item] = [
        happening("sos"),
        happening("fall", "cancelled"),
        happening("fall", "raised", late=True),
        _motion(0),
    ]
    assert step(items, NOW) == items
    [fall] = of(Happening, step([happening("fall", "suspected", evidence={"reasons": "rubbish"})], NOW))
    assert fall.phase == "suspected"
    assert fall.evidence["reasons"] == ["ask_if_can_get_up"]


def _pre_alarm(step: Corroborate, *reasons: str, now: int = NOW + 19_000, **more: Any) -> list[str]:
    """Phases that come out when the pre-alarm of a fall ends."""
    evidence = {"score": 0.8, "reasons": ["impact", *reasons], "unsure": "unsure" in reasons, **more}
    fall = happening("fall", device="wrist-1", evidence=evidence, activation="wrist-1:fall:1")
    return [h.phase for h in of(Happening, step([fall], now)) if h.kind == "fall"]


def _asked() -> Corroborate:
    step = Corroborate(options(rooms=ROOMS))
    assert _pre_alarm(step, "unsure") == ["updated"]
    return step


_BED = [reading("in_bed", 0, device="bed"), reading("in_bed", 1, at=NOW + 2000, device="bed")]


@pytest.mark.parametrize(
    ("heard", "reasons", "phases"),
    [
        ([], ["clear", "lies_still"], ["raised"]),
        ([], ["lies_still"], ["updated"]),
        ([reading("worn", 0, at=NOW + 9000, device="wrist-1")], ["clear", "lies_still"], ["updated"]),
        ([reading("worn", 0, device="watch-2")], ["clear", "lies_still"], ["raised"]),
        ([], ["clear", "stirs"], ["updated"]),
        ([], ["unsure", "lies_still"], ["updated"]),
        (_BED, ["unsure"], ["cancelled"]),
        (_BED, ["clear"], ["updated"]),
        ([reading("in_bed", 1, device="bed")], ["unsure"], ["updated"]),
        ([_motion(-60), _motion(9)], ["clear"], ["updated"]),
        ([_motion(-60), _motion(9, "pir-bath")], ["clear"], ["raised"]),
    ],
)
def test_the_verdict_raises_what_is_sure_and_cancels_only_what_is_not(
    heard: list[Reading], reasons: list[str], phases: list[str]
) -> None:
    step = Corroborate(options(rooms=ROOMS))
    for item in heard:
        step([item], item.at)
    assert _pre_alarm(step, *reasons) == phases


def test_a_bed_that_somebody_lay_down_in_cancels_no_fall_for_an_arm_without_tremor() -> None:
    """The detector was sure; `unsure` came with the stillness. The bed may be the spouse's."""
    step = Corroborate(options(rooms=ROOMS))
    for item in _BED:
        step([item], item.at)
    assert _pre_alarm(step, "lies_still", "unsure", unsure=False) == ["updated"]


def test_what_is_asked_about_is_raised_by_an_sos_or_by_another_sensor_and_survives_a_restart() -> None:
    after = Corroborate(options(rooms=ROOMS))
    after.restore({"x": 7} | json.loads(json.dumps(_asked().state())))
    sos: list[Item] = [happening("sos", device="button", at=NOW + 40_000)]
    raised = of(Happening, after(sos, NOW + 40_000))[1:]
    assert [(h.kind, h.phase, h.at, h.evidence["confirmed_by"]) for h in raised] == [
        ("fall", "raised", NOW, "sos")
    ]
    assert after(sos, NOW + 50_000) == sos
    told = of(Happening, _asked()([happening("fall", device="radar-1", at=NOW + 30_000)], NOW + 31_000))
    assert [(h.device, h.evidence.get("confirmed_by")) for h in told] == [
        ("radar-1", None),
        ("wrist-1", "two_fall_sensors"),
    ]
    assert _pre_alarm(Corroborate(options()), "unsure", confirmed_by="sos") == ["raised"]


def test_movement_takes_back_what_is_asked_about_but_not_what_was_raised() -> None:
    up = happening(
        "fall",
        "cancelled",
        NOW + 60_000,
        "wrist-1",
        activation="wrist-1:fall:1",
        evidence={"cancelled_by": "movement"},
    )
    assert _asked()([up], NOW + 60_000) == [up]
    step = Corroborate(options())
    assert _pre_alarm(step, "clear") == ["raised"]
    assert step([up], NOW + 60_000) == []
    button = happening("fall", "cancelled", NOW + 70_000, "wrist-1", activation="wrist-1:fall:1")
    assert step([button], NOW + 70_000) == [button]


def _faint(step: Corroborate, room: str | None) -> list[str]:
    """Phases that are told of a faint impact after which the arm was still for 45 s."""
    rooms = {} if room is None else {"wrist-1": room}
    step._options.rooms.update(rooms)
    evidence = {"score": 0.4, "reasons": ["impact", "posture_change", "faint", "unsure"]}
    phases: list[str] = []
    for phase, now in (("suspected", NOW + 50_000), ("raised", NOW + 65_000), ("cancelled", NOW + 90_000)):
        fall = happening("fall", phase, device="wrist-1", evidence=evidence, activation="wrist-1:fall:1")
        phases += [h.phase for h in of(Happening, step([fall], now))]
    return phases


_TOLD = ["suspected", "updated", "cancelled"]


@pytest.mark.parametrize(
    ("heard", "room", "phases"),
    [
        ([_motion(-60)], "bathroom", _TOLD),
        ([_motion(-60)], "bedroom", []),
        ([_motion(-60)], None, _TOLD),
        ([], "bathroom", []),
        ([_motion(-60), _motion(9, "pir-bath")], "bathroom", []),
        ([_motion(-60), reading("in_bed", 1, device="bed")], "bathroom", []),
        ([_motion(-60), reading("worn", 0, device="wrist-1")], "bathroom", []),
        ([_motion(-60), reading("door_open", 1, at=NOW + 9000, device="door")], "bathroom", []),
    ],
)
def test_a_faint_impact_is_told_only_where_the_home_agrees(
    heard: list[Reading], room: str | None, phases: list[str]
) -> None:
    step = Corroborate(options(rooms={"pir-hall": "hall", "pir-bath": "bathroom"}))
    for item in heard:
        step([item], item.at)
    assert _faint(step, room) == phases


def test_what_the_home_said_of_a_faint_impact_survives_a_restart() -> None:
    evidence = {"score": 0.5, "reasons": ["impact", "faint", "unsure"]}
    for room, phases in (("bathroom", ["cancelled"]), ("bedroom", [])):
        before, after = (Corroborate(options(rooms=ROOMS | {"wrist-1": room})) for _ in range(2))
        before([_motion(-60)], NOW - 60_000)
        fall = happening(
            "fall", "suspected", device="wrist-1", evidence=evidence, activation="wrist-1:fall:1"
        )
        before([fall], NOW + 50_000)
        after.restore({"x": 7} | json.loads(json.dumps(before.state())))
        button = happening(
            "fall", "cancelled", device="wrist-1", evidence=evidence, activation="wrist-1:fall:1"
        )
        assert [h.phase for h in of(Happening, after([button], NOW + 55_000))] == phases


def test_a_gateway_of_many_homes_tells_of_no_faint_impact() -> None:
    step = Corroborate(options(rooms=dict(ROOMS), many_homes=True))
    step([_motion(-60)], NOW - 60_000)
    assert _faint(step, "bathroom") == []


def test_an_old_question_is_raised_by_nothing_later() -> None:
    later = NOW + 11 * 60_000
    sos: list[Item] = [happening("sos", at=later)]
    assert _asked()(sos, later) == sos


def test_every_verdict_answers_to_reasons_that_are_given_and_the_last_one_asks() -> None:
    given = {name for name, _ in RULES} | {"sos", "unsure", "doubted", "clear", "stirs", "lies_still"}
    given |= {"faint", "hard", "no_tremor"}
    assert all(signs <= given for signs, _ in VERDICTS)
    assert VERDICTS[-1] == (frozenset(), "ask"), "nothing that is not understood is dropped"
    assert all("doubted" in signs for signs, verdict in VERDICTS if verdict == "cancel")


def test_every_question_answers_to_a_rule() -> None:
    assert {reason for reason, _ in QUESTIONS} <= {name for name, _ in RULES} | {None, "unsure", "no_tremor"}
    assert QUESTIONS[-1][0] is None


def test_the_cloud_shows_every_reason_and_question() -> None:
    fallen = {"impact", "posture_change", "stillness", "sensor_clipped", "unsure", "clear"}
    fallen |= {"stirs", "lies_still", "faint", "no_tremor"}
    assert fallen | {name for name, _ in RULES} | {ask for _, ask in QUESTIONS} == SAID_OF_A_FALL
