"""MQTT topics between gateway and cloud: the only place that spells them."""

from typing import Final, NamedTuple

from firmware_specs.ids import is_wire_id

PREFIX: Final = "carebed/v1"
CLOUD_STATUS: Final = f"{PREFIX}/cloud/status"
EVENTS: Final = f"{PREFIX}/+/up/event"
TELEMETRY: Final = f"{PREFIX}/+/up/telemetry"
RESULTS: Final = f"{PREFIX}/+/up/result"
LOGS: Final = f"{PREFIX}/+/up/log"
STATES: Final = f"{PREFIX}/+/state/#"

KEEP_ALIVE_S: Final = 30
OFFLINE_AFTER_S: Final = 75


class UpTopic(NamedTuple):
    """A topic a gateway writes: its id, the channel (`event`, `birth`, `device` ...), a device's id."""

    gateway: str
    channel: str
    device: str | None = None


def up(gateway: str, channel: str) -> str:
    """`up/event`, `up/telemetry`, `up/result` or `up/log` of a gateway."""
    return f"{PREFIX}/{gateway}/up/{channel}"


def state(gateway: str, channel: str) -> str:
    """`state/online` or `state/birth` of a gateway."""
    return f"{PREFIX}/{gateway}/state/{channel}"


def device_state(gateway: str, device: str) -> str:
    """The retained state of one device."""
    return f"{PREFIX}/{gateway}/state/device/{device}"


def down(gateway: str, channel: str) -> str:
    """`down/ack`, `down/command` or `down/config` of a gateway; `#` for all."""
    return f"{PREFIX}/{gateway}/down/{channel}"


def parse_up(topic: str) -> UpTopic | None:
    """What a gateway's topic says; None for a topic that no gateway may write, or with an id that is none."""
    match topic.split("/"):
        case ["carebed", "v1", gateway, "up", ("event" | "telemetry" | "result" | "log") as channel]:
            found = UpTopic(gateway, channel)
        case ["carebed", "v1", gateway, "state", ("online" | "birth") as channel]:
            found = UpTopic(gateway, channel)
        case ["carebed", "v1", gateway, "state", "device", device] if is_wire_id(device):
            found = UpTopic(gateway, "device", device)
        case _:
            return None
    return found if is_wire_id(found.gateway) else None
