"""`carebed-edge decode PROTOCOL [FILE]`: one message a line in, one JSON line out,
by the agent's own drivers.

A line is text, or `hex:` and hexadecimal digits. Nothing here knows the time:
a message is read as if it had arrived
when it says it was measured.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from edge.decoding.beds import emfit_qs, sca11h
from edge.decoding.bluetooth import bluetooth
from edge.decoding.forms import Decoder, Unreadable
from edge.decoding.gt06 import gt06
from edge.decoding.home_assistant import home_assistant
from edge.decoding.jt808 import jt808
from edge.decoding.radars import r60, tinyframe
from edge.decoding.trv import trv
from edge.decoding.watch import watch
from edge.decoding.wrist import wrist_accelerometer
from edge.decoding.zigbee import zigbee2mqtt

_BAD_INPUT: Final = 1
_BAD_USAGE: Final = 2

DECODERS: Final[dict[str, Callable[[], Decoder]]] = {
    "bluetooth": bluetooth,
    "emfit_qs": emfit_qs,
    "gt06": gt06,
    "home_assistant": home_assistant,
    "jt808": jt808,
    "r60": r60,
    "sca11h": sca11h,
    "tinyframe": tinyframe,
    "trv": trv,
    "watch": watch,
    "wrist_accelerometer": wrist_accelerometer,
    "zigbee2mqtt": zigbee2mqtt,
}
"""A decoder of each protocol, made new for each file, since some remember the lines before."""


def main(arguments: list[str]) -> int:
    """`PROTOCOL [FILE]`, else standard input; the exit code of `run`, 2 also for an unreadable file."""
    protocol, *files = arguments
    if not files:
        return run(protocol, sys.stdin.buffer)
    try:
        with Path(files[0]).open("rb") as stream:
            return run(protocol, stream)
    except OSError as error:
        sys.stderr.write(f"读不到文件 / cannot read {files[0]}: {error.strerror}\n")
        return _BAD_USAGE


def run(protocol: str, stream: Iterable[str] | Iterable[bytes], output: IO[str] | None = None) -> int:
    """Print one JSON line a message; 0 when all could be read, 1 when some not, 2 for an unknown protocol.

    `{"in", "decoded", "items", "replies"}`, or `{"in", "error", "replies"}` for a line that is no message.
    """
    out = output if output is not None else sys.stdout
    decoder = DECODERS.get(protocol)
    if decoder is None:
        known = ", ".join(sorted(DECODERS))
        out.write(_line({"error": f"未知协议 / unknown protocol: {protocol}; {known}"}))
        return _BAD_USAGE
    decode, code = decoder(), 0
    for line in stream:
        text = line if isinstance(line, str) else line.decode("utf-8", "surrogateescape")
        text = text.rstrip("\r\n").removeprefix("\ufeff")
        if not text.strip():
            continue
        shown = text.encode("utf-8", "replace").decode()
        try:
            out.write(_line({"in": shown} | decode(_bytes(text))))
        except Unreadable as error:
            code = _BAD_INPUT
            out.write(_line({"in": shown, "error": str(error), "replies": error.replies}))
    return code


def _bytes(text: str) -> bytes:
    if not text.startswith("hex:"):
        return text.encode("utf-8", "surrogateescape")
    try:
        return bytes.fromhex(text[4:])
    except ValueError as error:
        raise Unreadable(f"hex: 之后不是十六进制 / not hexadecimal after hex: {error}") from error


def _line(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode() + "\n"
