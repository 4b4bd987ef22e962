"""Does what the screen shows fit an expectation? Pure: case JSON in, the misfits in words out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from simulators.scenario import ExpectSpec

Json = dict[str, Any]
_SAME: Final = ("priority", "state", "rings", "repeats", "alarm_count", "late", "fire_suspected")


def concerns(expect: ExpectSpec, case: Json, subjects: dict[str, str]) -> bool:
    """True when the case is about the expectation's subject, class and kinds; `subjects` maps `on` to ids."""
    if case["subject_id"] != subjects.get(expect.on):
        return False
    wanted = _wanted_kinds(expect)
    if expect.alarm_class is not None and case["class"] != expect.alarm_class:
        return False
    if expect.no_case == "any":
        return expect.alarm_class is not None or case["class"] == "care"
    return wanted <= set(case["kinds"])


def misfits(expect: ExpectSpec, case: Json, residents: dict[str, list[str]]) -> list[str]:
    """What a concerned case's summary shows otherwise than expected; empty when it fits."""
    found = [
        f"{name} is {case[name]}, expected {getattr(expect, name)}"
        for name in _SAME
        if getattr(expect, name) is not None and case[name] != getattr(expect, name)
    ]
    if expect.rings_at_least is not None and case["rings"] < expect.rings_at_least:
        found.append(f"rings is {case['rings']}, expected at least {expect.rings_at_least}")
    if expect.resident is not None:
        found += _wrong_resident(expect.resident, case, residents)
    if expect.age_below_s is not None:
        age = (_time(case["opened_at"]) - _time(case["occurred_at"])).total_seconds()
        if abs(age) > expect.age_below_s:
            found.append(
                f"occurred {age:.0f} s before it was opened, expected at most {expect.age_below_s:g}"
            )
    return found


def needs_detail(expect: ExpectSpec) -> bool:
    """True when the alarms of the case must be looked at, too."""
    return any(value is not None for value in (expect.room, expect.phase, expect.reason, expect.cleared))


def detail_misfits(expect: ExpectSpec, detail: Json) -> list[str]:
    """As `misfits`, for what only the case's alarms show: one alarm must fit in everything."""
    wanted = _wanted_kinds(expect)
    alarms = [alarm for alarm in detail["alarms"] if not wanted or alarm["kind"] in wanted]
    best: list[str] | None = None
    for alarm in alarms:
        found = _alarm_misfits(expect, alarm)
        if best is None or len(found) < len(best):
            best = found
    return ["no alarm of the kind is on the case"] if best is None else best


def describe(cases: Iterable[Json]) -> str:
    """What was seen instead, for a failure's text."""
    seen = [
        f"#{case['number']} {case['class']} P{case['priority']} {'+'.join(case['kinds'])} {case['state']}"
        f" rings {case['rings']} alarms {case['alarm_count']} repeats {case['repeats']}"
        for case in cases
    ]
    return "; ".join(seen) or "nothing"


def _wanted_kinds(expect: ExpectSpec) -> set[str]:
    if expect.kinds is not None:
        return set(expect.kinds)
    kind = expect.case if expect.case is not None else expect.no_case
    return set() if kind in (None, "any") else {str(kind)}


def _wrong_resident(expected: str, case: Json, residents: dict[str, list[str]]) -> list[str]:
    shown = case["resident"]["id"] if case["resident"] else None
    if expected == "nobody":
        return [] if shown is None else [f"resident is {shown}, expected nobody"]
    known = residents.get(expected, [])
    return [] if shown in known else [f"resident is {shown}, expected one of {expected}: {known}"]


def _alarm_misfits(expect: ExpectSpec, alarm: Json) -> list[str]:
    found = []
    if expect.room is not None and alarm["room"] != expect.room:
        found.append(f"room is {alarm['room']!r}, expected {expect.room!r}")
    if expect.phase is not None and alarm["phase"] != expect.phase:
        found.append(f"phase is {alarm['phase']}, expected {expect.phase}")
    if expect.reason is not None and not any(expect.reason in reason for reason in alarm["reasons"]):
        found.append(f"reasons are {alarm['reasons']}, expected {expect.reason}")
    if expect.cleared is not None and (alarm["cleared_at"] is not None) != expect.cleared:
        found.append(f"cleared_at is {alarm['cleared_at']}, expected cleared: {expect.cleared}")
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
