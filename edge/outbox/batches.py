"""Readings and positions -> telemetry batches: columns, at most 200 entries and 64 KiB each. Pure."""

import math
from collections.abc import Iterator
from typing import Final

import msgspec

from edge.readings import SINCE_BOOT_MS, Fix, Reading
from firmware_specs.batches import encode_batch
from firmware_specs.ids import is_wire_id
from firmware_specs.messages import (
    TELEMETRY_MAX_BYTES,
    TELEMETRY_MAX_READINGS,
    ClockState,
    Gap,
    Position,
    TelemetryBatch,
)

Sample = Reading | Fix
_LARGEST_MS: Final = 253_402_300_799_999
_POSITION: Final = msgspec.msgpack.Decoder(Position)


class Piece(msgspec.Struct, frozen=True, array_like=True):
    """Readings and positions that were kept together, with the boot and the clock of that moment."""

    boot: str
    clock: ClockState
    readings: list[Reading]
    fixes: list[Fix]


PIECE_DECODER: Final = msgspec.msgpack.Decoder(Piece)


def piece(samples: list[Sample], boot: str, clock: ClockState) -> Piece:
    """A piece of the samples that the wire can carry; others (not finite, latitude 95) are left out."""
    readings = [s for s in samples if isinstance(s, Reading) and _fits(s)]
    return Piece(boot, clock, readings, [s for s in samples if isinstance(s, Fix) and _valid(s.position)])


def pieces(samples: list[Sample], boot: str, clock: ClockState) -> tuple[Piece, Piece]:
    """What was measured before the time of day was known, counted since boot; and all else."""
    early = [sample for sample in samples if _at(sample) < SINCE_BOOT_MS]
    late = [sample for sample in samples if _at(sample) >= SINCE_BOOT_MS]
    return piece(early, boot, ClockState(source="none")), piece(late, boot, clock)


def build(pieces: list[Piece], gaps: list[Gap]) -> list[TelemetryBatch]:
    """Batches in order of time, not numbered (seq 0); backfill (`late`) apart, each boot and clock apart."""
    groups: dict[tuple[bool, str, str], tuple[Piece, list[Sample]]] = {}
    for kept in pieces:
        samples: list[Sample] = [*kept.readings, *kept.fixes]
        for sample in samples:
            key = (sample.late, kept.boot, kept.clock.source)
            groups.setdefault(key, (kept, []))[1].append(sample)
    batches = [
        batch
        for (late, _, _), (kept, members) in groups.items()
        for batch in _fitting(sorted(members, key=_at), kept, late)
    ]
    if gaps and batches:
        batches[0] = msgspec.structs.replace(batches[0], gaps=gaps)
    return batches


def joined(gaps: list[Gap]) -> Gap:
    """One gap from the first to the last of them."""
    return Gap(
        from_at=min(g.from_at for g in gaps),
        to_at=max(g.to_at for g in gaps),
        count=sum(g.count for g in gaps),
    )


def newest_ms(batch: TelemetryBatch) -> int:
    """Time of the newest entry, ms in the batch's own clock."""
    return max([batch.t0 + max(batch.dt, default=0), *(p.at for p in batch.positions)])


def in_time_of_day(batch: TelemetryBatch, boot: str, boot_started_ms: int | None) -> TelemetryBatch:
    """A batch counted in milliseconds since this boot, moved to time of day where that is known by now."""
    if batch.clock.source != "none" or batch.boot != boot or boot_started_ms is None:
        return batch
    moved = [msgspec.structs.replace(p, at=p.at + boot_started_ms) for p in batch.positions]
    return msgspec.structs.replace(
        batch, t0=batch.t0 + boot_started_ms, positions=moved, clock=ClockState(source="cloud")
    )


def _fits(reading: Reading) -> bool:
    return is_wire_id(reading.device) and math.isfinite(reading.value) and 0 <= reading.at <= _LARGEST_MS


def _valid(position: Position) -> bool:
    try:
        _POSITION.decode(msgspec.msgpack.encode(position))
    except msgspec.ValidationError:
        return False
    return math.isfinite(position.accuracy_m or 0)


def _at(sample: Sample) -> int:
    return sample.at if isinstance(sample, Reading) else sample.position.at


def _fitting(samples: list[Sample], kept: Piece, late: bool) -> Iterator[TelemetryBatch]:
    """Batches of at most 200 entries; halved while larger than 64 KiB."""
    for start in range(0, len(samples), TELEMETRY_MAX_READINGS):
        part = samples[start : start + TELEMETRY_MAX_READINGS]
        batch = _columns(part, kept, late)
        if len(part) > 1 and len(encode_batch(batch)) > TELEMETRY_MAX_BYTES - 4096:
            middle = len(part) // 2
            yield from _fitting(part[:middle], kept, late)
            yield from _fitting(part[middle:], kept, late)
        else:
            yield batch


def _columns(samples: list[Sample], kept: Piece, late: bool) -> TelemetryBatch:
    readings = [s for s in samples if isinstance(s, Reading)]
    devices = list(dict.fromkeys(r.device for r in readings))
    kinds = list(dict.fromkeys(r.kind for r in readings))
    t0 = _at(samples[0])
    quality = [100 if r.quality is None else min(max(r.quality, 0), 100) for r in readings]
    return TelemetryBatch(
        run="",
        boot=kept.boot,
        seq=0,
        sent_at=t0,
        t0=t0,
        clock=kept.clock,
        late=late,
        devices=devices,
        kinds=kinds,
        d=[devices.index(r.device) for r in readings],
        k=[kinds.index(r.kind) for r in readings],
        dt=[r.at - t0 for r in readings],
        value=[r.value for r in readings],
        quality=quality if any(r.quality is not None for r in readings) else None,
        positions=[s.position for s in samples if isinstance(s, Fix)],
    )
