"""Zigbee2MQTT's exposes and messages built by hand, for tests."""

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

from edge.drivers.options import DriverOptions
from edge.drivers.zigbee2mqtt import ZigbeeDriver
from edge.readings import Happening, Item, Reading

AT = 1_770_401_400_000
IEEE = "0xA4C1380000000002"
ID = "zb-a4c1380000000002"
T = TypeVar("T")


def binary(
    name: str, on: Any = True, off: Any = False, access: int = 1, key: str | None = None
) -> dict[str, Any]:
    return {
        "type": "binary",
        "name": name,
        "property": key or name,
        "access": access,
        "value_on": on,
        "value_off": off,
    }


def numeric(name: str, unit: str = "", access: int = 1) -> dict[str, Any]:
    return {"type": "numeric", "name": name, "property": name, "access": access, "unit": unit}


def enum(name: str, *values: str, access: int = 1) -> dict[str, Any]:
    return {"type": "enum", "name": name, "property": name, "access": access, "values": list(values)}


def entry(*exposes: dict[str, Any], name: str = "厨房/烟感", ieee: str = IEEE, **more: Any) -> dict[str, Any]:
    definition = {"model": "X", "vendor": "Y", "exposes": list(exposes)}
    return {"ieee_address": ieee, "friendly_name": name, "type": "EndDevice", "definition": definition} | more


def line(topic: str, payload: Any, *, retained: bool = False) -> bytes:
    text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
    return (
        json.dumps({"topic": f"zigbee2mqtt/{topic}", "retained": retained, "payload": text}).encode() + b"\n"
    )


def bridge(*exposes: dict[str, Any], options: DriverOptions | None = None, **more: Any) -> ZigbeeDriver:
    driver = ZigbeeDriver(options or DriverOptions())
    assert (
        driver.receive(line("bridge/devices", [entry(*exposes, **more)], retained=True), AT - 120_000) == []
    )
    return driver


def tell(
    driver: ZigbeeDriver, state: Any, at: int = AT, *, name: str = "厨房/烟感", retained: bool = False
) -> list[Item]:
    return driver.receive(line(name, state, retained=retained), at)


def of(kind: type[T], items: list[Item]) -> list[T]:
    return [item for item in items if isinstance(item, kind)]


def events(items: list[Item]) -> list[tuple[str, str]]:
    return [(item.kind, item.phase) for item in of(Happening, items)]


def values(items: list[Item]) -> dict[str, float]:
    return {item.kind: item.value for item in of(Reading, items)}


def iso(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
