"""Back in just the old posture: enough to end a fall that the detector was not sure of."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge.pipeline.fall import Fall
from edge.pipeline.fall_detector import FallDetector
from edge.pipeline.fall_model import shipped
from edge.pipeline.recovery import step_s
from tests.edge.pipeline.making import options
from tests.edge.pipeline.test_fall import LYING, RATE, STANDING, Rows, Wearer, a_fall, impact, still, walk


@pytest.mark.parametrize(
    ("sure", "then", "last"),
    [
        (2.0, STANDING, "cancelled"),
        (2.0, LYING, "raised"),
        (shipped("wrist").sure, STANDING, "raised"),
    ],
)
def test_the_old_posture_cancels_what_was_unsure_and_nothing_that_was_sure(
    sure: float, then: tuple[float, ...], last: str
) -> None:
    wearer = Wearer()
    wearer.stream(walk(1))
    [stream] = wearer.step._streams.values()
    stream.detector = FallDetector(RATE, model=replace(shipped("wrist"), sure=sure))
    wearer.stream(np.vstack([a_fall(5), still(70, then)]))
    assert wearer.phases == ["suspected", last]
    assert wearer.events[-1].evidence.get("cancelled_by", "nobody") == (
        "posture" if last == "cancelled" else "nobody"
    )


def _doubtful(*, aloud: bool = True, **model: Any) -> Wearer:
    """A wearer whose detector is never sure, in a home that can be spoken to."""
    wearer = Wearer(Fall(options(asks_aloud=aloud)))
    wearer.stream(walk(1))
    [stream] = wearer.step._streams.values()
    stream.detector = FallDetector(RATE, model=replace(shipped("wrist"), **model))
    return wearer


def test_an_unsure_fall_is_asked_about_in_the_home_for_a_minute() -> None:
    wearer = _doubtful(sure=2.0)
    wearer.stream(np.vstack([a_fall(5), still(70)]))
    assert wearer.events[0].evidence["asks_s"] == 60
    (_, suspected), (_, raised) = wearer.told
    assert raised - suspected == pytest.approx(60, abs=1)


def test_a_home_without_a_voice_does_not_wait_for_an_answer() -> None:
    wearer = _doubtful(aloud=False, sure=2.0)
    wearer.stream(np.vstack([a_fall(5), still(70)]))
    assert "asks_s" not in wearer.events[0].evidence
    (_, suspected), (_, raised) = wearer.told
    assert raised - suspected == pytest.approx(15, abs=1)


def test_a_second_sensor_that_tells_a_fall_meanwhile_is_not_asked_about_for_long() -> None:
    first = _doubtful(sure=2.0)
    first.stream(np.vstack([a_fall(5), still(5)]))
    second = Wearer(first.step, device="waist-1")
    second.stream(walk(1))
    second.step._streams["waist-1"].detector = FallDetector(RATE, model=replace(shipped("wrist"), sure=2.0))
    second.stream(np.vstack([a_fall(5), still(20)]))
    told = [event for event in second.events if event.device == "waist-1"]
    assert [event.phase for event in told] == ["suspected", "raised"]
    assert "asks_s" not in told[0].evidence


def test_somebody_who_walks_away_in_any_posture_has_not_fallen() -> None:
    aside = (0.3, -0.9, 0.3)
    wearer = _doubtful(sure=2.0)
    wearer.stream(np.vstack([a_fall(5), walk(20, aside)]))
    assert wearer.phases == ["suspected", "cancelled"]
    assert wearer.events[-1].evidence["cancelled_by"] == "walking"
    sure = Wearer()
    sure.stream(np.vstack([a_fall(5), walk(20, aside)]))
    assert sure.phases == ["suspected", "raised"]


@pytest.mark.parametrize("hz", [0.5, 4.0, 6.0])
def test_a_tremor_and_slow_rocking_are_no_steps(hz: float) -> None:
    t = np.arange(80) / RATE
    assert step_s(1 + 0.3 * np.sin(2 * np.pi * hz * t), RATE) is None
    assert step_s(1 + 0.3 * np.sin(2 * np.pi * 1.7 * t), RATE) == pytest.approx(1 / 1.7, abs=0.03)


@pytest.mark.parametrize(("then", "phases"), [(LYING, ["suspected", "raised"]), (None, [])])
def test_an_impact_too_faint_for_a_suspicion_is_one_when_the_arm_then_lies_still(
    then: tuple[float, ...] | None, phases: list[str]
) -> None:
    wearer = _doubtful(threshold=2.0, sure=3.0)
    after = walk(70, LYING) if then is None else still(70, then)
    wearer.stream(np.vstack([a_fall(5), after]))
    assert wearer.phases == phases
    if phases:
        assert {"faint", "unsure"} <= set(wearer.events[0].evidence["reasons"])
        assert wearer.told[0][1] == pytest.approx(5 + 1 + 4 + 45, abs=2)


def struggle(seconds: float) -> Rows:
    """An arm that moves all the time, as it lies."""
    t = np.arange(round(seconds * RATE)) / RATE
    rows: Rows = still(seconds) + 0.3 * np.sin(2 * np.pi * 0.7 * t)[:, None] * np.array([0.2, 1.0, 0.2])
    return rows


@pytest.mark.parametrize(
    ("then", "phases"),
    [
        ((struggle(70),), ["suspected", "raised"]),
        ((struggle(20), still(4, STANDING), struggle(50)), []),
        ((struggle(8), still(62)), []),
    ],
    ids=["struggles", "is back", "stirs now and then"],
)
def test_an_arm_that_keeps_moving_after_a_faint_impact_is_asked_about(
    then: tuple[Rows, ...], phases: list[str]
) -> None:
    wearer = _doubtful(threshold=2.0, sure=3.0)
    wearer.stream(np.vstack([a_fall(5), *then]))
    assert wearer.phases == phases


def test_who_knocks_again_while_struggling_is_still_followed_from_the_first_impact_on() -> None:
    wearer = _doubtful(threshold=2.0, sure=3.0)
    wearer.stream(np.vstack([a_fall(5), struggle(30), impact(), struggle(16)]))
    assert wearer.phases == ["suspected"]


def test_a_faint_impact_that_waits_for_the_home_hides_no_fall() -> None:
    wearer = _doubtful(threshold=2.0, sure=3.0)
    wearer.stream(np.vstack([a_fall(5), still(45)]))
    assert wearer.phases == ["suspected"]
    [stream] = wearer.step._streams.values()
    stream.detector = FallDetector(RATE)
    wearer.stream(np.vstack([walk(3), impact(), still(6)]))
    assert wearer.phases == ["suspected", "suspected"]
    assert "faint" not in wearer.events[-1].evidence["reasons"]


def test_a_faint_impact_that_was_denied_forgets_none_that_follows() -> None:
    wearer = _doubtful(threshold=2.0, sure=3.0)
    for _ in range(2):
        wearer.stream(np.vstack([a_fall(5), still(70), walk(5)]))
    suspected = [event.activation for event in wearer.events if event.phase == "suspected"]
    assert len(set(suspected)) == 2


def test_the_old_posture_is_no_sign_after_the_pre_alarm_whatever_rows_were_lost() -> None:
    wearer = _doubtful(sure=2.0)
    wearer.stream(np.vstack([a_fall(5), still(25)]))
    wearer.wait(5)
    wearer.stream(np.vstack([still(4, STANDING), still(20)]), gap=True)
    assert wearer.phases == ["suspected"]
    wearer.stream(still(6, STANDING))
    assert "cancelled" not in wearer.phases, "an arm that struggles passes by the old posture, too"


@pytest.mark.parametrize(
    ("noise_g", "doubted"), [(0.004, True), (0.014, False), (0.0, False)], ids=["table", "arm", "coarse"]
)
def test_a_clear_fall_without_the_least_tremor_is_doubted(noise_g: float, doubted: bool) -> None:
    noise = np.random.default_rng(3).normal(0, noise_g, (400, 3)) if noise_g else np.zeros((400, 3))
    wearer = Wearer()
    wearer.stream(np.vstack([a_fall(3), np.array(LYING) / np.linalg.norm(LYING) + noise]))
    raised = wearer.events[-1]
    assert raised.phase == "raised"
    reasons = raised.evidence["reasons"]
    assert [word in reasons for word in ("unsure", "no_tremor", "clear")] == [doubted, doubted, not doubted]
