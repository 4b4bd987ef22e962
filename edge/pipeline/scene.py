"""The home around a fall: what its sensors said, as a table of reasons.

A presence sensor (radar) says that somebody is in a room, also somebody who lies still; one that tells
motion, too, says when motion ends, a PIR only that there was some. Radars see fans and curtains, and lose
people who lie still: so presence counts while it lasts from a person's coming in on, for two hours, where
something felt them move then; and that a radar sees nobody any more never speaks against a fall.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edge.pipeline.options import PipelineOptions
from edge.readings import Item, Reading, Sighting
from edge.recent import Recent

KINDS: Final = frozenset({"in_bed", "door_open", "motion", "presence"})
SETTLED_MS: Final = 5_000
QUIET_MS: Final = 10_000
TOGETHER_MS: Final = 60_000
LAY_DOWN_MS: Final = 10_000
CAME_IN_MS: Final = 2 * 3_600_000
FELT_MS: Final = 60_000
STILL_FROM_MS: Final = 15_000
STILL_MS: Final = 45_000
RESTING_ROOMS: Final = frozenset({None, "bedroom"})
STANDING_ROOMS: Final = frozenset({"bathroom", "kitchen", "hall", "hallway", "balcony", "entrance"})
_MAX_SENSORS: Final = 200


@dataclass
class Seen:
    """A sensor's last value, and when it last became 1 and 0 (ms UTC; None: not since the agent began)."""

    device: str
    kind: str
    room: str | None
    value: bool
    on_at: int | None = None
    off_at: int | None = None


@dataclass(frozen=True)
class Scene:
    """The home around a fall at `at`, looked at `now` (ms UTC)."""

    at: int
    now: int
    room: str | None
    sensors: list[Seen] = field(default_factory=list)
    other_falls: list[int] = field(default_factory=list)
    taken_off: bool = False

    def of(self, *kinds: str) -> list[Seen]:
        """The sensors of these kinds."""
        return [seen for seen in self.sensors if seen.kind in kinds]

    def here(self, kind: str) -> list[Seen]:
        """Those of a kind in the room of the fall, where it is known."""
        return [seen for seen in self.of(kind) if self.room is not None and seen.room == self.room]

    def on_since(self, ms: int, *kinds: str) -> list[Seen]:
        """Those that became 1 more than `ms` after the fall."""
        return [seen for seen in self.of(*kinds) if seen.on_at is not None and seen.on_at > self.at + ms]

    def moving(self) -> list[Seen]:
        """Where there is motion now, by the sensors that tell its end: radars; not for hours, as of a fan."""
        radars = {seen.device for seen in self.of("presence")}
        told = [seen for seen in self.on_since(-CAME_IN_MS, "motion") if seen.device in radars]
        return [seen for seen in told if seen.value]

    def there(self) -> Seen | None:
        """The radar that sees somebody in the room of the fall, who came in before it, not hours before."""
        for seen in self.here("presence"):
            came = None if seen.on_at is None else seen.on_at - self.at
            if seen.value and came is not None and -CAME_IN_MS <= came <= SETTLED_MS:
                return seen
        return None

    def still_since(self) -> int | None:
        """When whoever is there moved last (ms UTC); None: somebody moves, or nothing felt them come in."""
        there = self.there()
        if there is None or there.on_at is None or any(seen.room == self.room for seen in self.moving()):
            return None
        felt = [seen for seen in self.here("motion") if seen.on_at and seen.on_at >= there.on_at - FELT_MS]
        ended = [seen.off_at or 0 for seen in felt if seen.device == there.device]
        return max([seen.on_at or 0 for seen in felt] + ended, default=None)


