"""Storage day by day with a clock that is turned: midnights, ends of months and years, a leap day.

`make time-travel` goes 430 days (CAREBED_DAYS), so that readings reach the end of their 400 days. What is
stored is compared with a book of its own: every reading once, every hour whole, nothing gone too soon or
late.
"""

import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Final

import pytest

from cloud.database.pool import Connection
from cloud.telemetry import partitions, rollups
from cloud.telemetry.columns import to_ms
from cloud.telemetry.housekeeping import READINGS_KEPT, look_after
from cloud.telemetry.writer import TelemetryWriter
from tests.cloud.telemetry.a_home import batch, home, incoming, install, place, rows
from tests.conftest import START

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(3600)]

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
DAYS: Final = int(os.environ.get("CAREBED_DAYS", "0"))
# Where the journey begins, and how many days it takes; the long one passes two year ends and a leap day.
JOURNEYS: Final = [(datetime(2027, 12, 15, tzinfo=UTC), DAYS)] if DAYS else [
    (datetime(2026, 12, 31, tzinfo=UTC), 2),
    (datetime(2028, 2, 28, tzinfo=UTC), 3),
]  # fmt: skip
EDGES: Final = (timedelta(), HOUR, 12 * HOUR, 16 * HOUR)  # midnight of UTC, hours, midnight of China
HOURS: Final = "select at, count, mean, low, high from reading_hour order by at"
OUTAGE: Final = range(100, 107)  # days on which no worker ran: longer than partitions stand ahead


class Book:
    """What was written, by its time."""

    def __init__(self, seed: int) -> None:
        self.values: dict[datetime, float] = {}
        self._chance = Random(seed)
        self._seq = 0

    async def write(self, conn: Connection, at: datetime, now: datetime, *, late: bool = False) -> None:
        """Three readings, a second apart, around a moment; each time is used once."""
        at = at.replace(microsecond=self._seq % 1000 * 1000)
        values = [float(self._chance.randrange(40, 120)) for _ in range(3)]
        self._seq += 1
        message = batch(self._seq, *values, at_ms=to_ms(at - SECOND), sent_at=to_ms(now), late=late)
        writer = TelemetryWriter()
        for _ in range(2):  # it comes twice, as after a lost answer
            await writer.write(conn, [incoming(message, received_ms=to_ms(now))], now)
        self.values |= {at + (n - 1) * SECOND: value for n, value in enumerate(values)}

    def hours(self, until: datetime) -> list[tuple[object, ...]]:
        """What the hours before a time must be."""
        found: dict[datetime, list[float]] = defaultdict(list)
        for at, value in self.values.items():
            found[at.replace(minute=0, second=0, microsecond=0)].append(value)
        whole = sorted((hour, values) for hour, values in found.items() if hour < until)
        return [(hour, len(v), pytest.approx(sum(v) / len(v)), min(v), max(v)) for hour, v in whole]


async def travel(conn: Connection, book: Book, day: datetime, number: int) -> datetime:
    """One day: readings at its edges, some late, and the worker's rounds between them."""
    works = number not in OUTAGE
    for edge in EDGES:
        if works:
            await look_after(conn, day + edge - 10 * 60 * SECOND, READINGS_KEPT)
        await book.write(conn, day + edge, day + edge + 5 * SECOND)
    if number % 7 == 3:
        at = day - 2 * DAY + 5 * HOUR + number * SECOND
        await book.write(conn, at, day + 17 * HOUR, late=True)
    now = day + 17 * HOUR + 20 * 60 * SECOND
    if works:
        await look_after(conn, now, READINGS_KEPT)
    return now


async def judge(conn: Connection, book: Book, start: datetime, now: datetime) -> None:
    """Partitions without a gap, every reading that may be there and no other, every hour as it must be."""
    for table in partitions.TABLES:
        pieces = [piece for piece in await partitions.standing(conn, table) if piece.since >= start - DAY]
        assert all(one.until == next_.since for one, next_ in pairwise(pieces))
        assert pieces[-1].until > now + 2 * DAY
    kept_since = max(
        (now - READINGS_KEPT).replace(hour=0, minute=0, second=0, microsecond=0), start - 3 * DAY
    )
    kept = sorted((at, value) for at, value in book.values.items() if at >= kept_since)
    assert await rows(conn, "select measured_at, value from reading order by 1") == kept
    until = await rollups.rolled_until(conn)
    assert until is not None
    assert until > now - 2 * HOUR
    assert await rows(conn, HOURS) == book.hours(until)


@pytest.mark.parametrize(("start", "days"), JOURNEYS, ids=lambda given: str(given)[:10])
async def test_every_day_has_its_room_its_hours_and_its_end(
    conn: Connection, start: datetime, days: int
) -> None:
    await place(conn)
    await home(conn, "li", "gw-1")
    await install(conn, "watch-1", "li", START)
    book, now = Book(days), start
    await partitions.prepare(conn, start - DAY)
    for number in range(days):
        now = await travel(conn, book, start + number * DAY, number)
        if number % 50 == 49:
            await judge(conn, book, start, now)
    await judge(conn, book, start, now)
    seen = await rows(conn, "select count(*), max(upper(seen)) from batch_seen")
    assert len(seen) == 1, "runs, not batches, are remembered"
    gone = sum(at < now - READINGS_KEPT - DAY for at in book.values)
    assert (gone > 0) == (days > READINGS_KEPT.days + 2)
    print(f"time-travel: days={days} readings={len(book.values)} dropped={gone} lost=0 doubled=0")  # noqa: T201 - the last line of `make time-travel`
