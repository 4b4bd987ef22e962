"""One question over HTTP to a program on this machine."""

import asyncio
from typing import Final

from cloud.config import Place

_LIMIT_S: Final = 5.0
_ANSWER_BYTES: Final = 16 << 20


async def ask(place: Place, path: str, limit_s: float = _LIMIT_S) -> tuple[int, bytes]:
    """Status and body of GET `path`; raises OSError (TimeoutError) where nobody answers as HTTP."""
    async with asyncio.timeout(limit_s):
        reader, writer = await asyncio.open_connection(place.host, place.port)
        try:
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {place.host}:{place.port}\r\n\r\n".encode())
            answer = bytearray()
            while (piece := await reader.read(65_536)) and len(answer) < _ANSWER_BYTES:
                answer += piece
        finally:
            writer.close()
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    status = head[:32].split(b" ")
    if len(status) < 2 or not status[1][:3].isdigit():
        raise OSError("the answer is not HTTP")
    return int(status[1][:3]), body
