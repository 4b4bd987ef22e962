"""How much of the last ten minutes in bed somebody moved; nothing of an empty or silent bed."""

import pytest

from edge.pipeline.restless import Restless
from edge.readings import Reading
from tests.edge.pipeline.making import NOW, of, options, reading


class Bed:
    """A bed sensor that is heard each ten seconds."""

    def __init__(self) -> None:
        self.step = Restless(options())
        self.now = NOW
        self.told: list[Reading] = []

    def hear(self, kind: str, value: float, device: str = "bed") -> None:
        found = self.step([reading(kind, value, at=self.now, device=device)], self.now)
        self.told += [r for r in of(Reading, found) if r.kind == "restlessness"]

    def lie(self, seconds: int, *, moves: int = 0) -> None:
        """In bed; of each minute so many seconds moving."""
        for second in range(0, seconds, 10):
            self.hear("in_bed", 1)
            self.hear("vibration", float(second % 60 < moves))
            self.now += 10_000


def test_the_share_of_ten_minutes_comes_each_minute_from_the_fifth_on() -> None:
    bed = Bed()
    bed.lie(900, moves=20)
    assert bed.told[0].at - NOW == pytest.approx(300_000, abs=20_000)
    assert len(bed.told) == 10
    assert all(30 <= one.value <= 37 for one in bed.told)
    assert bed.told[0].quality == pytest.approx(50, abs=4)
    assert bed.told[-1].quality == 100
    bed.lie(900)
    assert bed.told[-1].value == 0


def test_an_empty_bed_and_one_that_feels_nothing_are_blank_and_lying_down_begins_anew() -> None:
    bed = Bed()
    bed.lie(600, moves=30)
    bed.hear("in_bed", 0)
    before = len(bed.told)
    for _ in range(100):
        bed.now += 10_000
        bed.hear("in_bed", 0)
    assert len(bed.told) == before
    bed.lie(290)
    assert len(bed.told) == before
    bed.lie(60)
    assert bed.told[-1].value == 0
    deaf = Bed()
    for _ in range(100):
        deaf.now += 10_000
        deaf.hear("in_bed", 1)
    assert deaf.told == []


def test_a_bed_that_is_not_heard_any_more_says_nothing() -> None:
    bed = Bed()
    bed.lie(600)
    before = len(bed.told)
    for _ in range(30):
        bed.now += 10_000
        bed.hear("motion", 1, "pir-hall")
    assert len(bed.told) <= before + 2
    assert {one.device for one in bed.told} == {"bed"}
