"""Many days of one elder at home, as the devices around would show them, with the truth: sleep, ways to the
bathroom, meals, outings, visits, holidays, pets, faults of sensors, knocks of the hand, and falls.

Made for weeks at a time: a day is some hundred signs in order, not minutes. The same seed is the same life.
How often hands meet something hard: `A_DAY`, from the share of the recorded trials (UMAFall, wrist) with an
impact over 1.8 g, times how often such a thing is done in a day (our assumption, of an active elder).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from simulators.devices.movements import Kind, Rest
from simulators.habits import DAY_MIN, Doing, Elder, Stretch, cut, elder, stretches
from simulators.life_signs import MINUTE_MS, Sign, ms, signs
from simulators.radar_signs import felt

# Impacts over 1.8 g a day: recorded impacts a trial x how often a day. Sitting down 10/38 x 45, lying down
# 36/35 x 4, doors 8/28 x 30, bending 8/35 x 30, hands up 19/28 x 20, telephone 6/31 x 4, stairs 77/26 x 4,
# walking 20/562 s x 50 min. Hard knocks and putting the bracelet down hard are in no recording: assumed.
A_DAY: Final[dict[Kind, float]] = {
    "sit": 12, "lie": 4, "door": 8.6, "bend": 7, "reach": 13.6, "call": 0.8, "stairs": 12, "step": 107,
    "clap": 0.3, "knock": 1, "put_down": 0.1,
}  # fmt: skip
# Steps and stairs score nothing: at most 0.15 of 0.70 in any recording, 0.001 when simulated.
HARMLESS: Final[frozenset[Kind]] = frozenset({"step", "stairs"})
_WHERE: Final[dict[Kind, tuple[Doing, ...]]] = {
    "sit": ("resting", "washing"), "lie": ("asleep", "nap"), "door": ("walking", "out", "washing"),
    "stairs": ("out",), "bend": ("cooking", "walking"), "reach": ("cooking", "washing", "walking"),
    "call": ("resting",), "step": ("walking", "out"), "clap": ("resting",), "knock": ("cooking", "walking"),
    "put_down": ("washing",),
}  # fmt: skip


@dataclass(frozen=True)
class Knock:
    """The hand meets something hard; what the arm does in the minute after."""

    at: int
    kind: Kind
    room: str
    after: Rest


@dataclass(frozen=True)
class Fall:
    """The elder falls and lies until helped or, None never, alone up after so many minutes."""

    at: int
    room: str
    alone_min: float | None
    moves: bool
    sos_s: float | None
    bracelet: bool


@dataclass
class Day:
    """A day's signs in order, and the truth about it."""

    begin: int
    away: bool
    signs: list[Sign] = field(default_factory=list)
    knocks: list[Knock] = field(default_factory=list)
    falls: list[Fall] = field(default_factory=list)


def whose(seed: int) -> Elder:
    """The elder whose life `live` tells."""
    return elder(_random(seed))


def _random(seed: int) -> Random:
    return Random(f"life-{seed}")


def live(seed: int, begin: int, days: int, *, falls_a_day: float) -> Iterator[Day]:
    """Day after day from the local midnight `begin` (ms UTC)."""
    random, waves = _random(seed), Random(f"waves-{seed}")
    who = elder(random)
    leaves, returns, dead = -1, -1, ("", 0)
    for n in range(days):
        if returns < n and random.random() < 1 / 60:
            leaves, returns = n, n + random.randint(1, 7)
        day = Day(begin + n * 1440 * MINUTE_MS, away=returns >= n)
        spent = stretches(who, random)
        if day.away:
            out = (
                random.uniform(450, 900) if n == leaves else 0,
                random.uniform(600, 1140) if n == returns else DAY_MIN,
            )
            spent = cut(spent, *out)
        if random.random() < 1 / 200:
            dead = (
                random.choice(("bedroom", "living_room", "kitchen", "bathroom", "bed")),
                n + random.randint(1, 4),
            )
        day.signs += signs(day.begin, spent, who, random, dead[0] if dead[1] > n else "")
        day.signs += felt(seed, day.begin, spent, list(day.signs), who, waves)
        if random.random() < 1 / 150:
            _deaf(day, random)
        if not day.away:
            _knocks(day, spent, random)
            if random.random() < falls_a_day:
                day.falls.append(_fall(day, spent, who, random))
        day.signs.sort(key=lambda sign: sign.at)
        yield day


def _deaf(day: Day, random: Random) -> None:
    """The gateway's radio hears nothing for some hours."""
    begin = ms(day.begin, random.uniform(0, 1200))
    end = begin + random.randint(1, 6) * 60 * MINUTE_MS
    day.signs = [sign for sign in day.signs if not begin <= sign.at < end]


def _knocks(day: Day, spent: list[Stretch], random: Random) -> None:
    """Where the hand met something hard; none while the bracelet is on the table."""
    for kind, often in A_DAY.items():
        fitting = [part for part in spent if part.doing in _WHERE[kind]]
        if kind == "lie":
            fitting = [part for part in fitting if part.doing == "nap" or part.begin > 600 or part.begin == 0]
        if kind in HARMLESS or not fitting:
            continue
        for _ in range(_poisson(often, random)):
            part = random.choice(fitting)
            early = kind in ("sit", "lie")
            at = ms(day.begin, part.begin + 0.05 if early else random.uniform(part.begin, part.end))
            day.knocks.append(Knock(at, kind, part.room, _rest(kind, random)))
    day.knocks.sort(key=lambda knock: knock.at)


def _rest(kind: Kind, random: Random) -> Rest:
    match kind:
        case "sit" | "call" | "clap":
            return "rests"
        case "lie":
            return "in_bed"
        case "put_down":
            return "off"
        case _:
            usual: tuple[Rest, ...] = ("busy", "walks", "rests")
            return random.choices(usual, (0.55, 0.35, 0.10))[0]


def _fall(day: Day, spent: list[Stretch], who: Elder, random: Random) -> Fall:
    """In the bathroom oftener than elsewhere; half get up alone, half of all move on the floor."""
    places = [part for part in spent if part.doing in ("washing", "walking", "cooking", "resting")]
    part = random.choices(places, [4 if p.doing == "washing" else 1 for p in places])[0]
    night = part.begin < 300 or part.begin > 1320
    return Fall(
        at=ms(day.begin, random.uniform(part.begin, part.end)),
        room=part.room,
        alone_min=random.uniform(1.5, 15) if random.random() < 0.5 else None,
        moves=random.random() < 0.5,
        sos_s=random.uniform(20, 120) if random.random() < 0.25 else None,
        bracelet=who.at_night if night else random.random() < 0.95,
    )


def _poisson(mean: float, random: Random) -> int:
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count += 1
        left += random.expovariate(1.0)
    return count
