"""What personal trackers have in common (TRV/IW, GT06, JT/T 808): a told message -> items.

A driver reads its frames into `Told`; here names of alarms become events, each on its own, the gravest first.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from edge.drivers.device_clock import ClockMemory, backfilled, live
from edge.drivers.wifi import WifiSeen, heard
from edge.readings import Fix, Happening, Item, Reading, Sighting
from firmware_specs.messages import DeviceState, Phase, Position

# Alarms by name, the gravest first: kind of event, phase. Other names are `unknown_alarm_bit`.
_EVENTS: Final[dict[str, tuple[str, Phase]]] = {
    "sos": ("sos", "raised"),
    "fall": ("fall", "raised"),
    "removed": ("watch_removed", "raised"),
    "fence_exit": ("fence_exit", "raised"),
    "fence": ("fence_exit", "raised"),
    "fence_enter": ("fence_exit", "cleared"),
    "low_battery": ("battery_low", "raised"),
    "power_cut": ("mains_lost", "raised"),
    "power_off": ("device_offline", "raised"),
    "tampering": ("tamper", "raised"),
}
# How a vehicle is driven is no alarm of a person.
DRIVING: Final = frozenset(
    {"acceleration", "braking", "cornering", "fatigue", "overspeed", "vibration", "door", "ignition", "moved"}
)
_INSTANT: Final = frozenset({"sos", "fall", "device_offline", "unknown_alarm_bit"})
_ENDED_BY_ITSELF: Final = frozenset({"battery_low", "watch_removed", "mains_lost", "tamper", "fence_exit"})
_GRAVE: Final = frozenset({"sos", "fall"})
_AT_FIRST: Final = _GRAVE | {"battery_low", "tamper", "watch_removed"}  # raised though nobody saw them rise
_UNNAMED: Final = "alarm_without_known_code"
_HELD_MS: Final = 600_000
_REPEAT_MS: Final = 60_000
_BACKLOG_MS: Final = 600_000
_PAST_MS: Final = 400 * 86_400_000
_DAY_MS: Final = 86_400_000
_KNOWN: Final = 50
_ORDER: Final = {name: rank for rank, name in enumerate(_EVENTS)}


@dataclass
class TrackerMemory(ClockMemory):
    """What is known of one tracker between messages and connections.

    `active` holds the alarms that stand: name -> (fingerprint, last told at ms); `told` device times of SOS
    and falls that were told live.
    """

    active: dict[str, tuple[str, int]] = field(default_factory=dict)
    heard: bool = False
    told: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One message of a tracker. `claimed` is ms of its digits read as UTC; None is "not told".

    `alarms`: an alarm message names these (None: it is none; empty: it names nothing that is known).
    `states`: alarms that stand, told again and again; with `complete` those that are absent have ended.
    `values`: kind and value of readings. `wifi`: what it heard. `utc`: the protocol fixes the zone, so an old
    time is no other zone.
    """

    device: str
    raw: bytes
    claimed: int | None = None
    place: tuple[float, float] | None = None
    late: bool = False
    utc: bool = False
    alarms: frozenset[str] | None = None
    states: frozenset[str] | None = None
    complete: bool = True
    values: tuple[tuple[str, float | None], ...] = ()
    charging: bool | None = None
    wifi: Sequence[WifiSeen] = ()
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Moment:
    told: Told
    at: int
    trusted: bool
    position: Position | None


def on_globe(lat: float, lon: float) -> bool:
    """True for a place on the globe that is not 0,0."""
    return abs(lat) <= 90 and abs(lon) <= 180 and not (abs(lat) < 1e-6 and abs(lon) < 1e-6)


def gravest(names: Iterable[str]) -> list[str]:
    """Names of alarms, the gravest first, each once."""
    return sorted(set(names), key=lambda name: (_ORDER.get(name, len(_ORDER)), name))


def percent(value: float | None) -> float | None:
    """The value when it is a percentage, else None."""
    return value if value is not None and 0 <= value <= 100 else None


def items_of(told: Told, memory: TrackerMemory, at: int) -> list[Item]:
    """Events, position, readings and a sign of life of one message that arrived at `at`."""
    if told.utc and _is_backlog(told.claimed, memory, at):
        told = replace(told, late=True)
    judge = backfilled if told.late else live
    measured, trusted = judge(told.claimed, memory, at) if told.claimed is not None else (at, True)
    position = None
    if told.place is not None and on_globe(*told.place):
        lat, lon = told.place
        position = Position(device=told.device, at=measured, lat=lat, lon=lon, source="gnss")
    moment = _Moment(told, measured, trusted, position)
    removed_before = "removed" in memory.active
    events = (
        _late(moment, memory) if told.late else [*_alarms(moment, memory, at), *_states(moment, memory, at)]
    )
    worn = _worn(removed_before, memory)
    items: list[Item] = [*events]
    if position is not None:
        items.append(Fix(position=position, late=told.late))
    items += heard(told.device, measured, told.wifi, late=told.late)
    items += _readings(moment, (*told.values, ("worn", worn), ("charging", told.charging)))
    if not told.late:
        items.append(Sighting(state=_state(told, worn, at)))
    return items


def _is_backlog(claimed: int | None, memory: TrackerMemory, at: int) -> bool:
    """True for what was kept while there was no connection: old, by a clock that was right before."""
    return claimed is not None and memory.zone_ms == 0 and _BACKLOG_MS < at - claimed < _PAST_MS


