"""A modem on a pseudo terminal: answers AT commands, decodes every PDU by the book, and has misfortunes."""

import asyncio
import os
import pty
import re
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


def decoded(pdu: str) -> dict[str, Any]:
    """An SMS-SUBMIT by TS 23.040, written apart from the encoder; any surprise is an assertion."""
    octets = bytes.fromhex(pdu)
    assert octets[0] == 0, "the SIM's own service centre"
    first, digits = octets[1], octets[3]
    assert first & 0b11 == 0b01, "SMS-SUBMIT"
    assert first >> 3 & 0b11 == 0b10, "relative validity"
    kind, end = octets[4], 5 + (digits + 1) // 2
    swapped = "".join(f"{octet & 15:X}{octet >> 4:X}" for octet in octets[5:end])
    assert len(swapped) == digits or swapped[-1] == "F"
    pid, dcs, validity, length = octets[end : end + 4]
    assert (pid, dcs, validity) == (0, 0x08, 0x0B)
    data = octets[end + 4 :]
    assert len(data) == length <= 140
    part = None
    if first & 0x40:
        assert data[:3] == bytes([5, 0, 3])
        part, data = tuple(data[3:6]), data[6:]
    number = ("+" if kind == 0x91 else "") + swapped[:digits]
    return {"number": number, "text": data.decode("utf-16-be"), "part": part, "length": len(octets) - 1}


@dataclass
class PlayedModem:
    """What a modem answers; `quirks` replaces the answer to a command, None stays silent."""

    master: int
    path: str
    quirks: dict[str, str | None] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    unplug_at: str = ""
    _buffer: bytes = b""
    _length: int | None = None

    def readable(self) -> None:
        self._buffer += os.read(self.master, 4096)
        while (found := re.search(rb"[\r\x1a\x1b]", self._buffer)) is not None:
            line, end = self._buffer[: found.start()], found.group()
            self._buffer = self._buffer[found.end() :]
            answer = self._answer(line.decode(), end)
            if self.unplug_at and line.decode().startswith(self.unplug_at):
                asyncio.get_running_loop().remove_reader(self.master)
                os.close(self.master)
                self.master = -1
                return
            if answer is not None:
                os.write(self.master, answer.encode())

    def _answer(self, line: str, end: bytes) -> str | None:
        if end == b"\x1b":
            return "\r\nOK\r\n"
        if end == b"\x1a":
            sms = decoded(line)
            assert sms["length"] == self._length
            self.sent.append(sms)
            return self.quirks.get("PDU", "\r\n+CMGS: 7\r\n\r\nOK\r\n")
        self.asked.append(line)
        name = line.split("=")[0]
        if name in self.quirks:
            return self.quirks[name]
        if name == "AT+CMGS":
            self._length = int(line.split("=")[1])
            return "\r\n> "
        if line.startswith("ATD"):
            self.dialled.append(line)
            return self.quirks.get("ATD", "\r\nOK\r\n")
        if line == "AT+CLCC":
            return (self.calls.pop(0) if self.calls else "") + "\r\nOK\r\n"
        answers = {
            "AT": "AT\r\r\nOK\r\n",
            "AT+CPIN?": "\r\n+CPIN: READY\r\n\r\nOK\r\n",
            "AT+CREG?": "\r\n+CMTI: \"SM\",3\r\n\r\n+CREG: 0,1\r\n\r\nOK\r\n",
        }  # fmt: skip
        return answers.get(line, "\r\nOK\r\n")


@contextmanager
def played(**quirks: Any) -> Iterator[PlayedModem]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    modem = PlayedModem(master, os.ttyname(slave))
    for name, value in quirks.items():
        setattr(modem, name, value)
    loop = asyncio.get_running_loop()
    loop.add_reader(master, modem.readable)
    try:
        yield modem
    finally:
        if modem.master >= 0:
            loop.remove_reader(modem.master)
            os.close(modem.master)
        os.close(slave)
