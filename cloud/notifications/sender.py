"""The senders: take a due row, commit that it is being sent, send, commit how it went. Any number may run.

A crash before the first commit leaves the row as it was. A crash between the two leaves it `sending` with
a lease; whoever finds the lease run out asks the provider before anything is sent again.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from cloud import metrics
from cloud.database import queries
from cloud.database.listen import notifications
from cloud.database.pool import Connection, Pool
from cloud.draining import whole
from cloud.notifications import quotas, receipts, store
from cloud.notifications.channel import NotSent, OutcomeUnknown, Provider, Refused, Report, Sent
from cloud.notifications.notification import (
    RESEND_UNKNOWN_UP_TO,
    UNKNOWN_WAIT,
    Notification,
    State,
    ask_at,
    back_off,
    most_attempts,
)
from cloud.notifications.preparing import Ask, Handover, Plan, Preparer
from cloud.notifications.queue import CHANNEL
from firmware_specs.clock import Clock

logger = logging.getLogger(__name__)

LANES: Final = (1, 1, 1, 4, 4, 4)  # how urgent a row must be: lesser ones never take every lane from a P1
SEND_LIMIT_S: Final = 20.0  # of real time; well within the lease
_LOOK_EVERY_S: Final = 1.0
_KEEP_EVERY_S: Final = 5.0
_LEAST_PAUSE_S: Final = 0.25
_ALIVE_FOR: Final = timedelta(seconds=60)
_KEEP_RECEIPTS: Final = timedelta(days=30)
_SQL: Final = queries.load(__package__ or "cloud.notifications")
_AWAY = (psycopg.OperationalError, PoolTimeout, TimeoutError)


class Sender:
    """Sends what is due, over the providers in order of preference, until cancelled."""

    def __init__(
        self,
        pool: Pool,
        providers: Sequence[Provider],
        clock: Clock,
        words: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the arguments; `words` are parameters that every message is given."""
        self._pool = pool
        self._providers = providers
        self._clock = clock
        self._preparer = Preparer(providers, words or {}, clock.rate)
        self._in_hand: set[UUID] = set()
        self._away = False

    async def run(self, url: str) -> None:
        """Lanes and housekeeping, for ever; `url` is for the LISTEN that wakes the lanes."""
        wakes = [asyncio.Event() for _ in LANES]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(), name="notifications-keep")
            for number, (up_to, wake) in enumerate(zip(LANES, wakes, strict=True)):
                group.create_task(self._lane(up_to, wake), name=f"notifications-lane-{number}")
            async for _ in notifications(url, [CHANNEL], every_s=_LOOK_EVERY_S, name="carebed-sender"):
                for wake in wakes:
                    wake.set()

    async def _lane(self, up_to: int, wake: asyncio.Event) -> None:
        while True:
            await wake.wait()
            wake.clear()
            try:
                while await whole(self.step(up_to=up_to)):
                    pass
            except _AWAY as error:
                self._say_away(error)
            except Exception:
                logger.exception("sender failed", extra={"action": "sender_failed"})

    def _say_away(self, error: Exception) -> None:
        if not self._away:
            self._away = True
            extra = {"action": "sender_lost", "error": type(error).__name__}
            logger.warning("sender has no database", extra=extra)

    async def _keep(self) -> None:
        """Say that we live, and give what is too old to the operators."""
        while True:
            try:
                await self.keep()
                if self._away:
                    self._away = False
                    logger.info("sender goes on", extra={"action": "sender_back"})
            except _AWAY as error:
                self._say_away(error)
            except Exception:
                logger.exception("sender failed", extra={"action": "sender_failed"})
            await self._clock.sleep(max(_KEEP_EVERY_S, _LEAST_PAUSE_S * self._clock.rate))

    async def keep(self) -> None:
        """One round of housekeeping."""
        now = self._clock.now()
        async with self._pool.connection() as conn:
            async with conn.transaction():
                until = now + _ALIVE_FOR * max(self._clock.rate, 1.0)
                await quotas.say_providers(conn, self._providers, now=now, until=until)
                await conn.execute(_SQL["trim_receipts"], {"before": now - _KEEP_RECEIPTS})
                await conn.execute(_SQL["forget_news"])
            async with conn.transaction():
                await store.expire(conn, now=now)

    async def step(self, *, up_to: int = 4) -> bool:
        """See to one due notification of this priority or a higher one; False when there is none."""
        async with self._pool.connection() as conn, conn.transaction():
            now = self._clock.now()
            row = await store.take_due(conn, now=now, up_to=up_to)
            if row is None:
                return False
            plan = await self._prepare(conn, row, now)
        match plan:
            case Handover():
                await self._send(plan)
            case Ask() if row.id not in self._in_hand:  # else the clock has jumped over its lease
                await self._ask(plan)
        return True

    async def _prepare(self, conn: Connection, row: Notification, now: datetime) -> Plan | None:
        """The plan of a row; one that cannot be prepared waits, so that it blocks no other."""
        try:
            async with conn.transaction():
                return await self._preparer.prepare(conn, row, now)
        except psycopg.OperationalError:
            raise
        except Exception:
            extra = {"action": "notification_failed", "notification": str(row.id)}
            logger.exception("notification cannot be prepared", extra=extra)
            wait = back_off(row.id, row.priority, 6)
            values = {"id": row.id, "next_at": now + wait, "reason": "internal_error"}
            await conn.execute(_SQL["postpone"], values)
            return None

    async def _send(self, plan: Handover) -> None:
        ended: Sent | Refused | NotSent | OutcomeUnknown
        self._in_hand.add(plan.row.id)
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                ended = await plan.provider.send(plan.message, self._clock.now())
        except (Refused, NotSent, OutcomeUnknown) as error:
            ended = error
        except TimeoutError:
            ended = OutcomeUnknown("timeout")
        except Exception as error:
            extra = {"action": "provider_failed", "provider": plan.provider.name}
            logger.exception("provider failed", extra=extra)
            ended = OutcomeUnknown("internal_error", type(error).__name__)
        finally:
            self._in_hand.discard(plan.row.id)
        metrics.HANDED_OVER.labels(_RESULTS[type(ended)]).inc()
        await self._record(plan, ended)

    async def _record(self, plan: Handover, ended: Sent | Refused | NotSent | OutcomeUnknown) -> None:
        now = self._clock.now()
        async with self._pool.connection() as conn, conn.transaction():
            ref = ended.ref if isinstance(ended, Sent) else None
            await receipts.hold_ref(conn, plan.provider.name, ref)
            row = await store.lock(conn, plan.row.id)
            assert row is not None, "notifications are never deleted"
            values = {"id": row.id, "n": plan.row.attempts, "now": now, "ref": ref}
            values |= {
                "result": _RESULTS[type(ended)],
                "detail": "" if isinstance(ended, Sent) else str(ended),
            }
            await conn.execute(_SQL["end_attempt"], values)
            if row.state is State.SENDING and row.attempts == plan.row.attempts:
                await self._settle(conn, row, plan.provider, ended, now)
            elif isinstance(ended, Sent):  # given up for lost meanwhile, and it had arrived
                await self._land(conn, row, Report(status="delivered" if ended.final else "sent"), now)
            if ref is not None:
                await receipts.apply_waiting(conn, plan.provider.name, row.id, ref, now=now)

    async def _settle(
        self,
        conn: Connection,
        row: Notification,
        provider: Provider,
        ended: Sent | Refused | NotSent | OutcomeUnknown,
        now: datetime,
    ) -> None:
        """What a row that is being sent becomes by how its hand-over ended."""
        wait = back_off(row.id, row.priority, row.attempts)
        others = sum(one.channel == row.channel for one in self._providers) > row.attempts
        match ended:
            case Sent(final=True):
                await store.settle(conn, row, State.DELIVERED, now=now)
            case Sent():
                asks = provider.can_ask or row.channel == "voice"
                next_at = ask_at(row.channel, row.sent_at or now, now) if asks else None
                await store.settle(conn, row, State.SENT, next_at=next_at, now=now)
            case Refused(permanent=True) if row.channel == "webhook" or not others:
                await store.settle(conn, row, State.DEAD, reason=ended.reason, now=now)
            case Refused() | NotSent() if row.attempts >= most_attempts(row.priority):
                await store.settle(conn, row, State.DEAD, reason=ended.reason, now=now)
            case Refused() | NotSent():
                at = now if others and row.channel != "webhook" else now + wait
                await store.settle(conn, row, State.QUEUED, reason=ended.reason, next_at=at, now=now)
            case OutcomeUnknown():
                at = now + (wait if provider.idempotent else max(wait, UNKNOWN_WAIT))
                await store.settle(conn, row, State.SENDING, reason=ended.reason, next_at=at, now=now)

    async def _ask(self, plan: Ask) -> None:
        report: Report | None
        known = True
        try:
            if plan.provider is None or not plan.provider.can_ask:
                raise OutcomeUnknown("nobody_to_ask")
            async with asyncio.timeout(SEND_LIMIT_S):
                report = await plan.provider.query(plan.message, self._clock.now())
        except (OutcomeUnknown, NotSent, Refused, TimeoutError):
            report, known = None, False
        except Exception:
            extra = {"action": "provider_failed", "provider": plan.row.provider}
            logger.exception("provider failed", extra=extra)
            report, known = None, False
        now = self._clock.now()
        async with self._pool.connection() as conn, conn.transaction():
            row = await store.lock(conn, plan.row.id)
            if row is None or row.state != plan.row.state or row.attempts != plan.row.attempts:
                return
            if report is not None:
                await self._apply(conn, row, report, now)
            elif row.state == State.SENDING:
                await self._resolve(conn, row, plan.provider, known=known, now=now)
            elif row.channel == "voice" and row.next_at is None:
                await store.settle(conn, row, State.FAILED, reason="no_result", now=now)

    async def _land(self, conn: Connection, row: Notification, report: Report, now: datetime) -> bool:
        """A provider says how it went; what it has is asked for again later. False: nothing new."""
        changed = await store.apply_report(conn, row, report, now=now)
        if changed and report.status == "sent":
            fresh = await store.lock(conn, row.id)
            assert fresh is not None, "it was locked a moment ago"
            next_at = ask_at(row.channel, row.sent_at or now, now)
            await store.settle(conn, fresh, State.SENT, next_at=next_at, now=now)
        return changed

    async def _apply(self, conn: Connection, row: Notification, report: Report, now: datetime) -> None:
        changed = await self._land(conn, row, report, now)
        if not changed and row.channel == "voice" and row.next_at is None:
            await store.settle(conn, row, State.FAILED, reason="no_result", now=now)

    async def _resolve(
        self, conn: Connection, row: Notification, provider: Provider | None, *, known: bool, now: datetime
    ) -> None:
        """It never arrived, or nobody knows: send again, unless a doubled message is the greater evil."""
        idempotent = provider is not None and provider.idempotent
        if row.attempts >= most_attempts(row.priority):
            await store.settle(conn, row, State.DEAD, reason="outcome_unknown", now=now)
        elif known or idempotent or row.priority <= RESEND_UNKNOWN_UP_TO:
            reason = "not_arrived" if known else "outcome_unknown"
            await store.settle(conn, row, State.QUEUED, reason=reason, next_at=now, now=now)
        else:
            await store.settle(conn, row, State.DEAD, reason="outcome_unknown", now=now)


_RESULTS: Final = {Sent: "sent", Refused: "refused", NotSent: "not_sent", OutcomeUnknown: "unknown"}
