"""One simulated home under the real pipeline of its gateway: what was told, beside what happened."""

import heapq
import itertools
from random import Random
from typing import Final

import numpy as np

from cloud.alarms import rules
from edge.pipeline import steps
from edge.pipeline.fall_detector import FallDetector
from edge.pipeline.options import PipelineOptions
from edge.pipeline.zones import Home, SafeZone
from edge.readings import Fix, Happening, IdentifiedEvent, Item, Press, Reading, Samples
from firmware_specs.messages import Position
from simulators import lives, radar_signs
from simulators.devices import motion, movements
from simulators.devices.movements import LEAD_S, SHAPES, Kind
from simulators.life_signs import MINUTE_MS, Sign
from simulators.lives import Day
from simulators.resident import distant_point
from tests.benchmarks.home_record import Due, Lay, Record, Told

BEGIN: Final = 1_770_048_000_000  # midnight in China
HOME: Final = (37.38, 118.01)
RADIUS_M: Final = 300.0
ANSWER_S: Final = (6.0, 14.0)  # from the suspicion to the cancel button, the home's question included
HELP_MS: Final = 25 * 60_000
FOUND_MS: Final = 24 * 3_600_000
AFTER_S: Final = 75
TOGETHER_MS: Final = 5 * 60_000
ROOMS: Final = ("bedroom", "living_room", "kitchen", "bathroom")

Thing = Item | Sign | lives.Knock | lives.Fall | Due | None
Bank = dict[Kind, list[movements.Movement | None]]


def judged(kind: Kind, size: int, seed: int) -> list[movements.Movement | None]:
    """`size` movements of a kind, judged by the shipped detector; None: nothing was suspected."""
    number = list(SHAPES).index(kind)
    made = (movements.movement(kind, random=np.random.default_rng([seed, number, n])) for n in range(size))
    return [one if _suspected(one) else None for one in made]


def _suspected(one: movements.Movement) -> bool:
    """Row by row, as a gateway hears it; a faint impact counts, too."""
    detector = FallDetector(motion.RATE_HZ, "wrist", motion.RANGE_G)
    for n, (x, y, z) in enumerate(one.rows.tolist()):
        if detector.feed((x, y, z), BEGIN + n * 50.0) or detector.faint():
            return True
    return False


