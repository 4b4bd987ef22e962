"""A story with expectations, read from TOML; every mistake is told with its line and key.

[home]                     who lives where           [clock]   start, rate: night hours, long waits
[[device]]  name, type     what is in the home
[[step]]    at, device, do what happens, at a second of the story
[[expect]]  after, within_s, ...   what the operator's screen must show, counted from the end of a step
"""

import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from simulators.devices.faults import FAULTS
from simulators.texts import say
from simulators.verbs import ACTORS, VERBS, DeviceType


class ScenarioError(ValueError):
    """The scenario cannot be played; the text names file, line and key."""


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class ClockSpec(_Table, frozen=True, kw_only=True):
    """The story's clock: `start` is an ISO time with zone, `rate` simulated seconds a real second."""

    start: str | None = None
    rate: float = 1.0


class HomeSpec(_Table, frozen=True, kw_only=True):
    """A home; `gateway` protocol: the first home's box serves watches of many homes. With `wifi` its watches
    hear it indoors.
    """

    compound: str | None = None
    residents: Literal[1, 2] = 1
    radius_m: float = 300.0
    wifi: bool = False
    gateway: Literal["home", "protocol"] = "home"


class DeviceSpec(_Table, frozen=True, kw_only=True):
    """A device; `bed` 1 or 2 when it belongs to one resident, else it belongs to the home."""

    name: str
    type: DeviceType
    room: str = ""
    role: str = ""
    bed: int = 0
    clock: str | None = None
    installed_days_ago: float = 0


class StepSpec(_Table, frozen=True, kw_only=True):
    """Something happens `at` s after the home is ready; with a `fault` (`devices/faults.py`) at first."""

    at: float
    device: str
    do: str
    name: str = ""
    times: int = 1
    every_s: float = 0.0
    same: bool = False
    test: bool = False
    metres: float = 800.0
    hours_ago: float = 1.0
    minutes: int = 10
    target: str = ""
    clock: str | None = None
    fault: str = ""


class ExpectSpec(_Table, frozen=True, kw_only=True):
    """What must be seen within `within_s` s after a step; `settled`: judged when the time is over."""

    within_s: float
    after: str = ""
    case: str | None = None
    kinds: list[str] | None = None
    no_case: str | None = None
    cases: int | None = None
    on: Literal["home", "other_home", "gateway"] = "home"
    alarm_class: Literal["care", "technical", "test"] | None = None
    priority: int | None = None
    state: str | None = None
    rings: int | None = None
    rings_at_least: int | None = None
    repeats: int | None = None
    alarm_count: int | None = None
    late: bool | None = None
    fire_suspected: bool | None = None
    resident: Literal["home", "other_home", "nobody"] | None = None
    room: str | None = None
    phase: str | None = None
    reason: str | None = None
    cleared: bool | None = None
    age_below_s: float | None = None
    readings: str | None = None
    readings_of: Literal["home", "other_home"] = "home"
    readings_above: float = 0.0
    readings_at_least: int | None = None
    readings_at_most: int | None = None
    settled: bool = False


class Scenario(_Table, frozen=True, kw_only=True):
    """One story."""

    title: str
    about: str = ""
    clock: ClockSpec = ClockSpec()
    home: HomeSpec = HomeSpec()
    other_home: HomeSpec | None = None
    device: list[DeviceSpec]
    step: list[StepSpec]
    expect: list[ExpectSpec]

    @property
    def own_clock(self) -> bool:
        """True when the story moves the clock and so needs a cloud of its own."""
        return self.clock != ClockSpec()


def load(path: Path) -> Scenario:
    """The scenario of a file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(say("scenario_unreadable", path=path, reason=error)) from error
    return parse(text, str(path))


def parse(text: str, name: str) -> Scenario:
    """The scenario of a text; `name` is the file's name for errors. Raises ScenarioError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(say("scenario_unreadable", path=name, reason=error)) from error
    try:
        scenario = msgspec.convert(raw, Scenario)
    except msgspec.ValidationError as error:
        raise ScenarioError(_explain(text, name, error)) from error
    for table, index, key, reason in _mistakes(scenario):
        raise ScenarioError(
            say("scenario_invalid", path=name, line=_line(text, table, index, key), reason=reason)
        )
    return scenario


