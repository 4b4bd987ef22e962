"""Driver of JT/T 808-2013 and -2019 over TCP (page `firmware_specs/devices/jt808.md`)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from edge.drivers.device_clock import digits_of
from edge.drivers.jt808_frames import Jt808Location, decode_batch, decode_location, decode_locations
from edge.drivers.jt808_framing import Jt808Frame, Jt808Framer, encode_frame
from edge.drivers.options import DriverOptions, remembered
from edge.drivers.orders import OrderRefused, telephones
from edge.drivers.tracker import Told, TrackerMemory, items_of, percent
from edge.readings import Happening, Item
from edge.recent import Recent

RESULT, HEARTBEAT, TIME, REGISTER, AUTH = 0x0001, 0x0002, 0x0004, 0x0100, 0x0102
LOCATION, LOCATION_ANSWER, BATCH, SHORT_BATCH = 0x0200, 0x0201, 0x0704, 0x0210
_TERMINAL_ANSWERS: Final = frozenset(
    {RESULT, 0x0104, 0x0107, LOCATION_ANSWER, 0x0302, 0x0500, 0x0700, 0x0802}
)
_LOCATIONS: Final = frozenset({LOCATION, LOCATION_ANSWER, BATCH, SHORT_BATCH})
ENCRYPTIONS: Final = {1: "RSA"}  # the standard names no other
_NOT_SUPPORTED: Final = 3
_DAY_MS: Final = 86_400_000
_MAX_HEARD: Final = 100
_REPORT_INTERVAL: Final = bytes.fromhex("00000029")
_PLATFORM_PHONE: Final = bytes.fromhex("00000040")
_MAX_TEXT: Final = 100
_MAX_PARTS: Final = 64
_MAX_DOUBTFUL: Final = 20
_MAX_UNJOINED: Final = 8
_MAX_GSM: Final = 31
_WAIT_MS: Final = 1_000
_DOUBT_MS: Final = 600_000
_ENCRYPTED: Final = "encrypted"


@dataclass
class Jt808Memory(TrackerMemory):
    """Also the alarms that a message with a wrong checksum told, and when (ms UTC)."""

    doubted: dict[str, int] = field(default_factory=dict)


class Jt808Driver:
    """Messages in, items and answers out; one object a connection, which may carry several terminals."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._options = options
        self._framer = Jt808Framer(self.counts)
        self._heard: Recent[str, Jt808Frame] = Recent(_MAX_HEARD)
        self._parts: Recent[tuple[str, int, int], dict[int, bytes]] = Recent(_MAX_UNJOINED)
        self._doubtful: Recent[str, Jt808Memory] = Recent(_MAX_DOUBTFUL)  # numbers never heard right
        self._fed_at = 0
        self._serial = 0
        self._replies = bytearray()

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the messages that these bytes complete; never raises."""
        items: list[Item] = []
        frames = self._framer.feed(data) if data else []
        if data:
            self._fed_at = at
        elif abs(at - self._fed_at) >= _WAIT_MS:
            frames = self._framer.flush()
        for frame in frames:
            self.counts["frames" if frame.checksum_ok else "checksum_wrong"] += 1
            items += self._frame(frame, min(at, self._fed_at))  # when it came, not when the wait was over
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
        """Ask a terminal of this connection where it is (8201); False when it was not heard here."""
        return self.order(device, "locate", {})

    def order(self, device: str, name: str, args: Mapping[str, Any]) -> bool:
        """Give a terminal of this connection an order; False when it was not heard here."""
        frame = self._heard.get(device)
        if frame is None:
            return False
        message, body = order_body(name, args)
        self._serial = (self._serial + 1) & 0xFFFF
        self._replies += encode_frame(frame, message, self._serial, body)
        return True

    def _joined(self, frame: Jt808Frame) -> Jt808Frame:
        """The whole message when this was the last part that was missing, else the part itself."""
        if frame.parts is None:
            return frame
        total, index = frame.parts
        if not frame.checksum_ok or not 1 <= index <= total <= _MAX_PARTS:
            self.counts["part_unreadable"] += 1
            return frame
        name = (frame.phone, frame.message, (frame.serial - index) & 0xFFFF)
        parts = self._parts.of(name, dict)
        parts[index] = frame.body
        if len(parts) < total:
            return frame
        del self._parts[name]
        return msgspec.structs.replace(frame, parts=None, body=b"".join(parts[n] for n in sorted(parts)))

    def _frame(self, frame: Jt808Frame, at: int) -> list[Item]:
        device = device_id(frame)
        if frame.checksum_ok or device in self._options.memory:
            memory = remembered(self._options.memory, device, Jt808Memory)
        else:
            memory = self._doubtful.of(device, Jt808Memory)
        frame = self._joined(frame)
        closed = _closed(frame, device, memory, at)
        if closed is None:
            return []
        self.counts["encrypted"] += bool(closed)
        tolds = [
            _doubt(told, memory, at) if not frame.checksum_ok else told for told in told_by(frame, device)
        ]
        if any(told is None for told in tolds):
            return []
        if frame.checksum_ok:
            self._heard[device] = frame
        self._replies += reply(frame, at)
        told_items = [item for told in tolds if told is not None for item in items_of(told, memory, at)]
        return [*closed, *told_items]


def device_id(frame: Jt808Frame) -> str:
    """`jt808-` and the terminal's number without the zeros in front."""
    return f"jt808-{frame.phone.lstrip('0') or '0'}"


