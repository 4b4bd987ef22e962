"""Bluetooth: BTHome advertisements, health characteristics, vendors' frames."""

import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from edge.decoding.bluetooth import bluetooth
from edge.decoding.forms import Unreadable
from edge.drivers import ieee11073, oximeters, viatom
from tests.conformance.samples import Values, given_bytes

# Names under which collections of characteristics also give a value.
OTHER_NAMES = {
    "pulse": "pulse_rate",
    "sequence": "seq",
    "status_raw": "measurement_status",
    "type": "temperature_type",
    "user_id": "user",
}
NUMBERS: dict[str, Callable[[bytes], float | None]] = {
    "SFLOAT": ieee11073.sfloat,
    "FLOAT": ieee11073.float32,
}
# On which characteristic a frame comes, by a word of the device's description or by how it begins.
CHANNELS = (
    ("PC-60|^aa55", oximeters.NORDIC_UART),
    ("BerryMed|BCI", oximeters.BERRYMED),
    ("FFE4|^fe0[8a]5[56]", oximeters.FFE4),
    ("^(5500ff|5517e8|a5(00ff|30cf|f20d|f30c|f40b))", viatom.NOTIFY),
)
# Samples also hold a Viatom answer without its frame: what it carries, by a word or by its length.
ANSWERS: tuple[tuple[str, int, Callable[[bytes], Values]], ...] = (
    ("record|result", 37, lambda data: viatom.records(bytes(10) + data)[0]),
    ("file|list", 0, lambda data: viatom.records(data)[-1]),
    ("sensor", 13, viatom.sensors),
    ("battery", 4, viatom.battery),
    ("status|info", 40, viatom.status),
)


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _shown(value: Any) -> Any:
    """Names with blanks and values as text, as the samples have them."""
    if isinstance(value, str):
        return value.replace("_", " ")
    return repr(value) if isinstance(value, datetime) else _finite(value)


def advertisement(given: Values) -> Values:
    """One HCI event with a BTHome advertisement; the key of an encrypted one under any name."""
    key = next((value for name, value in given.items() if "key" in name), None)
    line = {"hci": given_bytes(given).hex(), "key": key}
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
        told = bluetooth()(line.encode())["decoded"]
        told |= {other: told[name] for name, other in OTHER_NAMES.items() if name in told}
        return {"want": {name: _finite(value) for name, value in told.items()}}
    except Unreadable as error:
        return {"want": error.found}


def vendor(given: Values) -> Values:
    """One frame of a vendor's device, or the data of one answer."""
    data, described = given_bytes(given), str(given.get("dev", ""))
    for words, uuid in CHANNELS:
        if re.search(words, described, re.IGNORECASE) or re.search(words, data.hex()):
            told = bluetooth()(json.dumps({"uuid": uuid, "value": data.hex()}).encode())["decoded"]
            note = {"pi_note": f"0x{told['pi_raw']:02x}/10"} if "pi_raw" in told else {}
            return {"want": told | note}
    for words, length, read in ANSWERS:
        if re.search(words, described, re.IGNORECASE) or len(data) == length:
            return {"want": read(data)}
    raise ValueError(f"no frame and no answer of a device that is known: {described}")
