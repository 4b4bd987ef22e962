"""What the radars of a home feel: who is in their room, still or moving; with what radars get wrong.

Fans and curtains that look like a person, cats and spouses, people lost while they are still, a late end of
"present". How often is assumed: installers tell of each, nobody has counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from simulators.habits import Doing, Elder, Stretch
from simulators.life_signs import MINUTE_MS, Sign, ms

GONE, STILL, MOVES = 0.0, 1.0, 2.0
PREFIX: Final = "radar-"
# Share of homes with one in this room; half of them tell motion, too (R60), the others presence alone.
_FITTED: Final[dict[str, float]] = {"bathroom": 0.6, "living_room": 0.3, "kitchen": 0.2}
# Mean seconds of moving and of being still; on the toilet people are still for longer.
_PACE: Final[dict[Doing, tuple[float, float]]] = {
    "washing": (30, 8), "cooking": (40, 6), "resting": (8, 120), "walking": (40, 5),
}  # fmt: skip
_ASLEEP: Final = (4.0, 300.0)
_SEATED: Final = (6.0, 40.0)
_SEATED_SHARE: Final = 0.5
_LOST_SHARE: Final = 0.2  # of the still, after half a minute and more
_FAN_HOMES, _FAN_DAYS = 0.3, 0.3


@dataclass
class Radar:
    """One radar: what it says when one of those whom it feels comes, moves, rests, or goes."""

    tells_motion: bool
    feels: dict[str, float] = field(default_factory=dict)

    def take(self, who: str, value: float) -> list[tuple[str, float]]:
        """Kind and value of each reading that changes by it."""
        before = max(self.feels.values(), default=GONE)
        self.feels[who] = value
        after = max(self.feels.values())
        told = [("presence", float(after >= STILL))] if (before >= STILL) != (after >= STILL) else []
        moved = self.tells_motion and (before >= MOVES) != (after >= MOVES)
        return [*told, ("motion", float(after >= MOVES))] if moved else told


def radars(seed: int) -> dict[str, Radar]:
    """Those of a home, by device."""
    random = Random(f"radars-{seed}")
    fitted = [room for room, share in _FITTED.items() if random.random() < share]
    return {PREFIX + room: Radar(random.random() < 0.5) for room in fitted}


def felt(
    seed: int, begin: int, spent: list[Stretch], seen: Iterable[Sign], who: Elder, random: Random
) -> Iterator[Sign]:
    """A day of all radars of a home, in no order; `seen` tells where other people and pets were."""
    rooms = {device.removeprefix(PREFIX) for device in radars(seed)}
    for n, part in enumerate(spent):
        if part.room in rooms:
            ended = n + 1 == len(spent) or spent[n + 1].room != part.room
            yield from _stay(begin, part, random, ended=ended)
    for sign in seen:
        room = sign.device.removeprefix("pir-")
        if not sign.of_elder and sign.kind == "motion" and room in rooms:
            end = sign.at + round(random.expovariate(1 / (20_000 if who.pet else 120_000)))
            yield from _spells(sign.at, end, room, "others", (20, 20), random)
            yield _of("others", end, room, GONE)
    yield from _ghosts(seed, begin, sorted(rooms), random)


def lying(at: int, room: str, random: Random, *, moves: bool) -> Iterator[Sign]:
    """An elder on the floor for ten minutes: some struggle, some are lost sight of."""
    down = at + round(random.uniform(2000, 8000))
    if moves:
        yield from _spells(down, at + 10 * MINUTE_MS, room, "elder", (10, 15), random)
        return
    yield _of("elder", down, room, STILL)
    while random.random() < _LOST_SHARE:
        lost = down + round(random.uniform(30_000, 300_000))
        down = lost + round(random.uniform(20_000, 200_000))
        yield _of("elder", lost, room, GONE)
        yield _of("elder", down, room, STILL)


def _stay(begin: int, part: Stretch, random: Random, *, ended: bool) -> Iterator[Sign]:
    """The elder in a room; half of the time in the bathroom begins on the toilet."""
    at, end = ms(begin, part.begin) + round(random.uniform(500, 3000)), ms(begin, part.end)
    if part.doing == "washing" and random.random() < _SEATED_SHARE:
        up = min(end, at + round(random.uniform(120_000, 480_000)))
        yield from _spells(at, up, part.room, "elder", _SEATED, random, of_elder=True)
        at = up
    pace = _PACE.get(part.doing, _ASLEEP)
    yield from _spells(at, end, part.room, "elder", pace, random, of_elder=True)
    if ended:
        gone = end + round(random.uniform(5000, 40_000))
        yield _of("elder", gone, part.room, GONE, of_elder=True)


def _spells(
    begin: int,
    end: int,
    room: str,
    who: str,
    pace: tuple[float, float],
    random: Random,
    *,
    of_elder: bool = False,
) -> Iterator[Sign]:
    """Moving and still in turns; somebody still for long may be lost until the next movement."""
    at = begin
    while at < end:
        yield _of(who, at, room, MOVES, of_elder=of_elder)
        at += 1000 + round(1000 * random.expovariate(1 / pace[0]))
        rests = 1000 + round(1000 * random.expovariate(1 / pace[1]))
        if at >= end:
            return
        yield _of(who, at, room, STILL, of_elder=of_elder)
        if rests > 40_000 and random.random() < _LOST_SHARE:
            lost = at + round(random.uniform(30_000, rests))
            yield _of(who, min(lost, end), room, GONE, of_elder=of_elder)
        at += rests


def _ghosts(seed: int, begin: int, rooms: list[str], random: Random) -> Iterator[Sign]:
    """A fan that runs for hours, with breaks, and short ghosts in any room."""
    if rooms and Random(f"fan-{seed}").random() < _FAN_HOMES and random.random() < _FAN_DAYS:
        room, value = random.choice(rooms), random.choice((STILL, MOVES))
        at = ms(begin, random.uniform(0, 1000))
        end = at + round(random.uniform(60, 480)) * MINUTE_MS
        while at < end:
            yield _of("fan", at, room, value)
            at += 10_000 + round(random.expovariate(1 / 300_000))
            yield _of("fan", at, room, GONE)
            at += round(random.uniform(2000, 20_000))
    for room in rooms:
        while random.random() < 0.5:
            at = ms(begin, random.uniform(0, 1438))
            yield _of("curtain", at, room, random.choice((STILL, MOVES)))
            yield _of("curtain", at + round(random.uniform(10_000, 60_000)), room, GONE)


def _of(who: str, at: int, room: str, value: float, *, of_elder: bool = False) -> Sign:
    return Sign(at, PREFIX + room, who, value, of_elder=of_elder)
