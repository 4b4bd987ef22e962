"""Out of the safe zone, and back: a plain circle around home,
judged so that one jump of the position is no alarm.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from edge.pipeline.options import PipelineOptions, SafeZone
from edge.readings import Fix, Happening, Item
from edge.recent import Recent
from firmware_specs.messages import Position

EARTH_RADIUS_M: Final = 6_371_008.8
_MAX_DEVICES: Final = 10_000


@dataclass
class _Track:
    last_at: int = 0
    outside_fixes: int = 0
    left: bool = False


class Fence:
    """Needs two fixes outside, or one whose accuracy is smaller than the distance to the border;
    one fix inside clears.

    Late fixes and fixes not newer than the last one never count.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._tracks: Recent[str, _Track] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on; add `fence_exit` raised or cleared behind the fix that showed it."""
        zone = self._options.safe_zone
        if zone is None:
            return items
        judged: list[Item] = []
        for item in items:
            judged.append(item)
            if isinstance(item, Fix) and not item.late:
                judged.extend(self._judge(item.position, zone))
        return judged

    def state(self) -> dict[str, Any]:
        """Devices that are outside, or may be."""
        return {device: asdict(track) for device, track in self._tracks.items() if track.outside_fixes}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave."""
        for device, kept in state.items():
            if isinstance(kept, dict):
                self._tracks[device] = _Track(
                    int(kept.get("last_at", 0)),
                    int(kept.get("outside_fixes", 0)),
                    bool(kept.get("left", False)),
                )

    def _judge(self, position: Position, zone: SafeZone) -> list[Item]:
        track = self._tracks.of(position.device, _Track)
        if position.at <= track.last_at:
            return []
        track.last_at = position.at
        beyond_m = distance_m(position.lat, position.lon, zone.lat, zone.lon) - zone.radius_m
        if beyond_m <= 0:
            track.outside_fixes = 0
            cleared, track.left = track.left, False
            return [_fence_exit(position, "cleared", beyond_m, zone)] if cleared else []
        track.outside_fixes += 1
        sure = position.accuracy_m is not None and position.accuracy_m < beyond_m
        if track.left or not (sure or track.outside_fixes >= 2):
            return []
        track.left = True
        return [_fence_exit(position, "raised", beyond_m, zone)]


def distance_m(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance in metres (haversine, mean earth radius)."""
    a, b = math.radians(lat_a), math.radians(lat_b)
    h = (
        math.sin((b - a) / 2) ** 2
        + math.cos(a) * math.cos(b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(h)))


def _fence_exit(position: Position, phase: Any, beyond_m: float, zone: SafeZone) -> Happening:
    evidence = {"beyond_m": round(beyond_m, 1), "radius_m": zone.radius_m, "accuracy_m": position.accuracy_m}
    return Happening(
        device=position.device,
        kind="fence_exit",
        phase=phase,
        at=position.at,
        evidence=evidence,
        position=position,
        activation=f"{position.device}:fence_exit:safe_zone",
    )
