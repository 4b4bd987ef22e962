"""What the pipeline is given when it is built; roles, rooms and homes may change while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.pipeline.zones import Home


@dataclass
class PipelineOptions:
    """`new_id(now)` makes an event id (UUIDv7); `roles` and `rooms` are by device id.

    `button_only` names the devices of people who cannot hear or speak:
    only the cancel button ends their suspected fall. On a gateway of `many_homes` an SOS says nothing about
    the falls of other devices. One that `asks_aloud` has a voice in the home: its wearer has longer to answer
    an unsure fall. `zone_hours`: local time is so many hours ahead of UTC. `home` is the gateway's own,
    `homes` those of devices that live elsewhere.
    """

    new_id: Callable[[int], str]
    roles: dict[str, str] = field(default_factory=dict)
    rooms: dict[str, str] = field(default_factory=dict)
    home: Home = field(default_factory=Home)
    homes: dict[str, Home] = field(default_factory=dict)
    zone_hours: int = 8
    button_only: frozenset[str] = frozenset()
    many_homes: bool = False
    asks_aloud: bool = False

    def home_of(self, device: str) -> Home:
        """The home of a device's wearer, as far as it is known."""
        return self.homes.get(device, self.home)
