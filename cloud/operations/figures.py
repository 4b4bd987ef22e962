"""Figures of the whole, which the worker reads from the database every half minute and tells on its port.

Only what is fresh is told: where the database is away the lines are absent, and an alert rule says so.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import psycopg
from prometheus_client import REGISTRY, Metric
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout

from cloud.database import queries
from cloud.database.pool import Connection, Pool
from cloud.supervision import canaries, ourselves
from cloud.telemetry.storage import Storage, survey
from firmware_specs.clock import Clock

_SQL: Final = queries.load(__package__ or "cloud.operations", "figures.sql")
_EVERY_S: Final = 30.0
_STALE_S: Final = 120.0
Line = tuple[dict[str, str], float]

# Name -> what it is; all are gauges.
HELP: Final = {
    "carebed_database_bytes": "Size of the database.",
    "carebed_storage_bytes": "Size of the readings and of their hours, with indices.",
    "carebed_storage_ahead_seconds": "How far ahead partitions for readings stand.",
    "carebed_newest_reading_age_seconds": "Since when no newer value was measured, of all devices together.",
    "carebed_hours_behind_seconds": "Since the end of the last hour that is rolled up.",
    "carebed_queue_rows": "Rows that wait for a program.",
    "carebed_queue_age_seconds": "How long the oldest of them has waited.",
    "carebed_gateways": "Gateways in use, by whether they are there.",
    "carebed_live_cases": "Cases that are not closed, without the canary's.",
    "carebed_oldest_case_seconds": "Age of the oldest of them.",
    "carebed_quarantined_messages": "Messages that were set aside and are kept.",
    "carebed_program_silence_seconds": "Since when a program of the cloud was not heard.",
    "carebed_canary_red": "1 while the canary's road is broken or slow.",
    "carebed_canary_seconds": "How long the canary's last press took to a client of the feed.",
    "carebed_canary_age_seconds": "Since the canary's last press.",
}


class Figures(Collector):
    """What was read last."""

    def __init__(self) -> None:
        self._found: dict[str, list[Line]] = {}
        self._read_at = 0.0

    def collect(self) -> Iterator[Metric]:
        """Every line of the last reading, none of a stale one."""
        if time.monotonic() - self._read_at > _STALE_S:
            return
        for name, lines in self._found.items():
            family = Metric(name, HELP[name], "gauge")
            for labels, value in lines:
                family.add_sample(name, labels, value)
            yield family

    async def read(self, conn: Connection, now: datetime) -> None:
        """Read everything anew."""
        found: dict[str, list[Line]] = {name: [] for name in HELP}
        for name, labels, value in (
            *_of_storage(await survey(conn, now)),
            *await _of_people(conn, now),
            *await _of_ourselves(conn, now),
        ):
            if value is not None:
                found[name].append((labels, value))
        self._found, self._read_at = found, time.monotonic()


_Said = Iterable[tuple[str, dict[str, str], float | None]]


def _of_storage(seen: Storage) -> _Said:
    yield "carebed_database_bytes", {}, seen.database_bytes
    yield "carebed_newest_reading_age_seconds", {}, _age(seen.newest_value, seen.at)
    yield "carebed_hours_behind_seconds", {}, _age(seen.rolled_until, seen.at)
    for kept in seen.kept:
        yield "carebed_storage_bytes", {"table": kept.table}, kept.total_bytes
        ahead = None if kept.until is None else (kept.until - seen.at).total_seconds()
        yield "carebed_storage_ahead_seconds", {"table": kept.table}, ahead
    for queue in seen.queues:
        yield "carebed_queue_rows", {"queue": queue.name}, queue.waiting
        yield "carebed_queue_age_seconds", {"queue": queue.name}, _age(queue.since, seen.at)


async def _of_people(conn: Connection, now: datetime) -> _Said:
    said: list[tuple[str, dict[str, str], float | None]] = []
    for state, count in await (await conn.execute(_SQL["gateways"], {"canary": canaries.GATEWAY})).fetchall():
        said.append(("carebed_gateways", {"state": state}, count))
    for class_, state, priority, count, since in await (await conn.execute(_SQL["cases"])).fetchall():
        labels = {"class": class_, "state": state, "priority": str(priority)}
        said.append(("carebed_live_cases", labels, count))
        said.append(("carebed_oldest_case_seconds", labels, _age(since, now)))
    for state, count, since in await (await conn.execute(_SQL["notifications"])).fetchall():
        said.append(("carebed_queue_rows", {"queue": f"notifications_{state}"}, count))
        said.append(("carebed_queue_age_seconds", {"queue": f"notifications_{state}"}, _age(since, now)))
    for (count,) in await (await conn.execute(_SQL["quarantine"])).fetchall():
        said.append(("carebed_quarantined_messages", {}, count))
    return said


async def _of_ourselves(conn: Connection, now: datetime) -> _Said:
    road = await canaries.latest(conn)
    said: list[tuple[str, dict[str, str], float | None]] = [
        ("carebed_program_silence_seconds", {"of": program}, _age(at, now))
        for program, at in (await ourselves.lives(conn)).items()
    ]
    if road.pressed_at is not None and road.alive_at is not None:
        said.append(("carebed_canary_red", {}, float(road.red_since is not None)))
        said.append(("carebed_canary_age_seconds", {}, _age(road.pressed_at, now)))
        said.append(("carebed_canary_seconds", {}, None if road.took_ms is None else road.took_ms / 1000))
    return said


async def keep_figures(pool: Pool, clock: Clock) -> None:
    """Endless: read, and tell on this program's port."""
    figures = Figures()
    REGISTRY.register(figures)
    while True:
        try:
            async with pool.connection() as conn:
                await figures.read(conn, clock.now())
        except (psycopg.OperationalError, PoolTimeout):
            pass  # the timers say that the database is away
        await asyncio.sleep(_EVERY_S)


def _age(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else max((now - since).total_seconds(), 0.0)
