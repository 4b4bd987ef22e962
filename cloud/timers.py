"""What happens because time passed: jobs, each decided by pure rules and done in small transactions.

Every job runs on one worker at a time (advisory lock), has a time limit, and its failure stops nothing else.
Each case or gateway is a transaction of its own that locks it and decides anew.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from cloud import clock_back, desk_jobs, judging, metrics
from cloud.access import kept, sources
from cloud.access import store as access
from cloud.alarms import store as alarms
from cloud.cases import by_time, rule_alarms
from cloud.cases.intake import take_alarm
from cloud.cases.publish import publish
from cloud.database import queries
from cloud.database.pool import Connection, Pool
from cloud.downlink import store as downlink
from cloud.draining import whole
from cloud.feed import store as feed
from cloud.ingest import whereabouts
from cloud.ingest.life import FRESH
from cloud.ingest.states import set_online
from cloud.responders import photos
from cloud.supervision import jobs as supervision
from cloud.telephony import store as telephony
from cloud.timing import Job, Moment, each
from firmware_specs.clock import Clock
from firmware_specs.topics import OFFLINE_AFTER_S

logger = logging.getLogger(__name__)

LIMIT_S: Final = 10.0
_LEAST_PAUSE_S: Final = 0.25  # of real time, where the clock runs fast
_BATCH: Final = 200
_SQL: Final = queries.load("cloud", "timers.sql")


class Timers:
    """Runs the jobs until cancelled: the desk's own and those it is given."""

    def __init__(self, pool: Pool, clock: Clock, more: tuple[Job, ...] = ()) -> None:
        """Keep the arguments."""
        self._pool = pool
        self._clock = clock
        self._more = more
        self._failing: set[str] = set()

    async def run(self) -> None:
        """Every job in a task of its own, for ever."""
        started_at = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for job in (*JOBS, *self._more):
                group.create_task(self._repeat(job, started_at), name=f"timer-{job.name}")

    async def _repeat(self, job: Job, started_at: datetime) -> None:
        while True:
            await whole(self.once(job, started_at))
            await self._clock.sleep(max(job.every_s, _LEAST_PAUSE_S * self._clock.rate))

    async def once(self, job: Job, started_at: datetime) -> None:
        """One run of a job; its failure is logged, and tried again at its next time."""
        try:
            async with asyncio.timeout(LIMIT_S), self._pool.connection() as conn:
                with metrics.JOB_S.labels(job.name).time():
                    now = self._clock.now()
                    await run_alone(conn, job, Moment(now, min(started_at, now), self._clock.rate))
        except (psycopg.OperationalError, PoolTimeout, TimeoutError) as error:
            metrics.JOB_FAILURES.labels(job.name).inc()
            if job.name not in self._failing:
                self._failing.add(job.name)
                extra = {"action": "timer_lost", "job": job.name, "error": type(error).__name__}
                logger.warning("timer cannot run", extra=extra)
        except Exception:
            metrics.JOB_FAILURES.labels(job.name).inc()
            logger.exception("timer failed", extra={"action": "timer_failed", "job": job.name})
        else:
            if job.name in self._failing:
                self._failing.discard(job.name)
                logger.info("timer runs again", extra={"action": "timer_back", "job": job.name})


async def run_alone(conn: Connection, job: Job, moment: Moment) -> bool:
    """Run a job unless another worker is at it; False when one is."""
    if job.lock is None:
        await job.run(conn, moment)
        return True
    row = await (await conn.execute(_SQL["lock_job"], {"lock": job.lock})).fetchone()
    if row is None or not row[0]:
        return False
    try:
        await job.run(conn, moment)
    finally:
        await conn.execute(_SQL["unlock_job"], {"lock": job.lock})
    return True


async def raise_due_suspicions(conn: Connection, moment: Moment) -> None:
    """20 s after a suspected fall without `raised` or `cancelled` the cloud raises it."""
    now = moment.now

    async def act(key: tuple[str, UUID]) -> None:
        await whereabouts.hear(conn, key[0], at=None)
        draft = await alarms.take_suspicion(conn, *key, now=now)
        if draft is not None:
            ref = await take_alarm(conn, draft, now)
            await publish(conn, [ref.case_id], now=now)

    await each(conn, await alarms.due_suspicions(conn, now=now, limit=_BATCH), act)


