"""Driver of Micradar R60 and R24 radars on a serial line (page `firmware_specs/devices/r60.md`)."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec

from edge.drivers.binary_frames import BinaryFrames
from edge.drivers.one_device import OneDevice
from edge.drivers.options import DriverOptions
from edge.readings import Item

MARK: Final = b"\x53\x59"
TAIL: Final = b"\x54\x43"
ASK: Final = b"\x0f"
_MAX_DATA: Final = 512
_ASK_MS: Final = 30_000
Value = Any
_Read = Callable[[bytes], Value]


class R60Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One good frame; `field` and `value` when the page gives it a meaning, None for a question."""

    control: int
    command: int
    data: bytes
    field: str | None = None
    value: Value = None


def _unsigned(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _yes(data: bytes) -> bool | None:
    return {0: False, 1: True}.get(data[0])


def _word(*words: str | None) -> _Read:
    return lambda data: words[data[0]] if data[0] < len(words) else None


def _magnitudes(data: bytes) -> list[int]:
    """Big-endian words whose top bit is the sign."""
    words = [_unsigned(data[n : n + 2]) for n in range(0, len(data), 2)]
    return [-(word & 0x7FFF) if word & 0x8000 else word for word in words]


def _signed(data: bytes) -> list[int]:
    return [int.from_bytes(data[n : n + 2], "big", signed=True) for n in range(0, len(data), 2)]


def _wave(data: bytes) -> list[int]:
    return [byte - 128 for byte in data]


def _text(data: bytes) -> str:
    return data.decode("ascii", "replace").strip("\0 ")


def _report(data: bytes) -> dict[str, int]:
    """The ten minutes' report: presence, stage, mean breath and heart, turns, large, small moves, apnoeas."""
    names = ("present", "stage", "resp_rate", "heart_rate", "turns", "large_moves", "small_moves", "apnoeas")
    return dict(zip(names, data, strict=True))


def _night(data: bytes) -> dict[str, int]:
    """The night's report of 12 bytes."""
    names = ("score", "total_min", "awake_pct", "light_pct", "deep_pct", "out_of_bed_min", "exits")
    rest = ("turns", "resp_rate", "heart_rate", "apnoeas")
    values = [data[0], _unsigned(data[1:3]), *data[3:12]]
    return dict(zip(names + rest, values, strict=True))


# (control, command): (name, bytes of data or 0 for any, reader)
_FIELDS: Final[dict[tuple[int, int], tuple[str, int, _Read]]] = {
    (0x02, 0xA1): ("model", 0, _text),
    (0x02, 0xA2): ("product_id", 0, _text),
    (0x02, 0xA3): ("hardware", 0, _text),
    (0x02, 0xA4): ("firmware", 0, _text),
    (0x05, 0x01): ("init_done", 1, lambda data: True),
    (0x05, 0x02): ("fault", 1, _unsigned),
    (0x05, 0x07): ("scene", 1, _unsigned),
    (0x06, 0x01): ("install_angle", 6, _signed),
    (0x06, 0x02): ("install_height_cm", 2, _unsigned),
    (0x80, 0x00): ("presence_switch", 1, _yes),
    (0x80, 0x01): ("presence", 1, _yes),
    (0x80, 0x02): ("motion", 1, _word("none", "still", "active")),
    (0x80, 0x03): ("body_movement", 1, _unsigned),
    (0x80, 0x04): ("distance_cm", 2, _unsigned),
    (0x80, 0x05): ("xyz_cm", 6, _magnitudes),
    (0x81, 0x00): ("resp_switch", 1, _yes),
    (0x81, 0x01): ("resp_state", 1, _word(None, "normal", "fast", "slow", "none")),
    (0x81, 0x02): ("resp_rate", 1, _unsigned),
    (0x81, 0x05): ("resp_wave", 5, _wave),
    (0x83, 0x00): ("fall_switch", 1, _yes),
    (0x83, 0x01): ("fall", 1, _yes),
    (0x83, 0x05): ("static_dwell", 1, _yes),
    (0x83, 0x0A): ("static_dwell_s", 4, _unsigned),
    (0x83, 0x0B): ("static_dwell_switch", 1, _yes),
    (0x83, 0x0C): ("fall_duration_s", 4, _unsigned),
    (0x83, 0x0D): ("fall_sensitivity", 1, _unsigned),
    (0x83, 0x11): ("fall_height_cm", 2, _unsigned),
    (0x84, 0x00): ("sleep_switch", 1, _yes),
    (0x84, 0x01): ("in_bed", 1, _yes),
    (0x84, 0x02): ("sleep_stage", 1, _word("deep", "light", "awake", "none")),
    (0x84, 0x03): ("awake_min", 2, _unsigned),
    (0x84, 0x04): ("light_min", 2, _unsigned),
    (0x84, 0x05): ("deep_min", 2, _unsigned),
    (0x84, 0x06): ("sleep_score", 1, _unsigned),
    (0x84, 0x0C): ("sleep_report", 8, _report),
    (0x84, 0x0D): ("night_report", 12, _night),
    (0x84, 0x0E): ("sleep_abnormal", 1, _unsigned),
    (0x84, 0x10): ("sleep_grade", 1, _unsigned),
    (0x84, 0x11): ("struggle", 1, _word("none", "normal", "abnormal")),
    (0x84, 0x12): ("no_person_timer", 1, _word("none", "normal", "abnormal")),
    (0x85, 0x00): ("heart_switch", 1, _yes),
    (0x85, 0x02): ("heart_rate", 1, _unsigned),
    (0x85, 0x05): ("heart_wave", 5, _wave),
}
# 83/90 starts a height measurement and 02/A1-A4 are their own questions: only these lose bit 7.
_ASKED: Final = {(control, command | 0x80): (control, command) for control, command in _FIELDS if control > 2}


class R60Driver:
    """Frames in, items and questions out; one object a connection, one radar a connection."""

    def __init__(self, options: DriverOptions) -> None:
        self.counts: Counter[str] = Counter()
        self._frames = BinaryFrames(MARK, measure, check, self.counts)
        self._line = OneDevice(options, "r60", self.counts)
        self._replies = bytearray()
        self._asked_at: int | None = None

    def receive(self, data: bytes, at: int) -> list[Item]:
        """Items of the frames that these bytes complete; never raises. `b""` lets time pass: a radar that
        says nothing, since it reports changes only, is asked each 30 s.
        """
        items: list[Item] = []
        for raw in self._frames.feed(data, at):
            frame = decode_frame(raw)
            values = {} if frame.field is None else {frame.field: frame.value}
            if frame.field == "motion" and frame.value is not None:
                values["moving"] = frame.value == "active"
            if frame.field == "fault":
                self.counts["radar_fault"] += bool(frame.value)
            items += self._line.values(values, at)
        if self._asked_at is None:
            self._asked_at = at
        if abs(at - max(self._line.heard_at(), self._asked_at)) >= _ASK_MS:
            self._asked_at = at
            self._replies += encode(0x80, 0x81, ASK)
        return items + self._line.silence(at)

    def finish(self) -> None:
        """The connection is gone; what was left half is counted."""
        self._frames.finish()

    def replies(self) -> bytes:
        """Questions to the radar, each once."""
        data = bytes(self._replies)
        self._replies.clear()
        return data


def encode(control: int, command: int, data: bytes) -> bytes:
    """A frame; `data` up to 512 bytes."""
    body = MARK + bytes((control, command)) + len(data).to_bytes(2, "big") + data
    return body + bytes((sum(body) & 0xFF,)) + TAIL


def measure(begin: bytes) -> int | str | None:
    """Length of the frame that begins so."""
    if len(begin) < 6:
        return None
    length = _unsigned(begin[4:6])
    return "length" if length > _MAX_DATA else 9 + length


def check(frame: bytes) -> str:
    """What is wrong with a whole frame: `tail`, `checksum`, or nothing."""
    if frame[-2:] != TAIL:
        return "tail"
    return "" if sum(frame[:-3]) & 0xFF == frame[-3] else "checksum"


def decode_frame(frame: bytes) -> R60Frame:
    """The meaning of a good frame. An answer repeats its question's command; `0F` in it is the question."""
    control, command, data = frame[2], frame[3], frame[6:-3]
    key = (control, command)
    if key in _ASKED or (control == 0x02 and data == ASK):
        key = (0, 0) if data == ASK else _ASKED[key]
    name, size, read = _FIELDS.get(key, ("", 0, _unsigned))
    if not name or not data or (size and len(data) != size):
        return R60Frame(control=control, command=command, data=data)
    return R60Frame(control=control, command=command, data=data, field=name, value=read(data))
