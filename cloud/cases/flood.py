"""When alarms come faster than people can look: what is grouped and shelved, which device chatters. Pure.

Life-safety is never grouped and never shelved. A technical case of priority 4 may stand behind one line with
others of the same place and cause; whatever is more urgent stays a line of its own.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from firmware_specs.kinds import LIFE_SAFETY

WINDOW: Final = timedelta(minutes=10)
FLOOD_ALARMS: Final = 10
"""More than so many alarms in ten minutes for a seat are a flood (ISA-18.2, EEMUA 191) ..."""
FLOOD_OVER: Final = 5
"""... which is over at no more than so many."""
GROUP_LEAST: Final = 2
OUTAGE_LEAST: Final = 5
"""So many homes of one compound without link or mains are an outage, flood or not."""
OUTAGE: Final = "outage"
_OUTAGE_KINDS: Final = frozenset({"gateway_offline", "mains_lost"})
_LINES: Final = frozenset({"area_outage", "same_cause"})
GROUPED_PRIORITY: Final = 4

CHATTER_WINDOW: Final = timedelta(minutes=1)
CHATTER_LEAST: Final = 3
CHATTER_OVER: Final = timedelta(minutes=10)

LONGEST_SHELF: Final = timedelta(hours=8)


def is_flood(alarms: int, seats: int, *, was: bool) -> bool:
    """True while more alarms come in ten minutes than the living seats can look at."""
    return alarms > (FLOOD_OVER if was else FLOOD_ALARMS) * max(seats, 1)


def cause_of(alarm_class: str, kind: str, priority: int) -> str | None:
    """By which cause an alarm may be grouped with others of its place; None: never."""
    if alarm_class != "technical" or priority != GROUPED_PRIORITY or kind in _LINES or kind in LIFE_SAFETY:
        return None
    return OUTAGE if kind in _OUTAGE_KINDS else kind


def line_kind(cause: str) -> str:
    """What kind of alarm stands for a group; `cause` is a key or its last word."""
    return "area_outage" if cause.rpartition("/")[2] == OUTAGE else "same_cause"


def needs_line(cause: str, cases: int, *, flood: bool) -> bool:
    """True where so many open cases of one cause become one line."""
    outage = line_kind(cause) == "area_outage"
    return (flood and cases >= GROUP_LEAST) or (outage and cases >= OUTAGE_LEAST)


def grows_loud(before: int, after: int) -> bool:
    """True when a group has doubled: it rings again then, not for each child."""
    return after > before and after.bit_length() > before.bit_length()


def is_chatter(activations: int) -> bool:
    """Whether this many activations in a minute are told: the third, and then each tenth."""
    return activations == CHATTER_LEAST or (activations > CHATTER_LEAST and activations % 10 == 0)


def leaves_line(priority: int) -> bool:
    """True when an alarm that joins is more than a routine fault: its case is a row of its own again."""
    return priority < GROUPED_PRIORITY


def leaves_shelf(kinds: Iterable[str], before: int, kind: str, priority: int) -> bool:
    """True when an alarm that joins is more than what was set aside: another fault, or more urgent."""
    return kind not in kinds or priority < before


def shelf_refusal(alarm_class: str, kinds: Iterable[str], priority: int) -> str | None:
    """Why a case cannot be shelved: `life_safety`, `not_technical` or `urgent`; None: it can."""
    if any(kind in LIFE_SAFETY for kind in kinds):
        return "life_safety"
    if alarm_class != "technical":
        return "not_technical"
    # Somebody's oxygen or ventilator hangs on the mains.
    return "urgent" if priority < 3 and "mains_lost" in kinds else None


def shelf_until(now: datetime, minutes: int) -> datetime:
    """When a shelved case returns; raises ValueError beyond eight hours."""
    if not timedelta(0) < timedelta(minutes=minutes) <= LONGEST_SHELF:
        raise ValueError("1 to 480 minutes")
    return now + timedelta(minutes=minutes)
