"""Somebody leaves the bed: posture, antennas and silence, row by row."""

from collections.abc import Iterable

import numpy as np
import pytest

from edge.pipeline.bed_exit import (
    BedExit,
    BedExitDetector,
    BedExitModel,
    Room,
    Shape,
    TagRow,
    flown,
    load,
)

BED, CHAIR, DOOR = 0, 1, 2


def shape(front: float, vertical: float) -> Shape:
    spread = np.diag([0.04, 0.04, 0.04, 0.2, 0.2, 0.2, 1.0])
    mean = np.array([front, vertical, 0, 0, 0, 0, 0])
    return Shape(mean, np.linalg.inv(spread), float(np.linalg.slogdet(spread)[1]))


def model() -> BedExitModel:
    """A room with an antenna at the bed, one at the chair and one at the door."""
    antennas = {0: [0.9, 0.05, 0.05], 1: [0.05, 0.9, 0.05], 3: [0.1, 0.2, 0.7]}
    gaps = np.log(np.array([[0.11] * 9] * 2 + [[0.11] * 9] + [[0.02] * 8 + [0.84]]))
    flow = np.full((4, 4), 0.005)
    np.fill_diagonal(flow, -0.015)
    room = Room(
        shapes={0: shape(0.4, 0.9), 1: shape(0.5, 0.85), 3: shape(0.0, 1.0)},
        antennas={state: np.log(shares) for state, shares in antennas.items()},
        gaps=gaps,
    )
    return BedExitModel({"room": room}, flow, silent_out=0.3, wait_s=8)


def rows(start_s: float, count: int, front: float, vertical: float, antenna: int) -> list[TagRow]:
    return [TagRow(start_s + n, front + 0.01 * (n % 3), vertical, 0.0, antenna, -60.0) for n in range(count)]


def lying(start_s: float, count: int = 20) -> list[TagRow]:
    return rows(start_s, count, 1.0, 0.0, BED)


def sitting(start_s: float, count: int = 10) -> list[TagRow]:
    return rows(start_s, count, 0.4, 0.9, BED)


def walking(start_s: float, count: int = 15) -> list[TagRow]:
    return rows(start_s, count, 0.0, 1.0, DOOR)


def told(recording: Iterable[TagRow], silent_until_s: float | None = None) -> list[BedExit]:
    detector = BedExitDetector(model(), "room")
    exits = [exit_ for row in recording for exit_ in detector.feed(row)]
    return exits if silent_until_s is None else exits + detector.silence(silent_until_s)


def test_getting_up_and_walking_is_one_exit_at_the_time_of_standing_up() -> None:
    [exit_] = told([*lying(0), *sitting(20, 5), *walking(25)])
    assert exit_.at_s == pytest.approx(25, abs=2)
    assert exit_.reasons == ("was in bed", "out of bed")
    assert exit_.likely > 0.5


def test_sitting_on_the_bed_and_lying_down_again_is_none() -> None:
    assert told([*lying(0), *sitting(20), *lying(30)], silent_until_s=400) == []


def test_upright_and_then_not_heard_is_an_exit_and_lying_silently_is_none() -> None:
    [exit_] = told([*lying(0), *rows(20, 1, 0.1, 0.95, DOOR)], silent_until_s=29)
    assert exit_.at_s == 20
    assert told(lying(0), silent_until_s=4000) == []


def test_walking_about_tells_nothing_until_the_elder_has_been_in_bed() -> None:
    assert told(walking(0, 60)) == []
    assert len(told([*walking(0), *lying(20), *walking(45), *lying(80), *walking(110)])) == 2


def test_asked_each_second_or_not_at_all_the_exits_are_the_same() -> None:
    recording = [*lying(0), *sitting(20, 4), *walking(24, 3), *lying(60), *rows(90, 1, 0.1, 0.95, DOOR)]
    detector, each_second = BedExitDetector(model(), "room"), []
    for second in range(200):
        for row in recording:
            if row.at_s == second:
                each_second += detector.feed(row)
        each_second += detector.silence(second + 0.5)
    assert each_second == told(recording, silent_until_s=200)
    assert len(each_second) == 2


def test_an_antenna_that_nobody_knows_breaks_nothing() -> None:
    assert told([TagRow(0, 1, 0, 0, 99, -60), TagRow(1, 1, 0, 0, -3, -60)]) == []


def test_the_flow_of_states_keeps_what_there_is() -> None:
    mixed = flown(model().flow, 30)
    assert mixed.sum(axis=1) == pytest.approx([1, 1, 1, 1])
    assert mixed == pytest.approx(np.linalg.matrix_power(flown(model().flow, 1), 30), abs=1e-4)
    assert flown(model().flow, 0) == pytest.approx(np.eye(4))


def test_the_shipped_weights_are_whole() -> None:
    shipped = load()
    assert set(shipped.rooms) == {"d1", "d2"}
    assert 0 < shipped.silent_out < 1
    for name in shipped.rooms:
        detector = BedExitDetector(shipped, name)
        assert detector.feed(TagRow(0, 0.4, 0.9, 0.1, 1, -60)) == []
