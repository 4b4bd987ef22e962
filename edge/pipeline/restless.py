"""How restless somebody lies: the share of the last ten minutes in bed in which the bed felt movement."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from edge.pipeline.options import PipelineOptions
from edge.readings import Item, Reading
from edge.recent import Recent

WINDOW_MS: Final = 10 * 60_000
LEAST_MS: Final = 5 * 60_000
EACH_MS: Final = 60_000
HEARD_MS: Final = 100_000
MOVES: Final = frozenset({"vibration", "motion"})
_MAX_BEDS: Final = 1_000


@dataclass
class _Bed:
    """Since when somebody lies in it and since when they move (ms UTC; None: not), movements that ended,
    whether it tells of movement at all, when it was heard and told last.
    """

    lies_since: int | None = None
    moves_since: int | None = None
    moved: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=600))
    feels: bool = False
    heard_at: int = 0
    told_at: int = 0


class Restless:
    """Follows each device that tells both of a bed and of movement (a bed sensor, a radar above the bed).

    `restlessness` in percent comes each minute from the fifth minute in bed on; its quality is the share of
    the ten minutes that is known. Nothing is told of an empty bed, or of one that is not heard for 100 s.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._beds: Recent[str, _Bed] = Recent(_MAX_BEDS)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on, with what is due behind it."""
        for item in items:
            if isinstance(item, Reading) and not item.late:
                self._note(item)
        told = [self._due(device, bed, now) for device, bed in self._beds.items()]
        return items + [reading for reading in told if reading is not None]

    def _note(self, item: Reading) -> None:
        if item.kind == "in_bed":
            bed = self._beds.of(item.device, _Bed)
            if item.value < 0.5:
                bed.lies_since, bed.moves_since = None, None
                bed.moved.clear()
            elif bed.lies_since is None:
                bed.lies_since = bed.told_at = item.at
        if (known := self._beds.get(item.device)) is None:
            return
        known.heard_at = max(known.heard_at, item.at)
        if item.kind in MOVES:
            known.feels = True
            self._moves(known, item.at, item.value >= 0.5)

    def _moves(self, bed: _Bed, at: int, moving: bool) -> None:
        if moving and bed.moves_since is None:
            bed.moves_since = at
        elif not moving and bed.moves_since is not None:
            bed.moved.append((bed.moves_since, at))
            bed.moves_since = None

    def _due(self, device: str, bed: _Bed, now: int) -> Reading | None:
        """The share of the last ten minutes, when it is time and enough is known."""
        lies = bed.lies_since
        if not bed.feels or lies is None or now - bed.told_at < EACH_MS or now - bed.heard_at > HEARD_MS:
            return None
        begin = max(lies, now - WINDOW_MS)
        if now - begin < LEAST_MS:
            return None
        bed.told_at = now
        spans = [*bed.moved, *([] if bed.moves_since is None else [(bed.moves_since, now)])]
        moved = sum(max(0, min(last, now) - max(first, begin)) for first, last in spans)
        value = round(100 * moved / (now - begin), 1)
        quality = round(100 * (now - begin) / WINDOW_MS)
        return Reading(device=device, kind="restlessness", at=now, value=value, quality=quality)
