"""The worker's jobs of the desk: escalation of what nobody takes, dispatches, holes in the chain."""

from datetime import timedelta
from typing import Final

from cloud.cases import answers, calling_responders, escalation_work, gaps, notified
from cloud.database import queries
from cloud.database.pool import Connection
from cloud.timing import Job, Moment, each

_SQL: Final = queries.load("cloud.cases", "escalation.sql")
_BATCH: Final = 200
_KEPT: Final = timedelta(days=400)


async def escalate_unclaimed(conn: Connection, moment: Moment) -> None:
    """The steps of what nobody takes; any number of workers at once."""
    now = moment.now
    await each(
        conn,
        await escalation_work.unplanned(conn, limit=_BATCH),
        lambda case_id: escalation_work.plan(conn, case_id, now=now),
    )
    done: set[escalation_work.Key] = set()
    while fresh := [key for key in await escalation_work.due(conn, now=now, limit=_BATCH) if key not in done]:
        await each(conn, fresh, lambda key: escalation_work.take(conn, key, now=now))
        done.update(fresh)  # a step may bring the next one forward


async def follow_dispatches(conn: Connection, moment: Moment) -> None:
    """Keys that responders pressed; 60 s without an answer, and the next one is asked."""
    now = moment.now
    await each(
        conn,
        await calling_responders.pressed(conn, now=now, limit=_BATCH),
        lambda found: calling_responders.hear(conn, *found, now=now),
    )
    await each(
        conn,
        await calling_responders.missed(conn, now=now, limit=_BATCH),
        lambda dispatch_id: answers.miss(conn, dispatch_id, now=now),
    )


async def look_for_gaps(conn: Connection, moment: Moment) -> None:
    """Before a step relies on somebody, whether they can be reached."""
    found = await gaps.look(conn, now=moment.now)
    async with conn.transaction():
        await gaps.keep(conn, found, now=moment.now)


async def tell_of_notifications(conn: Connection, moment: Moment) -> None:
    """What became of each case's calls and messages, on its timeline."""
    now = moment.now
    await each(conn, await notified.waiting(conn), lambda case_id: notified.tell(conn, case_id, now=now))


async def forget(conn: Connection, moment: Moment) -> None:
    """Steps and holes of the past."""
    before = moment.now - _KEPT
    await conn.execute(_SQL["trim_due"], {"before": before})
    await conn.execute(_SQL["trim_gaps"], {"before": before})


JOBS: Final = (
    Job("unclaimed", None, 1.0, escalate_unclaimed),
    Job("dispatches", 7_241, 1.0, follow_dispatches),
    Job("notified", 7_244, 1.0, tell_of_notifications),
    Job("gaps", 7_242, 60.0, look_for_gaps),
    Job("desk-clean-up", 7_243, 3600.0, forget),
)
