"""How long a device may be silent: learned from how often it speaks. Pure.

Offline after three of its usual pauses, but not before 30 minutes (mains) or 2 hours (battery), and at the
latest after 26 hours. A device that never spoke is unknown, not offline.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

PAUSES: Final = 3
FLOOR_MAINS: Final = timedelta(minutes=30)
FLOOR_BATTERY: Final = timedelta(hours=2)
CEILING: Final = timedelta(hours=26)
TRUSTED_SIGNS: Final = 4
"""So many signs of life are needed before the pause between them means something."""
_RISE: Final = 0.5
_FALL: Final = 0.05
_OUTLIER: Final = 4.0
BATTERY_LOW: Final = 15.0
BATTERY_WELL: Final = 25.0


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a device; `interval_s` is its usual pause in seconds, None before the second sign."""

    last_at: datetime
    interval_s: float | None = None
    signs: int = 1
    battery: bool = False


def after_sign(life: Life | None, at: datetime, *, battery: bool) -> Life:
    """The same after a sign of life at `at`; one that is not newer changes nothing.

    Longer pauses count quickly and shorter ones slowly, so that the rhythm of a day's quietest hours is
    learned; a pause of more than four times the usual one counts as four.
    """
    if life is None:
        return Life(last_at=at, battery=battery)
    if at <= life.last_at:
        return life
    pause = min((at - life.last_at).total_seconds(), CEILING.total_seconds())
    usual = life.interval_s
    if usual is None:
        learned = pause
    else:
        pause = min(pause, _OUTLIER * usual)
        learned = usual + (_RISE if pause > usual else _FALL) * (pause - usual)
    return Life(last_at=at, interval_s=learned, signs=life.signs + 1, battery=life.battery or battery)


def may_be_silent(life: Life) -> timedelta:
    """How long the device may say nothing."""
    if life.interval_s is None or life.signs < TRUSTED_SIGNS:
        return CEILING
    floor = FLOOR_BATTERY if life.battery else FLOOR_MAINS
    return min(max(timedelta(seconds=PAUSES * life.interval_s), floor), CEILING)


def due_at(life: Life) -> datetime:
    """From when on it is offline."""
    return life.last_at + may_be_silent(life)
