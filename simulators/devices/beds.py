"""Bed sensors: Murata SCA11H records and the Emfit QS page (pages `sca11h.md`, `emfit_qs.md`)."""

import asyncio
import struct
from collections.abc import Callable
from typing import Final

# what happens: heart rate, breath, signal strength, status (0 empty, 1 good, 2 movement)
SCA11H: Final[dict[str, tuple[int, int, int, int]]] = {
    "sleeps": (58, 14, 2400, 1),
    "turns": (91, 22, 9000, 2),
    "empty": (0, 0, 120, 0),
    "no_rates": (0, 0, 900, 1),
}
# what happens: presence, heart rate, breath, activity
EMFIT: Final[dict[str, tuple[int, int, float, int]]] = {
    "sleeps": (1, 58, 14.5, 12),
    "empty": (0, 0, 0.0, 0),
    "no_rates": (1, 0, 0.0, 3),
}


def sca11h_record(what: str, counter: int = 0) -> bytes:
    """One record of 45 bytes; one a second."""
    heart, breath, strength, status = SCA11H[what]
    between = 60_000 // heart if heart else 0
    numbers = (heart, breath, 61, 40, strength, status, between, between, 0)
    return b"\xfe" + struct.pack("<2I", 36, counter & 0x7F) + struct.pack("<9I", *numbers)


def emfit_page(what: str, serial: str = "001122", rates: tuple[float, float] | None = None) -> str:
    """The text of dvmstatus.htm; `rates` (beats, breaths a minute) in place of a sleeper's usual ones."""
    present, heart, breath, activity = EMFIT[what]
    if rates is not None and heart:
        heart, breath = round(rates[0]), round(rates[1], 1)
    rows = (("SER", serial), ("PRES", present), ("HR", heart), ("RR", breath), ("ACT", activity))
    return "".join(f"{name}={value}<br>\r\n" for name, value in rows)


async def serve_page(page: Callable[[], str], port: int = 0) -> asyncio.Server:
    """An Emfit's web server, port 0 takes a free one; `page` gives the text of the moment."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        found = request.startswith(b"GET /dvmstatus.htm ")
        body = page().encode() if found else b""
        status = b"200 OK" if found else b"404 Not Found"
        writer.write(b"HTTP/1.0 " + status + b"\r\nContent-Type: text/html\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)
