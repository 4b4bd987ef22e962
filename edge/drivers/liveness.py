"""Whether a device still lives, learned from how often it was heard (page `zigbee2mqtt.md`, Availability)."""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

MINS: Final = 60_000
FLOOR_MAINS_MS: Final = 30 * MINS
FLOOR_BATTERY_MS: Final = 120 * MINS
CEILING_MS: Final = 26 * 60 * MINS
_LEARNED_FROM: Final = 5
_BURST_MS: Final = 5_000


@dataclass
class Liveness:
    """When one device was heard (ms UTC) and the longest of its last silences; `offline` once said."""

    heard: int | None = None
    gaps: deque[int] = field(default_factory=lambda: deque(maxlen=16))
    offline: bool = False

    def hear(self, at: int) -> None:
        """A live message; what follows within 5 s belongs to the same report."""
        if self.heard is not None and at - self.heard > _BURST_MS:
            self.gaps.append(at - self.heard)
        self.heard = max(at, self.heard or at)
        self.offline = False

    def limit_ms(self, *, mains: bool) -> int:
        """The silence after which the device counts as gone: three of its longest usual ones, in limits;
        the upper limit while too little is known.
        """
        if len(self.gaps) < _LEARNED_FROM:
            return CEILING_MS
        usual = sorted(self.gaps)[-2]
        return min(CEILING_MS, max(FLOOR_MAINS_MS if mains else FLOOR_BATTERY_MS, 3 * usual))

    def went_silent(self, now: int, *, mains: bool) -> bool:
        """True once, when the silence has just become too long; never for a device not yet heard."""
        if self.heard is None or self.offline or now - self.heard <= self.limit_ms(mains=mains):
            return False
        self.offline = True
        return True
