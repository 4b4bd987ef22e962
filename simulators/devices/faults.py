"""What goes wrong with the frames of a device: each fault makes of one good frame what arrives instead."""

import re
from collections.abc import Callable
from typing import Final

Fault = Callable[[bytes], list[bytes]]

# How a frame begins: where the low byte of its length and a byte of its checksum stand.
_PLACES: Final[dict[bytes, tuple[int, int]]] = {
    b"\x53\x59": (5, -3),  # R60
    b"\x78\x78": (2, -3),  # GT06
    b"\x79\x79": (3, -3),
    b"\x7e": (4, -2),  # JT/T 808
    b"\x01": (4, -1),  # TinyFrame
}
_WATCH_LEN: Final = re.compile(rb"\*[0-9a-fA-F]{4}\*(?=[A-Z])")
_NOWHERE: Final = (8, -2)  # no length and no checksum: some character


def _flipped(frame: bytes, at: int, bits: int) -> list[bytes]:
    damaged = bytearray(frame)
    damaged[at] ^= bits
    return [bytes(damaged)]


def _places(frame: bytes) -> tuple[int, int]:
    return next((places for start, places in _PLACES.items() if frame.startswith(start)), _NOWHERE)


def _wrong_length(frame: bytes) -> list[bytes]:
    if frame.startswith(b"["):  # the watch text protocol: four hex digits before the content
        return [_WATCH_LEN.sub(b"*00ff*", frame, count=1)]
    return _flipped(frame, _places(frame)[0], 0x02)


FAULTS: Final[dict[str, Fault]] = {
    "wrong_length": _wrong_length,
    "bad_checksum": lambda frame: _flipped(frame, _places(frame)[1], 0x10),
    "truncated": lambda frame: [frame[: len(frame) // 2]],
    "duplicate": lambda frame: [frame, frame],
    "burst": lambda frame: [frame] * 200,
    "mid_frame_cut": lambda frame: [frame[: len(frame) // 2], b"", frame[len(frame) // 2 :]],
    "garbage": lambda frame: [b"\x00\xff[[*\xfe]" + frame[::-1]],
    "noise": lambda frame: [b"\x00\xff\x53\x01" + frame],
}
"""By name; an empty piece in the list is a connection that broke there."""

CLOCKS: Final[dict[str, Callable[[int], int]]] = {
    "clock_8h_ahead": lambda at_ms: at_ms + 8 * 3_600_000,
    "clock_of_2000": lambda at_ms: 946_684_800_000 + at_ms % 86_400_000,
}
"""By name: what a device's clock shows at a time (ms UTC)."""

_ANY: Final = frozenset({"truncated", "duplicate", "burst", "mid_frame_cut", "garbage"})
_LINE: Final = _ANY | {"half_open"}
_CHECKED: Final = frozenset({"wrong_length", "bad_checksum"})
_MQTT: Final = _ANY | {"replayed_retained"}
FAULTS_OF: Final[dict[str, frozenset[str]]] = {
    "watch": _LINE | CLOCKS.keys() | {"wrong_length"},  # its frames have no checksum
    "trv": _LINE | CLOCKS.keys(),  # neither length nor checksum
    "gt06": _LINE | CLOCKS.keys() | _CHECKED,
    "jt808": _LINE | CLOCKS.keys() | _CHECKED,
    "wrist_accelerometer": _LINE | CLOCKS.keys(),
    "r60": _LINE | _CHECKED,  # radars and bed sensors tell no time
    "tinyframe": _LINE | _CHECKED,
    "sca11h": _LINE,
    "emfit_qs": _ANY,  # the gateway asks: each page is a connection of its own
    "bluetooth": _ANY | CLOCKS.keys(),
    "zigbee2mqtt": _MQTT,  # the broker's connection is no device's
    "home_assistant": _MQTT,
}
"""Which faults the devices of a driver can have; what a row lacks cannot happen to them."""
