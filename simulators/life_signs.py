"""What the devices of a home show of a day: motion, bed, door, watch, and who else lives or visits there."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from simulators.habits import DAY_MIN, Doing, Elder, Stretch

MINUTE_MS: Final = 60_000
# How often a minute somebody is seen by the room's motion sensor, which then stays on for 60 to 90 s.
_SEEN: Final[dict[Doing, float]] = {
    "asleep": 0.01, "nap": 0.01, "washing": 0.6, "cooking": 0.6, "resting": 0.08, "walking": 0.7, "out": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Sign:
    """What a device says at `at` (ms UTC); a fix: metres from home, its accuracy, and the true metres."""

    at: int
    device: str
    kind: str
    value: float
    accuracy_m: float = 0.0
    true_m: float = 0.0
    of_elder: bool = True


def signs(begin: int, stretches: list[Stretch], who: Elder, random: Random, dead: str) -> Iterator[Sign]:
    """The signs of a day in no order; `dead` is a room whose sensor is silent (or the bed, which sticks)."""
    for part in stretches:
        begins, ends = ms(begin, part.begin), ms(begin, part.end)
        watched = part.room != "bedroom" or who.bedroom_motion
        if watched and part.room not in ("outside", dead):
            yield from _motions(part, begin, random)
        if part.doing == "out":
            yield from () if part.begin == 0 else _door(begins)
            yield from () if part.end >= DAY_MIN else _door(ends)
            yield from _fixes(begins, ends, random, far=part.end - part.begin > 600)
        if who.bed_sensor and part.room == "bedroom" and dead != "bed":
            yield from () if part.begin == 0 else [Sign(begins, "bed", "in_bed", 1.0)]
            yield from () if part.end >= DAY_MIN else [Sign(ends - 1, "bed", "in_bed", 0.0)]
    for n in range(48):
        yield (Sign(ms(begin, n * 30 + random.uniform(0, 9)), "warm", "temperature", 21.0, of_elder=False))
    if who.pet or who.couple:
        yield from _others(begin, who, random)
    if stretches[0].doing == "asleep" and random.random() < 0.2:
        yield from _visit(begin, random)


def _motions(part: Stretch, begin: int, random: Random) -> Iterator[Sign]:
    """Seen at once on entering, then as often as what is done there shows somebody."""
    at, rate = part.begin + random.uniform(0.02, 0.3), _SEEN[part.doing]
    if part.doing in ("asleep", "nap"):
        at = part.begin + random.uniform(0.02, 3)
    while at < part.end:
        yield _seen(ms(begin, at), part.room)
        at += 1.6 + random.expovariate(rate)


def _seen(at: int, room: str, *, of_elder: bool = True) -> Sign:
    """A motion sensor that sees somebody; that it ends a minute later nobody asks, so it is not told."""
    return Sign(at, f"pir-{room}", "motion", 1.0, of_elder=of_elder)


def _door(at: int, *, of_elder: bool = True) -> list[Sign]:
    return [Sign(at + n, "door", "door_open", 1.0 - n / 8000, of_elder=of_elder) for n in (0, 8000)]


def _fixes(begin: int, end: int, random: Random, *, far: bool) -> Iterator[Sign]:
    """A fix each five minutes outside: some coarse, a few that jump and claim to be good."""
    reach = random.uniform(3000, 90_000) if far else random.choice((80, 150, 220, 240, 1200))
    for at in range(begin + 120_000, end, 300_000 if not far else 1_800_000):
        share = min(1.0, (at - begin) / 900_000, (end - at) / 900_000)
        there = random.uniform(0.97, 1.03) if 7 <= (at // 3_600_000 + 8) % 24 < 21 else 1.0
        true_m = reach * there * max(0.05, share)
        accuracy = random.choice((8, 15, 30, 60, 120, 600))
        off = abs(random.gauss(0, accuracy / 2))
        jump = random.uniform(500, 4000) if random.random() < 0.003 else 0.0
        yield Sign(at, "watch", "fix", true_m + off + jump, accuracy, true_m)


def _others(begin: int, who: Elder, random: Random) -> Iterator[Sign]:
    """A cat at any hour, a spouse by day: also while the elder sleeps, is out or lies on the floor."""
    for _ in range(random.randint(10, 30) if who.pet else 0):
        yield _seen(ms(begin, random.uniform(0, DAY_MIN)), "living_room", of_elder=False)
    for _ in range(random.randint(30, 60) if who.couple else 0):
        room = random.choice(("living_room", "kitchen", "bathroom"))
        yield _seen(ms(begin, random.uniform(420, 1290)), room, of_elder=False)


def _visit(midnight: int, random: Random) -> Iterator[Sign]:
    begin = random.uniform(540, 1080)
    end = begin + random.uniform(20, 240)
    yield from _door(ms(midnight, begin), of_elder=False)
    for _ in range(int((end - begin) / 6)):
        yield _seen(ms(midnight, random.uniform(begin, end)), "living_room", of_elder=False)
    yield from _door(ms(midnight, end), of_elder=False)


def ms(begin: int, minute: float) -> int:
    """That minute of the day that begins at `begin` (ms UTC)."""
    return begin + round(minute * MINUTE_MS)
