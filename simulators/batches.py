"""Readings as the columns of a telemetry batch."""

from firmware_specs.messages import TelemetryBatch

Row = tuple[str, str, int, float]


def batch_of(
    rows: list[Row], *, run: str, boot: str, seq: int, sent_at: int, late: bool = False
) -> TelemetryBatch:
    """One batch of at least one (device, kind, at ms, value)."""
    devices = sorted({row[0] for row in rows})
    kinds = sorted({row[1] for row in rows})
    start = min(row[2] for row in rows)
    return TelemetryBatch(
        run=run,
        boot=boot,
        seq=seq,
        sent_at=sent_at,
        t0=start,
        late=late,
        devices=devices,
        kinds=kinds,
        d=[devices.index(row[0]) for row in rows],
        k=[kinds.index(row[1]) for row in rows],
        dt=[row[2] - start for row in rows],
        value=[row[3] for row in rows],
    )
