"""Raw signals of beds and pulse sensors -> breathing, pulse and heart rate with their quality, occupancy,
movement.

A value that is not sure is not told: blank rather than wrong. numpy is loaded when the first signal comes.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edge.pipeline.options import PipelineOptions
from edge.readings import Item, Reading, Signal
from edge.recent import Recent

if TYPE_CHECKING:
    from edge.pipeline.meters import Estimate, Meter, Stirs

LEAST_QUALITY: Final = 40  # simulated empty beds reach 38
EMPTY_LOOKS: Final = 3
_MAX_DEVICES: Final = 200


@dataclass
class _Stream:
    """One unbroken signal: its meters by the kind of reading, what each said last, looks without a person."""

    rate_hz: float
    meters: dict[str, "Meter"]
    stirs: "Stirs | None" = None
    last: dict[str, "Estimate"] = field(default_factory=dict)
    without: int = 0
    occupied: bool = False
    moving: bool | None = None


class Vitals:
    """A bed is occupied when a breath or a heart is found or somebody moves in it, and empty after three
    looks (15 s) at a whole minute without any of them. Movement in an occupied bed is told as
    vibration. Of a pulse sensor only the pulse is told.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._streams: Recent[str, _Stream] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Pass everything on, with readings behind the signals that they come from."""
        passed: list[Item] = []
        for item in items:
            passed.append(item)
            if isinstance(item, Signal):
                passed += self._measured(item)
        return passed

    def _measured(self, signal: Signal) -> list[Item]:
        stream = self._streams.get(signal.device)
        if stream is None or signal.gap or stream.rate_hz != signal.rate_hz:
            stream = self._streams[signal.device] = _stream(signal)
        at = signal.at + round(len(signal.values) * 1000 / signal.rate_hz)
        told = self._stirred(signal, stream, at)
        for kind, meter in stream.meters.items():
            for _, found in meter.feed(signal.values):
                stream.last[kind] = found
                if found.per_min is not None and found.quality >= LEAST_QUALITY:
                    told.append(_reading(signal.device, kind, at, found.per_min, found.quality))
                if kind == "resp_rate" and signal.what == "bed":
                    told += self._occupied(signal.device, stream, at)
        return told

    def _occupied(self, device: str, stream: _Stream, at: int) -> list[Item]:
        somebody = any(
            found.quality >= LEAST_QUALITY or found.blank in ("movement", "pause")
            for found in stream.last.values()
        )
        stream.without = 0 if somebody else stream.without + 1
        if 0 < stream.without < EMPTY_LOOKS:
            return []
        stream.occupied = somebody
        surest = max((found.quality for found in stream.last.values()), default=0)
        quality = max(surest, LEAST_QUALITY) if somebody else 100 - surest
        return [_reading(device, "in_bed", at, float(somebody), quality)]

    def _stirred(self, signal: Signal, stream: _Stream, at: int) -> list[Item]:
        """Each change between moving and lying quietly in an occupied bed."""
        told: list[Item] = []
        if stream.stirs is None:
            return told
        for moving in stream.stirs.feed(signal.values):
            if moving is None or not stream.occupied:
                stream.moving = None
            elif moving != stream.moving:
                stream.moving = moving
                told.append(_reading(signal.device, "vibration", at, float(moving), None))
        return told


def _stream(signal: Signal) -> _Stream:
    from edge.pipeline.meters import BREATHING, HEART, PULSE, Meter, Stirs  # numpy: only where signals come

    bed = signal.what == "bed"
    methods = {"heart_rate": HEART, "resp_rate": BREATHING} if bed else {"heart_rate": PULSE}
    meters = {kind: Meter(signal.rate_hz, method) for kind, method in methods.items()}
    return _Stream(signal.rate_hz, meters, Stirs(signal.rate_hz) if bed else None)


def _reading(device: str, kind: str, at: int, value: float, quality: int | None) -> Reading:
    return Reading(device=device, kind=kind, at=at, value=value, quality=quality)
