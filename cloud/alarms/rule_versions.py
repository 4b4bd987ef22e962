"""The numbers that the rules judge by, as data: one value a version, so that any of them can be replayed.

A version that has raised an alarm is never edited: a changed number is a new version in RULES, and CURRENT
moves to it. NEWS2 is reproduced from: Royal College of Physicians. National Early Warning Score (NEWS) 2:
Standardising the assessment of acute-illness severity in the NHS. Updated report of a working party. London:
RCP, 2017.
"""

from datetime import timedelta
from typing import Any, Final

import msgspec

Steps = tuple[tuple[float | None, int], ...]
"""(highest value that still belongs here, points), upwards; the last one has no end."""


class News2Table(msgspec.Struct, frozen=True, kw_only=True):
    """The score's table. Values are rounded half up before they are looked up: temperature to 0.1, the
    others to 1.
    """

    resp_rate: Steps
    spo2_scale_1: Steps
    spo2_scale_2_air: Steps
    spo2_scale_2_oxygen: Steps
    systolic: Steps
    heart_rate: Steps
    body_temperature: Steps
    on_oxygen: int
    consciousness: dict[str, int]
    high: int
    medium: int
    single: int


class Band(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is usual for a person: outside is worth attention; beyond the urgent limits, once confirmed, it
    is urgent.
    """

    low: float | None = None
    high: float | None = None
    urgent_low: float | None = None
    urgent_high: float | None = None


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """A change within a time that is worth attention: `rise` and `fall` are positive amounts, None is any."""

    within: timedelta
    rise: float | None = None
    fall: float | None = None


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """One version of every number. Hours of the day are of the deployment's zone."""

    version: str
    news2: News2Table
    max_age: dict[str, timedelta]
    counting: dict[str, frozenset[str]]
    least_quality: int
    apart: timedelta
    symptom_age: timedelta
    bands: dict[str, Band]
    rates: dict[str, Rate]
    again_after: dict[int, timedelta]
    rest: dict[int, timedelta]
    zone_minutes: int
    night: tuple[int, int]
    bed_return: timedelta
    door_open: timedelta
    door_open_at_night: timedelta
    silent_states: frozenset[str]
    unwatched_states: frozenset[str]
    offline_high_risk: timedelta


_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_BELOW_TARGET: Final[Steps] = ((83, 3), (85, 2), (87, 1))

NEWS2: Final = News2Table(
    resp_rate=((8, 3), (11, 1), (20, 0), (24, 2), (None, 3)),
    spo2_scale_1=((91, 3), (93, 2), (95, 1), (None, 0)),
    spo2_scale_2_air=(*_BELOW_TARGET, (None, 0)),
    spo2_scale_2_oxygen=(*_BELOW_TARGET, (92, 0), (94, 1), (96, 2), (None, 3)),
    systolic=((90, 3), (100, 2), (110, 1), (219, 0), (None, 3)),
    heart_rate=((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (None, 3)),
    body_temperature=((35.0, 3), (36.0, 1), (38.0, 0), (39.0, 1), (None, 2)),
    on_oxygen=2,
    consciousness={"A": 0, "C": 3, "V": 3, "P": 3, "U": 3},
    high=7,
    medium=5,
    single=3,
)

# Who may fill a parameter of the score. A wrist estimate, and a device that nobody described, never does.
_SPOT: Final = frozenset({"operator", "monitor"})

RULES_V1: Final = RuleSet(
    version="1",
    news2=NEWS2,
    # Pulse, breathing and oxygen change within minutes. A cuff and a thermometer are used a few times a day.
    # Alertness counts only as of the conversation in which it was heard.
    max_age={
        "resp_rate": _HOUR,
        "spo2": _HOUR,
        "heart_rate": _HOUR,
        "systolic": 4 * _HOUR,
        "diastolic": 4 * _HOUR,
        "body_temperature": 4 * _HOUR,
        "oxygen": 12 * _HOUR,
        "consciousness": _HOUR,
        "glucose": 4 * _HOUR,
        "weight": 7 * 24 * _HOUR,
    },
    counting={
        "resp_rate": _SPOT | {"contactless"},
        "spo2": _SPOT | {"oximeter"},
        "oxygen": frozenset({"operator", "order"}),
        "systolic": _SPOT | {"cuff"},
        "diastolic": _SPOT | {"cuff"},
        "heart_rate": _SPOT | {"cuff", "oximeter", "contactless"},
        "consciousness": frozenset({"operator"}),
        "body_temperature": _SPOT | {"thermometer"},
        "glucose": _SPOT | {"glucometer"},
        "weight": _SPOT | {"scales"},
    },
    least_quality=50,
    apart=_MINUTE,
    symptom_age=_HOUR,
    bands={
        "resp_rate": Band(low=10, high=22),
        "spo2": Band(low=93),
        "heart_rate": Band(low=48, high=115),
        "systolic": Band(low=100, high=180),
        "diastolic": Band(low=50, high=110),
        "body_temperature": Band(low=35.5, high=37.8),
        "glucose": Band(low=3.9, high=16.7),
    },
    rates={
        "heart_rate": Rate(within=30 * _MINUTE, rise=40, fall=40),
        "spo2": Rate(within=_HOUR, fall=5),
        "systolic": Rate(within=4 * _HOUR, rise=60, fall=40),
        "body_temperature": Rate(within=4 * _HOUR, rise=1.5),
        "weight": Rate(within=3 * 24 * _HOUR, rise=2),
    },
    # A condition that lasts rings again after so long; one that ended and is back, no sooner than this.
    again_after={1: 30 * _MINUTE, 2: 2 * _HOUR, 3: 8 * _HOUR},
    rest={3: 30 * _MINUTE},
    zone_minutes=8 * 60,
    night=(22, 6),
    bed_return=30 * _MINUTE,
    door_open=15 * _MINUTE,
    door_open_at_night=5 * _MINUTE,
    silent_states=frozenset({"hospital", "away", "suspended", "moved", "deceased"}),
    unwatched_states=frozenset({"suspended", "moved", "deceased"}),
    offline_high_risk=15 * _MINUTE,
)

RULES: Final[dict[str, RuleSet]] = {rules.version: rules for rules in (RULES_V1,)}
CURRENT: Final = RULES_V1


def changed(rules: RuleSet, differences: dict[str, Any]) -> RuleSet:
    """A version that nobody has released: some numbers of `rules` replaced, to be tried in a replay.

    Raises ValueError (msgspec.ValidationError) naming what does not fit; times are ISO 8601 durations.
    """
    if not isinstance(differences.get("version"), str) or differences["version"] in RULES:
        raise ValueError("`version` must be a name of its own")
    if unknown := differences.keys() - set(RuleSet.__struct_fields__):
        raise ValueError("no such rule: " + ", ".join(sorted(unknown)))
    return msgspec.convert(
        _merged(msgspec.to_builtins(rules, str_keys=True), differences), RuleSet, strict=False
    )


def _merged(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: _merged(old.get(key), value) for key, value in new.items()}
    return new
