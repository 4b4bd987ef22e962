"""Driver of devices that announce themselves to Home Assistant over MQTT: ESPHome, Tasmota, OpenMQTTGateway
and others (page `firmware_specs/devices/home_assistant.md`).
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from edge.drivers.ha_discovery import Entity, is_config, read_config
from edge.drivers.ha_meanings import gesture, is_online, points
from edge.drivers.ha_templates import Unsupported
from edge.drivers.levels import judge, levels_of, reading
from edge.drivers.lines import Lines, Published, published
from edge.drivers.liveness import Roll
from edge.drivers.options import DriverOptions, remembered
from edge.drivers.zigbee_exposes import is_sos_action
from edge.readings import Happening, Item, Press, Reading, Sighting
from edge.recent import Recent
from firmware_specs.kinds import READINGS
from firmware_specs.messages import DeviceState, InventoryEntry

BASE_TOPIC: Final = "homeassistant"
_LINE_LIMIT: Final = 1 << 20
_MAX_ENTITIES: Final = 5_000
_MAX_CONFIG_BYTES: Final = 8 << 20
_MAX_TOPICS: Final = 10_000
_MAX_A_TOPIC: Final = 100
_LONGEST_STATE: Final = 64 * 1024
_MAX_SHOWN: Final = 300
_EVENTS: Final = frozenset(
    {"smoke", "gas", "co", "water_leak", "heat", "tamper", "battery_low", "fall", "sos"}
)
_UNKNOWN: Final = "unknown_alarm_bit"


@dataclass
class _Shown:
    """Which entities of a device show an alarm, by kind: it is set while any of them is."""

    on: dict[str, set[str]] = field(default_factory=dict)


class HomeAssistantDriver:
    """Lines in, items and subscriptions out; one object a connection to the broker.

    A reply is a line `{"subscribe": topic}` for the transport.
    """

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._prefix = (options.base_topic or BASE_TOPIC).strip("/") + "/"
        self._lines = Lines(_LINE_LIMIT, self.counts)
        self._announced: dict[str, dict[str, Entity]] = {}
        self._roll = Roll(options.memory)
        self._sizes: dict[str, int] = {}
        self._by_topic: dict[str, dict[tuple[str, str], Entity]] = {}
        self._subscribed: set[str] = set()
        self._online: Recent[tuple[str, str], bool] = Recent(_MAX_TOPICS)
        self._replies: list[str] = []

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the lines that these bytes complete; never raises."""
        items: list[Item] = []
        for message in published(self._lines, data, self.counts):
            items += self._message(message, at)
        return [*items, *self._roll.silent(at)]

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._lines.finish()

    def replies(self) -> bytes:
        """Topics to subscribe, each once."""
        topics, self._replies = self._replies, []
        return b"".join(msgspec.json.encode({"subscribe": topic}) + b"\n" for topic in topics)

    def inventory(self) -> list[InventoryEntry]:
        """The devices that were announced."""
        entities = [entity for group in self._announced.values() for entity in group.values()]
        models = {entity.device: entity.model for entity in entities}
        return [
            InventoryEntry(device=device, driver="home_assistant", model=model)
            for device, model in models.items()
        ]

    def entities(self, topic: str) -> dict[str, Entity]:
        """What the message on a discovery topic announced, by key."""
        return self._announced.get(topic, {})

    def entities_at(self, topic: str) -> list[Entity]:
        """The entities whose state or availability comes on a topic."""
        return list(self._by_topic.get(topic, {}).values())

    def _message(self, line: Published, at: int) -> list[Item]:
        below = line.topic.removeprefix(self._prefix)
        if below != line.topic and is_config(below):
            self._announce(line.topic, below, line.payload or "")
            return []
        found = self._by_topic.get(line.topic)
        if not found or line.payload is None:
            self.counts["not_for_us"] += 1
            return []
        if len(line.payload) > _LONGEST_STATE:
            self.counts["state_too_long"] += 1
            return []
        if line.retained:
            self.counts["retained"] += 1
        items: list[Item] = []
        for entity in found.values():
            try:
                items += self._state(entity, line, at)
            except (Unsupported, RecursionError):
                self.counts["template_unsupported"] += 1
        return items

    def _announce(self, topic: str, below: str, payload: str) -> None:
        self._sizes.pop(topic, None)
        for key, old in self._announced.pop(topic, {}).items():
            for name in old.topics():
                self._by_topic.get(name, {}).pop((topic, key), None)
                if not self._by_topic.get(name):
                    self._by_topic.pop(name, None)
        try:
            config: Any = msgspec.json.decode(payload) if payload else None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self.counts["config_unreadable"] += 1
            return
        entities = read_config(below, config)
        if not entities:
            return
        self._sizes[topic] = len(payload)
        count = sum(len(group) for group in self._announced.values()) + len(entities)
        if count > _MAX_ENTITIES or sum(self._sizes.values()) > _MAX_CONFIG_BYTES:
            self.counts["too_many_entities"] += 1
            del self._sizes[topic]
            return
        self._announced[topic] = entities
        for key, entity in entities.items():
            for name in entity.topics():
                sharing = self._by_topic.setdefault(name, {})
                states = (entity.text("state_topic"), entity.text("topic"))
                if len(sharing) >= _MAX_A_TOPIC and name in states:  # each message is worked out for each
                    self.counts["too_many_entities"] += 1
                    continue
                sharing[(topic, key)] = entity
                self._subscribe(name)

    def _subscribe(self, topic: str) -> None:
        """Ask for a topic once; what lies below the prefix is heard anyway."""
        if topic.startswith(self._prefix) or topic in self._subscribed:
            return
        if len(self._subscribed) >= _MAX_TOPICS:
            self.counts["too_many_topics"] += 1
            return
        self._subscribed.add(topic)
        self._replies.append(topic)

    def _state(self, entity: Entity, line: Published, at: int) -> list[Item]:
        """Items of one entity; a retained message is old: it raises nothing and measures nothing."""
        payload = line.payload or ""
        if line.topic in {topic for topic, *_ in entity.availability()}:
            return self._availability(entity, line, at)
        if line.retained:
            return []
        self._roll.hear(entity.device, at)
        items: list[Item] = []
        for kind, value in points(entity, payload):
            items += self._point(entity, kind, value, at)
        if pressed := gesture(entity, payload):
            items.append(_pressed(entity, pressed, at))
        level = [item.value for item in items if isinstance(item, Reading) and item.kind == "battery"]
        state = DeviceState(
            device=entity.device,
            at=at,
            online=True,
            battery_percent=level[0] if level else None,
            last_seen=at,
        )
        return [*items, Sighting(state=state)]

    def _availability(self, entity: Entity, line: Published, at: int) -> list[Item]:
        """Whether the device is there, by all of its topics, any, or the one heard last (`latest`)."""
        online = is_online(entity, line.topic, line.payload or "")
        if online is None:
            return []
        self._online[entity.device, line.topic] = online
        told = [self._online.get((entity.device, topic)) for topic, *_ in entity.availability()]
        mode = entity.text("availability_mode")
        if mode == "any":
            online = True in told
        elif mode == "all" and online:
            online = False if False in told else None if None in told else True
        if line.retained and online:
            return []
        return [Sighting(state=DeviceState(device=entity.device, at=at, online=online))]

    def _point(self, entity: Entity, kind: str, value: float, at: int) -> list[Item]:
        device, items = entity.device, list[Item]()
        if kind in READINGS:
            items += reading(device, kind, value, at)
        if kind in _EVENTS or kind == _UNKNOWN:
            shown = remembered(self._options.memory, f"{device} shown", _Shown).on.setdefault(kind, set())
            if not value:
                shown.discard(entity.key)
            elif len(shown) < _MAX_SHOWN:
                shown.add(entity.key)
            evidence = {"entity": entity.key, "value": bool(value)}
            found = judge(levels_of(self._options, device), device, kind, bool(shown), at, evidence)
            items += found if kind != "sos" else _presses(found)
        return items


def _presses(found: list[Happening]) -> list[Happening]:
    """A call for help that shows as a state: each rise is a press, and nothing takes it back."""
    return [msgspec.structs.replace(event, instant=True) for event in found if event.phase == "raised"]


def _pressed(entity: Entity, pressed: str, at: int) -> Item:
    """A press; one that says itself that it is a call for help is an SOS."""
    if not is_sos_action(pressed):
        return Press(device=entity.device, button=pressed, at=at)
    return Happening(
        device=entity.device,
        kind="sos",
        phase="raised",
        at=at,
        evidence={"entity": entity.key, "action": pressed},
        instant=True,
    )
