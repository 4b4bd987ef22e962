"""A watch that is not worn, or is charging, yields no vitals and no falls."""

from dataclasses import dataclass
from typing import Final

from edge.pipeline.options import PipelineOptions
from edge.readings import Happening, Item, Reading, Samples
from edge.recent import Recent

VITALS: Final = frozenset({"heart_rate", "resp_rate", "spo2", "body_temperature", "systolic", "diastolic"})
_FALL_GRACE_MS: Final = 30_000
_MAX_DEVICES: Final = 10_000


@dataclass
class _Wear:
    off_since: int | None = None
    charging_since: int | None = None


class Wear:
    """Follows `worn` and `charging` of each device.

    Vitals stop at once. Falls stop 30 s later: a fall can tear the strap off or pull the plug,
    and the device tells both together.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._devices: Recent[str, _Wear] = Recent(_MAX_DEVICES)

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Drop vitals, acceleration and falls of devices that nobody wears; buttons always count."""
        for item in items:
            if isinstance(item, Reading) and item.kind in ("worn", "charging") and not item.late:
                self._note(item, now)
        return [item for item in items if self._counts(item, now)]

    def _note(self, item: Reading, now: int) -> None:
        wear = self._devices.of(item.device, _Wear)
        if item.kind == "worn":
            wear.off_since = None if item.value else _first(wear.off_since, now)
        else:
            wear.charging_since = _first(wear.charging_since, now) if item.value else None

    def _counts(self, item: Item, now: int) -> bool:
        match item:
            case Reading() if item.kind in VITALS and not item.late:
                return self._idle_since(item.device) is None
            case Samples() | Happening(kind="fall", phase="suspected" | "raised", late=False):
                since = self._idle_since(item.device)
                return since is None or now - since < _FALL_GRACE_MS
            case _:
                return True

    def _idle_since(self, device: str) -> int | None:
        wear = self._devices.get(device, _Wear())
        return min((at for at in (wear.off_since, wear.charging_since) if at is not None), default=None)


def _first(since: int | None, now: int) -> int:
    return now if since is None else since
