"""When a shift and a day begin where the deployment is. Pure."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
HOURS: Final = 8
SHIFT: Final = timedelta(hours=HOURS)
"""Shifts begin at 00:00, 08:00 and 16:00."""


def day_of(at: datetime) -> datetime:
    """The beginning of the local day of a moment, UTC."""
    return at.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def beginning(at: datetime) -> datetime:
    """The beginning of the shift that a moment lies in, UTC."""
    hours = at.astimezone(ZONE).hour // HOURS * HOURS
    return day_of(at) + timedelta(hours=hours)
