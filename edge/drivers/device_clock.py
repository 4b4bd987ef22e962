"""Clocks of devices that say UTC or local time, nobody knows which: learns their zone from live messages."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_ZONE_STEP_MS: Final = 15 * 60_000
_ZONE_ERROR_MS: Final = 2 * 60_000
_ZONE_MAX_MS: Final = 14 * 3_600_000
_LAST_MS: Final = 4_102_444_799_000  # two digits of a year end with 2099
_PAST_MS: Final = 400 * 86_400_000


@dataclass
class ClockMemory:
    """`zone_ms` is device time minus UTC, `candidate_ms` another one seen once."""

    zone_ms: int | None = None
    candidate_ms: int | None = None


def live(claimed: int | None, memory: ClockMemory, at: int) -> tuple[int, bool]:
    """Measured-at (ms UTC) of a live message and whether its clock is believed; learns the zone on the way.

    A clock within 2 minutes of a whole multiple of 15 minutes, at most 14 h, is right but for its zone.
    """
    if claimed is None:
        return at, False
    error = claimed - at
    zone = round(error / _ZONE_STEP_MS) * _ZONE_STEP_MS
    if abs(error - zone) > _ZONE_ERROR_MS or abs(zone) > _ZONE_MAX_MS:
        return at, False
    if memory.zone_ms is None or zone == memory.candidate_ms:
        memory.zone_ms = zone
    memory.candidate_ms = None if zone == memory.zone_ms else zone
    return claimed - zone, True


def backfilled(claimed: int | None, memory: ClockMemory, at: int) -> tuple[int, bool]:
    """Measured-at of a message kept while there was no connection: corrected by the zone learned on live
    messages; its arrival when it cannot be true.
    """
    measured = None if claimed is None else claimed - (memory.zone_ms or 0)
    if measured is None or not at - _PAST_MS <= measured <= at + _ZONE_ERROR_MS:
        return at, False
    return measured, True


def digits_ms(digits: str) -> int | None:
    """Milliseconds since 1970 of `yymmddhhmmss`, read as UTC; None when it is no time."""
    if len(digits) != 12 or not (digits.isascii() and digits.isdigit()):
        return None
    year, month, day, hour, minute, second = (int(digits[n : n + 2]) for n in range(0, 12, 2))
    return calendar_ms(2000 + year, month, day, hour, minute, second)


def calendar_ms(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int | None:
    """Milliseconds since 1970 of a time in UTC; None when there is no such time."""
    if not (1 <= month <= 12 and hour < 24 and minute < 60 and second < 60):
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return calendar.timegm((year, month, day, hour, minute, second)) * 1000


def digits_of(at: int) -> str:
    """`yymmddhhmmss` of a time (ms UTC), for the protocols that set a device's clock."""
    return datetime.fromtimestamp(min(at, _LAST_MS) // 1000, UTC).strftime("%y%m%d%H%M%S")


def iso_utc(at: int) -> str:
    """`2026-01-31T23:59:59Z`."""
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
