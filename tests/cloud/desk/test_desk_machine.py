"""Operators, workers, gateways, clocks and crashes at random: nothing slips through (`make soak-desk`)."""

import asyncio

from tests.cloud.desk.machine import STEPS, Tally, play
from tests.cloud.desk.ward import found

_RUNS = 10


def test_nothing_slips_through_whatever_happens_in_whatever_order(database_url: str) -> None:
    tally = Tally()
    with asyncio.Runner() as loop:
        ward = loop.run(found(database_url))
        try:
            play(ward, loop, runs=_RUNS, seed=None, shrink=True, tally=tally)
        finally:
            loop.run(ward.close())
    assert tally.runs >= _RUNS
    assert tally.steps / tally.runs >= STEPS - 5
    assert tally.deadlocks == 0
