"""Whether a device still lives, learned from how often it was heard (page `zigbee2mqtt.md`, Availability)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from edge.drivers.options import remembered
from edge.readings import SINCE_BOOT_MS, Sighting
from firmware_specs.messages import DeviceState

MINS: Final = 60_000
FLOOR_MAINS_MS: Final = 30 * MINS
FLOOR_BATTERY_MS: Final = 120 * MINS
CEILING_MS: Final = 26 * 60 * MINS
_LEARNED_FROM: Final = 5
_BURST_MS: Final = 5_000
_LOOK_MS: Final = 60_000
_AHEAD_MS: Final = MINS  # messages of one moment may be handled out of order
_KEY: Final = "live "


@dataclass
class Liveness:
    """When one device was heard (ms UTC) and the longest of its last silences; `offline` once said."""

    heard: int | None = None
    gaps: deque[int] = field(default_factory=lambda: deque(maxlen=16))
    offline: bool = False

    def hear(self, at: int) -> None:
        """A live message; what follows within 5 s belongs to the same report."""
        self._set_clock(at)
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
        self._set_clock(now)
        if self.heard is None or self.offline or now - self.heard <= self.limit_ms(mains=mains):
            return False
        self.offline = True
        return True

    def _set_clock(self, now: int) -> None:
        """A clock that was set while nobody counted says nothing of a silence: it begins anew."""
        if self.heard is not None and (self.heard > now + _AHEAD_MS or self.heard < SINCE_BOOT_MS <= now):
            self.heard = now


class Roll:
    """The devices of one transport that ought to be heard, in its drivers' memory. `is_mains` tells which of
    them are on mains power.
    """

    def __init__(
        self, memory: dict[str, object], is_mains: Callable[[str], bool] = lambda device: False
    ) -> None:
        self._memory = memory
        self._is_mains = is_mains
        self._looked_at = 0

    def hear(self, device: str, at: int) -> None:
        """A live message of a device."""
        remembered(self._memory, _KEY + device, Liveness).hear(at)

    def heard_at(self, device: str) -> int | None:
        """When a device was heard last, ms UTC; None: not since the start."""
        return remembered(self._memory, _KEY + device, Liveness).heard

    def silent(self, at: int) -> list[Sighting]:
        """Devices that have become silent, looked for each minute."""
        if abs(at - self._looked_at) < _LOOK_MS:
            return []
        self._looked_at = at
        found = []
        for key, live in self._memory.items():
            device = key.removeprefix(_KEY)
            if isinstance(live, Liveness) and live.went_silent(at, mains=self._is_mains(device)):
                state = DeviceState(device=device, at=at, online=False, last_seen=live.heard)
                found.append(Sighting(state=state))
        return found
