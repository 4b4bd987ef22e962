"""Batches as numpy columns, and columns as PostgreSQL's binary COPY. Pure.

Times: a reading more than 10 min ahead of its arrival or older than 400 days cannot be right. It is moved by
what the sender's own clock was wrong (arrival minus `sent_at`), to the arrival itself where that does not
help, gets quality 0 and never becomes the last value. Without a clock, times count from boot.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.messages import TelemetryBatch

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FUTURE_MS: Final = 10 * 60_000
OLDEST_MS: Final = 400 * 86_400_000
NO_QUALITY: Final = -1
_RANKS: Final = 1 << 16  # device and kind take 47 bits of 63
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POSTGRES_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_PACKED: Final = np.dtype(
    [("device_key", "<i4"), ("kind_id", "<i2"), ("quality", "<i2"), ("measured_ms", "<i8"), ("value", "<f8")]
)


@dataclass(frozen=True, slots=True)
class Incoming:
    """One batch that came from a gateway; `boot_ms` is when its boot was, where it has no clock."""

    gateway_id: str
    received_ms: int
    batch: TelemetryBatch
    boot_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings: equally long arrays. `quality` -1 is none; `newest` may become the last value."""

    device_key: Ints
    kind_id: Ints
    measured_ms: Ints
    received_ms: Ints
    value: NDArray[np.float64]
    quality: Ints
    newest: Flags

    def __len__(self) -> int:
        """How many readings."""
        return len(self.value)

    def order(self) -> Ints:
        """The numbers of the readings in the order of the index: device, kind, time."""
        if len(self) > _RANKS:
            return np.lexsort((self.measured_ms, self.series()))
        rank = np.empty(len(self), np.int64)
        rank[np.argsort(self.measured_ms)] = np.arange(len(self))
        return np.argsort(self.series() << 16 | rank)  # one number each: several times quicker

    def series(self) -> Ints:
        """Device and kind as one number of 47 bits."""
        return self.device_key << 16 | self.kind_id

    def where(self, chosen: Flags | Ints) -> "Columns":
        """The chosen readings, or those with these numbers in this order."""
        return Columns(*(getattr(self, name)[chosen] for name in self.__slots__))


