"""Somebody is in a bathroom, kitchen or hall, and has not moved for twenty minutes: a fall without an impact,
or without a bracelet. Told as inactivity: the home is asked aloud, 15 s later it is raised.
"""

from typing import Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.pipeline.scene import STANDING_ROOMS, Scene, Seen, Sensors
from edge.readings import Happening, Item, Press
from firmware_specs.messages import Phase

DWELL_MS: Final = 20 * 60_000
PRE_ALARM_MS: Final = 15_000


class _Lies(msgspec.Struct):
    """Who does not move in a room since `since` (ms UTC); the home was asked at `asked`, then it was `told`,
    or `denied` by a button and is not asked again before somebody moves.
    """

    device: str
    room: str
    since: int
    asked: int
    told: bool = False
    denied: bool = False


class Dwell:
    """One alarm a stay: cancelled within the pre-alarm by any button or by movement in that room, later
    cleared by that movement. That a radar loses sight ends nothing. Silent on a gateway of many homes.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._sensors = Sensors(options)
        self._lies: dict[str, _Lies] = {}

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on; add `inactivity` suspected, raised, cancelled or cleared."""
        for item in items:
            self._sensors.hear(item)
        if self._options.many_homes:
            return items
        pressed = any(isinstance(item, Press) for item in items)
        ended = [told for lies in [*self._lies.values()] for told in self._on(lies, now, pressed=pressed)]
        return [*items, *ended, *self._begun(now)]

    def state(self) -> dict[str, object]:
        """Who was told of, as plain JSON values."""
        return {room: msgspec.to_builtins(lies) for room, lies in self._lies.items()}

    def restore(self, state: dict[str, object]) -> None:
        """Take back what `state()` gave; what cannot be read is left out."""
        for room, kept in state.items():
            try:
                self._lies[room] = msgspec.convert(kept, _Lies)
            except msgspec.ValidationError:
                continue

    def _on(self, lies: _Lies, now: int, *, pressed: bool) -> list[Item]:
        moved = any(
            seen.kind == "motion" and seen.room == lies.room and (seen.on_at or 0) > lies.since
            for seen in self._sensors.all()
        )
        if moved:
            del self._lies[lies.room]
        if lies.denied:
            return []
        if moved and lies.told:
            return [_happening(lies, "cleared", now)]
        if moved or (pressed and not lies.told):
            lies.denied = True
            return [_happening(lies, "cancelled", now)]
        if not lies.told and not 0 <= now - lies.asked < PRE_ALARM_MS:
            lies.told = True
            return [_happening(lies, "raised", lies.asked)]
        return []

    def _begun(self, now: int) -> list[Item]:
        told: list[Item] = []
        sensors = self._sensors.all()
        for seen in sensors:
            room = seen.room
            if seen.kind == "presence" and seen.value and room in STANDING_ROOMS and room not in self._lies:
                told += self._judged(seen, str(room), sensors, now)
        return told

    def _judged(self, seen: Seen, room: str, sensors: list[Seen], now: int) -> list[Item]:
        since = Scene(at=now - DWELL_MS, now=now, room=room, sensors=sensors).still_since()
        if since is None or now - since < DWELL_MS:
            return []
        lies = self._lies[room] = _Lies(seen.device, room, since, now)
        return [_happening(lies, "suspected", now)]


def _happening(lies: _Lies, phase: Phase, at: int) -> Happening:
    evidence = {"still_s": (lies.asked - lies.since) // 1000, "reasons": ["still_in_room"]}
    return Happening(
        device=lies.device,
        kind="inactivity",
        phase=phase,
        at=at,
        evidence=evidence,
        activation=f"{lies.device}:still:{lies.since}",
    )
