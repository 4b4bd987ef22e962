"""Which start of an agent is the present one, and whether two boxes share a name. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal

CLONE_WINDOW: Final = timedelta(minutes=10)
CLONE_RETURNS: Final = 2


def judge_run(
    run: str,
    started_at: datetime,
    *,
    present: str | None,
    present_started_at: datetime | None,
    seen_before: bool,
) -> Literal["same", "new", "returned", "stale"]:
    """What a birth means: the present run again, a new one, or one that had been replaced.

    A run never seen before is new whatever its clock says. One seen before takes over only if it began later
    than the present one; else it is stale: a message delivered late, or a second box that still runs.
    """
    if run == present:
        return "same"
    if not seen_before:
        return "new"
    if present_started_at is None or started_at > present_started_at:
        return "returned"
    return "stale"


def is_cloned(returned_at: Sequence[datetime], now: datetime) -> bool:
    """True when a replaced run spoke again twice within ten minutes: once may be a message delivered late."""
    return sum(now - at <= CLONE_WINDOW for at in returned_at) >= CLONE_RETURNS
