"""What devices say in the homes of people who are well: no rule rings."""

from random import Random
from typing import Final

from simulators.batches import Row
from tests.benchmarks import ingest_stage as stages

_WELL: Final = {
    "heart_rate": (70, 4), "spo2": (97, 1), "body_temperature": (36.5, 0.2), "resp_rate": (15, 1),
    "in_bed": (1, 0), "battery": (80, 1), "temperature": (22, 1), "humidity": (45, 3),
}  # fmt: skip
_SERIES: Final = [(device, kind) for device, kinds in stages.DEVICES.items() for kind in kinds]


def rows_of_the_well(home: int, now_ms: int, chance: Random, count: int) -> list[Row]:
    """The newest readings of `count` of a home's twenty series, within the last minute or ten seconds."""
    step = 2900 if count == 20 else 2400
    rows = []
    for n, (device, kind) in enumerate(_SERIES[:count]):
        mean, spread = _WELL.get(kind, (100, 5))
        value = round(chance.gauss(mean, spread / 3), 1)
        rows.append((f"{device}-{home:05d}", kind, now_ms - n * step, value))
    return rows
