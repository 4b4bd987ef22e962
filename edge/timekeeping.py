"""How far the gateway's own time can be trusted, and what it says instead when it cannot.

A gateway without a battery-backed clock boots in the past. Then `now` counts milliseconds since boot (source
`none`) until NTP or the cloud's `cloud_at` gives the time; rows written before that are corrected when sent.
"""

import ctypes
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from firmware_specs.clock import Clock
from firmware_specs.messages import ClockState

FLOOR_MS: Final = 1_735_689_600_000  # 2025-01-01: no working clock can be before the program itself
TOLERANCE_MS: Final = 5_000
BACKWARD_AFTER_MS: Final = (
    30_000  # messages that waited in a queue come together and make the cloud look late
)
_TIME_ERROR: Final = 5

log = logging.getLogger(__name__)


class _Timex(ctypes.Structure):
    """The head of Linux's struct timex; the rest is room for the kernel to write."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    )


def ntp_error_ms() -> int | None:
    """The kernel's bound of the clock's error in ms where NTP disciplines it; None where it does not."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        timex = _Timex()
        state = libc.adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    return int(timex.maxerror) // 1000 if 0 <= state != _TIME_ERROR else None


def since_boot_ms() -> int:
    """Milliseconds since the machine started, sleep included."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime_ns(clock) // 1_000_000


def boot_id() -> str:
    """The kernel's id of this start of the machine; `unknown-<pid>` where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return f"unknown-{os.getpid()}"


class Timekeeper:
    """The agent's time: the program's clock, moved by what the cloud says where NTP does not rule.

    `disciplined` gives NTP's error bound in ms or None; `since_boot` milliseconds since boot.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        boot: str,
        disciplined: Callable[[], int | None] = ntp_error_ms,
        since_boot: Callable[[], int] = since_boot_ms,
    ) -> None:
        self.clock = clock
        self.boot = boot
        self._disciplined = disciplined
        self._since_boot = since_boot
        self._offset_ms = 0
        self._cloud_known = False
        self._behind_since: int | None = None

    def now_ms(self) -> int:
        """Milliseconds UTC; milliseconds since boot while the time is not known."""
        now = self.clock.now_ms() + self._offset()
        return now if now >= FLOOR_MS else self._since_boot()

    def known(self) -> bool:
        """Whether `now_ms` is a time of day."""
        return self.clock.now_ms() + self._offset() >= FLOOR_MS

    def state(self) -> ClockState:
        """Source and error of the present time."""
        if not self.known():
            return ClockState(source="none")
        error = self._ntp()
        if error is not None and not self._offset():
            return ClockState(source="ntp", error_ms=error)
        return (
            ClockState(source="cloud", error_ms=TOLERANCE_MS)
            if self._cloud_known
            else ClockState(source="rtc")
        )

    def cloud_says(self, cloud_at: int) -> None:
        """Take a live `cloud_at` (ms UTC) as the time unless NTP rules and is plausible.

        A message cannot come from the future, but it can be old: once the cloud's time is known, the clock
        goes back only when messages say so for 30 s.
        """
        own = self.clock.now_ms() + self._offset()
        difference = cloud_at - own
        if self._ntp() is not None and own >= FLOOR_MS:
            return
        if cloud_at < FLOOR_MS:
            return
        known, self._cloud_known = self._cloud_known, True
        if abs(difference) <= TOLERANCE_MS * max(1.0, self.clock.rate):
            self._behind_since = None
        elif difference > 0 or not known or self._still_behind():
            self._behind_since = None
            self._offset_ms += difference
            log.warning("clock set from the cloud", extra={"action": "clock_set", "moved_ms": difference})

    def _offset(self) -> int:
        """What the cloud added to the system's clock: nothing any more once NTP has put that right."""
        if self._offset_ms and self.clock.now_ms() >= FLOOR_MS and self._ntp() is not None:
            log.warning(
                "NTP rules the clock again", extra={"action": "clock_ntp", "moved_ms": -self._offset_ms}
            )
            self._offset_ms = 0
        return self._offset_ms

    def _still_behind(self) -> bool:
        """True when the cloud's time has been behind ours for 30 s, every message since then included."""
        now = self._since_boot()
        if self._behind_since is None:
            self._behind_since = now
        return now - self._behind_since >= BACKWARD_AFTER_MS

    def boot_started_ms(self) -> int | None:
        """When the machine started, ms UTC: turns times since boot into times of day; None while unknown."""
        return self.now_ms() - self._since_boot() if self.known() else None

    def _ntp(self) -> int | None:
        """NTP's error bound; a simulated clock is nobody's NTP."""
        return self._disciplined() if self.clock == Clock() else None
