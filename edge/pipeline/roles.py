"""What a device is used for, as the technician said, changes what its signals mean."""

import re
from typing import Final

import msgspec

from edge.pipeline.options import PipelineOptions
from edge.readings import Happening, Item, Press, Reading

_NO_PRESS: Final = re.compile(r"(^$|^off$|^none$|release$)", re.IGNORECASE)


class Roles:
    """Role `sos`: each press of a plain button is an SOS. Role `bed`: closed contact, occupancy,
    presence = in bed.
    """

    def __init__(self, options: PipelineOptions) -> None:
        self._roles = options.roles

    def __call__(self, items: list[Item], now: int) -> list[Item]:
        """Replace what a role gives another meaning; everything else passes."""
        return [self._meaning(item) for item in items]

    def _meaning(self, item: Item) -> Item:
        match item:
            case Press() if self._roles.get(item.device) == "sos" and not _NO_PRESS.search(item.button):
                evidence = {"action": item.button, "role": "sos"}
                return Happening(
                    device=item.device,
                    kind="sos",
                    phase="raised",
                    at=item.at,
                    device_at=item.device_at,
                    evidence=evidence,
                    instant=True,
                )
            case Reading(kind="door_open") if self._roles.get(item.device) == "bed":
                return msgspec.structs.replace(item, kind="in_bed", value=1.0 - item.value)
            case Reading(kind="presence" | "motion") if self._roles.get(item.device) == "bed":
                return msgspec.structs.replace(item, kind="in_bed")
            case _:
                return item
