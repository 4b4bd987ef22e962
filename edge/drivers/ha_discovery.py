"""Discovery messages of Home Assistant -> entities (page `home_assistant.md`)."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from edge.drivers.ha_abbreviations import DEVICE_NAMES, NAMES, ORIGIN_NAMES
from firmware_specs.ids import wire_id

_TOPIC: Final = re.compile(r"^([^/]+)/(?:([^/]+)/)?([^/]+)/config$")
_MAX_COMPONENTS: Final = 300
# What a device's message may say once for all its components that have topics of their own.
_SHARED: Final = (
    *("availability", "availability_mode", "availability_template", "availability_topic"),
    *("payload_available", "payload_not_available", "command_topic", "encoding", "qos", "state_topic"),
)
_WITHOUT_STATE: Final = frozenset({"device_automation", "tag"})


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a device shows: what kind (`platform`), which device, its settings in full names."""

    platform: str
    key: str
    device: str
    model: str | None
    config: dict[str, Any]

    def text(self, name: str, default: str = "") -> str:
        """A setting as text."""
        value = self.config.get(name, default)
        return value if isinstance(value, str) else str(value)

    def topics(self) -> Iterator[str]:
        """Topics on which this entity's state or availability comes."""
        for name in ("state_topic", "topic", "availability_topic"):
            if value := self.text(name):
                yield value
        for topic, *_ in self.availability():
            yield topic

    def availability(self) -> list[tuple[str, str, str, str]]:
        """(topic, what says online, what says offline, template) of each availability topic."""
        listed = self.config.get("availability")
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        if topic := self.text("availability_topic"):
            entries.append(
                self.config | {"topic": topic, "value_template": self.text("availability_template")}
            )
        return [
            (
                entry["topic"],
                str(entry.get("payload_available", "online")),
                str(entry.get("payload_not_available", "offline")),
                str(entry.get("value_template", "")),
            )
            for entry in entries
            if isinstance(entry.get("topic"), str)
        ]


def is_config(topic: str) -> bool:
    """True for a discovery topic, seen from below the prefix."""
    return _TOPIC.match(topic) is not None


def read_config(topic: str, payload: Any) -> dict[str, Entity]:
    """The entities of one discovery message by their key; empty when it is not one, or removes them.

    `topic` is seen from below the discovery prefix.
    """
    found = _TOPIC.match(topic)
    if found is None or not isinstance(payload, dict):
        return {}
    platform, node, object_id = found.groups()
    config = expand(payload)
    if platform != "device":
        return {object_id: _entity(platform, object_id, node or object_id, config)}
    components = config.get("components")
    if not isinstance(components, dict):
        return {}
    shared = {name: config[name] for name in _SHARED if name in config}
    entities: dict[str, Entity] = {}
    for key, component in list(components.items())[:_MAX_COMPONENTS]:
        given = expand(component, base=payload.get("~")) if isinstance(component, dict) else {}
        kind = given.get("platform")
        if isinstance(kind, str) and len(given) > 1:
            common = {} if kind in _WITHOUT_STATE else shared
            whole = common | {"device": config.get("device")} | given
            entities[str(key)] = _entity(kind, str(key), object_id, whole)
    return entities


def expand(payload: dict[str, Any], base: Any = None) -> dict[str, Any]:
    """A configuration with every name in full and `~` in topics replaced."""
    base = payload.get("~", base)
    config = {NAMES.get(key, key): value for key, value in payload.items() if key != "~"}
    for part, names in (("device", DEVICE_NAMES), ("origin", ORIGIN_NAMES)):
        if isinstance(config.get(part), dict):
            config[part] = {names.get(key, key): value for key, value in config[part].items()}
    if isinstance(config.get("availability"), list):
        config["availability"] = [
            expand(entry, base) if isinstance(entry, dict) else entry for entry in config["availability"]
        ]
    if not isinstance(base, str):
        return config
    return {key: _based(key, value, base) for key, value in config.items()}


def _based(key: str, value: Any, base: str) -> Any:
    if not isinstance(value, str) or not key.endswith("topic"):
        return value
    if value.startswith("~"):
        value = base + value[1:]
    return value[:-1] + base if value.endswith("~") else value


def _entity(platform: str, key: str, fallback: str, config: dict[str, Any]) -> Entity:
    device = config.get("device")
    about: dict[str, Any] = device if isinstance(device, dict) else {}
    model = about.get("model")
    return Entity(
        platform=platform,
        key=key,
        device=f"ha-{wire_id(_identity(about) or fallback)}"[:64].rstrip("-"),
        model=model if isinstance(model, str) else None,
        config=config,
    )


def _identity(device: dict[str, Any]) -> str:
    """The first identifier of a device, else its first connection's address."""
    given = device.get("identifiers")
    first = given[0] if isinstance(given, list) and given else given
    if isinstance(first, str | int) and str(first):
        return str(first)
    connections = device.get("connections")
    first = connections[0] if isinstance(connections, list) and connections else None
    return str(first[1]) if isinstance(first, list) and len(first) == 2 else ""
