"""Curves of several kinds with their gaps: whose devices measured, when they could, and what they said."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telemetry.silences import (
    STATE_PAUSE,
    STATES,
    Bucket,
    Gap,
    Run,
    blanks,
    gaps,
    lasting,
    patience_of,
)

_SQL: Final = queries.load(__package__ or "cloud.telemetry", "trends.sql")
_BACK: Final = timedelta(hours=26)
"""So far back it is looked how long a state has lasted."""
_MANY: Final = 2000
"""So many blank times are taken out one by one; a state that changes oftener says nothing."""


class Curve(msgspec.Struct, frozen=True):
    """What one device measured of one kind; the first point may lie before the window and speaks into it."""

    kind: str
    device: str
    family: str
    points: list[Bucket]
    gaps: list[Gap]


class BedSpan(msgspec.Struct, frozen=True):
    """In bed or out of it, as a device said; the first may have begun before the window."""

    since: datetime
    until: datetime
    in_bed: bool
    device: str


class Curves(msgspec.Struct, frozen=True):
    """The curves of a window, and when the bed was empty."""

    curves: list[Curve]
    bed: list[BedSpan]


class _Worn(msgspec.Struct, frozen=True):
    """One device's time with one person, for one kind."""

    key: int
    device: str
    family: str
    kind_id: int
    kind: str
    since: datetime
    until: datetime


async def curves(
    conn: Connection,
    subject: Literal["resident", "bed"],
    subject_id: UUID,
    kinds: list[str],
    *,
    start: datetime,
    end: datetime,
    points: int,
) -> Curves:
    """Curves of [start, end) in about `points` buckets each, by kind and device."""
    query = {"subject_id": subject_id, "kinds": [*kinds, *STATES], "from": start - _BACK, "to": end}
    cursor = await conn.execute(_SQL[f"worn_by_{subject}"], query)
    worn = [_Worn(*row) for row in await cursor.fetchall()]
    runs = await _runs(conn, [one for one in worn if one.kind in STATES])
    empty = {key: blanks(said, end) for key, said in runs.items()}
    measured = [one for one in worn if one.kind in kinds]
    bucket_s = max((end - start) / points, timedelta(seconds=1)).total_seconds()
    found = await _buckets(conn, measured, empty, start, bucket_s)
    heard = {key: [at for run in said for at in (run.since, run.last)] for key, said in runs.items()}
    for (key, _), said_points in found.items():
        heard.setdefault(key, []).extend(point.at for point in said_points)
    drawn = [_curve(one, found, empty, heard, (start, end)) for one in _joined(measured) if one.until > start]
    return Curves(drawn, _bed(worn, runs, start, end))


def _columns(worn: list[_Worn]) -> dict[str, object]:
    return {
        "keys": [one.key for one in worn],
        "kind_ids": [one.kind_id for one in worn],
        "since": [one.since for one in worn],
        "until": [one.until for one in worn],
    }


def _joined(worn: list[_Worn]) -> list[_Worn]:
    """One row a device and kind, from its first to its last time here."""
    found: dict[tuple[int, int], _Worn] = {}
    for one in worn:
        before = found.get((one.key, one.kind_id), one)
        since, until = min(before.since, one.since), max(before.until, one.until)
        found[one.key, one.kind_id] = msgspec.structs.replace(one, since=since, until=until)
    return list(found.values())


async def _runs(conn: Connection, worn: list[_Worn]) -> dict[int, list[Run]]:
    if not worn:
        return {}
    cursor = await conn.execute(_SQL["state_runs"], _columns(worn) | {"pause": STATE_PAUSE})
    names = {one.kind_id: one.kind for one in worn}
    found: dict[int, list[Run]] = {}
    for key, kind_id, on, since, last in await cursor.fetchall():
        found.setdefault(key, []).append(Run(names[kind_id], on, since, last))
    return found


async def _buckets(
    conn: Connection, worn: list[_Worn], empty: dict[int, list[Gap]], start: datetime, bucket_s: float
) -> dict[tuple[int, int], list[Bucket]]:
    """The buckets of each device and kind, with those before the window that may still speak."""
    wanted = [
        msgspec.structs.replace(one, since=max(one.since, start - patience_of(one.kind))) for one in worn
    ]
    wanted = [one for one in wanted if one.since < one.until]
    if not wanted:
        return {}
    keys = {one.key for one in wanted}
    blank = [(key, gap) for key in keys for gap in empty.get(key, [])][-_MANY:]
    query = _columns(wanted) | {"bucket_s": bucket_s, "blank_keys": [key for key, _ in blank]}
    query |= {"blank_from": [gap.since for _, gap in blank], "blank_to": [gap.until for _, gap in blank]}
    found: dict[tuple[int, int], list[Bucket]] = {}
    for key, kind_id, at, last, mean, low, high, quality, count in await (
        await conn.execute(_SQL["curve"], query)
    ).fetchall():
        bucket = Bucket(at, last, mean, low, high, quality, count)
        found.setdefault((key, kind_id), []).append(bucket)
    return found


def _curve(
    one: _Worn,
    found: dict[tuple[int, int], list[Bucket]],
    empty: dict[int, list[Gap]],
    heard: dict[int, list[datetime]],
    window: tuple[datetime, datetime],
) -> Curve:
    points = found.get((one.key, one.kind_id), [])
    before = [point for point in points if point.last < window[0]]
    kept = before[-1:] + points[len(before) :]
    holes = gaps(
        kept,
        empty.get(one.key, []),
        heard.get(one.key, []),
        installed=(one.since, one.until),
        window=window,
        patience=patience_of(one.kind),
    )
    return Curve(one.kind, one.device, one.family, kept, holes)


def _bed(worn: list[_Worn], runs: dict[int, list[Run]], start: datetime, end: datetime) -> list[BedSpan]:
    names = {one.key: one.device for one in worn}
    found = []
    for key, said in runs.items():
        for run, until in lasting([one for one in said if one.kind == "in_bed"], end):
            if start < until:
                found.append(BedSpan(run.since, until, run.on, names[key]))
    return sorted(found, key=lambda span: span.since)
