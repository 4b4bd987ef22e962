"""How many messages a provider may be given, counted in the database; and who is configured and alive.

A P1 counts but is never held back: the quota guards costs and the lesser messages' share, not lives.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Final

import msgspec
from psycopg.rows import class_row

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.notifications.channel import Provider

_SQL: Final = queries.load(__package__ or "cloud.notifications")
_CHINA: Final = timezone(timedelta(hours=8))
FORGET_AFTER: Final = timedelta(minutes=10)


class ProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as its senders last said it, with what is used of its quotas."""

    name: str
    channel: str
    per_minute: int | None
    per_day: int | None
    templates: list[str] | None
    alive_until: datetime
    minute_used: int
    day_used: int

    def sends(self, template: str) -> bool:
        """True where it has words for a template."""
        return self.templates is None or template in self.templates

    @property
    def used_up(self) -> bool:
        """True where a lesser message would have to wait."""
        minute_full = self.per_minute is not None and self.minute_used >= self.per_minute
        return minute_full or (self.per_day is not None and self.day_used >= self.per_day)


class UsedUp(Exception):
    """A quota is used up until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__("quota")
        self.until = until


def minute_of(now: datetime) -> datetime:
    """The beginning of the minute."""
    return now.replace(second=0, microsecond=0)


def day_of(now: datetime) -> datetime:
    """The beginning of the day in China."""
    return now.astimezone(_CHINA).replace(hour=0, minute=0, second=0, microsecond=0)


async def take(conn: Connection, provider: Provider, *, priority: int, now: datetime) -> None:
    """Count one more; raises UsedUp, and then counts none."""
    free = priority == 1
    periods = (
        ("day", day_of(now), provider.per_day, timedelta(days=1)),
        ("minute", minute_of(now), provider.per_minute, timedelta(minutes=1)),
    )
    async with conn.transaction():
        for period, starts_at, limit, length in periods:
            values = {"provider": provider.name, "period": period, "starts_at": starts_at}
            cursor = await conn.execute(_SQL["take_quota"], values | {"limit": None if free else limit})
            if await cursor.fetchone() is None:
                raise UsedUp(starts_at + length)


async def say_providers(
    conn: Connection, providers: Sequence[Provider], *, now: datetime, until: datetime
) -> None:
    """Write down what this sender is configured with, and until when it says that it lives."""
    for position, provider in enumerate(providers):
        templates = None if provider.templates is None else sorted(provider.templates)
        values = {"name": provider.name, "channel": provider.channel, "position": position}
        values |= {"per_minute": provider.per_minute, "per_day": provider.per_day}
        await conn.execute(_SQL["say_provider"], values | {"templates": templates, "until": until})
    names = [provider.name for provider in providers]
    await conn.execute(_SQL["forget_providers"], {"names": names, "before": now - FORGET_AFTER})


async def providers_of(conn: Connection, channel: str | None, *, now: datetime) -> list[ProviderState]:
    """The providers of a channel (None: of all), in order of preference."""
    values = {"channel": channel, "minute": minute_of(now), "day": day_of(now)}
    async with conn.cursor(row_factory=class_row(ProviderState)) as cursor:
        await cursor.execute(_SQL["providers_of"], values)
        return await cursor.fetchall()
