"""Bluetooth: BTHome advertisements, health characteristics, vendors' frames."""

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from edge.decoding.bluetooth import bluetooth
from edge.decoding.forms import Unreadable
from edge.drivers import ieee11073, oximeters, viatom
from tests.conformance.samples import Values, given_bytes

NUMBERS: dict[str, Callable[[bytes], float | None]] = {
    "SFLOAT": ieee11073.sfloat,
    "FLOAT": ieee11073.float32,
}
# Words of a device's description: on which characteristic its frames come.
CHANNELS = (("PC-60", oximeters.NORDIC_UART), ("BerryMed", oximeters.BERRYMED), ("FFE4", oximeters.FFE4))
# Words of what a Viatom answer carries: samples hold the answer's data without its frame.
ANSWERS: tuple[tuple[str, Callable[[bytes], Values]], ...] = (
    ("sensor", viatom.sensors),
    ("BATTERY", viatom.battery),
    ("status", viatom.status),
    ("record", lambda data: viatom.records(bytes(10) + data)[0]),
    ("file", lambda data: viatom.records(data)[-1]),
)


def _shown(value: Any) -> Any:
    """Names with blanks and values as text, as the samples have them."""
    if isinstance(value, str):
        return value.replace("_", " ")
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    return repr(value) if isinstance(value, datetime) else value


def advertisement(given: Values) -> Values:
    """One HCI event with a BTHome advertisement."""
    line = {"hci": given_bytes(given).hex(), "key": given.get("key")}
    told = bluetooth()(json.dumps(line).encode())["decoded"]
    return {
        "want": {"packet": "no packet id"} | {_shown(name): _shown(value) for name, value in told.items()}
    }


def characteristic(given: Values) -> Values:
    """One characteristic, or a bare number."""
    data = given_bytes(given)
    if given["uuid"] in NUMBERS:
        return {"want": {"value": _shown(NUMBERS[given["uuid"]](data))}}
    line = json.dumps({"uuid": given["uuid"], "value": data.hex()})
    try:
        return {"want": bluetooth()(line.encode())["decoded"]}
    except Unreadable as error:
        return {"want": error.found}


def vendor(given: Values) -> Values:
    """One frame of a vendor's device, or the data of one answer."""
    data = given_bytes(given)
    for word, uuid in CHANNELS:
        if word in given["dev"]:
            line = json.dumps({"uuid": uuid, "value": data.hex()})
            told = bluetooth()(line.encode())["decoded"]
            note = {"pi_note": f"0x{told['pi_raw']:02x}/10"} if "pi_raw" in told else {}
            return {"want": told | note}
    return {"want": next(read for word, read in ANSWERS if word in given["dev"])(data)}
