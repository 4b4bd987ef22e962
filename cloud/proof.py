"""The timer jobs of evidence: a signed root for each day that is over, the readings around closed cases."""

import logging
from typing import Final

from cloud.cases import readings, roots
from cloud.cases.signing import Signer
from cloud.database.pool import Connection
from cloud.timing import Job, Moment, each

logger = logging.getLogger(__name__)

_DAYS_AT_ONCE: Final = 31


async def sign_days(conn: Connection, moment: Moment, signer: Signer) -> None:
    """The root of every day that is over and has none, oldest first, a month of them at once."""
    for _ in range(_DAYS_AT_ONCE):
        day = await roots.sign_next_day(conn, signer, now=moment.now)
        if day is None:
            return
        logger.info("day signed", extra={"action": "day_signed", "day": day.isoformat()})


async def keep_readings(conn: Connection, moment: Moment) -> None:
    """Readings of cases closed just now, then those whose hour after the closing is over."""
    now = moment.now
    closed = await readings.without(conn, now=now)
    await each(conn, closed, lambda case_id: readings.keep_late(conn, case_id, now=now))
    due = await readings.due(conn, now=now)
    await each(conn, due, lambda case_id: readings.copy(conn, case_id, now=now))


def proof_jobs(signer: Signer | None) -> tuple[Job, ...]:
    """What a worker runs besides the desk's own jobs; without a signer no day is signed."""
    copying = Job("readings", 7_231, 10.0, keep_readings)
    if signer is None:
        return (copying,)

    async def sign(conn: Connection, moment: Moment) -> None:
        await sign_days(conn, moment, signer)

    return (copying, Job("daily-root", 7_232, 60.0, sign))
