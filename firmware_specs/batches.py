"""Telemetry payloads: bytes on the wire (JSON, or zlib of it) <-> checked batches, one or very many."""

import zlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from firmware_specs.fields import LAST_MS
from firmware_specs.messages import (
    TELEMETRY_MAX_BYTES,
    TELEMETRY_MAX_READINGS,
    TelemetryBatch,
    decode,
    encode,
)

_ZLIB_FIRST_BYTE: Final = 0x78
_NAMES_HELD: Final = 500_000
_COLUMN: Final = Meta(max_length=TELEMETRY_MAX_READINGS)


class UncheckedBatch(TelemetryBatch, frozen=True, kw_only=True, omit_defaults=True):
    """The same message for a reader that has seen its names before, see `BatchReader`."""

    run: str
    boot: str
    devices: Annotated[list[str], _COLUMN] = msgspec.field(default_factory=list)
    kinds: Annotated[list[str], _COLUMN] = msgspec.field(default_factory=list)


_UNCHECKED_DECODER: Final = msgspec.json.Decoder(UncheckedBatch)


def encode_batch(batch: TelemetryBatch, *, compress: bool = False) -> bytes:
    """A batch as JSON, or zlib of it where the link is metered."""
    return zlib.compress(encode(batch), 6) if compress else encode(batch)


def inflate(payload: bytes) -> bytes:
    """The JSON of a telemetry payload, at most 1 MiB; ValueError when zlib data is broken or larger."""
    if not payload or payload[0] != _ZLIB_FIRST_BYTE:
        return payload
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(payload, 1 << 20)
    except zlib.error as error:
        raise ValueError(f"broken zlib data: {error}") from error
    if not stream.eof or stream.unused_data:
        raise ValueError("zlib data is cut, inflates to more than 1 MiB, or is followed by other bytes")
    return data


def decode_batch(payload: bytes) -> TelemetryBatch:
    """A telemetry payload, JSON or zlib of it, with its columns checked; ValueError with the reason."""
    return _whole(decode(_unpacked(payload), TelemetryBatch))


class BatchReader:
    """`decode_batch` for very many: names that were checked once are not checked again."""

    def __init__(self) -> None:
        """Begin knowing no names."""
        self._runs: set[str] = set()
        self._boots: set[str] = set()
        self._devices: set[str] = set()
        self._kinds: set[str] = set()

    def decode(self, payload: bytes) -> TelemetryBatch:
        """As `decode_batch`."""
        data = _unpacked(payload)
        try:
            batch: TelemetryBatch = _UNCHECKED_DECODER.decode(data)
        except (ValueError, RecursionError):
            return _whole(decode(data, TelemetryBatch))  # to say why
        if not self._knows(batch):
            batch = decode(data, TelemetryBatch)
            self._learn(batch)
        return _whole(batch)

    def _knows(self, batch: TelemetryBatch) -> bool:
        return (
            batch.run in self._runs
            and batch.boot in self._boots
            and self._devices.issuperset(batch.devices)
            and self._kinds.issuperset(batch.kinds)
        )

    def _learn(self, batch: TelemetryBatch) -> None:
        for names, new in (
            (self._runs, (batch.run,)),
            (self._boots, (batch.boot,)),
            (self._devices, batch.devices),
            (self._kinds, batch.kinds),
        ):
            if len(names) > _NAMES_HELD:
                names.clear()
            names.update(new)


def _unpacked(payload: bytes) -> bytes:
    if len(payload) > TELEMETRY_MAX_BYTES:
        raise ValueError(f"{len(payload)} bytes, at most {TELEMETRY_MAX_BYTES}")
    return inflate(payload)


def _whole(batch: TelemetryBatch) -> TelemetryBatch:
    if (reason := _columns_wrong(batch)) is not None:
        raise ValueError(reason)
    return batch


def _columns_wrong(batch: TelemetryBatch) -> str | None:
    """What is wrong between the columns of a batch, each of which is well formed; None when all fit."""
    count = len(batch.value)
    lengths = [len(batch.d), len(batch.k), len(batch.dt), count]
    if min(lengths) != max(lengths):
        return f"columns d, k, dt, value differ in length: {lengths}"
    if batch.quality is not None and len(batch.quality) != count:
        return f"quality has {len(batch.quality)} entries for {count} readings"
    if count == 0:
        return None if batch.positions or batch.gaps else "no reading, position or gap"
    if max(batch.d) >= len(batch.devices):
        return "d points outside devices"
    if max(batch.k) >= len(batch.kinds):
        return "k points outside kinds"
    if batch.t0 + min(batch.dt) < 0 or batch.t0 + max(batch.dt) > LAST_MS:
        return "t0 + dt is outside the calendar"
    return None
