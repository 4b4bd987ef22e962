"""Boards that announce themselves over MQTT (page `home_assistant.md`): what happens -> messages."""

import json
from dataclasses import dataclass
from typing import Any, Final

import aiomqtt


@dataclass(frozen=True)
class Message:
    """One publication; `retained` as a subscriber sees it."""

    topic: str
    payload: str
    retained: bool = False


# entity: (platform, settings beside the topic)
ENTITIES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "fall_detected": ("binary_sensor", {"name": "Fall detected"}),
    "people_exist": ("binary_sensor", {"name": "People exist", "dev_cla": "occupancy"}),
    "smoke": ("binary_sensor", {"name": "Smoke", "dev_cla": "smoke"}),
    "real_time_heart_rate": ("sensor", {"name": "Heart rate", "unit_of_meas": "bpm"}),
    "breath_rate": ("sensor", {"name": "Breath rate", "unit_of_meas": "bpm"}),
    "button": ("event", {"name": "Button", "evt_typ": ["press", "sos"], "dev_cla": "button"}),
}
# what happens: (entity, payload)
HAPPENS: Final[dict[str, tuple[str, str]]] = {
    "somebody": ("people_exist", "ON"),
    "nobody": ("people_exist", "OFF"),
    "fall": ("fall_detected", "ON"),
    "gets_up": ("fall_detected", "OFF"),
    "smoke": ("smoke", "ON"),
    "clear_air": ("smoke", "OFF"),
    "heart_72": ("real_time_heart_rate", "72"),
    "breath_16": ("breath_rate", "16.0"),
    "press": ("button", '{"event_type":"press"}'),
    "sos": ("button", '{"event_type":"sos"}'),
}


@dataclass(frozen=True)
class Board:
    """One ESPHome board, such as a fall radar."""

    name: str

    @property
    def device_id(self) -> str:
        """The id of this board on the wire to the cloud."""
        return f"ha-{self.name}"

    def announce(self) -> list[Message]:
        """Its discovery messages, short names and all, and that it is online."""
        about = {"ids": [self.name], "mdl": "MR60FDA2", "mf": "Seeed"}
        messages = []
        for entity, (platform, settings) in ENTITIES.items():
            config = {"~": self.name, "stat_t": f"~/{entity}/state", "avty_t": "~/status", "dev": about}
            topic = f"homeassistant/{platform}/{self.name}/{entity}/config"
            messages.append(Message(topic, json.dumps(config | settings), retained=True))
        return [*messages, Message(f"{self.name}/status", "online")]

    def tell(self, what: str, *, retained: bool = False) -> Message:
        """The state message of what happens; `retained`: the broker's old copy, told again."""
        entity, payload = HAPPENS[what]
        return Message(f"{self.name}/{entity}/state", payload, retained)

    def dies(self) -> Message:
        """The last will."""
        return Message(f"{self.name}/status", "offline")


async def publish(host: str, port: int, messages: list[Message]) -> None:
    """Send messages to the home's own broker; all are retained there, as boards do."""
    async with aiomqtt.Client(host, port) as client:
        for message in messages:
            await client.publish(message.topic, message.payload, qos=1, retain=True)
