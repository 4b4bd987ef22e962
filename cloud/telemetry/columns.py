"""Batches as numpy columns, and columns as PostgreSQL's binary COPY. Pure.

Times: a reading more than 10 min ahead of its arrival or older than 400 days cannot be right. It is moved by
what the sender's own clock was wrong (arrival minus `sent_at`), to the arrival itself where that does not
help, gets quality 0 and never becomes the last value. Without a clock, times count from boot.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from firmware_specs.messages import Position, TelemetryBatch

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FUTURE_MS: Final = 10 * 60_000
OLDEST_MS: Final = 400 * 86_400_000
NO_QUALITY: Final = -1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_POSTGRES_EPOCH_MS: Final = 946_684_800_000  # 2000-01-01
_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"


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

    def where(self, chosen: Flags) -> "Columns":
        """The chosen readings."""
        return Columns(*(getattr(self, name)[chosen] for name in self.__slots__))


def to_ms(at: datetime) -> int:
    """Milliseconds UTC."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Aware, UTC."""
    return _EPOCH + timedelta(milliseconds=ms)


def judge_times(claimed_ms: Ints, incoming: Incoming) -> tuple[Ints, Flags]:
    """When it was measured, and whether that could be believed."""
    received, batch = incoming.received_ms, incoming.batch
    offset = received - batch.sent_at
    if batch.clock.source == "none":
        claimed_ms = claimed_ms + (offset if incoming.boot_ms is None else incoming.boot_ms)
    believed = plausible(claimed_ms, received)
    if believed.all():
        return claimed_ms, believed
    moved = claimed_ms + offset
    moved = np.where(plausible(moved, received), moved, received)
    return np.where(believed, claimed_ms, moved), believed


def plausible(at_ms: Ints, received_ms: int) -> Flags:
    """Neither ahead of the arrival by more than 10 min nor older than 400 days."""
    return (at_ms <= received_ms + FUTURE_MS) & (at_ms >= received_ms - OLDEST_MS)


def columns_of(incoming: Incoming, devices: dict[str, int], kinds: dict[str, int]) -> Columns:
    """The readings of a batch; those that are no number, or of a kind without a number, are left out."""
    batch = incoming.batch
    count = len(batch.value)
    keys = np.array([devices[name] for name in batch.devices], np.int64)
    ids = np.array([kinds.get(name, 0) for name in batch.kinds], np.int64)
    measured, believed = judge_times(batch.t0 + np.array(batch.dt, np.int64), incoming)
    if batch.quality is None:
        quality = np.full(count, NO_QUALITY, np.int64)
    else:
        quality = np.array(batch.quality, np.int64)
    made = Columns(
        device_key=keys[np.array(batch.d, np.int64)],
        kind_id=ids[np.array(batch.k, np.int64)],
        measured_ms=measured,
        received_ms=np.full(count, incoming.received_ms, np.int64),
        value=np.array(batch.value, np.float64),
        quality=np.where(believed, quality, 0),
        newest=believed & (not batch.late),
    )
    kept = np.isfinite(made.value) & (made.kind_id > 0)
    return made if kept.all() else made.where(kept)


def join(parts: Sequence[Columns]) -> Columns:
    """All readings of several batches."""
    return Columns(*(np.concatenate([getattr(part, name) for part in parts]) for name in Columns.__slots__))


def newest_of(columns: Columns) -> Columns:
    """The newest reading of each device and kind that may become its last value, sorted by both.

    One that is a little ahead of its arrival counts as of its arrival.
    """
    found = columns.where(columns.newest)
    at = np.minimum(found.measured_ms, found.received_ms)
    order = np.lexsort((at, found.kind_id, found.device_key))
    device, kind = found.device_key[order], found.kind_id[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = (device[1:] != device[:-1]) | (kind[1:] != kind[:-1])
    chosen = order[last]
    return Columns(
        found.device_key[chosen],
        found.kind_id[chosen],
        at[chosen],
        found.received_ms[chosen],
        found.value[chosen],
        found.quality[chosen],
        found.newest[chosen],
    )


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


def position_times(positions: Sequence[Position], incoming: Incoming) -> tuple[Ints, Flags]:
    """When the positions were taken, and whether that could be believed."""
    return judge_times(np.array([position.at for position in positions], np.int64), incoming)
