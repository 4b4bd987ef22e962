"""Driver of the watch text protocol `[3G*...]` over TCP (page `firmware_specs/devices/watch.md`)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge.drivers import watch_alarms
from edge.drivers.device_clock import ClockMemory, backfilled, live
from edge.drivers.options import DriverOptions, remembered
from edge.drivers.orders import OrderRefused
from edge.drivers.watch_alarms import Moment
from edge.drivers.watch_commands import command_content, is_dangerous
from edge.drivers.watch_frames import (
    WatchFix,
    WatchFrame,
    decode_frame,
    encode_reply,
    integer,
    number,
    reply_content,
)
from edge.drivers.watch_framing import WatchFramer
from edge.drivers.wifi import heard
from edge.readings import Fix, Happening, Item, Reading, Sighting
from edge.recent import Recent
from firmware_specs.messages import DeviceState, Position

_COUNTED: Final = frozenset({"steps", "tumbles", "battery"})  # of these, 0 is a value
_KNOWN_EVENTS: Final = 50
_MAX_HEARD: Final = 100


@dataclass
class WatchMemory(ClockMemory):
    """What is known of one watch between messages and connections: its clock, `status` the last live status
    word, `events` device times of the last SOS and falls.
    """

    status: int | None = None
    events: list[tuple[str, int]] = field(default_factory=list)


class WatchDriver:
    """Frames in, items and answers out; one object a connection, which may carry several watches."""

    def __init__(self, options: DriverOptions) -> None:
        self._options = options
        self.counts: Counter[str] = Counter()
        self._framer = WatchFramer(self.counts)
        self._replies = bytearray()
        self._heard: Recent[str, WatchFrame] = Recent(_MAX_HEARD)

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the frames that these bytes complete; never raises."""
        items: list[Item] = []
        for raw in self._framer.feed(data):
            frame = decode_frame(raw)
            if frame is None:
                self.counts["frame_unreadable"] += 1
                continue
            self.counts["frames"] += 1
            items += self._frame(frame, at)
            content = reply_content(frame)
            if content is not None:
                self._replies += encode_reply(frame, content)
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
        """Ask a watch of this connection where it is (`CR`); False when it was not heard here."""
        return self.order(device, "locate", {})

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Give a watch of this connection a command; False when it was not heard here. OrderRefused for one
        that is unknown, does not fit, or would take the watch away.
        """
        frame = self._heard.get(device)
        if frame is None:
            return False
        content = command_content(name, args)
        if is_dangerous(content):
            raise OrderRefused(f"{name} is dangerous: this agent never does it by remote order")
        self._replies += encode_reply(frame, content)
        return True

    def _frame(self, frame: WatchFrame, at: int) -> list[Item]:
        device = f"watch-{frame.id}"
        self._heard[device] = frame
        memory = remembered(self._options.memory, device, WatchMemory)
        fix = frame.fix
        moment = _moment(frame, device, memory, at)
        items: list[Item] = [*self._events(frame, moment, memory)]
        if fix is not None:
            if moment.position is not None:
                items.append(Fix(position=moment.position, late=frame.is_late))
            items += heard(device, moment.at, fix.tail.wifi, late=frame.is_late)
            items += _position_readings(fix, moment, late=frame.is_late)
        else:
            items += _plain_readings(frame, moment)
        battery = fix.battery_pct if fix is not None else _keep_alive(frame)[2]
        if not frame.is_late:
            items.append(Sighting(state=_device_state(device, at, battery, fix)))
        if frame.is_position and fix is None:
            self.counts["fields_unreadable"] += 1
        return items

    def _events(self, frame: WatchFrame, moment: Moment, memory: WatchMemory) -> list[Happening]:
        if not frame.is_position:
            return []
        bit22 = self._options.watch_bit22
        if frame.is_late:
            known = set(memory.events)
            found = [
                h for h in watch_alarms.late_happenings(frame, moment) if (h.kind, h.device_at) not in known
            ]
        elif frame.is_alarm:
            found = watch_alarms.alarm_happenings(frame, moment, bit22)
        else:
            found = watch_alarms.state_happenings(frame, moment, memory.status, bit22)
        for happening in found:
            if happening.device_at is not None and happening.kind in ("sos", "fall"):
                memory.events = [*memory.events, (happening.kind, happening.device_at)][-_KNOWN_EVENTS:]
        if frame.is_late:
            return found
        found += watch_alarms.clearings(frame, moment, memory.status)
        if frame.fix is not None and frame.fix.status is not None:
            memory.status = frame.fix.status
        return found


def _moment(frame: WatchFrame, device: str, memory: WatchMemory, at: int) -> Moment:
    fix = frame.fix
    claimed = fix.time if fix is not None else None
    if fix is None:
        return Moment(device=device, at=at, device_at=None, trusted=False)
    measured, trusted = backfilled(claimed, memory, at) if frame.is_late else live(claimed, memory, at)
    position = None
    if fix.located:
        assert fix.lat is not None
        assert fix.lon is not None
        accuracy = fix.tail.accuracy_m
        position = Position(
            device=device, at=measured, lat=fix.lat, lon=fix.lon, accuracy_m=accuracy, source="gnss"
        )
    return Moment(device=device, at=measured, device_at=claimed, trusted=trusted, position=position)


def _position_readings(fix: WatchFix, moment: Moment, *, late: bool) -> list[Item]:
    bits = set(fix.bits)
    known = fix.status is not None
    values: list[tuple[str, float | None]] = [
        ("worn", float(not bits & {3, watch_alarms.REMOVED}) if known else None),
        ("battery_low", float(bool(bits & {0, watch_alarms.LOW_BATTERY})) if known else None),
        ("battery", _percent(fix.battery_pct)),
        ("steps", fix.steps),
        ("tumbles", fix.tumbles),
        ("signal_strength", _percent(fix.gsm)),
    ]
    return _readings(values, moment, late=late)


def _plain_readings(frame: WatchFrame, moment: Moment) -> list[Item]:
    """Readings of a frame without a position: keep-alive and vitals; a vital of 0 is "not measured"."""
    values = dict(told_values(frame))
    if "systolic" in values and not (values["systolic"] and values["diastolic"]):
        return []
    measured = [(kind, value if kind in _COUNTED else value or None) for kind, value in values.items()]
    return _readings(measured, moment, late=False)


def told_values(frame: WatchFrame) -> list[tuple[str, float | None]]:
    """Kind and value of each number in a frame without a position, as the watch tells it."""
    first, second, third = (number(text) for text in (*frame.fields[:3], "", "", "")[:3])
    match frame.word:
        case "LK":
            steps, tumbles, battery = _keep_alive(frame)
            return [("steps", steps), ("tumbles", tumbles), ("battery", _percent(battery))]
        case "PULSE" | "HEART":
            return [("heart_rate", first)]
        case "BLOOD" | "BPHRT":
            return [("systolic", first), ("diastolic", second), ("heart_rate", third)]
        case "TEMP":
            return [("body_temperature", first)]
        case "BTEMP2":
            return [("body_temperature", second if first else None)]  # 0: not valid
        case "OXYGEN":
            return [("spo2", second)]
        case _:
            return []


def _keep_alive(frame: WatchFrame) -> tuple[int | None, int | None, int | None]:
    """Steps, tumbles, battery of `LK,steps,tumbles,battery[,...]`; fewer fields are only a sign of life."""
    if frame.word != "LK" or len(frame.fields) < 3:
        return None, None, None
    steps, tumbles, battery = (integer(text) for text in frame.fields[:3])
    return steps, tumbles, battery


def _readings(values: list[tuple[str, float | None]], moment: Moment, *, late: bool) -> list[Item]:
    return [
        Reading(
            device=moment.device,
            kind=kind,
            at=moment.at,
            value=float(value),
            device_at=moment.device_at,
            late=late,
        )
        for kind, value in values
        if value is not None and value >= 0
    ]


def _device_state(device: str, at: int, battery: int | None, fix: WatchFix | None) -> DeviceState:
    worn = None if fix is None or fix.status is None else not set(fix.bits) & {3, watch_alarms.REMOVED}
    return DeviceState(
        device=device, at=at, online=True, worn=worn, battery_percent=_percent(battery), last_seen=at
    )


def _percent(value: int | None) -> int | None:
    return value if value is not None and 0 <= value <= 100 else None
