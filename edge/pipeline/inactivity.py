"""A home that is quiet for longer than is usual there at this hour.

What is usual is learned: of each hour of the day, on each of the last 28 days, the longest time without a
sign of life. The bound of an hour is the longest quiet that was usual within two hours of it (from a
fortnight on the second longest of the days, so that one strange day moves nothing), half as much again, at
least two hours more. Quiet that began in the evening or at night is sleep until two hours after the hour by
which somebody usually is up, but never for more than 12 h: a night without a way to the bathroom is no
alarm. Before ten days are learned 16 h are too long in any home. Explained: the event says what is usual,
how many days were learned, what the last sign was. It is suspected first: the home is asked aloud, and 15 s
later it is raised, unless somebody moves.
"""

from typing import Any, Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.pipeline.others import Others
from edge.pipeline.zones import distance_m
from edge.readings import Fix, Happening, Item, Press, Reading, Samples, Sighting, Signal
from edge.recent import Recent
from firmware_specs.messages import Phase, Position

LEARN_DAYS: Final = 28
ENOUGH_DAYS: Final = 10
SPARE: Final = 1.5
LEAST_S: Final = 2 * 3600
MORE_S: Final = 2 * 3600
FORTNIGHT: Final = 14
BESIDE_H: Final = 2
MOST_S: Final = 16 * 3600
AWAY_S: Final = 10 * 3600
OUT_S: Final = 14 * 3600
EVENING_H: Final = 18
SMALL_HOURS: Final = 4
NIGHT_S: Final = 12 * 3600
UP_MORE_S: Final = 2 * 3600
MOVED_M: Final = 200.0
GAP_MS: Final = 3_600_000
DEAF_MS: Final = 2 * 3_600_000
INSIDE_AGAIN_MS: Final = 2 * 60_000
MOVES: Final = frozenset({"motion", "vibration", "door_open", "in_bed"})
PRE_ALARM_MS: Final = 15_000
ACTIVATION: Final = "home:inactivity"
_SLEW_MS: Final = 60_000
_MAX_DEVICES: Final = 100
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000


class Sign(msgspec.Struct):
    """What showed last that somebody lives here (ms UTC)."""

    at: int
    device: str
    kind: str
    room: str | None = None


class _Memory(msgspec.Struct):
    """`quiet_s[hour]`: of each learned day the longest quiet in that local hour, newest last.

    `today` is growing, `spoilt` when it is not to be learned; quiet counts from `since`: the last sign, or
    when the agent listened again (last at `now_at`), without the hours in which nothing at all was heard. The
    home is `asked`, then it is `told`. `up_s`: of each learned day when the first sign after 4 o'clock came,
    s after midnight. `sensed`: something here tells of movement. Times in ms UTC, 0: never.
    """

    quiet_s: list[list[int]] = msgspec.field(default_factory=lambda: [[] for _ in range(24)])
    today: dict[int, int] = {}
    day: int = 0
    spoilt: bool = False
    sign: Sign | None = None
    left_at: int = 0
    heard_at: int = 0
    now_at: int = 0
    since: int = 0
    asked: int = 0
    evidence: dict[str, Any] = {}
    told: bool = False
    up_s: list[int] = []
    up_today: int = 0
    sensed: bool = False
    others: Others = msgspec.field(default_factory=Others)


