"""Driver of the Murata SCA11H and SCA10H bed sensors (page `firmware_specs/devices/sca11h.md`)."""

import struct
from collections import Counter
from typing import Any, Final

from edge.drivers.binary_frames import BinaryFrames
from edge.drivers.one_device import OneDevice
from edge.drivers.options import DriverOptions
from edge.readings import Item

MARK: Final = b"\xfe"
LENGTH: Final = 45
_FIELDS_AT: Final = 9
_EMPTY_MS: Final = 15_000
_EMPTY, _GOOD, _MOVING = 0, 1, 2
_HIGHEST: Final = {"heart_rate": 300, "resp_rate": 100, "status": _MOVING}
_NAMES: Final = (
    "heart_rate",
    "resp_rate",
    "stroke_volume",
    "heart_rate_variability",
    "signal_strength",
    "status",
    "b2b_ms",
    "b2b_1_ms",
    "b2b_2_ms",
)
Values = dict[str, Any]


class Sca11hDriver:
    """Records in, items out; one object a connection, one bed a connection."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._frames = BinaryFrames(MARK, lambda begin: LENGTH, check, self.counts)
        self._line = OneDevice(options, "sca11h", self.counts)
        self._empty_since: int | None = None

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the records that these bytes complete; never raises. `b""` lets time pass."""
        items: list[Item] = []
        for frame in self._frames.feed(data, at):
            items += self._line.values(self._believed(decode_frame(frame), at), at)
        return items + self._line.silence(at)

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._frames.finish()

    def replies(self) -> bytes:
        """Nothing: the sensor reports each second by itself."""
        return b""

    def _believed(self, values: Values, at: int) -> Values:
        """Rates only from a good signal; a weak one is an empty bed after 15 s, not at once."""
        if values["status"] != _EMPTY:
            self._empty_since = None
            rates = {name: values[name] for name in ("heart_rate", "resp_rate")}
            stirring = {"in_bed": True, "stirring": values["status"] == _MOVING}
            return stirring | (rates if values["status"] == _GOOD else {})
        if self._empty_since is None:
            self._empty_since = at
        return {"in_bed": False, "stirring": False} if abs(at - self._empty_since) >= _EMPTY_MS else {}


def check(frame: bytes) -> str:
    """There is no check sum: a record with values that no bed has is none."""
    values = decode_frame(frame)
    return "implausible" if any(values[name] > most for name, most in _HIGHEST.items()) else ""


def decode_frame(frame: bytes) -> Values:
    """All numbers of a record of 45 bytes."""
    return dict(zip(_NAMES, struct.unpack_from("<9I", frame, _FIELDS_AT), strict=True))
