"""The form in which `carebed-edge decode` shows what a driver made of a message."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.readings import Happening, Item

_POINTS: Final = {
    "battery": "battery_pct",
    "battery_voltage": "voltage_v",
    "mains_voltage": "voltage_v",
    "link_quality": "lqi",
    "illuminance": "illuminance_lx",
    "temperature": "temperature_c",
    "humidity": "humidity_pct",
    "co2": "co2_ppm",
    "power": "power_w",
    "energy": "energy_kwh",
    "current": "current_a",
    "weight": "weight_kg",
}
_YES_NO: Final = frozenset(
    {"smoke", "gas", "co", "water_leak", "tamper", "battery_low", "motion", "presence", "vibration"}
    | {"door_open", "in_bed", "sos", "test", "fall", "switch"}
)
Decoded = dict[str, Any]
Decoder = Callable[[bytes], Decoded]
"""One message -> `{"decoded", "items", "replies"}`; raises Unreadable when it is no message."""


class Unreadable(ValueError):
    """A line that is no message of its protocol; the text says why, `replies` is what the device is told,
    `found` what could be told of a frame that had to be rejected.
    """

    def __init__(self, why: str, replies: str = "", found: Decoded | None = None) -> None:
        super().__init__(why)
        self.replies = replies
        self.found = found or {}


def json_object(data: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"不是 JSON / not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Unreadable("不是 JSON 对象 / not a JSON object")
    return value


def parsed(payload: Any) -> Any:
    try:
        return msgspec.json.decode(payload) if isinstance(payload, str) else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def shown_items(items: list[Item]) -> list[Any]:
    """Items with their type's name; what only clears something unknown is left out."""
    shown = [item for item in items if not (isinstance(item, Happening) and item.phase == "cleared")]
    return [{"item": type(item).__name__.lower()} | msgspec.to_builtins(item) for item in shown]


def point(kind: str, value: float) -> list[Any]:
    """A meaning as `[name, value]`: the unit in the name, yes or no for a state."""
    return [_POINTS.get(kind, kind), bool(value) if kind in _YES_NO else plain(value)]


def plain(value: float | None) -> float | int | None:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def shown_bytes(data: bytes) -> str:
    """Printable bytes as text, others as `hex:`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"hex:{data.hex()}"
    return text if all(c.isprintable() or c == "\n" for c in text) else f"hex:{data.hex()}"


def one_or_all(shown: list[Decoded]) -> Decoded | list[Decoded]:
    """The only message of a line, or the list of several."""
    return shown[0] if len(shown) == 1 else shown
