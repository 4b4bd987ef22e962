"""Readings go on change (dead bands of `kinds.py`) with a heartbeat;
all of them while an alarm is open here.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.pipeline.zones import distance_m
from edge.readings import Fix, IdentifiedEvent, Item, Press, Reading, Samples, Sighting, Signal
from edge.recent import Recent
from firmware_specs.kinds import EVENTS, READINGS

OPEN_MS: Final = 30 * 60_000
_FIX_MOVED_M: Final = 25.0
_FIX_HEARTBEAT_MS: Final = 300_000
_SIGHTING_HEARTBEAT_MS: Final = 900_000
_MAX_SERIES: Final = 50_000
_MAX_DEVICES: Final = 10_000


@dataclass
class _Sent:
    at: int
    value: float


class Thin:
    """The last step: what passes goes to the outbox. An open alarm is a life-safety or urgent event of the
    last 30 min, until it clears.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._sent: Recent[tuple[str, str, bool], _Sent] = Recent(_MAX_SERIES)
        self._fixes: Recent[str, Fix] = Recent(_MAX_DEVICES)
        self._sightings: Recent[str, Sighting] = Recent(_MAX_DEVICES)
        self._open: Recent[str, int] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Drop what says nothing new; events always pass, presses and raw samples end here."""
        for item in items:
            if isinstance(item, IdentifiedEvent):
                self._follow(item, now)
        for gone in [event_id for event_id, until in self._open.items() if until <= now]:
            del self._open[gone]
        return [item for item in items if self._news(item)]

    def _follow(self, event: IdentifiedEvent, now: int) -> None:
        if event.phase in ("cleared", "cancelled"):
            self._open.pop(event.id, None)
        elif (kind := EVENTS.get(event.kind)) is not None and kind.priority <= 2:
            self._open[event.id] = now + OPEN_MS

    def _news(self, item: Item) -> bool:
        match item:
            case Reading():
                return self._reading(item)
            case Fix():
                return self._fix(item)
            case Sighting():
                return self._sighting(item)
            case Press() | Samples() | Signal():
                return False
            case _:
                return True

    def _reading(self, item: Reading) -> bool:
        key = (item.device, item.kind, item.late)
        kind, last = READINGS.get(item.kind), self._sent.get(key)
        if kind is not None and last is not None and not self._open:
            moved = abs(item.value - last.value) >= kind.dead_band
            if not moved and abs(item.at - last.at) < kind.heartbeat_s * 1000:
                return False
        self._sent[key] = _Sent(item.at, item.value)
        return True

    def _fix(self, item: Fix) -> bool:
        if item.late:
            return True
        here, last = item.position, self._fixes.get(item.position.device)
        if last is not None and not self._open:
            near = distance_m(here.lat, here.lon, last.position.lat, last.position.lon) < _FIX_MOVED_M
            if near and abs(here.at - last.position.at) < _FIX_HEARTBEAT_MS:
                return False
        self._fixes[here.device] = item
        return True

    def _sighting(self, item: Sighting) -> bool:
        last = self._sightings.get(item.state.device)
        if last is not None:
            same = (
                msgspec.structs.replace(item.state, at=last.state.at, last_seen=last.state.last_seen)
                == last.state
            )
            if same and abs(item.state.at - last.state.at) < _SIGHTING_HEARTBEAT_MS:
                return False
        self._sightings[item.state.device] = item
        return True
