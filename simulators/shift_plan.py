"""What happens in a city of 14,800 homes during a shift: alarms at random, as often as assumed here. Pure.

Assumptions, each a number to be replaced by a city's own:
  some 45 activations a day and 1000 homes, three of four of them of people, the rest of equipment;
  most SOS presses are mistakes or questions; by day (06-22) three times as many as by night;
  one in five who answer need somebody, one in ten do not answer.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Final

CITY_HOMES: Final = 14_800
_DAY: Final = 24 * 3600.0
_NIGHT_SHARE: Final = 0.35  # of the mean rate, 22-06; the day takes the rest
_NIGHT_HOURS: Final = 8


@dataclass(frozen=True)
class Happening:
    """`per_day`: a day and 1000 homes. `device`: what notices it. `lasts_s`: until it is over by itself."""

    kind: str
    per_day: float
    device: str
    room: str = ""
    lasts_s: float | None = None
    technical: bool = False


MIX: Final = (
    Happening("sos", 19.0, "watch"),
    Happening("fall", 5.0, "watch", "bathroom"),
    Happening("inactivity", 3.0, "motion", "living_room"),
    Happening("fence_exit", 2.5, "watch", lasts_s=1500),
    Happening("smoke", 2.0, "smoke", "kitchen", 240),
    Happening("water_leak", 1.5, "water_leak", "bathroom", 1800),
    Happening("gas", 0.4, "gas", "kitchen", 300),
    Happening("co", 0.1, "co", "kitchen", 300),
    Happening("gateway_offline", 6.0, "watch", lasts_s=600, technical=True),
    Happening("battery_low", 4.0, "smoke", "kitchen", technical=True),
    Happening("tamper", 0.5, "motion", "living_room", 60, technical=True),
)


@dataclass(frozen=True)
class Alarm:
    """Something that happens in one home, `at_s` seconds after the beginning."""

    at_s: float
    home: int
    what: Happening


def day_factor(hour: float) -> float:
    """How busy an hour of the local day is, 1.0 being the mean."""
    if hour % 24 >= 22 or hour % 24 < 6:
        return _NIGHT_SHARE
    return (24 - _NIGHT_HOURS * _NIGHT_SHARE) / (24 - _NIGHT_HOURS)


def plan(
    random: Random,
    *,
    hours: float,
    start_hour: float,
    homes: int = CITY_HOMES,
    mix: Iterable[Happening] = MIX,
) -> list[Alarm]:
    """Every alarm of a shift in order; each in a home of its own, as nearly all are."""
    alarms: list[tuple[float, Happening]] = []
    for what in mix:
        busiest = day_factor(12)
        mean_gap = _DAY / (what.per_day * homes / 1000 * busiest)
        at = random.expovariate(1 / mean_gap)
        while at < hours * 3600:
            if random.random() < day_factor(start_hour + at / 3600) / busiest:
                alarms.append((at, what))
            at += random.expovariate(1 / mean_gap)
    alarms.sort(key=lambda item: item[0])
    where = random.sample(range(homes), min(len(alarms), homes))
    return [Alarm(at, where[n % len(where)], what) for n, (at, what) in enumerate(alarms)]


def human(random: Random, median_s: float, spread: float = 0.4, most_s: float = math.inf) -> float:
    """How long a person takes: log-normal, as reaction and handling times are."""
    return min(most_s, random.lognormvariate(math.log(median_s), spread))
