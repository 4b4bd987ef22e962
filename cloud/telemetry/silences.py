"""Why a curve has no line: the bed was empty, the watch not worn, nothing was heard. Pure.

Values are sent at a change and by a heartbeat: one speaks until the next, and for nothing once the next is
late. A value that was measured while a state says that nobody could be measured is no value.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from firmware_specs.kinds import READINGS

Reason = Literal["out_of_bed", "not_worn", "charging", "offline", "no_value", "not_installed"]
EMPTYING: Final[dict[tuple[str, bool], Reason]] = {
    ("in_bed", False): "out_of_bed",
    ("worn", False): "not_worn",
    ("charging", True): "charging",
}
STATES: Final = ("in_bed", "worn", "charging")
STATE_PAUSE: Final = timedelta(seconds=READINGS["in_bed"].heartbeat_s * 1.2)
"""A state that was not said again for so long is not known any more."""
_VITAL_PAUSE_S: Final = 900


class Gap(msgspec.Struct, frozen=True):
    """No data from `since` to `until`, and why."""

    since: datetime
    until: datetime
    reason: Reason


class Run(msgspec.Struct, frozen=True):
    """A state of a device, said first at `since` and last at `last`."""

    kind: str
    on: bool
    since: datetime
    last: datetime


class Bucket(msgspec.Struct, frozen=True):
    """The values of a short time: their mean, extremes and worst quality, first and last."""

    at: datetime
    last: datetime
    value: float
    low: float
    high: float
    quality: int | None
    count: int


def patience_of(kind: str) -> timedelta:
    """How long a value of a kind speaks without a new one."""
    known = READINGS.get(kind)
    return timedelta(seconds=1.2 * (_VITAL_PAUSE_S if known is None else known.heartbeat_s))


def lasting(runs: Sequence[Run], until: datetime) -> list[tuple[Run, datetime]]:
    """Each run of one state with its end: the next run's begin, or when it was not said again in time."""
    ends = [*(run.since for run in runs[1:]), until][: len(runs)]
    return [(run, min(end, run.last + STATE_PAUSE, until)) for run, end in zip(runs, ends, strict=True)]


def blanks(runs: Iterable[Run], until: datetime) -> list[Gap]:
    """The times in which a device can measure nobody."""
    by_kind: dict[str, list[Run]] = {}
    for run in runs:
        by_kind.setdefault(run.kind, []).append(run)
    found = []
    for said in by_kind.values():
        for run, end in lasting(said, until):
            reason = EMPTYING.get((run.kind, run.on))
            if reason is not None and run.since < end:
                found.append(Gap(run.since, end, reason))
    return sorted(found, key=lambda gap: (gap.since, gap.until))


def gaps(
    points: Sequence[Bucket],
    empty: Sequence[Gap],
    heard: Sequence[datetime],
    *,
    installed: tuple[datetime, datetime],
    window: tuple[datetime, datetime],
    patience: timedelta,
) -> list[Gap]:
    """Where a curve has no data within `window`, in order, without overlap.

    `heard` is when the device said anything; `points` may begin before the window, when they still speak.
    """
    start, end = window
    silent: list[Gap] = []
    known_to = start
    previous: Bucket | None = None
    for point in points:
        if previous is None or point.at - previous.last > patience:
            silent.append(Gap(known_to, point.at, "no_value"))
        known_to = max(known_to, point.last)
        previous = point
    if previous is None or end - previous.last > patience:
        silent.append(Gap(known_to, end, "no_value"))
    found = [Gap(start, installed[0], "not_installed"), Gap(installed[1], end, "not_installed")]
    found += [*empty, *silent]
    return [_blamed(gap, heard, patience) for gap in _apart(found, start, end)]


def _blamed(gap: Gap, heard: Sequence[datetime], patience: timedelta) -> Gap:
    """A device that said nothing at all for longer than its heartbeat is offline."""
    if gap.reason != "no_value" or gap.until - gap.since <= patience:
        return gap
    spoke = any(gap.since < at < gap.until for at in heard)
    return gap if spoke else Gap(gap.since, gap.until, "offline")


def _apart(found: Sequence[Gap], start: datetime, end: datetime) -> list[Gap]:
    """Cut to the window; where two overlap the first named one holds."""
    kept: list[Gap] = []
    for gap in found:
        rest = [(max(gap.since, start), min(gap.until, end))]
        for other in kept:
            rest = [part for one in rest for part in _without(one, other)]
        kept += [Gap(since, until, gap.reason) for since, until in rest if since < until]
    kept.sort(key=lambda gap: gap.since)
    joined: list[Gap] = []
    for gap in kept:
        if joined and joined[-1].until == gap.since and joined[-1].reason == gap.reason:
            gap = Gap(joined.pop().since, gap.until, gap.reason)
        joined.append(gap)
    return joined


def _without(one: tuple[datetime, datetime], other: Gap) -> list[tuple[datetime, datetime]]:
    since, until = one
    return (
        [(since, min(until, other.since)), (max(since, other.until), until)]
        if (since < other.until and other.since < until)
        else [one]
    )