def to_ms(at: datetime) -> int:
    """Milliseconds UTC."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Aware, UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def judge_times(claimed_ms: Ints, of: Ints, batches: Sequence[Incoming]) -> tuple[Ints, Flags]:
    """When it was measured, and whether that could be believed; `of` is the batch of each time."""
    received = np.array([each.received_ms for each in batches], np.int64)
    offset = received - np.array([each.batch.sent_at for each in batches], np.int64)
    boot = [
        0 if each.batch.clock.source != "none" else late if each.boot_ms is None else each.boot_ms
        for each, late in zip(batches, offset.tolist(), strict=True)
    ]
    arrived, claimed_ms = received[of], claimed_ms + np.array(boot, np.int64)[of]
    believed = plausible(claimed_ms, arrived)
    if believed.all():
        return claimed_ms, believed
    moved = claimed_ms + offset[of]
    moved = np.where(plausible(moved, arrived), moved, arrived)
    return np.where(believed, claimed_ms, moved), believed


def plausible(at_ms: Ints, received_ms: Ints) -> Flags:
    """Neither ahead of the arrival by more than 10 min nor older than 400 days."""
    return (at_ms <= received_ms + FUTURE_MS) & (at_ms >= received_ms - OLDEST_MS)


def columns_of(
    batches: Sequence[Incoming], keys: Sequence[Sequence[int]], ids: Sequence[Sequence[int]]
) -> tuple[Columns, Ints]:
    """The readings of all batches, and which batch each is of; `d` and `k` point into `keys` and `ids`.

    Those that are no number, or of a kind without a number, are left out.
    """
    found = [each.batch for each in batches]
    counts = np.array([len(batch.value) for batch in found], np.int64)
    total, of = int(counts.sum()), np.repeat(np.arange(len(found)), counts)
    key_of, id_of = np.array(list(chain(*keys)), np.int64), np.array(list(chain(*ids)), np.int64)
    key_from, id_from = _begins(keys), _begins(ids)
    claimed = np.array([batch.t0 for batch in found], np.int64)[of] + _flat((b.dt for b in found), total)
    measured, believed = judge_times(claimed, of, batches)
    quality = np.full(total, NO_QUALITY, np.int64)
    if any(batch.quality for batch in found):
        quality = _flat((b.quality or repeat(NO_QUALITY, len(b.value)) for b in found), total)
    made = Columns(
        device_key=key_of[_flat((batch.d for batch in found), total) + key_from[of]],
        kind_id=id_of[_flat((batch.k for batch in found), total) + id_from[of]],
        measured_ms=measured,
        received_ms=np.array([each.received_ms for each in batches], np.int64)[of],
        value=np.fromiter(chain.from_iterable(batch.value for batch in found), np.float64, total),
        quality=np.where(believed, quality, 0),
        newest=believed & ~np.array([batch.late for batch in found], np.bool_)[of],
    )
    kept = np.isfinite(made.value) & (made.kind_id > 0)
    return (made, of) if kept.all() else (made.where(kept), of[kept])


def _begins(lists: Sequence[Sequence[int]]) -> Ints:
    """Where each of several lists begins once they are joined."""
    lengths = np.array(list(map(len, lists)), np.int64)
    return np.cumsum(lengths) - lengths


def _flat(parts: Iterable[Iterable[int]], total: int) -> Ints:
    return np.fromiter(chain.from_iterable(parts), np.int64, total)


def newest_of(columns: Columns) -> Columns:
    """The newest reading of each device and kind that may become its last value, sorted by both.

    One that is a little ahead of its arrival counts as of its arrival.
    """
    found = columns if columns.newest.all() else columns.where(columns.newest)
    if not len(found):
        return found
    at = np.minimum(found.measured_ms, found.received_ms)
    order = np.argsort(found.series(), kind="stable")
    series, sorted_at = found.series()[order], at[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = series[1:] != series[:-1]
    newest = np.maximum.reduceat(sorted_at, np.flatnonzero(begins))
    group = np.cumsum(begins) - 1
    candidates = np.flatnonzero(sorted_at == newest[group])
    last = np.ones(len(candidates), np.bool_)
    last[:-1] = group[candidates][1:] != group[candidates][:-1]
    chosen = order[candidates[last]]
    return replace(found, measured_ms=at).where(chosen)


def first_of(ordered: Columns, hour_ms: Ints | None) -> Columns:
    """One reading of each device, kind and hour, its time being that hour; `ordered` is as `order` says."""
    hour = ordered.measured_ms if hour_ms is None else hour_ms
    first = np.ones(len(ordered), np.bool_)
    first[1:] = (
        (ordered.device_key[1:] != ordered.device_key[:-1])
        | (ordered.kind_id[1:] != ordered.kind_id[:-1])
        | (hour[1:] != hour[:-1])
    )
    return replace(ordered, measured_ms=hour).where(first)


def binary_copy(columns: Columns, *, quality: bool) -> bytes:
    """PostgreSQL's binary COPY of (device_key, kind_id, [quality,] measured_at, received_at, value)."""
    fields: list[tuple[str, str, Any]] = [
        ("device_key", ">i4", columns.device_key),
        ("kind_id", ">i2", columns.kind_id),
        ("quality", ">i2", columns.quality),
        ("measured_at", ">i8", (columns.measured_ms - _POSTGRES_EPOCH_MS) * 1000),
        ("received_at", ">i8", (columns.received_ms - _POSTGRES_EPOCH_MS) * 1000),
        ("value", ">f8", columns.value),
    ]
    if not quality:
        del fields[2]
    layout = [("count", ">i2")]
    for name, kind, _ in fields:
        layout += [(f"{name}_bytes", ">i4"), (name, kind)]
    rows = np.empty(len(columns), np.dtype(layout))
    rows["count"] = len(fields)
    for name, kind, data in fields:
        rows[f"{name}_bytes"] = np.dtype(kind).itemsize
        rows[name] = data
    return _HEADER + rows.tobytes() + _TRAILER


def pack(newest: Columns) -> bytes:
    """Readings that may become last values, as bytes for `unpack`."""
    rows = np.empty(len(newest), _PACKED)
    for name in _PACKED.names or ():
        rows[name] = getattr(newest, name)
    return rows.tobytes()


def unpack(packed: Iterable[bytes]) -> Columns:
    """What `pack` packed, several together."""
    rows = np.frombuffer(b"".join(packed), _PACKED)
    columns = {name: rows[name].astype(np.int64) for name in ("device_key", "kind_id", "quality")}
    at = rows["measured_ms"].astype(np.int64)
    value = rows["value"].astype(np.float64)
    return Columns(**columns, measured_ms=at, received_ms=at, value=value, newest=np.ones(len(at), np.bool_))