def _closed(frame: Jt808Frame, device: str, memory: Jt808Memory, at: int) -> list[Item] | None:
    """An encrypted location may be a call for help that nobody here can read: told once a day; with a wrong
    checksum, which may have made the bits, only when it comes again. None for the first one, which gets no
    answer, so that the terminal says it again.
    """
    if not frame.encryption or frame.message not in _LOCATIONS:
        return []
    before = memory.doubted.get(_ENCRYPTED, at - _DOUBT_MS)
    memory.doubted[_ENCRYPTED] = at
    if not frame.checksum_ok and at - before >= _DOUBT_MS:
        return None
    name = ENCRYPTIONS.get(frame.encryption, f"method {frame.encryption}")
    evidence = {"reasons": ["body_encrypted"], "encryption": name, "type": f"0x{frame.message:04x}"}
    return [
        Happening(
            device=device,
            kind="unknown_alarm_bit",
            phase="raised",
            at=at,
            evidence=evidence,
            instant=True,
            fingerprint=f"encrypted:{name}",
            repeat_ms=_DAY_MS,
        )
    ]


def told_by(frame: Jt808Frame, device: str) -> list[Told]:
    """What a message says, one entry a location; one that says nothing is a sign of life."""
    locations: list[tuple[Jt808Location | None, bool]] = []
    if frame.encryption or frame.parts is not None:
        pass
    elif frame.message == LOCATION:
        locations = [(decode_location(frame.body), False)]
    elif frame.message == LOCATION_ANSWER:
        locations = [(decode_location(frame.body[2:]), False)]
    elif frame.message == BATCH and (batch := decode_batch(frame.body)) is not None:
        _, kind, found = batch
        locations = [(location, kind == 1 or location is not found[-1]) for location in found]
    elif frame.message == SHORT_BATCH:
        found = decode_locations(frame.body, 1)
        locations = [(location, location is not found[-1]) for location in found]
    return [
        _told(frame, location, device, late=late) for location, late in locations if location is not None
    ] or [Told(device=device, raw=frame.body)]


def order_body(name: str, args: Mapping[str, Any]) -> tuple[int, bytes]:
    """Message id and body of an order; OrderRefused for an unknown one or arguments that do not fit."""
    match name:
        case "locate":
            return 0x8201, b""
        case "message":
            text = args.get("text")
            if not isinstance(text, str) or not 1 <= len(text) <= _MAX_TEXT:
                raise OrderRefused(f"text must have 1 to {_MAX_TEXT} characters")
            return 0x8300, b"\x04" + text.encode("gbk", "replace")
        case "upload_interval":
            seconds = args.get("seconds")
            if isinstance(seconds, bool) or not isinstance(seconds, int) or not 10 <= seconds <= 86_400:
                raise OrderRefused("seconds must be a whole number from 10 to 86400")
            return 0x8103, b"\x01" + _REPORT_INTERVAL + b"\x04" + seconds.to_bytes(4, "big")
        case "sos_numbers":
            (phone,) = telephones(args, 1)
            return 0x8103, b"\x01" + _PLATFORM_PHONE + bytes((len(phone),)) + phone.encode("ascii")
        case _:
            known = "locate, message, upload_interval, sos_numbers"
            raise OrderRefused(f"a terminal knows no {name[:40]!r}; there are {known}")


def reply(frame: Jt808Frame, at: int) -> bytes:
    """What the platform must answer to a message that arrived at `at` (ms UTC); empty for nothing."""
    request = frame.serial.to_bytes(2, "big")
    if frame.message == REGISTER:
        return encode_frame(frame, 0x8100, 0, request + b"\0" + frame.phone.encode())
    if frame.message == TIME:
        return encode_frame(frame, 0x8004, 0, bytes.fromhex(digits_of(at)))
    if frame.message in _TERMINAL_ANSWERS:
        return b""
    result = _NOT_SUPPORTED if frame.encryption and frame.message in _LOCATIONS else 0
    return encode_frame(frame, 0x8001, 0, request + frame.message.to_bytes(2, "big") + bytes((result,)))


def _doubt(told: Told, memory: Jt808Memory, at: int) -> Told | None:
    """A message with a wrong checksum: its alarms count only when a second message says the same.

    None for the first one, which gets no answer, so that the terminal says it again.
    """
    if told.late or not told.states:
        return replace(told, states=None) if told.states is not None else told
    fresh = {name for name in told.states if at - memory.doubted.get(name, at - _DOUBT_MS) >= _DOUBT_MS}
    memory.doubted = dict.fromkeys(told.states, at)
    return None if fresh else told


def _told(frame: Jt808Frame, location: Jt808Location, device: str, *, late: bool) -> Told:
    time, told = location.time, location.additions
    signal = int(told.tlv["30"], 16) if len(told.tlv.get("30", "")) == 2 else None
    return Told(
        device=device,
        raw=frame.body,
        claimed=time,
        place=(location.lat, location.lon) if location.gps_valid and time is not None else None,
        late=late,
        utc=True,
        states=location.meanings,
        values=(
            ("battery", told.battery_pct),
            ("battery_voltage", told.battery_mv / 1000 if told.battery_mv else None),
            ("signal_strength", percent(signal * 100 // _MAX_GSM) if signal is not None else None),
        ),
        charging=told.charging,
        wifi=told.wifi,
        evidence=_evidence(frame, location),
    )


def _evidence(frame: Jt808Frame, location: Jt808Location) -> dict[str, Any]:
    evidence: dict[str, Any] = {"type": f"0x{frame.message:04x}", "word": f"{location.alarm_word:08x}"}
    if not frame.checksum_ok:
        evidence["checksum"] = "wrong"
    return evidence
