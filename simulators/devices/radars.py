"""Radars on a serial line, R60 and TinyFrame (pages `r60.md`, `tinyframe.md`): what happens -> frames."""

import asyncio
import struct
from collections.abc import Iterable
from functools import reduce
from typing import Final

from simulators.devices.faults import FAULTS

# what happens: (control, command, data)
R60: Final[dict[str, tuple[int, int, bytes]]] = {
    "somebody": (0x80, 0x01, b"\x01"),
    "nobody": (0x80, 0x01, b"\x00"),
    "walks": (0x80, 0x02, b"\x02"),
    "fall": (0x83, 0x01, b"\x01"),
    "gets_up": (0x83, 0x01, b"\x00"),
    "motionless": (0x83, 0x05, b"\x01"),
    "in_bed": (0x84, 0x01, b"\x01"),
    "out_of_bed": (0x84, 0x01, b"\x00"),
    "heart_72": (0x85, 0x02, bytes((72,))),
    "breath_16": (0x81, 0x02, bytes((16,))),
    "no_breath": (0x81, 0x02, b"\x00"),
}
# what happens: (type, data)
TINYFRAME: Final[dict[str, tuple[int, bytes]]] = {
    "somebody": (0x0F09, b"\x01"),
    "nobody": (0x0F09, b"\x00"),
    "fall": (0x0E02, b"\x01"),
    "gets_up": (0x0E02, b"\x00"),
    "heart_72": (0x0A15, struct.pack("<f", 72.0)),
    "breath_16": (0x0A14, struct.pack("<f", 16.0)),
    "no_breath": (0x0A14, struct.pack("<f", 0.0)),
    "distance_83": (0x0A16, struct.pack("<If", 1, 83.2)),
}


def r60_frame(what: str) -> bytes:
    """The frame of an R60 radar for what happens."""
    control, command, data = R60[what]
    body = b"\x53\x59" + struct.pack(">BBH", control, command, len(data)) + data
    return body + struct.pack("B", sum(body) % 256) + b"\x54\x43"


def tiny_frame(what: str, number: int = 0) -> bytes:
    """The TinyFrame for what happens; `number` counts the radar's frames."""
    type_, data = TINYFRAME[what]
    head = struct.pack(">BHHH", 1, number & 0xFFFF, len(data), type_)
    return head + _check(head) + data + _check(data)


def stream(frames: Iterable[bytes], fault: str | None = None) -> list[bytes]:
    """The pieces that arrive: the first frame with the fault, the others good; an empty piece is a break."""
    pieces = list(frames)
    return pieces if fault is None else [*FAULTS[fault](pieces[0]), *pieces[1:]]


async def play(host: str, port: int, pieces: Iterable[bytes], gap_s: float = 0.0) -> None:
    """Send pieces to the agent's port, as a serial bridge would; an empty piece hangs up and calls again."""
    _, writer = await asyncio.open_connection(host, port)
    for piece in pieces:
        if not piece:
            writer.close()
            _, writer = await asyncio.open_connection(host, port)
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(gap_s)
    writer.close()
    await writer.wait_closed()


def _check(data: bytes) -> bytes:
    return bytes((0xFF ^ reduce(lambda a, b: a ^ b, data, 0),))
