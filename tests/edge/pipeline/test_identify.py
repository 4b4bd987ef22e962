import json
from typing import Any

import pytest

from edge.pipeline.identify import Identify
from edge.readings import Happening, IdentifiedEvent, Reading
from tests.edge.pipeline.making import NOW, happening, of, options, reading


def tell(step: Identify, *told: Happening, now: int = NOW) -> list[tuple[str, str]]:
    return [(event.id, event.phase) for event in of(IdentifiedEvent, step([*told], now))]


def test_one_id_from_raised_to_cleared_and_a_new_one_after() -> None:
    step = Identify(options())
    assert tell(step, happening("smoke")) == [("id-1", "raised")]
    assert tell(step, happening("smoke")) == []
    assert tell(step, happening("smoke", "cleared")) == [("id-1", "cleared")]
    assert tell(step, happening("smoke", "cleared")) == []
    assert tell(step, happening("smoke")) == [("id-2", "raised")]


def test_kinds_devices_and_activations_are_apart() -> None:
    step = Identify(options())
    tell(
        step,
        happening("smoke"),
        happening("gas"),
        happening("smoke", device="zb-2"),
        happening("smoke", activation="x"),
    )
    assert tell(step, happening("smoke", "cleared", device="zb-2")) == [("id-3", "cleared")]
    assert tell(step, happening("smoke", "cleared", activation="x")) == [("id-4", "cleared")]


def test_a_suspicion_keeps_its_id_when_it_is_raised() -> None:
    step = Identify(options())
    assert tell(step, happening("fall", "suspected")) == [("id-1", "suspected")]
    assert tell(step, happening("fall", "suspected")) == []
    assert tell(step, happening("fall", "updated")) == [("id-1", "updated")]
    assert tell(step, happening("fall", "raised")) == [("id-1", "raised")]
    assert tell(step, happening("fall", "suspected")) == []
    assert tell(step, happening("fall", "cleared")) == [("id-1", "cleared")]


def test_a_suspicion_that_goes_away_is_cancelled() -> None:
    step = Identify(options())
    tell(step, happening("fall", "suspected"))
    assert tell(step, happening("fall", "cleared")) == [("id-1", "cancelled")]
    tell(step, happening("fall", "raised"))
    assert tell(step, happening("fall", "cancelled")) == [("id-2", "cancelled")]


def test_each_press_is_an_activation_of_its_own() -> None:
    step = Identify(options())
    press = happening("sos", instant=True)
    assert tell(step, press, press) == [("id-1", "raised"), ("id-2", "raised")]


def test_an_alarm_told_again_is_no_second_press() -> None:
    step = Identify(options())
    first, second = (happening("sos", instant=True, fingerprint=mark) for mark in ("a", "b"))
    assert tell(step, first) == [("id-1", "raised")]
    for seconds in (10, 60, 110, 165):
        assert tell(step, first, now=NOW + seconds * 1000) == [], "each repeat holds for another minute"
    assert tell(step, second, now=NOW + 1000) == [("id-2", "raised")]
    assert tell(step, first, now=NOW + 600_000) == [("id-3", "raised")], "a watch whose clock stands still"


def test_a_dated_alarm_told_again_hours_later_is_no_second_press() -> None:
    step = Identify(options())
    press = happening("sos", instant=True, fingerprint="a", repeat_ms=86_400_000)
    tell(step, press)
    assert tell(step, press, now=NOW + 80_000_000) == []


def test_a_clock_that_was_set_back_hides_no_call_for_help() -> None:
    step, year_ms = Identify(options()), 31_536_000_000
    press = happening("sos", instant=True, fingerprint="a")
    tell(step, press, now=NOW + year_ms)
    assert tell(step, press, now=NOW) == [("id-2", "raised")]
    assert tell(step, press, now=NOW + 10_000) == [], "but it still knows a repeat"
    assert tell(step, press, now=NOW + 600_000) == [("id-3", "raised")]


def test_a_new_alarm_message_rings_again_while_one_is_active_and_clearing_closes_all() -> None:
    step = Identify(options())
    assert tell(step, happening("fence_exit", fingerprint="a")) == [("id-1", "raised")]
    assert tell(step, happening("fence_exit")) == []
    assert tell(step, happening("fence_exit", fingerprint="b")) == [("id-2", "raised")]
    assert tell(step, happening("fence_exit", "cleared")) == [("id-1", "cleared"), ("id-2", "cleared")]


def test_a_restart_keeps_ids_and_repeats() -> None:
    first, second = Identify(options()), Identify(options())
    tell(first, happening("smoke"), happening("sos", instant=True, fingerprint="a"))
    second.restore(json.loads(json.dumps(first.state())))
    assert tell(second, happening("smoke")) == []
    assert tell(second, happening("sos", instant=True, fingerprint="a"), now=NOW + 5000) == []
    assert tell(second, happening("smoke", "cleared")) == [("id-1", "cleared")]


@pytest.mark.parametrize("kept", [{}, {"active": 5}, {"active": {"x": {}}}, {"told": [1]}, {"new": "field"}])
def test_an_unreadable_state_is_as_if_nothing_were_active(kept: dict[str, Any]) -> None:
    step = Identify(options())
    step.restore(kept)
    assert tell(step, happening("smoke")) == [("id-1", "raised")]


def test_events_carry_everything_and_the_room() -> None:
    step = Identify(options(rooms={"watch-1": "bathroom"}))
    told = happening("sos", instant=True, device_at=5, evidence={"a": 1}, test=True, late=True)
    other = reading("steps", 1)
    [event, passed] = step([told, other], NOW)
    assert event == IdentifiedEvent(
        id="id-1", device="watch-1", kind="sos", phase="raised", at=NOW, room="bathroom", device_at=5,
        evidence={"a": 1}, test=True, late=True,
    )  # fmt: skip
    assert isinstance(passed, Reading)


def test_what_is_remembered_is_bounded() -> None:
    step = Identify(options())
    for n in range(1_500):
        tell(step, happening("smoke", device=f"zb-{n}", fingerprint=str(n)), now=NOW + n)
    state = step.state()
    assert len(state["active"]) == len(state["told"]) == 1_000
    assert tell(step, happening("smoke", "cleared", device="zb-1499")) == [("id-1500", "cleared")]
