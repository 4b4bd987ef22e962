"""Batches, readings, last values and positions; the caller owns the transaction."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np

from cloud.database import arrays, queries
from cloud.database.pool import Connection
from cloud.telemetry import columns as c
from cloud.telemetry.columns import Columns

_SQL = queries.load(__package__)

BatchKey = tuple[str, str, int]  # gateway id, run, seq
_POSITION = ("device_keys", "measured_at", "received_at", "lats", "lons")
_POSITION_MORE = ("accuracies", "sources", "datums", "lates")
_PACKS_AT_ONCE: Final = 10
PositionRow = tuple[int, datetime, datetime, float, float, float | None, str, str, bool]
Period = tuple[UUID, datetime | None, datetime | None]  # home, from, to


async def take_new(conn: Connection, batches: Sequence[BatchKey], now: datetime) -> list[bool]:
    """Which batches are stored for the first time, with this transaction; each key at most once."""
    held = set(await (await conn.execute(_SQL["take_runs"], _keys(batches) | {"now": now})).fetchall())
    # Some of these runs' batches may be here already: asked one by one, while their rows are held.
    rest = [key for key in batches if (key[0], key[1]) in held] if held else []
    if not rest:
        return [True] * len(batches)
    given = _keys(rest) | {"now": now}
    rows = await (await conn.execute(_SQL["seen_batches"], given)).fetchall()
    await conn.execute(_SQL["mark_batches"], given)
    seen = dict(zip(rest, (row[0] for row in rows), strict=True))
    return [not seen.get(key, False) for key in batches]


def _keys(batches: Sequence[BatchKey]) -> dict[str, Any]:
    gateway_ids, runs, seqs = zip(*batches, strict=True)
    texts, numbers = arrays.of_texts, arrays.of_numbers
    return {"gateway_ids": texts(gateway_ids), "runs": texts(runs), "seqs": numbers(seqs)}


async def copy_readings(conn: Connection, readings: Columns) -> None:
    """Write readings as binary columns; quickest in the order of the index."""
    await _copy(conn, "copy_readings", readings)


async def _copy(conn: Connection, query: str, readings: Columns) -> None:
    with_quality = readings.quality != c.NO_QUALITY
    for chosen, name, quality in (
        (with_quality, query, True),
        (~with_quality, f"{query}_plain", False),
    ):
        if chosen.any():
            part = readings if chosen.all() else readings.where(chosen)
            async with conn.cursor() as cursor, cursor.copy(_SQL[name]) as copy:
                await copy.write(c.binary_copy(part, quality=quality))


async def move_last(conn: Connection, newest: Columns) -> None:
    """Move the last values forward; `newest` is sorted and holds each device and kind once."""
    if not len(newest):
        return
    qualities = [None if q == c.NO_QUALITY else q for q in newest.quality.tolist()]
    await conn.execute(
        _SQL["move_last"],
        {
            "device_keys": arrays.of_numbers(newest.device_key.tolist()),
            "kind_ids": arrays.of_numbers(newest.kind_id.tolist()),
            "measured_at": arrays.of_times(newest.measured_ms),
            "values": arrays.of_numbers(newest.value.tolist()),
            "qualities": arrays.of_numbers(qualities),
        },
    )


async def move_later(conn: Connection, newest: Columns) -> None:
    """Keep many that may become last values, see cloud/telemetry/last_values.py."""
    await conn.execute(_SQL["move_later"], {"readings": c.pack(newest)})


async def waiting_last(conn: Connection) -> list[int]:
    """The numbers of what `move_later` kept, oldest first."""
    return [row[0] for row in await (await conn.execute(_SQL["waiting_last"])).fetchall()]


async def newest_waiting(conn: Connection, ids: Sequence[int]) -> Columns:
    """The newest reading of each device and kind of what was kept under these numbers."""
    newest = c.unpack([])
    for start in range(0, len(ids), _PACKS_AT_ONCE):
        given = {"ids": ids[start : start + _PACKS_AT_ONCE]}
        packs = [row[0] for row in await (await conn.execute(_SQL["kept_last"], given)).fetchall()]
        newest = c.newest_of(c.unpack([c.pack(newest), *packs]))
    return newest


async def move_many(conn: Connection, newest: Columns) -> None:
    """As `move_last`, for tens of thousands."""
    await fill_moved(conn, newest)
    await conn.execute(_SQL["move_many"])


async def fill_moved(conn: Connection, readings: Columns) -> None:
    """Put readings into this connection's own table `moved`, which is empty again after the transaction."""
    await conn.execute(_SQL["make_moved"])
    await _copy(conn, "copy_moved", readings)


async def forget_waiting(conn: Connection, ids: Sequence[int]) -> None:
    """What was kept under these numbers is moved."""
    await conn.execute(_SQL["forget_waiting"], {"ids": ids})


async def become_mover(conn: Connection) -> bool:
    """True for the one connection that moves last values, until it ends."""
    row = await (await conn.execute(_SQL["lock_mover"])).fetchone()
    return bool(row and row[0])


@asynccontextmanager
async def house(conn: Connection) -> AsyncIterator[bool]:
    """True while this connection is the one that looks after storage, for the length of the block."""
    row = await (await conn.execute(_SQL["lock_house"])).fetchone()
    is_ours = bool(row and row[0])
    try:
        yield is_ours
    finally:
        if is_ours:
            await conn.execute(_SQL["unlock_house"])


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


def days_of(readings: Columns) -> list[date]:
    """The UTC days of readings."""
    days = np.unique(readings.measured_ms // 86_400_000).tolist()
    return [c.from_ms(day * 86_400_000).date() for day in days]