async def make_suspicions_urgent(conn: Connection, moment: Moment) -> None:
    """120 s later a suspected fall that nobody claimed is a matter of life."""
    now = moment.now
    await each(
        conn,
        await by_time.unclaimed_suspicions(conn, now=now),
        lambda case_id: by_time.make_suspicion_urgent(conn, case_id, now=now),
    )


async def hold_claims(conn: Connection, moment: Moment) -> None:
    """A claim needs a living seat and a stage within its limit; else a warning, then back to the queue."""
    now = moment.now
    await each(
        conn,
        await by_time.claims(conn, now=now),
        lambda case_id: by_time.hold_or_return(conn, case_id, now=now),
    )


async def settle_technical(conn: Connection, moment: Moment) -> None:
    """A technical fault that went away before anybody came closes by itself."""
    now = moment.now
    await each(
        conn,
        await by_time.settled(conn, now=now),
        lambda case_id: by_time.settle(conn, case_id, now=now),
    )


async def notice_silence(conn: Connection, moment: Moment) -> None:
    """75 s without a word, while somebody listened for as long, and a gateway is offline."""
    now = moment.now
    silent_since = now - timedelta(seconds=OFFLINE_AFTER_S)
    if not heard_for_long(await downlink.ingest_life(conn), moment, silent_since):
        return

    async def act(gateway: str) -> None:
        sender = await whereabouts.hear(conn, gateway, at=None)
        still = await conn.execute(_SQL["is_silent"], {"id": gateway, "silent_since": silent_since})
        if await still.fetchone() is not None:
            changed = await set_online(conn, sender, online=False, reason="silent", now=now)
            await publish(conn, changed, now=now)

    rows = await conn.execute(_SQL["silent_gateways"], {"silent_since": silent_since, "limit": _BATCH})
    await each(conn, [row[0] for row in await rows.fetchall()], act)


async def judge_values(conn: Connection, moment: Moment) -> None:
    """New readings and observations, then what should have happened by now."""
    await judging.judge_waiting(conn, now=moment.now)
    await judging.raise_overdue(conn, now=moment.now)


async def hold_high_risks(conn: Connection, moment: Moment) -> None:
    """15 min without the gateway of a high-risk elder are urgent, though technical."""
    now = moment.now
    await each(
        conn,
        await rule_alarms.long_silent(conn, now=now),
        lambda silence: rule_alarms.make_silence_urgent(conn, silence, now=now),
    )


def heard_for_long(
    life: tuple[datetime | None, datetime] | None, moment: Moment, silent_since: datetime
) -> bool:
    """True when this worker and an ingestor that hears the broker were up since `silent_since`."""
    if life is None or life[0] is None or moment.now - life[1] > FRESH:
        return False
    return max(life[0], moment.started_at) <= silent_since


async def clean_up(conn: Connection, moment: Moment) -> None:
    """Forget sessions that ended, seats that nobody sits at, and what is only kept for a while."""
    now = moment.now
    days = timedelta(days=1)
    for name, before in (
        ("end_sessions", now),
        ("close_seats", now - timedelta(hours=12)),
        ("trim_quarantine", now - 30 * days),
        ("trim_floods", now),
        ("trim_runs", now - 30 * days),
        ("trim_boots", now - 90 * days),
        ("trim_test_windows", now - 400 * days),
    ):
        await conn.execute(_SQL[name], {"before": before, "now": now})
    await feed.trim(conn, before=now - days)
    await judging.forget(conn, now=now)
    await kept.trim(conn, now=now)
    await sources.trim(conn, now=now)
    await access.trim_places(conn, now=now)
    await telephony.tidy(conn, now=now)
    await photos.trim(conn, now=now)


JOBS: Final = (
    Job("suspicions", 7_201, 1.0, raise_due_suspicions),
    Job("urgent-suspicions", 7_202, 1.0, make_suspicions_urgent),
    Job("claims", 7_203, 1.0, hold_claims),
    Job("settled", 7_205, 1.0, settle_technical),
    Job("silence", 7_206, 2.0, notice_silence),
    Job("values", 7_208, 1.0, judge_values),
    Job("high-risks", 7_209, 5.0, hold_high_risks),
    Job("clean-up", 7_207, 60.0, clean_up),
    clock_back.JOB,
    *desk_jobs.JOBS,
    *supervision.JOBS,
)
