"""Back in just the old posture: enough to end a fall that the detector was not sure of."""

from dataclasses import replace

import numpy as np
import pytest

from edge.pipeline.fall_detector import FallDetector
from edge.pipeline.fall_model import shipped
from tests.edge.pipeline.test_fall import LYING, RATE, STANDING, Wearer, a_fall, still, walk


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
    wearer.stream(np.vstack([a_fall(5), still(20, then)]))
    assert wearer.phases == ["suspected", last]
    assert wearer.events[-1].evidence.get("cancelled_by", "nobody") == (
        "posture" if last == "cancelled" else "nobody"
    )
