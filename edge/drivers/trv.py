"""Driver of the TRV/IW text protocol over TCP (page `firmware_specs/devices/trv.md`)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from edge.drivers.device_clock import digits_of
from edge.drivers.options import DriverOptions, remembered
from edge.drivers.orders import OrderRefused
from edge.drivers.tracker import Told, TrackerMemory, items_of, percent
from edge.drivers.trv_frames import ALARMS, TrvFramer, TrvMessage, decode_message, reply
from edge.readings import Item

_NOBODY: Final = "trv-unknown"
_MG_DL_PER_MMOL_L: Final = 18.016
_LEAST_MG_DL: Final = 35  # a glucose above this can only be mg/dL


class TrvDriver:
    """Messages in, items and answers out; one object a connection; its watch is known once it logged in."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._framer = TrvFramer(self.counts)
        self._device = _NOBODY
        self._memory = TrackerMemory()  # of whoever has not logged in yet, so of this connection alone
        self._replies = bytearray()
        self._prefix = ""
        self._heard_at = 0
        self._asked = False

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the messages that these bytes complete; never raises."""
        items: list[Item] = []
        for raw in self._framer.feed(data):
            message = decode_message(raw)
            if message is None:
                self.counts["frame_unreadable"] += 1
                continue
            self.counts["frames"] += 1
            self._prefix, self._heard_at = message.prefix, at
            if message.imei is not None:
                self._device = f"trv-{message.imei}"
                self._memory = remembered(self._options.memory, self._device, TrackerMemory)
            items += items_of(told_by(message, self._device), self._memory, at)
            if not (self._asked and message.type == "AP16"):  # its answer, BP16, would ask once more
                self._replies += reply(message, at)
        return items

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._framer.finish()

    def replies(self) -> bytes:
        """Answers to the messages received so far, each once."""
        data = bytes(self._replies)
        self._replies.clear()
        return data

    def locate(self, device: str) -> bool:
        """Ask the watch of this connection where it is; False when it is another."""
        return self.order(device, "locate", {})

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Give the watch of this connection an order; False when it is another."""
        if device != self._device or device == _NOBODY:
            return False
        if name != "locate":
            raise OrderRefused(f"this watch knows no {name[:40]!r}; there is locate")
        self._asked = True
        self._replies += locate_order(self._prefix, device.removeprefix("trv-"), self._heard_at)
        return True


def locate_order(prefix: str, imei: str, at: int) -> bytes:
    """BP16: tell where you are now; a watch of the TRV kind is not named in it."""
    named = f"{imei}," if prefix == "IW" else ""
    return f"{prefix}BP16,{named}{digits_of(at)[6:]}#".encode()


def told_by(message: TrvMessage, device: str) -> Told:
    """What a message says."""
    fix = message.fix
    return Told(
        device=device,
        raw=f"{message.type}{message.content}".encode(),
        claimed=fix.time if fix is not None else None,
        place=(fix.lat, fix.lon) if fix is not None and fix.gps_valid else None,
        alarms=alarms(message),
        values=_values(message),
        wifi=message.wifi,
        evidence=_evidence(message),
    )


def alarms(message: TrvMessage) -> frozenset[str] | None:
    """Names of the alarms of a message; empty for an alarm that cannot be read, None for no alarm."""
    if message.alarm_code is None:
        return frozenset() if message.type == "AP10" else None
    if message.alarm_code == 0:
        return None
    return frozenset({ALARMS.get(message.alarm_code, f"code{message.alarm_code}")})


def _values(message: TrvMessage) -> tuple[tuple[str, float | None], ...]:
    glucose = message.glucose
    if glucose is not None and glucose > _LEAST_MG_DL:
        glucose = round(glucose / _MG_DL_PER_MMOL_L, 1)
    return (
        ("battery", percent(message.battery)),
        ("signal_strength", percent(message.gsm)),
        ("steps", message.steps),
        ("heart_rate", message.heart_rate or None),
        ("systolic", (message.systolic or None) if message.diastolic else None),
        ("diastolic", (message.diastolic or None) if message.systolic else None),
        ("spo2", message.spo2 or None),
        ("glucose", glucose or None),
        ("body_temperature", message.body_temp_c or None),
    )


def _evidence(message: TrvMessage) -> dict[str, Any]:
    evidence: dict[str, Any] = {"type": f"{message.prefix}{message.type}"}
    if message.cells:
        evidence["cells"] = msgspec.to_builtins(message.cells)
    return evidence
