"""Test mode: for some minutes what devices raise is marked as a test. It ends by itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

LONGEST_S: Final = 15 * 60.0


@dataclass
class Trial:
    """The test mode of an agent; `steady_s` counts seconds and is never set."""

    steady_s: Callable[[], float]
    _until: float = 0.0
    _devices: frozenset[str] | None = None

    def begin(self, minutes: float, devices: Iterable[str] | None = None) -> None:
        """Mark events of these devices (None: all), at most for a quarter of an hour; 0 ends it."""
        self._until = self.steady_s() + min(max(minutes, 0.0) * 60, LONGEST_S)
        self._devices = None if devices is None else frozenset(devices)

    def left_s(self) -> float:
        """Seconds that are left; 0 outside it."""
        return max(0.0, self._until - self.steady_s())

    def covers(self, device: str) -> bool:
        """Whether an event of this device (wire id) is a test now."""
        return self.left_s() > 0 and (self._devices is None or device in self._devices)
