"""Who hears the Wi-Fi of home is at home, whatever satellites and cells say of the place.

A position is wrong by kilometres indoors more often than an access point is carried away. What was heard
counts for the report that told it, and no other. Only from -80 dBm on: that is the flat and the stairs, while
the street in front of the house hears less. A wrong yes would hide that somebody left, so what is in doubt
is a no: a strength in no known unit, an address that a telephone or a guest network has made up.
"""

from typing import Any, Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.pipeline.zones import middle
from edge.readings import Fix, Happening, HeardWifi, Item
from firmware_specs.messages import Position

NEAR_DBM: Final = -80
ACCURACY_M: Final[float | None] = 50.0
REASON: Final = "home_wifi"

_Report = tuple[str, int]
"""Device and time of a report."""


class AtHome:
    """Positions of a report that heard home become the home's own (source `home`); it leaves no fence, and
    ends a `fence_exit` that the device had raised. What was heard goes no further than this step.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._options = options

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Judge each report that came with what it heard."""
        heard = [item for item in items if isinstance(item, HeardWifi)]
        if not heard:
            return items
        near = {(one.device, one.at): dbm for one in heard if (dbm := self._strongest(one)) is not None}
        return [result for item in items for result in self._judge(item, near)]

    def _strongest(self, heard: HeardWifi) -> int | None:
        """How strongly it heard home, dBm; None when it did not, or from too far."""
        own = self._options.home_of(heard.device).access_points
        return max(
            (dbm for bssid, dbm in heard.access_points if bssid in own and dbm >= NEAR_DBM), default=None
        )

    def _judge(self, item: Item, near: dict[_Report, int]) -> list[Item]:
        match item:
            case HeardWifi():
                dbm = near.get((item.device, item.at))
                return [] if dbm is None else self._home(item, dbm)
            case Fix() if (item.position.device, item.position.at) in near:
                return []
            case Happening() if (item.device, item.at) in near:
                return self._happened(item, near[item.device, item.at])
            case _:
                return [item]

    def _home(self, heard: HeardWifi, dbm: int) -> list[Item]:
        position = self._position(heard.device, heard.at)
        found: list[Item] = [] if position is None else [Fix(position=position, late=heard.late)]
        if heard.late:
            return found
        evidence = _evidence(dbm) | {"reasons": [REASON]}
        back = Happening(
            device=heard.device,
            kind="fence_exit",
            phase="cleared",
            at=heard.at,
            evidence=evidence,
            position=position,
        )
        return [*found, back]

    def _happened(self, item: Happening, dbm: int) -> list[Item]:
        """An event of somebody at home; one who is there has left no fence."""
        if item.kind == "fence_exit":
            return []
        position = self._position(item.device, item.at)
        return [msgspec.structs.replace(item, position=position, evidence=item.evidence | _evidence(dbm))]

    def _position(self, device: str, at: int) -> Position | None:
        """The home's own place, else the middle of its zone, of no known accuracy."""
        home = self._options.home_of(device)
        if home.at is not None:
            (lat, lon), accuracy_m = home.at, ACCURACY_M
        elif home.zone is not None:
            (lon, lat), accuracy_m = middle(home.zone), None
        else:
            return None
        return Position(device=device, at=at, lat=lat, lon=lon, accuracy_m=accuracy_m, source="home")


def _evidence(dbm: int) -> dict[str, Any]:
    return {REASON: dbm}