class HomeLife:
    """`live` the days of a seed; signs, raw acceleration and time go through the pipeline in order.

    `answers`: how often an elder who is well presses the cancel button when the home asks.
    """

    def __init__(self, seed: int, known: Bank, answers: float = 0.0) -> None:
        numbers = itertools.count(1)
        self._radars = radar_signs.radars(seed)
        rooms = {f"pir-{room}": room for room in ROOMS}
        rooms |= {device: device.removeprefix(radar_signs.PREFIX) for device in self._radars}
        self.pipeline = steps.steps(
            PipelineOptions(
                new_id=lambda now: f"id-{next(numbers)}",
                rooms=rooms,
                home=Home(SafeZone(*HOME, RADIUS_M)),
                asks_aloud=True,
            )
        )
        self.record = Record(seed)
        self._known, self._seed, self._answers = known, seed, answers
        self._random = np.random.default_rng([seed, 77])
        self._waves = Random(f"falls-{seed}")
        self._events: dict[str, Told] = {}
        self._order = itertools.count()
        self._queue: list[tuple[int, int, Thing]] = []
        self._down: Lay | None = None
        self._met = ""
        self._signs: list[Item] = []
        self._signs_at = self._signs_last = self._busy_until = 0
        self._pet = lives.whose(seed).pet

    def live(self, days: int, falls_a_day: float) -> Record:
        """All days; nothing in it depends on the machine's clock."""
        for day in lives.live(self._seed, BEGIN, days, falls_a_day=falls_a_day):
            self._take(day)
            self.record.days += 1
        self.record.told = list(self._events.values())
        return self.record

    def _take(self, day: Day) -> None:
        things: list[Sign | lives.Knock | lives.Fall] = [*day.signs, *day.knocks, *day.falls]
        for thing in things:
            self._push(thing.at, thing)
        end = day.begin + 1440 * MINUTE_MS
        while self._queue and self._queue[0][0] < end:
            now, _, due = heapq.heappop(self._queue)
            self._up_again(now)
            self._meet(now, due)
            self._busy_until = max(
                self._busy_until, 0 if isinstance(due, Sign | lives.Knock) else now + 120_000
            )
        self._flush(end)

    def _push(self, at: int, thing: Thing) -> None:
        heapq.heappush(self._queue, (at, next(self._order), thing))

    def _meet(self, now: int, thing: Thing) -> None:
        match thing:
            case Sign():
                if not (thing.of_elder and self._down is not None):
                    for item in self._items(thing):
                        self._sign(item, now)
            case lives.Knock():
                self._knock(thing)
            case lives.Fall():
                self._fall(thing)
            case Due():
                self._asked(self._events[thing.event], now)
            case None:
                self._hear([], now)
            case _:
                self._hear([thing], now)

    def _items(self, sign: Sign) -> list[Item]:
        """What devices say by a sign; of a radar, what it feels of each who is there."""
        if not sign.device.startswith(radar_signs.PREFIX):
            return [_item(sign)]
        radar = self._radars.get(sign.device)
        told = [] if radar is None else radar.take(sign.kind, sign.value)
        return [_reading(sign.at, sign.device, kind, value) for kind, value in told]

    def _sign(self, item: Item, now: int) -> None:
        """While nothing else happens, up to five minutes of signs go through the pipeline together."""
        if self._signs and now - self._signs_at > TOGETHER_MS:
            self._flush(self._signs_last)
        if not self._signs:
            self._signs_at = now
        self._signs.append(item)
        self._signs_last = now
        if now < self._busy_until or self._down is not None:
            self._flush(now)

    def _flush(self, now: int) -> None:
        """What waits goes through the pipeline."""
        signs, self._signs = self._signs, []
        if signs:
            self._run(signs, now)

    def _up_again(self, now: int) -> None:
        if self._down is not None and self._down.until is not None and now >= self._down.until:
            room, self._down = self._down.fall.room, None
            self._push(now, Sign(now, radar_signs.PREFIX + room, "elder", radar_signs.GONE, of_elder=False))

    def _knock(self, knock: lives.Knock) -> None:
        if self._down is not None:
            return
        self.record.knocks += 1
        one = self._known[knock.kind][int(self._random.integers(len(self._known[knock.kind])))]
        if one is None:
            return
        self.record.suspected += 1
        after = movements.aftermath(knock.after, one.posture, AFTER_S, random=self._random)
        self._stream(knock.at - round(LEAD_S * 1000), np.vstack((one.rows, after)))
        self._met = knock.kind
        if knock.after == "off":
            self._taken_off(knock.at)

    def _taken_off(self, at: int) -> None:
        """A bracelet tells it when skin contact changes: of ten, one only with the next status, one never."""
        luck = self._random.random()
        if luck < 0.9:
            off = at + int(self._random.integers(*((3_000, 10_000) if luck < 0.8 else (10_000, 60_000))))
            self._push(off, _reading(off, "wrist", "worn", 0))
            self._push(at + 3_600_000, _reading(at + 3_600_000, "wrist", "worn", 1))

    def _fall(self, fall: lives.Fall) -> None:
        if self._down is not None:
            return
        alone = None if fall.alone_min is None else fall.at + round(fall.alone_min * 60_000)
        self._down = Lay(fall, alone or fall.at + FOUND_MS, self._pet)
        self.record.lays.append(self._down)
        if fall.bracelet:
            made = motion.fall(random=self._random, lying_s=6, before_s=8)
            down = made.rows[-20:].mean(axis=0)
            rest: movements.Rest = "struggles" if fall.moves else "lies"
            after = movements.aftermath(rest, down / np.linalg.norm(down), AFTER_S, random=self._random)
            self._stream(fall.at - made.impact * 50, np.vstack((made.rows, after)))
        for sign in radar_signs.lying(fall.at, fall.room, self._waves, moves=fall.moves):
            self._push(sign.at, sign)
        if fall.sos_s is not None:
            at = fall.at + round(fall.sos_s * 1000)
            self._push(at, Happening(device="button", kind="sos", phase="raised", at=at, instant=True))
        for minute in range(1, 24 * 60):
            self._push(fall.at + minute * 60_000, None)

    def _stream(self, at: int, rows: motion.Rows) -> None:
        """Rows a second a time, as a bracelet sends them."""
        for n in range(len(rows) // motion.RATE_HZ):
            piece = rows[n * motion.RATE_HZ : (n + 1) * motion.RATE_HZ].clip(-motion.RANGE_G, motion.RANGE_G)
            begin = at + n * 1000
            xyz = [(x, y, z) for x, y, z in piece.tolist()]
            samples = Samples(device="wrist", at=begin, rate_hz=20.0, xyz_g=xyz, gap=n == 0, range_g=8.0)
            self._push(max(begin + 1000, at), samples)

    def _hear(self, items: list[Item], now: int) -> None:
        self._flush(now)
        self._run(items, now)

    def _run(self, items: list[Item], now: int) -> None:
        for event in steps.run(self.pipeline, items, now):
            if isinstance(event, IdentifiedEvent):
                self._note(event, now)

    def _note(self, event: IdentifiedEvent, now: int) -> None:
        told = self._events.setdefault(event.id, Told(event.kind, event.at, {}, event.evidence, self._met))
        told.phases.setdefault(event.phase, now)
        if event.phase != "cleared":
            told.evidence = event.evidence
        if event.phase == "suspected":
            self._suspected(event, told, now)
        if self._down is None:
            return
        told.true = True
        if event.phase == "raised" and event.kind in ("fall", "sos", "inactivity"):
            self._heard_of(self._down, event.kind, now)

    def _suspected(self, event: IdentifiedEvent, told: Told, now: int) -> None:
        """The pre-alarm ends by a gateway's second hand; who is well and wears the bracelet may answer."""
        told.waits_ms = round(rules.waits(event.kind, event.evidence).total_seconds() * 1000)
        self._push(now + 15_000, None)
        self._push(now + 60_000, None)
        self._push(now + told.waits_ms, Due(event.id))
        well = self._down is None and self._met != "put_down" and event.kind == "fall"
        if well and self._random.random() < self._answers:
            at = now + round(1000 * float(self._random.uniform(*ANSWER_S)))
            self._push(at, Press(device="wrist", button="cancel", at=at))

    def _asked(self, told: Told, now: int) -> None:
        if self._down is not None and told.true and told.asked_at == now:
            self._heard_of(self._down, "question", now)

    def _heard_of(self, lay: Lay, by: str, now: int) -> None:
        """Somebody is told of the fall and comes."""
        after_s = (now - lay.fall.at) / 1000
        if lay.told_s is None:
            lay.told_s, lay.by = after_s, by
            if lay.fall.alone_min is None:
                lay.until = now + HELP_MS
        if by in ("fall", "sos") and lay.raised_s is None:
            lay.raised_s = after_s


def _reading(at: int, device: str, kind: str, value: float) -> Reading:
    return Reading(device=device, kind=kind, at=at, value=value)


def _item(sign: Sign) -> Item:
    if sign.kind != "fix":
        return _reading(sign.at, sign.device, sign.kind, sign.value)
    lat, lon = distant_point(*HOME, sign.value)
    return Fix(
        position=Position(
            device=sign.device, at=sign.at, lat=lat, lon=lon, accuracy_m=sign.accuracy_m, source="gnss"
        )
    )
