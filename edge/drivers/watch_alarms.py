"""Status bits of a watch -> events, each bit on its own: an SOS never hides behind a weak battery."""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from edge.drivers.options import Bit22
from edge.drivers.watch_frames import WatchFrame, cells_and_wifi, flags
from edge.readings import Happening
from firmware_specs.messages import Phase, Position

SOS, LOW_BATTERY, FENCE_LEFT, FENCE_ENTERED, REMOVED, FALL, VENDOR = 16, 17, 18, 19, 20, 21, 22
_ALARM_BITS: Final = frozenset(range(16, 32))
_STATE_MEANS: Final = {0: LOW_BATTERY, 1: FENCE_LEFT, 3: REMOVED}
_ORDER: Final = (SOS, FALL, VENDOR, REMOVED, FENCE_LEFT, FENCE_ENTERED, LOW_BATTERY, *range(23, 32))
_EVENT: Final[dict[int, tuple[str, Phase]]] = {
    SOS: ("sos", "raised"),
    FALL: ("fall", "raised"),
    REMOVED: ("watch_removed", "raised"),
    FENCE_LEFT: ("fence_exit", "raised"),
    FENCE_ENTERED: ("fence_exit", "cleared"),
    LOW_BATTERY: ("battery_low", "raised"),
}
_BIT22: Final[dict[Bit22, str | None]] = {
    "unknown": "unknown_alarm_bit",
    "fall": "fall",
    "heart_rate": "vital_out_of_band",
    "vibration": None,
}
_INSTANT: Final = frozenset({"sos", "fall", "unknown_alarm_bit", "vital_out_of_band"})
_MAX_RAW: Final = 200
DAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Moment:
    """When a frame was measured: `at` as far as known, `device_at` by the watch's clock;
    `trusted` when both agree.
    """

    device: str
    at: int
    device_at: int | None
    trusted: bool
    position: Position | None = None


def alarm_happenings(frame: WatchFrame, moment: Moment, bit22: Bit22) -> list[Happening]:
    """What an AL frame raises; never nothing.

    An alarm that names no bit is taken as an SOS, since nobody can rule one out, and the technician is told.
    """
    bits = set(frame.fix.bits) if frame.fix is not None and frame.fix.status is not None else set()
    alarms = bits & _ALARM_BITS or {_STATE_MEANS[bit] for bit in bits & _STATE_MEANS.keys()}
    fingerprint = hashlib.sha256(frame.content).hexdigest()[:16]
    if not alarms:
        extra = {
            "bit": None,
            "reasons": ["alarm_without_known_bit"],
            "raw": frame.content[:_MAX_RAW].decode("utf-8", "replace"),
        }
        kinds: list[tuple[str, Phase, dict[str, Any]]] = [
            ("sos", "raised", extra),
            ("unknown_alarm_bit", "raised", extra),
        ]
    else:
        kinds = _events(alarms, bit22)
    return [_happening(frame, moment, kind, phase, extra, fingerprint) for kind, phase, extra in kinds]


def state_happenings(frame: WatchFrame, moment: Moment, before: int | None, bit22: Bit22) -> list[Happening]:
    """What the bits of a live position raise: those that rose since `before` (None: nothing known,
    then only SOS and fall).
    """
    bits = set(frame.fix.bits) if frame.fix is not None else set()
    if before is None:
        risen = bits & {SOS, FALL}
    else:
        risen = {bit for bit in bits & _ALARM_BITS if not before >> bit & 1}
    return [
        _happening(frame, moment, kind, phase, extra, None) for kind, phase, extra in _events(risen, bit22)
    ]


def late_happenings(frame: WatchFrame, moment: Moment) -> list[Happening]:
    """SOS and fall of a backfilled position, late."""
    bits = set(frame.fix.bits) if frame.fix is not None else set()
    events = _events(bits & {SOS, FALL}, "unknown")
    return [_happening(frame, moment, kind, phase, extra, None, late=True) for kind, phase, extra in events]


def clearings(frame: WatchFrame, moment: Moment, before: int | None) -> list[Happening]:
    """`battery_low` and `watch_removed` end when their bits are clear again;
    `before` is the status of the message before.
    """
    if frame.fix is None or frame.fix.status is None:
        return []
    now = frame.fix.status
    ended = [("battery_low", 1 << 0 | 1 << LOW_BATTERY), ("watch_removed", 1 << 3 | 1 << REMOVED)]
    return [
        _happening(frame, moment, kind, "cleared", {}, None)
        for kind, mask in ended
        if not now & mask and (before is None or before & mask)
    ]


def _events(alarms: set[int], bit22: Bit22) -> list[tuple[str, Phase, dict[str, Any]]]:
    """Kind, phase and evidence of each alarm bit, the gravest first."""
    if FENCE_LEFT in alarms:
        alarms = alarms - {FENCE_ENTERED}
    events: list[tuple[str, Phase, dict[str, Any]]] = []
    for bit in sorted(alarms, key=_ORDER.index):
        if bit == VENDOR:
            kind = _BIT22[bit22]
            events += [(kind, "raised", {"bit": bit})] if kind else []
        elif bit in _EVENT:
            events.append((*_EVENT[bit], {}))
        else:
            events.append(("unknown_alarm_bit", "raised", {"bit": bit}))
    return events


def _happening(
    frame: WatchFrame,
    moment: Moment,
    kind: str,
    phase: Phase,
    extra: dict[str, Any],
    fingerprint: str | None,
    *,
    late: bool = False,
) -> Happening:
    fix = frame.fix
    evidence: dict[str, Any] = {"type": frame.type}
    if fix is not None and fix.status_hex is not None:
        evidence |= {"status": fix.status_hex, "flags": flags(fix.bits)}
    if fix is not None and moment.position is None:
        evidence |= cells_and_wifi(fix)
    if not moment.trusted and not late:
        evidence["clock"] = "wrong"
    return Happening(
        device=moment.device,
        kind=kind,
        phase=phase,
        at=moment.at,
        device_at=moment.device_at,
        evidence=evidence | extra,
        position=moment.position,
        instant=kind in _INSTANT,
        late=late,
        fingerprint=None if fingerprint is None else f"{fingerprint}:{extra.get('bit', '')}",
        repeat_ms=DAY_MS if moment.trusted else 60_000,
    )