class Sensors:
    """Remembers what beds, doors, motion and presence sensors of a home said last."""

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._seen: Recent[tuple[str, str], Seen] = Recent(_MAX_SENSORS)

    def hear(self, item: Item) -> None:
        """Note a reading; a radar that is gone sees nobody and misses nobody."""
        match item:
            case Reading() if item.kind in KINDS and not item.late:
                self._note(item)
            case Sighting() if item.state.online is False:
                for kind in ("presence", "motion"):
                    self._seen.pop((item.state.device, kind), None)

    def all(self) -> list[Seen]:
        """Every sensor there is."""
        return list(self._seen.values())

    def last_room(self, until: int) -> str | None:
        """Where somebody moved or came in last, not later than `until` (ms UTC)."""
        moved = [
            (seen.on_at, seen.room)
            for seen in self._seen.values()
            if seen.kind in ("motion", "presence") and seen.on_at is not None and seen.on_at <= until
        ]
        return max(moved, key=lambda one: one[0])[1] if moved else None

    def _note(self, item: Reading) -> None:
        on, room = item.value > 0, self._options.rooms.get(item.device)
        known = on and item.kind in ("in_bed", "presence")  # a bed or radar heard first is no change
        seen = self._seen.of((item.device, item.kind), lambda: Seen(item.device, item.kind, room, known))
        if on and (not seen.value or item.kind == "motion"):
            seen.on_at = item.at
        if seen.value and not on:
            seen.off_at = item.at
        seen.value, seen.room = on, room


def _in_bed(scene: Scene) -> bool:
    return any(seen.value for seen in scene.of("in_bed"))


def _moves_elsewhere(scene: Scene) -> bool:
    elsewhere = [seen.room != scene.room for seen in scene.on_since(SETTLED_MS, "motion")]
    return scene.room is not None and any(elsewhere)


def _moves_there(scene: Scene) -> bool:
    moved = [*scene.on_since(SETTLED_MS, "motion"), *scene.moving()]
    return scene.room is not None and any(seen.room == scene.room for seen in moved)


def _no_motion(scene: Scene) -> bool:
    watched = bool(scene.of("motion")) and scene.now - scene.at >= SETTLED_MS + QUIET_MS
    return watched and not scene.on_since(SETTLED_MS, "motion") and not scene.moving()


def _two_sensors(scene: Scene) -> bool:
    return any(abs(at - scene.at) <= TOGETHER_MS for at in scene.other_falls)


def _still_there(scene: Scene) -> bool:
    """Somebody in a room where nobody sits or lies for long, without motion for 45 s."""
    since = scene.still_since() if scene.room in STANDING_ROOMS else None
    still = since is not None and since <= scene.at + STILL_FROM_MS
    return still and scene.now - max(since or 0, scene.at) >= STILL_MS


def _left_room(scene: Scene) -> bool:
    """The radar of the room saw somebody, and does not any more."""
    gone = [seen.off_at is not None and seen.off_at > scene.at for seen in scene.here("presence")]
    return any(gone) and not any(seen.value for seen in scene.here("presence"))


def _lay_down(scene: Scene) -> bool:
    """A bed that became occupied from shortly before the impact on, and still is; who is still seen where
    the impact was did not lie down in it.
    """
    elsewhere = scene.room not in RESTING_ROOMS and scene.there() is not None
    return not elsewhere and any(seen.value for seen in scene.on_since(-LAY_DOWN_MS, "in_bed"))


# Reason -> when it holds; the order is the order in which the operator reads them.
RULES: Final[tuple[tuple[str, Callable[[Scene], bool]], ...]] = (
    ("two_fall_sensors", _two_sensors),
    ("taken_off", lambda scene: scene.taken_off),
    ("still_there", _still_there),
    ("somebody_there", lambda scene: scene.there() is not None and not _still_there(scene)),
    ("moves_there", _moves_there),
    ("left_room", _left_room),
    ("no_motion_since", _no_motion),
    ("moves_in_another_room", _moves_elsewhere),
    ("bed_empty", lambda scene: bool(scene.of("in_bed")) and not _in_bed(scene)),
    ("lies_in_bed", _in_bed),
    ("lay_down", _lay_down),
    ("door_opened_since", lambda scene: bool(scene.on_since(0, "door_open"))),
    ("nobody_left", lambda scene: bool(scene.of("door_open")) and not scene.on_since(0, "door_open")),
)
# The first reason that was given chooses the question; None: whatever else.
QUESTIONS: Final[tuple[tuple[str | None, str], ...]] = (
    ("two_fall_sensors", "ask_where_it_hurts"),
    ("taken_off", "ask_if_taken_off"),
    ("no_tremor", "ask_if_taken_off"),
    ("still_there", "ask_if_awake"),
    ("lies_in_bed", "ask_if_lay_down"),
    ("left_room", "ask_if_up_again"),
    ("moves_in_another_room", "ask_if_up_again"),
    ("door_opened_since", "ask_who_is_there"),
    ("unsure", "ask_if_fell"),
    (None, "ask_if_can_get_up"),
)
