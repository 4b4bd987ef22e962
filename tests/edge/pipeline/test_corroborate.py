"""What the home says about a fall: each reason, its opposite, and the question that follows."""

from typing import Any

import pytest

from cloud.alarms.rules import SAID_OF_A_FALL
from edge.pipeline.corroborate import QUESTIONS, RULES, Corroborate
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
        ([_motion(-60), _motion(9, "pir-bath")], [], "ask_if_can_get_up"),
        ([_motion(-60), _motion(2)], ["no_motion_since"], "ask_if_can_get_up"),
        ([reading("in_bed", 0, device="bed")], ["bed_empty"], "ask_if_can_get_up"),
        ([reading("in_bed", 1, device="bed")], ["lies_in_bed"], "ask_if_lay_down"),
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


def test_every_question_answers_to_a_rule() -> None:
    assert {reason for reason, _ in QUESTIONS} <= {name for name, _ in RULES} | {None}
    assert QUESTIONS[-1][0] is None


def test_the_cloud_shows_every_reason_and_question() -> None:
    fallen = {"impact", "posture_change", "stillness", "sensor_clipped"}
    assert fallen | {name for name, _ in RULES} | {ask for _, ask in QUESTIONS} == SAID_OF_A_FALL