def _alarms(moment: _Moment, memory: TrackerMemory, at: int) -> list[Happening]:
    """An alarm message: each is an activation of its own, unless its content is repeated."""
    told = moment.told
    if told.alarms is None:
        return []
    mark = _mark(told)
    if not told.alarms:
        extra = {"reasons": [_UNNAMED], "raw": told.raw[:100].hex()}
        return [
            _happening(moment, name, kind, "raised", mark, extra)
            for name, kind in (("sos", "sos"), ("", "unknown_alarm_bit"))
        ]
    found = []
    for name, kind, phase in _meanings(told.alarms):
        memory.active[name] = (mark, at)
        found.append(_happening(moment, name, kind, phase, mark))
        _remember(moment, kind, memory)
    return found


def _states(moment: _Moment, memory: TrackerMemory, at: int) -> list[Happening]:
    """Alarms that stand: what rises is raised, SOS and falls are told with one fingerprint while they stand,
    what ends is cleared.
    """
    told = moment.told
    if told.states is None:
        return []
    found = []
    for name, kind, phase in _meanings(told.states):
        mark, last = memory.active.get(name, ("", 0))
        rises = not mark or abs(at - last) > _HELD_MS
        if rises:
            mark = f"{_mark(told)}{at}"
        memory.active[name] = (mark, at)
        if kind in _GRAVE or (rises and (memory.heard or kind in _AT_FIRST)):
            found.append(_happening(moment, name, kind, phase, mark if kind in _GRAVE else None))
            _remember(moment, kind, memory)
    if told.complete:
        found += [_happening(moment, "", kind, "cleared", None) for kind in _ended(told.states, memory)]
    memory.heard = True
    return found


def _ended(states: frozenset[str], memory: TrackerMemory) -> list[str]:
    """Kinds that ended: those that stood, or, when the tracker is first heard, all that do not stand now."""
    gone = [name for name in memory.active if name not in states]
    for name in gone:
        del memory.active[name]
    standing = {kind for _, kind, _ in _meanings(states)}
    ended = {kind for _, kind, _ in _meanings(gone)} if memory.heard else _ENDED_BY_ITSELF
    return sorted(ended & _ENDED_BY_ITSELF - standing)


def _late(moment: _Moment, memory: TrackerMemory) -> list[Happening]:
    """SOS and falls of a backfilled message, unless they were told live."""
    told = moment.told
    return [
        _happening(moment, name, kind, phase, None)
        for name, kind, phase in _meanings((told.alarms or frozenset()) | (told.states or frozenset()))
        if kind in _GRAVE and (kind, told.claimed) not in memory.told
    ]


def _mark(told: Told) -> str:
    return hashlib.sha256(told.raw).hexdigest()[:16]


def _remember(moment: _Moment, kind: str, memory: TrackerMemory) -> None:
    claimed = moment.told.claimed
    if kind in _GRAVE and claimed is not None and (kind, claimed) not in memory.told:
        memory.told = [*memory.told, (kind, claimed)][-_KNOWN:]


def _meanings(names: Iterable[str]) -> list[tuple[str, str, Phase]]:
    """Name, kind and phase of each alarm that is about a person or the device, the gravest first."""
    found: list[tuple[str, str, Phase]] = []
    for name in gravest(names):
        if name not in DRIVING:
            kind, phase = _EVENTS.get(name, ("unknown_alarm_bit", "raised"))
            if not any(kind == other for _, other, _ in found if kind != "unknown_alarm_bit"):
                found.append((name, kind, phase))
    return found


def _happening(
    moment: _Moment,
    name: str,
    kind: str,
    phase: Phase,
    fingerprint: str | None,
    extra: dict[str, Any] | None = None,
) -> Happening:
    told = moment.told
    evidence = told.evidence | (extra or {})
    if name:
        evidence["alarm"] = name
    if not moment.trusted and not told.late:
        evidence["clock"] = "wrong"
    if moment.position is not None:
        evidence.pop("cells", None)
    elif told.wifi:
        evidence["wifi"] = msgspec.to_builtins(list(told.wifi))
    return Happening(
        device=told.device,
        kind=kind,
        phase=phase,
        at=moment.at,
        device_at=told.claimed,
        evidence=evidence,
        position=moment.position,
        instant=kind in _INSTANT,
        late=told.late,
        fingerprint=None if fingerprint is None else f"{fingerprint}:{name}",
        repeat_ms=_DAY_MS if told.alarms is None or (moment.trusted and told.claimed) else _REPEAT_MS,
    )


def _worn(removed_before: bool, memory: TrackerMemory) -> bool | None:
    """Whether the tracker is worn, as far as its removal alarm tells; None when it never spoke of it."""
    removed = "removed" in memory.active
    return not removed if removed or removed_before else None


def _readings(moment: _Moment, values: Iterable[tuple[str, float | None]]) -> list[Item]:
    told = moment.told
    return [
        Reading(
            device=told.device,
            kind=kind,
            at=moment.at,
            value=float(value),
            device_at=told.claimed,
            late=told.late,
        )
        for kind, value in values
        if value is not None and value >= 0
    ]


def _state(told: Told, worn: bool | None, at: int) -> DeviceState:
    battery = next((value for kind, value in told.values if kind == "battery"), None)
    return DeviceState(
        device=told.device,
        at=at,
        online=True,
        worn=worn,
        charging=told.charging,
        battery_percent=battery,
        last_seen=at,
    )
