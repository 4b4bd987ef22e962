"""How an elder spends a day: sleep and ways to the bathroom, meals, naps, outings; in minutes of a day."""

from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Doing = Literal["asleep", "washing", "cooking", "resting", "walking", "nap", "out"]
DAY_MIN: Final = 1440.0
ROOM_OF: Final[dict[Doing, str]] = {
    "asleep": "bedroom", "nap": "bedroom", "washing": "bathroom", "cooking": "kitchen",
    "resting": "living_room", "walking": "living_room", "out": "outside",
}  # fmt: skip


@dataclass(frozen=True)
class Stretch:
    """Minutes of the day spent doing one thing; `room` differs from the usual one for a nap on the sofa."""

    begin: float
    end: float
    doing: Doing
    room: str


@dataclass(frozen=True)
class Elder:
    """Habits, and what the home has."""

    wake: float
    bed: float
    wanders_a_night: float
    naps: float
    outings: float
    pet: bool
    couple: bool
    bed_sensor: bool
    bedroom_motion: bool
    at_night: bool


def elder(random: Random) -> Elder:
    """Somebody, by chance."""
    return Elder(
        wake=random.uniform(5 * 60, 7.5 * 60),
        bed=random.uniform(20.25 * 60, 22.5 * 60),
        wanders_a_night=random.uniform(0.4, 2.5),
        naps=random.uniform(0.2, 0.95),
        outings=random.uniform(0.3, 1.6),
        pet=random.random() < 0.2,
        couple=random.random() < 0.2,
        bed_sensor=random.random() < 0.6,
        bedroom_motion=random.random() < 0.7,
        at_night=random.random() < 0.6,
    )


def stretches(who: Elder, random: Random) -> list[Stretch]:
    """A day from midnight to midnight: sleep with ways to the bathroom, the day, bed."""
    late = random.expovariate(1 / 60) if random.random() < 0.06 else 0.0
    wake = min(max(240.0, random.gauss(who.wake, 22) + late), 660.0)
    bed = min(max(wake + 600, random.gauss(who.bed, 25)), DAY_MIN - 5)
    parts = [*_night(0, wake, who.wanders_a_night * 0.7, random)]
    at = wake
    while at < bed:
        doing, lasts = _next(at, bed, who, random)
        end = min(bed, at + lasts)
        parts.append(Stretch(at, end, doing, ROOM_OF[doing]))
        at = end
    return [*parts, *_night(bed, DAY_MIN, who.wanders_a_night * 0.3, random)]


def cut(parts: list[Stretch], leave: float, back: float) -> list[Stretch]:
    """The same day with nobody at home from `leave` to `back`."""
    before = [Stretch(p.begin, min(p.end, leave), p.doing, p.room) for p in parts if p.begin < leave]
    after = [Stretch(max(p.begin, back), p.end, p.doing, p.room) for p in parts if p.end > back]
    return [*before, Stretch(leave, back, "out", "outside"), *after]


def _night(begin: float, end: float, ways: float, random: Random) -> list[Stretch]:
    """Sleep, with so many ways to the bathroom on average."""
    parts: list[Stretch] = []
    at = begin
    while True:
        up = at + 20 + random.expovariate(ways / max(1.0, end - begin))
        if up + 10 > end:
            return [*parts, Stretch(at, end, "asleep", "bedroom")]
        back = up + random.uniform(3, 9)
        parts += [Stretch(at, up, "asleep", "bedroom"), Stretch(up, back, "washing", "bathroom")]
        at = back


def _next(at: float, bed: float, who: Elder, random: Random) -> tuple[Doing, float]:
    """What comes next at this minute, and for how long."""
    if 12 * 60 + 20 < at < 13 * 60 + 40 and random.random() < who.naps:
        return "nap", random.uniform(25, 110)
    if any(abs(at - meal) < 25 for meal in (430, 680, 1040)) and random.random() < 0.7:
        return "cooking", random.uniform(15, 45)
    going = 8 * 60 < at < 11 * 60 or 14.5 * 60 < at < 17 * 60
    if going and random.random() < 0.1 * who.outings:
        return "out", random.uniform(20, 150)
    usual: tuple[Doing, ...] = ("resting", "walking", "washing")
    doing = random.choices(usual, (0.62, 0.3, 0.08))[0]
    return doing, random.uniform(10, 90) if doing == "resting" else random.uniform(3, 15)
