"""Datums: the same golden vectors as the console's."""

import json
import math
from pathlib import Path

import pytest

from cloud.telemetry import datum

VECTORS = Path(__file__).parents[3] / "cloud" / "console" / "src" / "map" / "datum.test.data.json"
METRES = 111_320.0


def metres(a: datum.Degrees, b: datum.Degrees) -> float:
    return math.hypot(a[0] - b[0], (a[1] - b[1]) * math.cos(math.radians(a[0]))) * METRES


@pytest.mark.parametrize("vector", json.loads(VECTORS.read_text()), ids=lambda vector: str(vector["wgs84"]))
def test_the_golden_vectors_there_and_back(vector: dict[str, list[float]]) -> None:
    (lat, lon), shifted = vector["wgs84"], {name: (at[0], at[1]) for name, at in vector.items()}
    assert metres(datum.gcj02(lat, lon), shifted["gcj02"]) < 0.01
    assert metres(datum.bd09(*datum.gcj02(lat, lon)), shifted["bd09"]) < 0.01
    for name, at in shifted.items():
        assert metres(datum.to_wgs84(*at, name), (lat, lon)) < 0.01, name


def test_a_datum_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="nad27"):
        datum.to_wgs84(37.0, 118.0, "nad27")
