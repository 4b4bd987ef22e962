"""Zigbee sensors behind Zigbee2MQTT (page `firmware_specs/devices/zigbee2mqtt.md`).

`Zigbee2Mqtt` is the bridge on the home's own broker: bridge/state, bridge/info, bridge/devices with
`exposes`, retained availability, and the state JSON of each sensor.
"""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import aiomqtt

from firmware_specs.clock import Clock

Expose = dict[str, Any]


def _binary(name: str, on: Any = True, off: Any = False) -> Expose:
    return {"type": "binary", "name": name, "property": name, "access": 1, "value_on": on, "value_off": off}


def _numeric(name: str, unit: str) -> Expose:
    return {"type": "numeric", "name": name, "property": name, "access": 1, "unit": unit}


def _action(*values: str) -> Expose:
    return {"type": "enum", "name": "action", "property": "action", "access": 1, "values": list(values)}


_BATTERY: Final = (_numeric("battery", "%"), _numeric("voltage", "mV"), _numeric("linkquality", "lqi"))


@dataclass(frozen=True)
class Model:
    """A product as the converter library describes it, with the state it is in when nothing happens."""

    model: str
    vendor: str
    description: str
    exposes: tuple[Expose, ...]
    idle: dict[str, Any]


MODELS: Final[dict[str, Model]] = {
    "sos_button": Model("TS0215A_sos", "Tuya", "SOS button", (_action("emergency"), *_BATTERY), {}),
    "smoke": Model(
        "HS1SA-E",
        "Heiman",
        "Smoke detector",
        (_binary("smoke"), _binary("battery_low"), _binary("tamper"), _binary("test"), *_BATTERY),
        {"smoke": False, "battery_low": False, "tamper": False, "test": False},
    ),
    "gas": Model(
        "HS1CG",
        "Heiman",
        "Gas detector",
        (_binary("gas"), _binary("tamper")),
        {"gas": False, "tamper": False},
    ),
    "co": Model(
        "HS1CA-E",
        "Heiman",
        "CO detector",
        (_binary("carbon_monoxide"), _binary("battery_low"), *_BATTERY),
        {"carbon_monoxide": False, "battery_low": False},
    ),
    "water_leak": Model(
        "SJCGQ11LM",
        "Aqara",
        "Water leak sensor",
        (_binary("water_leak"), _binary("battery_low"), *_BATTERY),
        {"water_leak": False, "battery_low": False},
    ),
    "door": Model(
        "MCCGQ11LM", "Aqara", "Door sensor", (_binary("contact", False, True), *_BATTERY), {"contact": True}
    ),
    "motion": Model(
        "RTCGQ11LM",
        "Aqara",
        "Motion sensor",
        (_binary("occupancy"), _numeric("illuminance", "lx"), *_BATTERY),
        {"occupancy": False, "illuminance": 120},
    ),
}
ON: Final[dict[str, dict[str, Any]]] = {
    "sos_button": {"action": "emergency"},
    "smoke": {"smoke": True},
    "gas": {"gas": True},
    "co": {"carbon_monoxide": True},
    "water_leak": {"water_leak": True},
    "door": {"contact": False},
    "motion": {"occupancy": True},
}


@dataclass
class Sensor:
    """One sensor: `kind` is a key of MODELS, `ieee` 16 hex digits, `name` the friendly name."""

    kind: str
    ieee: str
    name: str
    battery: int = 97
    state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = {**MODELS[self.kind].idle, **self.state}

    @property
    def device_id(self) -> str:
        """The id of this sensor on the wire to the cloud."""
        return f"zb-{self.ieee}"

    def payload(self, change: dict[str, Any], at_ms: int) -> dict[str, Any]:
        """The whole state after a change, as the bridge publishes it; an `action` is told once."""
        self.state.update({key: value for key, value in change.items() if key != "action"})
        seen = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        power = {} if self.kind == "gas" else {"battery": self.battery, "voltage": 3000}
        return {**self.state, **change, **power, "linkquality": 120, "last_seen": seen}


def device_entry(sensor: Sensor, network_address: int) -> dict[str, Any]:
    """One entry of bridge/devices."""
    model = MODELS[sensor.kind]
    return {
        "ieee_address": f"0x{sensor.ieee}",
        "friendly_name": sensor.name,
        "type": "EndDevice",
        "supported": True,
        "disabled": False,
        "network_address": network_address,
        "interview_state": "SUCCESSFUL",
        "power_source": "Mains (single phase)" if sensor.kind == "gas" else "Battery",
        "model_id": model.model,
        "manufacturer": model.vendor,
        "definition": {
            "model": model.model,
            "vendor": model.vendor,
            "description": model.description,
            "exposes": list(model.exposes),
            "options": [],
        },
        "endpoints": {},
    }


def bridge_devices(sensors: list[Sensor]) -> list[dict[str, Any]]:
    """The payload of bridge/devices: the coordinator, then the sensors."""
    coordinator = {
        "ieee_address": "0x00124b0024c0ffee",
        "friendly_name": "Coordinator",
        "type": "Coordinator",
        "supported": True,
        "disabled": False,
        "network_address": 0,
        "interview_state": "SUCCESSFUL",
        "definition": None,
        "endpoints": {},
    }
    return [coordinator, *(device_entry(sensor, 1000 + n) for n, sensor in enumerate(sensors))]


@dataclass
class Zigbee2Mqtt:
    """The bridge of one home on its own broker; use `async with bridge.connected():` and the verbs inside."""

    host: str
    port: int
    clock: Clock
    sensors: list[Sensor]
    base: str = "zigbee2mqtt"
    _client: aiomqtt.Client | None = None

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator["Zigbee2Mqtt"]:
        """Connect, announce the bridge and its devices, and say offline at the end (or by the last will)."""
        will = aiomqtt.Will(f"{self.base}/bridge/state", _json({"state": "offline"}), qos=1, retain=True)
        async with aiomqtt.Client(self.host, self.port, identifier="zigbee2mqtt", will=will) as client:
            self._client = client
            await self._announce()
            try:
                yield self
            finally:
                self._client = None

    async def report(self, sensor: Sensor, change: dict[str, Any] | None = None) -> None:
        """Publish a sensor's state after a change (none: a periodic report)."""
        payload = sensor.payload(change or {}, self.clock.now_ms())
        await self._publish(sensor.name, payload)

    async def available(self, sensor: Sensor, *, online: bool) -> None:
        """Publish retained availability."""
        await self._publish(
            f"{sensor.name}/availability", {"state": "online" if online else "offline"}, retain=True
        )

    async def raw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish any bytes below the base topic."""
        assert self._client is not None, "the bridge is not connected"
        await self._client.publish(f"{self.base}/{topic}", payload, qos=0, retain=retain)

    async def _announce(self) -> None:
        await self._publish("bridge/state", {"state": "online"}, retain=True)
        info = {"version": "2.6.1", "permit_join": False, "network": {"channel": 15}}
        await self._publish("bridge/info", info, retain=True)
        await self._publish("bridge/devices", bridge_devices(self.sensors), retain=True)
        for sensor in self.sensors:
            await self.available(sensor, online=True)

    async def _publish(self, topic: str, payload: Any, *, retain: bool = False) -> None:
        await self.raw(topic, _json(payload), retain=retain)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
