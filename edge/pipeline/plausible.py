"""Drop what no working sensor can say; put an impossible time right and keep what the device claimed."""

import math
from typing import Final, TypeVar

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.readings import Fix, Happening, HeardWifi, Item, Press, Reading
from firmware_specs.kinds import READINGS

FUTURE_MS: Final = 10 * 60_000
PAST_MS: Final = 400 * 86_400_000

_Timed = TypeVar("_Timed", Reading, Happening, Press)


class Plausible:
    """Ranges of `kinds.py` for readings, times for everything; an event is never dropped."""

    def __init__(self, options: PipelineOptions) -> None:
        self.dropped = 0

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Readings outside their kind's range go (counted); a time over 10 min ahead or 400 days old
        becomes `now`.
        """
        kept: list[Item] = []
        for item in items:
            match item:
                case Reading() if not _in_range(item):
                    self.dropped += 1
                case Reading():
                    kept.append(_timed(item, now))
                case Happening():
                    kept.append(_timed(item, now))
                case Press():
                    kept.append(_timed(item, now))
                case Fix() if not believable(item.position.at, now):
                    kept.append(
                        msgspec.structs.replace(item, position=msgspec.structs.replace(item.position, at=now))
                    )
                case HeardWifi() if not believable(item.at, now):
                    kept.append(msgspec.structs.replace(item, at=now))
                case _:
                    kept.append(item)
        return kept


def believable(at: int, now: int) -> bool:
    """True when `at` is neither over 10 minutes ahead of `now` nor older than 400 days."""
    return now - PAST_MS <= at <= now + FUTURE_MS


def _in_range(reading: Reading) -> bool:
    kind = READINGS.get(reading.kind)
    return math.isfinite(reading.value) and (kind is None or kind.low <= reading.value <= kind.high)


def _timed(item: _Timed, now: int) -> _Timed:
    if believable(item.at, now):
        return item
    return msgspec.structs.replace(
        item, at=now, device_at=item.at if item.device_at is None else item.device_at
    )
