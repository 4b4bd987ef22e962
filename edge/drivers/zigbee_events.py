"""What the meanings of one Zigbee state raise and clear, compared with what was known before."""

from dataclasses import dataclass, field
from typing import Any, Final

from edge.drivers.zigbee_exposes import Meaning, is_sos_action
from edge.readings import Happening, Press
from firmware_specs.messages import Phase

_LEVELS: Final = frozenset({"smoke", "gas", "co", "water_leak", "tamper", "battery_low", "sos", "fall"})
_TESTABLE: Final = frozenset({"smoke", "gas", "co", "water_leak"})
_TEST_MS: Final = 5 * 60_000
_SUSPECTED: Final = 0.5
_PRESS_APART_MS: Final = 2_000


@dataclass
class ZigbeeMemory:
    """What is known of one device: when it was last seen, its levels, its last state,
    since when its test bit is set, when it was pressed last and its own time of that.
    """

    last_seen: int | None = None
    levels: dict[str, float] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    test_since: int | None = None
    state: dict[str, Any] = field(default_factory=dict)
    sos_at: int = 0
    sos_seen: int | None = None


@dataclass(frozen=True)
class Seen:
    """When a state was measured and when it arrived, ms UTC."""

    device: str
    at: int
    arrived: int
    device_at: int | None


def events(
    found: list[Meaning], seen: Seen, memory: ZigbeeMemory, state: dict[str, Any]
) -> list[Happening | Press]:
    """Events of one live state; only changes count, except an action, which is an event by itself."""
    by_kind = {meaning.kind: meaning for meaning in found}
    raised: list[Happening | Press] = []
    if "test" in by_kind:
        raised += _test_bit(by_kind["test"], seen, memory)
    testing = memory.test_since is not None and 0 <= seen.arrived - memory.test_since <= _TEST_MS
    for meaning in found:
        if meaning.kind == "action":
            raised.append(_action(str(meaning.raw), seen))
        elif meaning.kind in _LEVELS:
            raised += _level(meaning, seen, memory, state, testing=testing)
    memory.state = {
        key: value for key, value in state.items() if key not in ("last_seen", "linkquality", "action")
    }
    return raised


def _test_bit(meaning: Meaning, seen: Seen, memory: ZigbeeMemory) -> list[Happening | Press]:
    if meaning.value and memory.test_since is None:
        memory.test_since = seen.arrived
        return [_happening(seen, "detector_test", "raised", {"key": meaning.key, "value": meaning.raw})]
    if not meaning.value:
        memory.test_since = None
        return [_happening(seen, "detector_test", "cleared", {"key": meaning.key, "value": meaning.raw})]
    return []


def _action(action: str, seen: Seen) -> Happening | Press:
    if not is_sos_action(action):
        return Press(device=seen.device, button=action, at=seen.at, device_at=seen.device_at)
    return _happening(seen, "sos", "raised", {"action": action}, instant=True)


def _level(
    meaning: Meaning, seen: Seen, memory: ZigbeeMemory, state: dict[str, Any], *, testing: bool
) -> list[Happening | Press]:
    kind, value = meaning.kind, meaning.value
    before = memory.levels.get(kind)
    evidence = {"key": meaning.key, "value": meaning.raw}
    if testing and kind in _TESTABLE and value and not before:
        if kind in memory.excused:
            return []
        memory.excused.add(kind)
        return [_happening(seen, "detector_test", "raised", {kind: True}, activation=f"test:{kind}")]
    memory.levels[kind] = value
    if not value and kind in memory.excused:
        memory.excused.discard(kind)
        return [_happening(seen, "detector_test", "cleared", {kind: False}, activation=f"test:{kind}")]
    if kind == "sos":
        return _sos_level(value, before, seen, memory, state, evidence)
    if value == before or (value == _SUSPECTED and before == 1.0):
        return []
    phase: Phase = "cleared" if not value else "suspected" if value == _SUSPECTED else "raised"
    return [_happening(seen, kind, phase, evidence)]


def _sos_level(
    value: float,
    before: float | None,
    seen: Seen,
    memory: ZigbeeMemory,
    state: dict[str, Any],
    evidence: dict[str, Any],
) -> list[Happening | Press]:
    """A button that shows as a state: each rise is a press, and so is a message that repeats it and
    changes nothing else.
    """
    if not value:
        return []
    rest = {key: state[key] for key in state if key not in ("last_seen", "linkquality", "action")}
    told_again = seen.device_at is not None and seen.device_at == memory.sos_seen  # from the bridge's cache
    pressed_again = (
        not told_again and rest == memory.state and abs(seen.arrived - memory.sos_at) >= _PRESS_APART_MS
    )
    if before and not pressed_again:
        return []
    memory.sos_at, memory.sos_seen = seen.arrived, seen.device_at
    return [_happening(seen, "sos", "raised", evidence, instant=True)]


def _happening(
    seen: Seen,
    kind: str,
    phase: Phase,
    evidence: dict[str, Any],
    *,
    instant: bool = False,
    activation: str = "",
) -> Happening:
    return Happening(
        device=seen.device,
        kind=kind,
        phase=phase,
        at=seen.at,
        device_at=seen.device_at,
        evidence=evidence,
        instant=instant,
        activation=f"{seen.device}:{activation}" if activation else "",
    )
