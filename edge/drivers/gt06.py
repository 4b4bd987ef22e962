"""Driver of the GT06 binary protocol over TCP (page `firmware_specs/devices/gt06.md`)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from edge.drivers.gt06_frames import (
    MODULES,
    PLACED,
    STATUSES,
    WHERE,
    command,
    decode_frame,
    is_alarm,
    reply,
)
from edge.drivers.gt06_framing import Gt06Frame, Gt06Framer
from edge.drivers.gt06_message import Gt06Message
from edge.drivers.options import DriverOptions, remembered
from edge.drivers.orders import OrderRefused, telephones
from edge.drivers.tracker import Told, TrackerMemory, gravest, items_of, percent
from edge.readings import Item

_NOBODY: Final = "gt06-unknown"
_HIGHEST_VOLTAGE: Final = 6
_HIGHEST_GSM: Final = 4
_HIGHEST_MCC: Final = 999


class Gt06Driver:
    """Frames in, items and answers out; one object a connection; its device is known once it logged in."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._framer = Gt06Framer(self.counts)
        self._device = _NOBODY
        self._memory = TrackerMemory()  # of whoever has not logged in yet, so of this connection alone
        self._replies = bytearray()
        self._serial = 0

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the frames that these bytes complete; a wrong checksum gets no answer, so that the
        device says it again. Never raises.
        """
        items: list[Item] = []
        for frame in self._framer.feed(data):
            if not frame.crc_ok:
                self.counts["checksum_wrong"] += 1
                continue
            self.counts["frames"] += 1
            message = decode_frame(frame)
            if message.imei is not None:
                self._device = f"gt06-{message.imei}"
                self._memory = remembered(self._options.memory, self._device, TrackerMemory)
            items += items_of(told_by(frame, message, self._device), self._memory, at)
            self._replies += reply(frame, at)
        return items

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._framer.finish()

    def replies(self) -> bytes:
        """Answers to the frames received so far, each once."""
        data = bytes(self._replies)
        self._replies.clear()
        return data

    def locate(self, device: str) -> bool:
        """Ask the device of this connection where it is; False when it is another."""
        return self.order(device, "locate", {})

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Give the device of this connection an order; False when it is another."""
        if device != self._device or device == _NOBODY:
            return False
        text = order_text(name, args)
        self._serial = (self._serial + 1) & 0xFFFF
        self._replies += command(text, self._serial)
        return True


def order_text(name: str, args: Mapping[str, Any]) -> str:
    """The text of an order; OrderRefused for an unknown one or arguments that do not fit."""
    match name:
        case "locate":
            return WHERE
        case "sos_numbers":
            return f"SOS,A,{','.join(telephones(args, 3))}#"
        case _:
            raise OrderRefused(f"a tracker knows no {name[:40]!r}; there are locate, sos_numbers")


def told_by(frame: Gt06Frame, message: Gt06Message, device: str) -> Told:
    """What a frame says."""
    states = None
    if frame.proto in STATUSES and message.status is not None:
        names = (message.state_alarm, message.code_alarm if frame.proto == MODULES else None)
        states = frozenset(name for name in names if name is not None)
    return Told(
        device=device,
        raw=bytes([frame.proto]) + frame.body,
        claimed=message.time,
        place=_place(message),
        late=message.resent,
        alarms=_alarms(frame, message),
        states=states,
        complete=not states,
        values=(
            (
                "battery",
                percent(message.battery_pct)
                if message.battery_pct is not None
                else _battery(message.voltage_level),
            ),
            ("signal_strength", _signal(message.gsm_level)),
        ),
        wifi=message.wifi,
        charging=bool(message.status >> 2 & 1) if message.status is not None else None,
        evidence=_evidence(frame, message),
    )


def alarm_names(message: Gt06Message) -> list[str]:
    """Names of the alarms in the state bits and the alarm byte, the gravest first; a fence without a
    direction says nothing beside one with.
    """
    names = {name for name in (message.state_alarm, message.code_alarm) if name is not None}
    if names & {"fence_enter", "fence_exit"}:
        names.discard("fence")
    return gravest(names)


def _alarms(frame: Gt06Frame, message: Gt06Message) -> frozenset[str] | None:
    """None for no alarm message; an alarm whose codes are all 0 is an unknown one, not a call for help."""
    names = frozenset(alarm_names(message))
    if not is_alarm(frame):
        return names or None if frame.proto == PLACED else None
    return frozenset() if message.unread else names or frozenset({"code0"})


def _place(message: Gt06Message) -> tuple[float, float] | None:
    if not message.gps_valid or message.lat is None or message.lon is None or message.time is None:
        return None
    return message.lat, message.lon


def _battery(level: int | None) -> float | None:
    """Percent of a level 0-6; boards that send more send percent."""
    if level is None or level > _HIGHEST_VOLTAGE:
        return percent(level)
    return round(level * 100 / _HIGHEST_VOLTAGE)


def _signal(level: int | None) -> float | None:
    """Percent of a level 0-4; boards that send more send percent."""
    if level is None or level > _HIGHEST_GSM:
        return percent(level)
    return level * 100 / _HIGHEST_GSM


def _evidence(frame: Gt06Frame, message: Gt06Message) -> dict[str, Any]:
    evidence: dict[str, Any] = {"type": f"0x{frame.proto:02x}"}
    if message.status is not None:
        evidence["status"] = f"{message.status:02x}"
    if message.alarm_code is not None:
        evidence["code"] = f"{message.alarm_code:02x}"
    cells = [cell for cell in (message.cell, *message.cells) if cell and 0 < cell.mcc <= _HIGHEST_MCC]
    if cells:
        evidence["cells"] = msgspec.to_builtins(cells)
    return evidence
