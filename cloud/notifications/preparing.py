"""Decides, in the transaction that holds a due row, whether and how it is sent; nothing is sent here.

A plan is carried out after the commit: `Handover` gives the message to a provider, `Ask` asks one how an
earlier one went. No plan means that the row was settled, or waits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from psycopg.types.json import Jsonb

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications import addresses, digest, quotas, store, templates
from cloud.notifications.channel import NoTemplate, Outgoing, Provider
from cloud.notifications.notification import LEASE, Notification, State, ask_at

_SQL: Final = queries.load(__package__ or "cloud.notifications")


@dataclass(frozen=True)
class Handover:
    """Send `message` over `provider`; `row` is as this attempt left it."""

    row: Notification
    provider: Provider
    message: Outgoing


@dataclass(frozen=True)
class Ask:
    """Ask `provider` what became of `message`; no provider where there is nobody to ask."""

    row: Notification
    provider: Provider | None
    message: Outgoing


Plan = Handover | Ask


class _LaterError(Exception):
    """Not now."""

    def __init__(self, until: datetime, reason: str) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason


class Preparer:
    """Knows the providers, in order of preference, and words that every message is given.

    `rate` is the clock's: a lease is real time.
    """

    def __init__(self, providers: Sequence[Provider], words: Mapping[str, str], rate: float) -> None:
        """Keep the arguments."""
        self._providers = providers
        self._words = words
        self.lease = LEASE * max(rate, 1.0)

    async def prepare(self, conn: Connection, row: Notification, now: datetime) -> Plan | None:
        """What is to be done about a due row, which this transaction holds."""
        match row.state:
            case State.SENDING:
                return await self._look_up(conn, row, now)
            case State.SENT:
                return await self._ask(conn, row, now)
            case _:
                return await self._hand_over(conn, row, now)

    async def _hand_over(self, conn: Connection, row: Notification, now: datetime) -> Plan | None:
        if await addresses.is_mourned(conn, row.recipient, row.resident_id, now=now):
            await store.settle(conn, row, State.SUPPRESSED, reason="deceased", now=now)
            return None
        found = await addresses.find_address(conn, row.recipient, row.channel)
        if found.reason:
            state = State.SUPPRESSED if found.reason == "opted_out" else State.DEAD
            await store.settle(conn, row, state, reason=found.reason, now=now)
            return None
        suited = self._suited(row)
        if not suited:
            await store.settle(conn, row, State.DEAD, reason="channel_not_configured", now=now)
            return None
        try:
            async with conn.transaction():
                return await self._join_and_begin(conn, row, found.address, suited, now)
        except _LaterError as later:
            await self._wait(conn, row, later.until, later.reason)
        except quotas.UsedUp as used:
            await self._wait(conn, row, used.until, "quota")
        except NoTemplate as error:
            await store.settle(conn, row, State.DEAD, reason=error.reason, now=now)
        return None

    async def _join_and_begin(
        self, conn: Connection, row: Notification, address: str, suited: list[Provider], now: datetime
    ) -> Handover:
        """Join a digest, find words, count, begin: all of it or nothing."""
        may_join = any(one.templates is None or templates.DIGEST in one.templates for one in suited)
        joined = await digest.collapse(conn, row, may_join=may_join, now=now)
        if isinstance(joined, datetime):
            raise _LaterError(joined, "digest_window")
        provider, message = self._render(joined, address, suited)
        await quotas.take(conn, provider, priority=row.priority, now=now)
        return Handover(await self._begin(conn, joined, provider, now), provider, message)

    async def _begin(
        self, conn: Connection, row: Notification, provider: Provider, now: datetime
    ) -> Notification:
        n, lease = row.attempts + 1, now + self.lease
        values = {"id": row.id, "n": n, "provider": provider.name, "now": now, "lease": lease}
        values |= {"template": row.template, "params": Jsonb(row.params)}
        await conn.execute(_SQL["begin_attempt"], values)
        return msgspec.structs.replace(
            row,
            state=State.SENDING,
            attempts=n,
            provider=provider.name,
            next_at=lease,
            sent_at=now,
            reason="",
        )

    async def _look_up(self, conn: Connection, row: Notification, now: datetime) -> Plan:
        """A worker died, or the answer was lost: hold the row once more while the provider is asked."""
        await self._wait(conn, row, now + self.lease, "outcome_unknown")
        return await self._asking(conn, row)

    async def _ask(self, conn: Connection, row: Notification, now: datetime) -> Plan | None:
        again = ask_at(row.channel, row.sent_at or row.queued_at, now)
        await conn.execute(_SQL["postpone"], {"id": row.id, "next_at": again, "reason": row.reason})
        plan = await self._asking(conn, row)
        if plan.provider is not None and plan.provider.can_ask:
            return plan
        if row.channel == "voice" and again is None:
            await store.settle(conn, row, State.FAILED, reason="no_result", now=now)
        return None

    async def _asking(self, conn: Connection, row: Notification) -> Ask:
        provider = next((one for one in self._providers if one.name == row.provider), None)
        found = await addresses.find_address(conn, row.recipient, row.channel)
        values = {"id": row.id, "provider": row.provider}
        ref = await (await conn.execute(_SQL["last_ref"], values)).fetchone()
        message = self._outgoing(row, found.address, row.template)
        return Ask(row, provider, msgspec.structs.replace(message, ref=None if ref is None else ref[0]))

    async def _wait(self, conn: Connection, row: Notification, until: datetime, reason: str) -> None:
        await conn.execute(_SQL["postpone"], {"id": row.id, "next_at": until, "reason": reason})

    def _suited(self, row: Notification) -> list[Provider]:
        """Providers of the channel, the next one first after each attempt; an endpoint has just its own."""
        found = [one for one in self._providers if one.channel == row.channel]
        if row.channel == "webhook":
            return [one for one in found if one.name == row.recipient_id]
        turn = row.attempts % len(found) if found else 0
        return found[turn:] + found[:turn]

    def _render(self, row: Notification, address: str, suited: list[Provider]) -> tuple[Provider, Outgoing]:
        """The first provider that has words for it; a P1 has the fallback's words at the least.

        Raises NoTemplate.
        """
        wanted = [row.template, templates.FALLBACK] if row.priority == 1 else [row.template]
        for template in wanted:
            message = self._outgoing(row, address, template)
            for provider in suited:
                try:
                    provider.check(message)
                except NoTemplate:
                    continue
                return provider, message
        raise NoTemplate("template_missing", row.template)

    def _outgoing(self, row: Notification, address: str, template: str) -> Outgoing:
        return Outgoing(
            id=row.id,
            address=address,
            template=template,
            params={**self._words, **row.params},
            language=row.language,
            priority=row.priority,
            at=row.queued_at,
            case_id=row.case_id,
        )
