"""What the other sensors of the home say about a fall: one table of rules, and the question to ask first.

A rule adds its name to the fall's reasons; it never cancels one and never delays it. Only what was heard is
used, so the same items replayed give the same reasons. On a gateway of many homes nothing is said: whose door
it is, is not known.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.readings import Happening, Item, Reading
from edge.recent import Recent

KINDS: Final = frozenset({"in_bed", "door_open", "motion"})
SETTLED_MS: Final = 5_000
QUIET_MS: Final = 10_000
TOGETHER_MS: Final = 60_000
_MAX_SENSORS: Final = 200


@dataclass
class Seen:
    """A sensor's last value, and when it last became 1 (ms UTC; None: not since the agent began)."""

    kind: str
    room: str | None
    value: bool
    on_at: int | None = None


@dataclass(frozen=True)
class Scene:
    """The home around a fall of `device` at `at`, looked at `now` (ms UTC)."""

    device: str
    at: int
    now: int
    room: str | None
    sensors: list[Seen] = field(default_factory=list)
    other_falls: list[int] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Seen]:
        """The sensors of these kinds."""
        return [seen for seen in self.sensors if seen.kind in kinds]

    def on_since(self, ms: int, *kinds: str) -> list[Seen]:
        """Those that became 1 more than `ms` after the fall."""
        return [seen for seen in self.of(*kinds) if seen.on_at is not None and seen.on_at > self.at + ms]


def _in_bed(scene: Scene) -> bool:
    return any(seen.value for seen in scene.of("in_bed"))


def _moves_elsewhere(scene: Scene) -> bool:
    return any(seen.room != scene.room for seen in scene.on_since(SETTLED_MS, "motion"))


def _no_motion(scene: Scene) -> bool:
    watched = bool(scene.of("motion")) and scene.now - scene.at >= SETTLED_MS + QUIET_MS
    return watched and not scene.on_since(SETTLED_MS, "motion")


def _two_sensors(scene: Scene) -> bool:
    return any(abs(at - scene.at) <= TOGETHER_MS for at in scene.other_falls)


# Reason -> when it holds; the order is the order in which the operator reads them.
RULES: Final[tuple[tuple[str, Callable[[Scene], bool]], ...]] = (
    ("two_fall_sensors", _two_sensors),
    ("no_motion_since", _no_motion),
    ("moves_in_another_room", _moves_elsewhere),
    ("bed_empty", lambda scene: bool(scene.of("in_bed")) and not _in_bed(scene)),
    ("lies_in_bed", _in_bed),
    ("door_opened_since", lambda scene: bool(scene.on_since(0, "door_open"))),
    ("nobody_left", lambda scene: bool(scene.of("door_open")) and not scene.on_since(0, "door_open")),
)
# The first reason that was given chooses the question; None: whatever else.
QUESTIONS: Final[tuple[tuple[str | None, str], ...]] = (
    ("two_fall_sensors", "ask_where_it_hurts"),
    ("lies_in_bed", "ask_if_lay_down"),
    ("moves_in_another_room", "ask_if_up_again"),
    ("door_opened_since", "ask_who_is_there"),
    (None, "ask_if_can_get_up"),
)


class Corroborate:
    """Remembers beds, doors and motion, and adds reasons and a question to falls that they bear on."""

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._sensors: Recent[tuple[str, str], Seen] = Recent(_MAX_SENSORS)
        self._falls: Recent[str, int] = Recent(_MAX_SENSORS)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on; falls that are suspected or raised carry what the home says."""
        return [self._told(item, now) for item in items]

    def _told(self, item: Item, now: int) -> Item:
        match item:
            case Reading() if item.kind in KINDS and not item.late:
                self._note(item)
            case Happening(kind="fall", phase="suspected" | "raised", late=False):
                self._falls[item.device] = item.at
                if not self._options.many_homes:
                    return self._with_reasons(item, now)
        return item

    def _note(self, item: Reading) -> None:
        on, room = item.value > 0, self._options.rooms.get(item.device)
        seen = self._sensors.of((item.device, item.kind), lambda: Seen(item.kind, room, value=False))
        if on and (not seen.value or item.kind == "motion"):
            seen.on_at = item.at
        seen.value, seen.room = on, room

    def _with_reasons(self, fall: Happening, now: int) -> Happening:
        scene = Scene(
            device=fall.device,
            at=fall.at,
            now=now,
            room=self._options.rooms.get(fall.device),
            sensors=list(self._sensors.values()),
            other_falls=[at for device, at in self._falls.items() if device != fall.device],
        )
        said = [reason for reason, holds in RULES if holds(scene)]
        question = next(ask for reason, ask in QUESTIONS if reason is None or reason in said)
        given = fall.evidence.get("reasons")
        reasons = [*(given if isinstance(given, list) else []), *said, question]
        return msgspec.structs.replace(fall, evidence={**fall.evidence, "reasons": reasons})