def _mistakes(scenario: Scenario) -> "list[tuple[str, int, str, str]]":
    """(table, index, key, reason) of each thing that types alone do not show."""
    found: list[tuple[str, int, str, str]] = []
    types = {device.name: device.type for device in scenario.device}
    for name in ACTORS:
        types.setdefault(name, name)  # type: ignore[arg-type]  # actors are devices of a kind of their own
    found += [
        ("device", n, "name", say("wrong_value", key="name", expected="unique", value=device.name))
        for n, device in enumerate(scenario.device)
        if device.name in ACTORS or [other.name for other in scenario.device].count(device.name) > 1
    ]
    for n, step in enumerate(scenario.step):
        found += _step_mistakes(n, step, types)
    names = {step.name for step in scenario.step if step.name}
    for n, expect in enumerate(scenario.expect):
        found += _expect_mistakes(n, expect, names)
    if scenario.clock.start is not None:
        found += _clock_mistakes(scenario.clock)
    return found


def _step_mistakes(n: int, step: StepSpec, types: dict[str, Any]) -> list[tuple[str, int, str, str]]:
    if step.device not in types:
        known = ", ".join(sorted(types))
        return [("step", n, "device", say("unknown_name", key="device", value=step.device, known=known))]
    kind = types[step.device]
    if step.do not in VERBS[kind]:
        known = ", ".join(VERBS[kind])
        reason = say("cannot_do", device=step.device, type=kind, do=step.do, known=known)
        return [("step", n, "do", reason)]
    if step.device == "technician" and step.target not in types:
        known = ", ".join(sorted(types))
        return [("step", n, "target", say("unknown_name", key="target", value=step.target, known=known))]
    if step.fault and step.fault not in FAULTS:
        known = ", ".join(FAULTS)
        return [("step", n, "fault", say("unknown_name", key="fault", value=step.fault, known=known))]
    if step.at < 0:
        return [("step", n, "at", say("wrong_value", key="at", expected=">= 0", value=step.at))]
    return []


def _expect_mistakes(n: int, expect: ExpectSpec, names: set[str]) -> list[tuple[str, int, str, str]]:
    if expect.after and expect.after not in names:
        known = ", ".join(sorted(names)) or "-"
        return [("expect", n, "after", say("unknown_name", key="after", value=expect.after, known=known))]
    wanted = (expect.case, expect.kinds, expect.no_case, expect.readings)
    if sum(value is not None for value in wanted) != 1:
        reason = say("wrong_value", key="expect", expected="case | kinds | no_case | readings", value=wanted)
        return [("expect", n, "within_s", reason)]
    return []


def _clock_mistakes(clock: ClockSpec) -> list[tuple[str, int, str, str]]:
    try:
        zone = datetime.fromisoformat(str(clock.start)).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        expected = "2026-01-15T02:10:00+08:00"
        return [("clock", 0, "start", say("wrong_value", key="start", expected=expected, value=clock.start))]
    return []


def _explain(text: str, name: str, error: msgspec.ValidationError) -> str:
    """A validation error as line, key and what is allowed."""
    path = re.search(r"at `\$\.?(\w*)(?:\[(\d+)\])?(?:\.(\w+))?", str(error))
    table, index, key = (path[1], int(path[2] or 0), path[3] or "") if path else ("", 0, "")
    reason: object = error
    if (unknown := re.search(r"unknown field `(\w+)`", str(error))) is not None:
        key = unknown[1]
        reason = say("unknown_key", key=key, known=", ".join(_known(table)))
    elif (missing := re.search(r"missing required field `(\w+)`", str(error))) is not None:
        reason = say("missing_key", key=f"{table}.{missing[1]}" if table else missing[1])
    return say("scenario_invalid", path=name, line=_line(text, table, index, key), reason=reason)


def _known(table: str) -> tuple[str, ...]:
    tables: dict[str, type[msgspec.Struct]] = {
        "clock": ClockSpec,
        "home": HomeSpec,
        "other_home": HomeSpec,
        "device": DeviceSpec,
        "step": StepSpec,
        "expect": ExpectSpec,
    }
    return tables.get(table, Scenario).__struct_fields__


def _line(text: str, table: str, index: int, key: str) -> int:
    """The line (from 1) of a key of the nth [[table]], else of the table, else 1."""
    header, seen, at = re.compile(r"^\s*\[+\s*([\w.]+)\s*\]+"), -1, 0
    inside = not table
    for number, line in enumerate(text.splitlines(), start=1):
        if (found := header.match(line)) is not None:
            seen += found[1] == table
            inside = found[1] == table and seen == index
            at = number if inside else at
        elif inside and key and re.match(rf"\s*{re.escape(key)}\s*=", line):
            return number
    return at or 1
