"""Telemetry payloads: bytes on the wire (JSON, or zlib of it) <-> checked batches, one or very many."""

import zlib
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from firmware_specs.fields import LAST_MS, Name, RunId, Text, WireId
from firmware_specs.messages import (
    TELEMETRY_MAX_BYTES,
    TELEMETRY_MAX_READINGS,
    TelemetryBatch,
    decode,
    encode,
)

_ZLIB_FIRST_BYTE: Final = 0x78
_NAMES_HELD: Final = 100_000
_COLUMN: Final = Meta(max_length=TELEMETRY_MAX_READINGS)
_NONE: Final = msgspec.Raw(b"[]")


class UncheckedBatch(TelemetryBatch, frozen=True, kw_only=True, omit_defaults=True):
    """The same message for a reader that has seen its names before, see `BatchReader`."""

    run: str
    boot: str
    devices: msgspec.Raw = _NONE  # type: ignore[assignment]  # replaced by the list before anybody sees it
    kinds: msgspec.Raw = _NONE  # type: ignore[assignment]  # likewise


_UNCHECKED_DECODER: Final = msgspec.json.Decoder(UncheckedBatch)
_DEVICES_DECODER: Final = msgspec.json.Decoder(Annotated[list[WireId], _COLUMN])
_KINDS_DECODER: Final = msgspec.json.Decoder(Annotated[list[Name], _COLUMN])


def encode_batch(batch: TelemetryBatch, *, compress: bool = False) -> bytes:
    """A batch as JSON, or zlib of it where the link is metered."""
    return zlib.compress(encode(batch), 6) if compress else encode(batch)


def inflate(payload: bytes, most_bytes: int = 1 << 20) -> bytes:
    """The JSON of a payload that may be zlib of it; ValueError where that is broken or inflates to more."""
    if not payload or payload[0] != _ZLIB_FIRST_BYTE:
        return payload
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(payload, most_bytes)
    except zlib.error as error:
        raise ValueError(f"broken zlib data: {error}") from error
    if not stream.eof or stream.unused_data:
        raise ValueError(
            f"zlib data is cut, inflates to more than {most_bytes >> 20} MiB, or is followed by other bytes"
        )
    return data


def decode_batch(payload: bytes) -> TelemetryBatch:
    """A telemetry payload, JSON or zlib of it, with its columns checked; ValueError with the reason."""
    return _whole(decode(_unpacked(payload), TelemetryBatch))


class BatchReader:
    """`decode_batch` for very many: names that were checked once are not checked, nor made, again.

    Batches with the same names share one list of them.
    """

    def __init__(self) -> None:
        """Begin knowing no names."""
        self._runs: set[tuple[str, str]] = set()
        self._devices: dict[bytes, list[str]] = {}
        self._kinds: dict[bytes, list[str]] = {}

    def decode(self, payload: bytes) -> TelemetryBatch:
        """As `decode_batch`."""
        data = _unpacked(payload)
        try:
            batch = _UNCHECKED_DECODER.decode(data)
            self._name(batch)
        except (ValueError, RecursionError):
            return _whole(decode(data, TelemetryBatch))  # to say why
        return _whole(batch)

    def _name(self, batch: UncheckedBatch) -> None:
        """Check run and boot, and put lists in the place of names that are still JSON; ValueError."""
        run = batch.run, batch.boot
        if run not in self._runs:
            _keep(self._runs)
            self._runs.add(msgspec.convert(run, tuple[RunId, Text]))
        for field, known, decoder in (
            ("devices", self._devices, _DEVICES_DECODER),
            ("kinds", self._kinds, _KINDS_DECODER),
        ):
            raw = bytes(getattr(batch, field))
            names = known.get(raw)
            if names is None:
                _keep(known)
                names = known[raw] = decoder.decode(raw)
            msgspec.structs.force_setattr(batch, field, names)


def _keep(known: set[tuple[str, str]] | dict[bytes, list[str]]) -> None:
    """Not more than so many."""
    if len(known) > _NAMES_HELD:
        known.clear()


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
