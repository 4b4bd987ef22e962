"""A plausible elder's day: sleeps, washes, cooks, rests, goes out, gets up at night, sometimes falls.

The same seed, home and start give the same life. Every change is written to a ground-truth list, so that what
the product reports can be compared with what happened.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Final, Literal

Activity = Literal["asleep", "washing", "cooking", "resting", "walking", "out", "on_floor"]
ZONE: Final = timezone(timedelta(hours=8))
_STEP_MS: Final = 60_000
_METRES_PER_DEGREE: Final = 111_320.0
_ROOM: Final[dict[Activity, str]] = {
    "asleep": "bedroom",
    "washing": "bathroom",
    "cooking": "kitchen",
    "resting": "living_room",
    "walking": "living_room",
    "out": "outside",
    "on_floor": "bathroom",
}
_HEART: Final[dict[Activity, float]] = {
    "asleep": 58, "washing": 78, "cooking": 80, "resting": 68, "walking": 88, "out": 92, "on_floor": 104,
}  # fmt: skip
_STEPS_A_MINUTE: Final[dict[Activity, float]] = {
    "asleep": 0, "washing": 3, "cooking": 8, "resting": 0, "walking": 40, "out": 62, "on_floor": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """What really happened at one moment (ms UTC)."""

    at: int
    what: str
    room: str


@dataclass(frozen=True)
class Body:
    """The person at one moment: what sensors around and on them could notice."""

    at: int
    activity: Activity
    room: str
    steps: int
    heart_rate_bpm: float
    lat: float
    lon: float


class Resident:
    """One life in steps of a minute; `advance` must be called with times that do not go back."""

    def __init__(
        self, seed: int, start_ms: int, lat: float, lon: float, *, falls_a_year: float = 1.5
    ) -> None:
        self._random = Random(f"resident-{seed}")
        self._home = (lat, lon)
        self._fall_chance = falls_a_year / (365 * 16 * 60)
        self._wake_minute = self._random.randint(5 * 60, 6 * 60 + 45)
        self._sleep_minute = self._random.randint(20 * 60 + 30, 22 * 60 + 15)
        self._late_minutes = self._random.randint(-50, 50)
        self._offset = (0.0, 0.0)
        self._activity: Activity = "asleep"
        self._until = 0
        self._steps = 0
        self._day = ""
        self._at = start_ms - start_ms % _STEP_MS
        self.truth: list[Truth] = []
        self._choose(self._at)

    @property
    def activity(self) -> Activity:
        """What the person does now."""
        return self._activity

    def advance(self, now: int) -> Body:
        """Live until `now` (ms UTC) and say how the person is."""
        while self._at + _STEP_MS <= now:
            self._at += _STEP_MS
            self._live_a_minute()
        return self._body(now)

    def fall(self, now: int, room: str = "bathroom") -> None:
        """The person falls and stays on the floor until `help_up`."""
        self._set("on_floor", now, None, room)

    def help_up(self, now: int) -> None:
        """Somebody helps the person up."""
        if self._activity == "on_floor":
            self._set("resting", now, 30)

    def go_out(self, now: int, metres: float) -> None:
        """The person walks `metres` away from the gate."""
        self._offset = _offset(self._random.uniform(0, 2 * math.pi), metres, self._home[0])
        self._set("out", now, 120)

    def come_home(self, now: int) -> None:
        """The person is back at home."""
        self._set("resting", now, 30)

    def _live_a_minute(self) -> None:
        local = datetime.fromtimestamp(self._at / 1000, UTC).astimezone(ZONE)
        if (day := f"{local:%Y%m%d}") != self._day:
            self._day, self._steps = day, 0
        self._steps += max(0, round(self._random.gauss(1, 0.3) * _STEPS_A_MINUTE[self._activity]))
        if self._activity == "on_floor":
            return
        if (
            self._activity in ("washing", "walking", "cooking")
            and self._random.random() < self._fall_chance * 8
        ):
            self.fall(self._at, _ROOM[self._activity])
        elif self._at >= self._until:
            self._choose(self._at)

    def _choose(self, now: int) -> None:
        local = datetime.fromtimestamp(now / 1000, UTC).astimezone(ZONE)
        minute = local.hour * 60 + local.minute
        if minute >= self._sleep_minute or minute < self._wake_minute:
            self._night(now)
            return
        meals = (7 * 60 + 10, 11 * 60 + 10, 17 * 60 + 10)
        meal = any(abs(minute - self._late_minutes - at) < 30 for at in meals)
        outing = 8 * 60 < minute < 10 * 60 + 30 or 15 * 60 < minute < 16 * 60 + 45
        if meal and self._activity != "cooking":
            self._set("cooking", now, self._random.randint(15, 35))
        elif outing and self._random.random() < 0.35 and self._activity != "out":
            self._offset = _offset(
                self._random.uniform(0, 6.28), self._random.uniform(60, 240), self._home[0]
            )
            self._set("out", now, self._random.randint(20, 70))
        else:
            choices: tuple[Activity, ...] = ("resting", "walking", "washing", "resting")
            self._set(self._random.choice(choices), now, self._random.randint(5, 40))

    def _night(self, now: int) -> None:
        """Two or three short ways to the bathroom a night, else sleep."""
        if self._activity == "asleep" and self.truth and self._random.random() < 0.5:
            self._set("washing", now, self._random.randint(4, 9))
        else:
            self._set("asleep", now, self._random.randint(90, 200))

    def _set(self, activity: Activity, now: int, minutes: int | None, room: str | None = None) -> None:
        self._until = now + minutes * 60_000 if minutes is not None else 2**62
        if activity != self._activity or not self.truth:
            self.truth.append(Truth(now, activity, room or _ROOM[activity]))
        self._activity = activity
        if activity != "out":
            self._offset = (0.0, 0.0)

    def _body(self, now: int) -> Body:
        restless = 3 * math.sin(now / 95_000) + 3 * math.sin(now / 7_300)
        lat, lon = self._home[0] + self._offset[0], self._home[1] + self._offset[1]
        heart = _HEART[self._activity] + restless
        return Body(now, self._activity, self.truth[-1].room, self._steps, round(heart, 1), lat, lon)


def distant_point(lat: float, lon: float, metres: float, bearing_rad: float = 0.6) -> tuple[float, float]:
    """The point `metres` away from (lat, lon), degrees WGS-84, good to a percent within some kilometres."""
    north, east = _offset(bearing_rad, metres, lat)
    return lat + north, lon + east


def _offset(bearing_rad: float, metres: float, lat: float) -> tuple[float, float]:
    return (
        metres * math.cos(bearing_rad) / _METRES_PER_DEGREE,
        metres * math.sin(bearing_rad) / (_METRES_PER_DEGREE * math.cos(math.radians(lat))),
    )
