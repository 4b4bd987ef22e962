"""Batches, readings, last values and positions; the caller owns the transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np

from cloud.database import queries
from cloud.database.pool import Connection
from cloud.telemetry import columns as c
from cloud.telemetry.columns import Columns

_SQL = queries.load(__package__)

BatchKey = tuple[str, str, int]  # gateway id, run, seq
_POSITION = ("device_keys", "measured_at", "received_at", "lats", "lons")
_POSITION_MORE = ("accuracies", "sources", "datums", "lates")
PositionRow = tuple[int, datetime, datetime, float, float, float | None, str, str, bool]
Period = tuple[UUID, datetime | None, datetime | None]  # home, from, to


async def take_new(conn: Connection, batches: Sequence[BatchKey], now: datetime) -> list[bool]:
    """Which batches are stored for the first time, with this transaction; each key at most once."""
    gateway_ids, runs, seqs = (list(column) for column in zip(*batches, strict=True))
    given = {"gateway_ids": gateway_ids, "runs": runs, "seqs": seqs, "now": now}
    await conn.execute(_SQL["open_runs"], given)
    await conn.execute(_SQL["lock_runs"], given)
    seen = await (await conn.execute(_SQL["seen_batches"], given)).fetchall()
    await conn.execute(_SQL["mark_batches"], given)
    return [not row[0] for row in seen]


async def copy_readings(conn: Connection, readings: Columns) -> None:
    """Write readings as binary columns."""
    with_quality = readings.quality != c.NO_QUALITY
    for chosen, query, quality in (
        (with_quality, "copy_readings", True),
        (~with_quality, "copy_readings_plain", False),
    ):
        if chosen.any():
            async with conn.cursor() as cursor, cursor.copy(_SQL[query]) as copy:
                await copy.write(c.binary_copy(readings.where(chosen), quality=quality))


async def move_last(conn: Connection, newest: Columns) -> None:
    """Move the last values forward; `newest` is sorted and holds each device and kind once."""
    if not len(newest):
        return
    qualities = [None if q == c.NO_QUALITY else q for q in newest.quality.tolist()]
    await conn.execute(
        _SQL["move_last"],
        {
            "device_keys": newest.device_key.tolist(),
            "kind_ids": newest.kind_id.tolist(),
            "measured_at": [c.from_ms(ms) for ms in newest.measured_ms.tolist()],
            "values": newest.value.tolist(),
            "qualities": qualities,
        },
    )


async def add_positions(conn: Connection, rows: Sequence[PositionRow]) -> None:
    """Keep positions; one that is there already is the same."""
    if rows:
        given = dict(zip(_POSITION + _POSITION_MORE, map(list, zip(*rows, strict=True)), strict=True))
        await conn.execute(_SQL["add_positions"], given)


async def device_keys(conn: Connection, ids: Iterable[str], now: datetime) -> dict[str, int]:
    """The keys of devices; unknown ones are created, not registered."""
    return await _numbers(conn, "device_keys", "add_devices", "ids", ids, now)


async def kind_ids(conn: Connection, names: Iterable[str], now: datetime) -> dict[str, int]:
    """The numbers of kinds; unknown ones get one while there are fewer than 5000."""
    return await _numbers(conn, "kind_ids", "add_kinds", "names", names, now)


async def _numbers(
    conn: Connection, find: str, add: str, parameter: str, names: Iterable[str], now: datetime
) -> dict[str, int]:
    wanted = sorted(set(names))
    found: dict[str, int] = dict(await (await conn.execute(_SQL[find], {parameter: wanted})).fetchall())
    missing = [name for name in wanted if name not in found]
    if missing:
        await conn.execute(_SQL[add], {parameter: missing, "now": now})
        found |= dict(await (await conn.execute(_SQL[find], {parameter: missing})).fetchall())
    return found


async def gateway_homes(conn: Connection, ids: Iterable[str]) -> dict[str, tuple[str, UUID | None]]:
    """Kind and home of the gateways in service."""
    cursor = await conn.execute(_SQL["gateway_homes"], {"ids": sorted(set(ids))})
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall()}


async def installations_of(conn: Connection, keys: Iterable[int]) -> dict[int, list[Period]]:
    """In which homes devices were installed, and when."""
    cursor = await conn.execute(_SQL["installations_of"], {"keys": sorted(set(keys))})
    found: dict[int, list[Period]] = {}
    for key, *period in await cursor.fetchall():
        found.setdefault(key, []).append((period[0], period[1], period[2]))
    return found


async def boot_at(
    conn: Connection, gateway_id: str, boot: str, candidate: datetime | None, now: datetime
) -> datetime | None:
    """When a boot without a clock was, as far as is known; `candidate`, if earlier, is learned."""
    given: dict[str, Any] = {"gateway_id": gateway_id, "boot": boot, "boot_at": candidate, "now": now}
    row = await (await conn.execute(_SQL["boot_at"], given)).fetchone()
    known: datetime | None = None if row is None else row[0]
    if candidate is not None and (known is None or candidate < known):
        await conn.execute(_SQL["learn_boot"], given)
        return candidate
    return known


async def forget_runs(conn: Connection, before: datetime) -> int:
    """Forget the batch numbers of runs that sent nothing since; returns how many runs."""
    return (await conn.execute(_SQL["forget_runs"], {"before": before})).rowcount


def days_of(readings: Columns) -> list[int]:
    """The UTC days of readings, as days since 1970."""
    return [int(day) for day in np.unique(readings.measured_ms // 86_400_000)]
