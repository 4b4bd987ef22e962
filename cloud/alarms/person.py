"""What the rules know of a person: state, needs, and the limits that a clinician or the family ordered. Pure.

`resident.limits` is an object:
    news2            {"spo2_scale": 2, "oxygen": true, "ordered_by": "Dr Li"}   counts only with `ordered_by`
    bands            {"heart_rate": {"low": 50, "high": 110, "urgent_low": 40, "urgent_high": 140}, ...}
    bed_return_min   30     door_open_min  15     inactivity_h  8
    fence            "urgent" (also when nothing is said), "attention" or "off"
    high_risk        true
Whatever cannot be understood is left out, and named in `problems`: the product's own numbers hold then.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from cloud.alarms.rule_versions import Band, RuleSet
from firmware_specs.kinds import READINGS

Fence = Literal["urgent", "attention", "off"]
_FENCES: Final[tuple[Fence, ...]] = ("urgent", "attention", "off")
_POWER_NEEDS: Final = ("power", "power_dependent", "oxygen", "ventilator")
_HIGH_RISKS: Final = frozenset({"high", "高", "高风险", "high_risk"})
_DAY_MIN: Final = 24 * 60


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """A person's own limits; None and {} are the product's. `oxygen` None: nobody ordered either."""

    spo2_scale: int = 1
    oxygen: bool | None = None
    ordered_by: str = ""
    bands: dict[str, Band] = {}
    bed_return: timedelta | None = None
    door_open: timedelta | None = None
    inactivity: timedelta | None = None
    fence: Fence = "urgent"
    problems: tuple[str, ...] = ()


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One resident at a moment. `state` None is active."""

    id: UUID
    state: str | None = None
    power_dependent: bool = False
    high_risk: bool = False
    limits: Limits = Limits()

    def silent(self, rules: RuleSet) -> bool:
        """True while nobody is to be expected at home: no inactivity, no missing from bed."""
        return self.state in rules.silent_states


def person_of(
    resident_id: UUID,
    *,
    state: str | None = None,
    needs: Mapping[str, Any] | None = None,
    profile: Mapping[str, Any] | None = None,
    limits: Mapping[str, Any] | None = None,
) -> Person:
    """A person from the registry's free words; never raises."""
    needs, profile, limits = (
        given if isinstance(given, Mapping) else {} for given in (needs, profile, limits)
    )
    power = any(bool(needs.get(name)) for name in _POWER_NEEDS)
    risk = limits.get("high_risk") is True or profile.get("high_risk") is True
    return Person(
        id=resident_id,
        state=state,
        power_dependent=power,
        high_risk=power or risk or str(profile.get("risk", "")).lower() in _HIGH_RISKS,
        limits=read_limits(limits),
    )


def read_limits(given: Mapping[str, Any]) -> Limits:
    """Limits as far as they can be understood."""
    problems: list[str] = []
    scale, oxygen, ordered_by = _orders(given.get("news2"), problems)
    return Limits(
        spo2_scale=scale,
        oxygen=oxygen,
        ordered_by=ordered_by,
        bands=_bands(given.get("bands"), problems),
        bed_return=_time(given, "bed_return_min", timedelta(minutes=1), _DAY_MIN, problems),
        door_open=_time(given, "door_open_min", timedelta(minutes=1), _DAY_MIN, problems),
        inactivity=_time(given, "inactivity_h", timedelta(hours=1), 7 * 24, problems),
        fence=_fence(given.get("fence"), problems),
        problems=tuple(problems),
    )


def band_of(kind: str, limits: Limits, rules: RuleSet) -> Band | None:
    """The person's own band, as a whole, else the product's."""
    return limits.bands.get(kind) or rules.bands.get(kind)


def _orders(given: Any, problems: list[str]) -> tuple[int, bool | None, str]:
    if given is None:
        return 1, None, ""
    ordered_by = given.get("ordered_by") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(ordered_by, str) or not ordered_by.strip():
        problems.append("news2_without_clinician")
        return 1, None, ""
    scale, oxygen = given.get("spo2_scale", 1), given.get("oxygen")
    if scale not in (1, 2) or isinstance(scale, bool):
        problems.append("news2.spo2_scale")
        scale = 1
    if oxygen is not None and not isinstance(oxygen, bool):
        problems.append("news2.oxygen")
        oxygen = None
    return int(scale), oxygen, ordered_by.strip()


def _bands(given: Any, problems: list[str]) -> dict[str, Band]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        problems.append("bands")
        return {}
    found = {}
    for kind, limits in given.items():
        band = _band(limits) if kind in READINGS else None
        if band is None:
            problems.append(f"bands.{kind}"[:64])
        else:
            found[str(kind)] = band
    return found


def _band(given: Any) -> Band | None:
    try:
        band = msgspec.convert(given, Band)
    except msgspec.ValidationError:
        return None
    edges = [edge for edge in (band.urgent_low, band.low, band.high, band.urgent_high) if edge is not None]
    known = set(given) <= set(Band.__struct_fields__) if isinstance(given, Mapping) else False
    return band if known and edges and _rising(edges) else None


def _rising(edges: Sequence[float]) -> bool:
    return all(map(math.isfinite, edges)) and all(a <= b for a, b in pairwise(edges))


def _time(
    given: Mapping[str, Any], name: str, unit: timedelta, at_most: int, problems: list[str]
) -> timedelta | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= at_most:
        problems.append(name)
        return None
    return unit * value


def _fence(given: Any, problems: list[str]) -> Fence:
    if given is not None and given not in _FENCES:
        problems.append("fence")
    return next((fence for fence in _FENCES if fence == given), "urgent")
