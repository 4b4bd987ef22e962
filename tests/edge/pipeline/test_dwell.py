"""Somebody who neither moves nor leaves where nobody rests is asked about, and only they."""

import json

import pytest

from edge.pipeline.dwell import DWELL_MS, Dwell
from edge.readings import Happening, Item, Press, Reading
from tests.edge.pipeline.making import NOW, of, options, reading

ROOMS = {"r60": "bathroom", "pir": "bathroom", "sofa": "living_room"}
MIN = 60_000


def _came(device: str = "r60", minutes: float = 0.0) -> list[Reading]:
    at = NOW + round(minutes * MIN)
    told = ((at - MIN, "presence", 0), (at, "presence", 1), (at, "motion", 1), (at + MIN, "motion", 0))
    return [reading(kind, value, at=at, device=device) for at, kind, value in told]


def _lived(
    step: Dwell, items: list[Item], until_min: float, begin_min: float = -5
) -> list[tuple[float, str]]:
    """Minutes and phases of what is told, looked at each five seconds."""
    told: list[tuple[float, str]] = []
    waiting = list(items)
    for now in range(NOW + round(begin_min * MIN), NOW + round(until_min * MIN) + 1, 5000):
        heard = [one for one in waiting if isinstance(one, Reading | Press) and one.at <= now]
        waiting = [one for one in waiting if one not in heard]
        events = of(Happening, step([*heard], now))
        told += [((now - NOW) / MIN, event.phase) for event in events]
        assert all(event.evidence["reasons"] == ["still_in_room"] for event in events)
    return told


def test_who_lies_in_the_bathroom_is_asked_after_twenty_minutes_then_raised_then_cleared_by_moving() -> None:
    moves = reading("motion", 1, at=NOW + 40 * MIN, device="r60")
    told = _lived(Dwell(options(rooms=ROOMS)), [*_came(), moves], 60)
    assert told == [(21, "suspected"), (21.25, "raised"), (40, "cleared")]


def test_a_button_denies_it_and_nobody_is_asked_again_before_they_move() -> None:
    button = Press(device="wrist-1", button="cancel", at=NOW + 21 * MIN + 5000)
    again = _came(minutes=90)
    told = _lived(Dwell(options(rooms=ROOMS)), [*_came(), button, *again], 115)
    assert [phase for _, phase in told] == ["suspected", "cancelled", "suspected", "raised"]
    assert told[2][0] == pytest.approx(111, abs=0.1)


@pytest.mark.parametrize(
    "heard",
    [
        _came("sofa"),
        [one for one in _came() if one.kind == "presence"],
        [*_came(), reading("motion", 1, at=NOW + 12 * MIN, device="pir")],
        [*_came(), reading("presence", 0, at=NOW + 12 * MIN, device="r60")],
        _came()[1:],
    ],
    ids=["where people rest", "nothing felt them come in", "moves", "left", "in the room at the start"],
)
def test_daily_life_and_ghosts_are_not_asked_about(heard: list[Item]) -> None:
    assert _lived(Dwell(options(rooms=ROOMS)), heard, 30) == []


def test_a_radar_that_loses_sight_ends_nothing_and_a_restart_forgets_nobody() -> None:
    lost = reading("presence", 0, at=NOW + 30 * MIN, device="r60")
    before, after = (Dwell(options(rooms=ROOMS)) for _ in range(2))
    assert [phase for _, phase in _lived(before, [*_came(), lost], 50)] == ["suspected", "raised"]
    after.restore({"x": 7} | json.loads(json.dumps(before.state())))
    moves = reading("motion", 1, at=NOW + 60 * MIN, device="pir")
    assert [phase for _, phase in _lived(after, [moves], 61, begin_min=50)] == ["cleared"]


def test_on_a_gateway_of_many_homes_nobody_is_asked() -> None:
    assert DWELL_MS == 20 * MIN
    assert _lived(Dwell(options(rooms=ROOMS, many_homes=True)), [*_came()], 30) == []
