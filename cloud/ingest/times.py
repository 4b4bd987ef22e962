"""When something happened, from a time that may be wrong. Pure. A wrong clock never rejects anything."""

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from cloud.alarms.rules import LATE_AFTER

FUTURE_TOLERANCE: Final = timedelta(minutes=10)
OLDEST: Final = timedelta(days=400)


class EventTime(msgspec.Struct, frozen=True, kw_only=True):
    """`occurred_at` is what the cloud goes by; `device_at` what the sender claimed, where that differs or
    was told.
    """

    occurred_at: datetime
    device_at: datetime | None = None
    late: bool = False
    problems: tuple[str, ...] = ()


def from_ms(ms: int) -> datetime:
    """Milliseconds UTC as a datetime; exact to the millisecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def judge_time(
    at_ms: int | None,
    *,
    received_at: datetime,
    device_at_ms: int | None = None,
    synchronised: bool = True,
    boot_at: datetime | None = None,
) -> EventTime:
    """The moment of an event. Not synchronised means `at_ms` counts from boot; `boot_at` is when that was,
    if known.
    """
    device_at = None if device_at_ms is None else from_ms(device_at_ms)
    if at_ms is None:
        return EventTime(occurred_at=received_at, device_at=device_at, problems=("time_missing",))
    if not synchronised:
        if boot_at is not None:
            rebuilt = boot_at + timedelta(milliseconds=at_ms)
            if _plausible(rebuilt, received_at):
                return _plain(min(rebuilt, received_at), device_at, received_at, ("time_rebuilt",))
        return EventTime(occurred_at=received_at, device_at=from_ms(at_ms), problems=("clock_wrong",))
    claimed = from_ms(at_ms)
    if not _plausible(claimed, received_at):
        return EventTime(
            occurred_at=received_at, device_at=claimed, problems=("clock_wrong", "clock_implausible")
        )
    return _plain(claimed, device_at, received_at, ())


def _plausible(at: datetime, received_at: datetime) -> bool:
    return received_at - OLDEST <= at <= received_at + FUTURE_TOLERANCE


def _plain(
    at: datetime, device_at: datetime | None, received_at: datetime, problems: tuple[str, ...]
) -> EventTime:
    return EventTime(
        occurred_at=at, device_at=device_at, late=received_at - at > LATE_AFTER, problems=problems
    )
