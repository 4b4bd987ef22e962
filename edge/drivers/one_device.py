"""What radars and bed sensors on a line of their own have in common: one device, values that become
readings and events, silence.
"""

from collections import Counter
from typing import Any, Final

from edge.drivers.levels import judge, levels_of, reading
from edge.drivers.options import DriverOptions
from edge.readings import Item, Sighting
from firmware_specs.ids import wire_id
from firmware_specs.messages import DeviceState

ALARMS: Final = {"fall": "fall", "static_dwell": "inactivity"}
STATES: Final = {"presence": "presence", "in_bed": "in_bed", "moving": "motion", "stirring": "vibration"}
VITALS: Final = {"heart_rate": "heart_rate", "resp_rate": "resp_rate"}
SILENT_MS: Final = 100_000


class OneDevice:
    """The one device of a connection. `values` become items; a device silent for 100 s is offline."""

    def __init__(self, options: DriverOptions, name: str, counts: Counter[str], *, own: bool = False) -> None:
        """`own`: the frames name the device, `name` is its id; else the configuration's goes first."""
        self.device = wire_id(name if own else options.device or name)
        self._levels = levels_of(options, self.device)
        self._counts = counts

    def heard_at(self) -> int:
        """When the last good frame came, ms UTC; 0 when none did."""
        return self._levels.heard

    def values(self, values: dict[str, Any], at: int) -> list[Item]:
        """Items of one frame's values (names of the pages); every frame is a sign of life."""
        self._levels.heard, self._levels.silent = at, False
        items: list[Item] = []
        for name, value in values.items():
            if name in ALARMS and isinstance(value, bool):
                evidence = {"source": name, "value": value}
                items += judge(self._levels, self.device, ALARMS[name], value, at, evidence)
            elif name in STATES and isinstance(value, bool):
                items += reading(self.device, STATES[name], value, at)
            elif name in VITALS and isinstance(value, int | float):
                items += reading(self.device, VITALS[name], value, at)
        state = DeviceState(device=self.device, at=at, online=True, last_seen=at)
        return [*items, Sighting(state=state)]

    def silence(self, at: int) -> list[Item]:
        """The device has gone, said once."""
        heard = self._levels.heard
        if not heard or self._levels.silent or abs(at - heard) < SILENT_MS:
            return []
        self._levels.silent = True
        self._counts["went_silent"] += 1
        return [Sighting(state=DeviceState(device=self.device, at=at, online=False, last_seen=heard))]