class Inactivity:
    """One alarm a quiet spell, cleared by the next sign of life; a button within the pre-alarm cancels it.

    Silent on a gateway of many homes, where nothing tells of movement, and while no device at all has been
    heard for two hours (technical). Hours in which the agent was off, or over which its clock was set, are no
    quiet. A day in which nobody was there for ten hours (holiday, hospital) is not learned. When the last
    sign was a door, the elder is out: 14 h are allowed. A watch that moves 200 m is a sign wherever it is.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._memory = _Memory()
        self._values: Recent[tuple[str, str], float] = Recent(_MAX_DEVICES)
        self._places: Recent[str, Position] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on; add `inactivity` suspected, raised, cancelled or cleared."""
        if self._options.many_homes:
            return items
        self._passed(now)
        told: list[Item] = []
        for item in items:
            if isinstance(item, Reading | Sighting | Fix | Samples | Signal | Press):
                self._hear(now)
            sign = self._sign(item, now)
            if sign is not None:
                told += self._alive(sign, now)
        return items + told + self._quiet(now)

    def state(self) -> dict[str, Any]:
        """What was learned, as plain JSON values."""
        return dict(msgspec.to_builtins(self._memory))

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave; what cannot be read is learned anew."""
        try:
            memory = msgspec.convert(state, _Memory, strict=False)
        except msgspec.ValidationError:
            return
        if len(memory.quiet_s) == 24:
            memory.since = memory.since or (memory.sign.at if memory.sign else 0)
            self._memory = memory

    def bound_s(self, hour: int) -> int:
        """After how much quiet it is an alarm in a local hour."""
        if len(self._memory.quiet_s[hour]) < ENOUGH_DAYS:
            return MOST_S
        usual = self._usual_s(hour)
        return round(min(MOST_S, max(LEAST_S, SPARE * usual, usual + MORE_S)))

    def _usual_s(self, hour: int) -> int:
        """The longest usual quiet of an hour and those beside it, s."""
        longest = 0
        for near in range(hour - BESIDE_H, hour + BESIDE_H + 1):
            days = sorted(self._memory.quiet_s[near % 24])
            longest = max(longest, days[-2] if len(days) >= FORTNIGHT else max(days, default=0))
        return longest

    def _sign(self, item: Item, now: int) -> Sign | None:
        rooms = self._options.rooms
        match item:
            case Press():
                return Sign(now, item.device, "button", rooms.get(item.device))
            case Reading(late=False) if item.kind in MOVES or item.kind == "steps":
                self._memory.sensed = True
                if not self._own(item, now):
                    return None
                before = self._values.get((item.device, item.kind))
                self._values[item.device, item.kind] = item.value
                changed = before is not None and before != item.value
                if item.kind in ("motion", "vibration"):
                    changed = item.value >= 0.5
                return Sign(now, item.device, item.kind, rooms.get(item.device)) if changed else None
            case Fix(late=False) if self._moved(item.position):
                return Sign(now, item.position.device, "moved")
            case _:
                return None

    def _own(self, item: Reading, now: int) -> bool:
        """Whether it is the elder; what was learned with the motion of others is learned anew."""
        heard = self._memory.others.hear(item, self._options.rooms.get(item.device), now)
        if heard == "learned":
            self._memory.quiet_s = [[] for _ in range(24)]
        return heard != "others"

    def _moved(self, here: Position) -> bool:
        """Whether a watch is surely elsewhere than when it moved last."""
        there = self._places.get(here.device)
        if there is None:
            self._places[here.device] = here
            return False
        unsure_m = (here.accuracy_m or MOVED_M) + (there.accuracy_m or MOVED_M)
        if distance_m(here.lat, here.lon, there.lat, there.lon) <= max(MOVED_M, unsure_m):
            return False
        self._places[here.device] = here
        return True

    def _hear(self, now: int) -> None:
        """An hour and more in which no device was heard says nothing about the elder."""
        memory = self._memory
        gap = now - memory.heard_at if memory.heard_at else 0
        if gap > GAP_MS:
            memory.since = min(now, memory.since + gap)
        memory.heard_at = now

    def _alive(self, sign: Sign, now: int) -> list[Item]:
        memory = self._memory
        self._note(now)
        door = sign.kind == "door_open"
        if door:
            memory.left_at = now
        elif sign.kind in ("motion", "vibration", "in_bed") and now - memory.left_at > INSIDE_AGAIN_MS:
            memory.left_at = 0
        memory.sign, memory.since = sign, now
        if not memory.up_today and self._second(now) >= SMALL_HOURS * 3600:
            memory.up_today = self._second(now)
        if not memory.asked:
            return []
        phase: Phase = "cleared" if memory.told else "cancelled"
        memory.told, memory.asked = False, 0
        return [self._happening(sign.device, phase, now, {"reasons": ["sign_of_life"], "by": sign.kind})]

    def _quiet(self, now: int) -> list[Item]:
        memory = self._memory
        self._note(now)
        sign = memory.sign
        if sign is None or not memory.sensed or memory.told or now - memory.heard_at > DEAF_MS:
            return []
        if memory.asked:
            return self._unanswered(sign, now)
        hour, quiet_s = self._hour(now), (now - memory.since) // 1000
        if quiet_s <= LEAST_S:
            return []
        bound = max(self.bound_s(hour), self._asleep_s(sign, now), memory.others.least_s(now))
        out = memory.left_at > 0
        bound = max(bound, OUT_S) if out else bound
        if quiet_s <= bound:
            return []
        learned = len(memory.quiet_s[hour])
        known = "quieter_than_usual" if learned >= ENOUGH_DAYS else "not_learned_yet"
        evidence = {
            "quiet_s": quiet_s,
            "bound_s": bound,
            "usual_s": self._usual_s(hour),
            "hour": hour,
            "days_learned": learned,
            "last_sign": {"kind": sign.kind, "room": sign.room, "at": sign.at},
            "reasons": [known, "left_by_door" if out else "at_home"],
        }
        memory.asked, memory.evidence = now, evidence
        return [self._happening(sign.device, "suspected", now, evidence)]

    def _unanswered(self, sign: Sign, now: int) -> list[Item]:
        """Nobody answered for 15 s; a clock that was set meanwhile makes nobody wait longer."""
        memory = self._memory
        if 0 <= now - memory.asked < PRE_ALARM_MS:
            return []
        memory.told = True
        evidence = memory.evidence | {"confirmed_by": "not_cancelled"}
        return [self._happening(sign.device, "raised", memory.asked, evidence)]

    def _passed(self, now: int) -> None:
        """While nobody listened (the agent was off), and before a clock was set, nobody was quiet."""
        memory = self._memory
        if memory.now_at and not -_SLEW_MS <= now - memory.now_at <= DEAF_MS:
            memory.since, memory.spoilt = now, True
        memory.now_at = now

    def _note(self, now: int) -> None:
        """Let the quiet so far count for this hour; close the day that is over."""
        memory = self._memory
        local = now + self._options.zone_hours * _HOUR_MS
        day = local // _DAY_MS
        if memory.day not in (0, day):
            self._close_day()
        memory.day = day
        if memory.sign is None:
            memory.spoilt = True
            return
        quiet_s = max(0, now - memory.since) // 1000
        hour = self._hour(now)
        memory.today[hour] = max(memory.today.get(hour, 0), quiet_s)
        deaf = now - memory.heard_at > DEAF_MS
        memory.spoilt = memory.spoilt or deaf or (quiet_s > AWAY_S and memory.left_at > 0)

    def _close_day(self) -> None:
        memory = self._memory
        if not memory.spoilt and len(memory.today) == 24:
            for hour, quiet_s in memory.today.items():
                memory.quiet_s[hour] = [*memory.quiet_s[hour], quiet_s][-LEARN_DAYS:]
            memory.up_s = [*memory.up_s, memory.up_today][-LEARN_DAYS:]
        memory.today, memory.spoilt, memory.up_today = {}, False, 0

    def _asleep_s(self, sign: Sign, now: int) -> int:
        """How long quiet that began between 18 and 4 o'clock may last because it may be sleep, s."""
        began, second = self._second(sign.at), self._second(now)
        if SMALL_HOURS * 3600 <= began < EVENING_H * 3600 or now - sign.at > _DAY_MS:
            return 0
        days = sorted(self._memory.up_s)
        up = days[-2] if len(days) >= FORTNIGHT else max(days, default=0)
        until_s = (up + UP_MORE_S - second) % 86_400 if second < up + UP_MORE_S or second >= began else 0
        return min(NIGHT_S, (now - sign.at) // 1000 + until_s)

    def _second(self, now: int) -> int:
        """Seconds since the local midnight."""
        return (now // 1000 + self._options.zone_hours * 3600) % 86_400

    def _hour(self, now: int) -> int:
        return (now // _HOUR_MS + self._options.zone_hours) % 24

    def _happening(self, device: str, phase: Phase, at: int, evidence: dict[str, Any]) -> Happening:
        return Happening(
            device=device, kind="inactivity", phase=phase, at=at, evidence=evidence, activation=ACTIVATION
        )
