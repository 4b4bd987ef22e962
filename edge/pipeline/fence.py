"""Out of the safe zone, and back: judged so that neither a jump of the position nor a walk along the border
is an alarm, and so that an elder who is out and not heard of any more is shown as such.
"""

from dataclasses import asdict, dataclass
from typing import Any, Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.pipeline.plausible import FUTURE_MS
from edge.pipeline.zones import SafeZone, beyond_m, distance_m
from edge.readings import Fix, Happening, Item
from edge.recent import Recent
from firmware_specs.messages import Phase, Position

HOME_MS: Final = 3 * 60_000
HYSTERESIS_M: Final = 25.0
DWELL_MS: Final = 60_000
COARSE_M: Final = 500.0
FASTEST_M_S: Final = 60.0
STALE_MS: Final = 15 * 60_000
NIGHT: Final = (22, 6)
_HOUR_MS: Final = 3_600_000
_ASSUMED_M: Final = {"gnss": 30.0, "wifi": 100.0, "cell": 1000.0}
_MAX_DEVICES: Final = 10_000


@dataclass
class _Track:
    """A device: its newest believed fix, a newer one that was not, since when it is outside, when it last
    heard home (ms UTC).
    """

    last_at: int = 0
    home_at: int = 0
    outside_since: int = 0
    outside_fixes: int = 0
    left: bool = False
    stale: bool = False
    believed: Position | None = None
    doubted: Position | None = None


class Fence:
    """Raised by one fix whose accuracy circle is wholly outside, or by unsure ones that last a minute.

    Never counted: late fixes, fixes not newer than the last, fixes coarser than 500 m that are not surely
    outside, and a fix that could only be reached at more than 60 m/s, unless the next one agrees with it.
    Cleared 25 m inside the border (a small zone: a quarter of its radius). While outside without a fix for
    15 min the event is told again as stale. At night the zone's night circle counts, where it has one.
    A position of source `home` (`at_home`) is inside; for 3 min after it no single fix is enough.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options
        self._tracks: Recent[str, _Track] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on; add `fence_exit` raised, updated or cleared behind the fix that showed it."""
        judged: list[Item] = []
        for item in items:
            judged.append(item)
            if isinstance(item, Fix) and not item.late and item.position.datum == "wgs84":
                zone = self._options.home_of(item.position.device).zone
                judged.extend([] if zone is None else self._judge(item.position, zone, now))
        return judged + self._gone_silent(now)

    def state(self) -> dict[str, Any]:
        """Devices that are outside, or may be."""
        return {
            device: msgspec.to_builtins(asdict(t)) for device, t in self._tracks.items() if t.outside_fixes
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state()` gave; an unreadable track is left out."""
        for device, kept in state.items():
            try:
                self._tracks[device] = msgspec.convert(kept, _Track)
            except msgspec.ValidationError:
                continue

    def _judge(self, position: Position, zone: SafeZone, now: int) -> list[Item]:
        track = self._tracks.of(position.device, _Track)
        if track.last_at > now + FUTURE_MS:  # the gateway's clock was set back
            track = self._tracks[position.device] = _Track(left=track.left)
        if position.at <= track.last_at or not _believable(position, track):
            return []
        track.last_at, track.believed, track.doubted, track.stale = position.at, position, None, False
        if position.source == "home":
            track.home_at = position.at
            return _back(position, track, {"reasons": ["home_wifi"]})
        night = self._night(position.at) and zone.night_radius_m is not None
        beyond = beyond_m(zone, position.lat, position.lon, night=night)
        if beyond <= 0:
            return self._inside(position, track, beyond, zone, night=night)
        accuracy = _accuracy_m(position)
        sure = accuracy < beyond and position.at - track.home_at > HOME_MS
        if accuracy > COARSE_M and not sure:
            return []
        if not track.outside_fixes:
            track.outside_since = position.at
        track.outside_fixes += 1
        lasting = track.outside_fixes >= 2 and position.at - track.outside_since >= DWELL_MS
        if track.left or not (sure or lasting):
            return []
        track.left = True
        return [_fence_exit(position, "raised", _evidence(position, beyond, zone, night=night))]

    def _inside(
        self, position: Position, track: _Track, beyond: float, zone: SafeZone, *, night: bool
    ) -> list[Item]:
        radius = zone.night_radius_m if night and zone.night_radius_m else zone.radius_m
        margin = HYSTERESIS_M if zone.ring and not night else min(HYSTERESIS_M, radius / 4)
        if track.left and beyond > -margin:
            return []
        return _back(position, track, _evidence(position, beyond, zone, night=night))

    def _gone_silent(self, now: int) -> list[Item]:
        told: list[Item] = []
        for track in self._tracks.values():
            silent = track.left and not track.stale and now - track.last_at > STALE_MS
            if silent and track.believed is not None:
                track.stale = True
                evidence = {
                    "stale": True,
                    "last_fix_at": track.last_at,
                    "reasons": ["outside", "no_new_position"],
                }
                told.append(_fence_exit(track.believed, "updated", evidence, at=now))
        return told

    def _night(self, at: int) -> bool:
        hour = (at // _HOUR_MS + self._options.zone_hours) % 24
        return hour >= NIGHT[0] or hour < NIGHT[1]


def _back(position: Position, track: _Track, evidence: dict[str, Any]) -> list[Item]:
    """Inside again, or still."""
    track.outside_fixes = 0
    cleared, track.left = track.left, False
    return [_fence_exit(position, "cleared", evidence)] if cleared else []


def _believable(position: Position, track: _Track) -> bool:
    """False for a jump; it is remembered, and believed when the next fix is near it."""
    if position.source == "home" or track.believed is None or _reachable(track.believed, position):
        return True
    if track.doubted is not None and position.at > track.doubted.at and _reachable(track.doubted, position):
        return True
    if track.doubted is None or position.at > track.doubted.at:
        track.doubted = position
    return False


def _reachable(a: Position, b: Position) -> bool:
    apart = distance_m(a.lat, a.lon, b.lat, b.lon) - _accuracy_m(a) - _accuracy_m(b)
    return apart <= FASTEST_M_S * abs(b.at - a.at) / 1000


def _accuracy_m(position: Position) -> float:
    """What the device says, else what such a source usually has."""
    if position.accuracy_m is not None:
        return position.accuracy_m
    return _ASSUMED_M.get(position.source, 100.0)


def _evidence(position: Position, beyond: float, zone: SafeZone, *, night: bool) -> dict[str, Any]:
    evidence: dict[str, Any] = {
        "beyond_m": round(beyond, 1),
        "accuracy_m": position.accuracy_m,
        "reasons": ["outside_at_night" if night else "outside"] if beyond > 0 else ["back_inside"],
    }
    if night:
        return evidence | {"radius_m": zone.night_radius_m}
    return evidence | ({"corners": len(zone.ring)} if zone.ring else {"radius_m": zone.radius_m})


def _fence_exit(
    position: Position, phase: Phase, evidence: dict[str, Any], at: int | None = None
) -> Happening:
    return Happening(
        device=position.device,
        kind="fence_exit",
        phase=phase,
        at=position.at if at is None else at,
        evidence=evidence,
        position=position,
        activation=f"{position.device}:fence_exit:safe_zone",
    )
