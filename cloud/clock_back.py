"""A clock that was set back: what was written ahead of it would wait, and be believed, until then.

A machine that boots with its clock hours ahead and is then corrected would call nobody for hours, believe
that dead seats live and notice no silence. So whatever lies ahead of the present moment and is waited for
begins anew now. What is evidence (alarms, timelines) keeps the time that it was written with.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from cloud.alarms.rules import SUSPICION
from cloud.cases import case
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.notification import LEASE
from cloud.timing import Job, Moment

logger = logging.getLogger(__name__)

TOLERANCE: Final = timedelta(seconds=10)
"""So far the clocks of our programs may lie apart; a step of less is waited out."""
_SQL: Final = queries.load("cloud", "clock_back.sql")
_LIMITS: Final[dict[str, timedelta]] = {
    "claimed_limit": case.CLAIMED_LIMIT,
    "on_scene_limit": case.ON_SCENE_LIMIT,
    "handed_over_limit": case.HANDED_OVER_LIMIT,
    "call_limit": case.CALL_LIMIT,
    "suspicion": SUSPICION,
}


async def begin_anew(conn: Connection, moment: Moment) -> None:
    """Everything that waits for a time further ahead than it can have been told to."""
    rate, now = max(moment.rate, 1.0), moment.now
    values: dict[str, Any] = {"now": now, "ahead": now + TOLERANCE * rate, "lease": LEASE * rate} | _LIMITS
    moved = {name: await _one(conn, name, values) for name in _SQL}
    if any(moved.values()):
        extra = {"action": "clock_went_back"} | {name: count for name, count in moved.items() if count}
        logger.warning("the clock was set back: what lay ahead of it begins anew", extra=extra)


async def _one(conn: Connection, name: str, values: dict[str, datetime | timedelta]) -> int:
    return (await conn.execute(queries.trusted(_SQL[name]), values)).rowcount


JOB: Final = Job("clock-back", 7_210, 5.0, begin_anew)
