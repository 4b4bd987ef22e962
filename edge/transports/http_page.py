"""A page of a device in the home's network: asked every few seconds, one line a poll for the driver."""

import asyncio
import json
import logging
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from edge.transports.receiver import Receiver

log = logging.getLogger(__name__)

LONGEST_BYTES: Final = 64 * 1024
WAIT_S: Final = 5.0


@dataclass
class HttpPage:
    """Asks `url` each `every_s`; a line is {"status": code, "body": text}."""

    name: str
    url: str
    every_s: float
    receiver: Receiver
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Ask until cancelled; said once when the page goes away and once when it is back."""
        source = self.receiver.connect(f"{self.name} {self.url}", lambda data: None)
        try:
            while True:
                try:
                    async with asyncio.timeout(WAIT_S):
                        code, body = await get_page(self.url)
                except (OSError, ValueError, TimeoutError) as error:
                    self._say("failed", str(error) or type(error).__name__)
                else:
                    self._say("answers", str(code))
                    line = json.dumps({"status": code, "body": body}, ensure_ascii=False)
                    await self.receiver.take(source, line.encode("utf-8", "replace") + b"\n")
                self.tried.set()
                await asyncio.sleep(self.every_s)
        finally:
            self.receiver.disconnect(source)

    def _say(self, word: str, reason: str) -> None:
        if not self.status.startswith(word):
            level = logging.INFO if word == "answers" else logging.WARNING
            extra = {"action": f"page_{word}", "transport": self.name, "reason": reason}
            log.log(level, "the page %s", word, extra=extra)
        self.status = f"{word}({self.url} {reason})"


async def get_page(url: str) -> tuple[int, str]:
    """Status code and text of a page (http). Raises OSError, ValueError."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode("ascii", "ignore"))
        await writer.drain()
        data = b""
        while piece := await reader.read(LONGEST_BYTES):
            data += piece
            if len(data) > LONGEST_BYTES:
                raise ValueError("the page is too long")
    finally:
        writer.close()
    head, _, body = data.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if len(words) < 2 or not words[1].isdigit():
        raise ValueError("no HTTP answer")
    return int(words[1]), body.decode("utf-8", "replace")
