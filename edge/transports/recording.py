"""A recording: lines of {"at": ms, "data": text} or {"at": ms, "hex": bytes}, played in their own time."""

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.transports.receiver import Receiver

log = logging.getLogger(__name__)


def read(path: Path) -> Iterator[tuple[int, bytes]]:
    """(ms, bytes) of each readable line; others are logged and left out. Raises OSError."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                entry = json.loads(text)
                data = bytes.fromhex(entry["hex"]) if "hex" in entry else str(entry["data"]).encode()
                yield int(entry["at"]), data
            except (ValueError, KeyError, TypeError) as error:
                log.warning(
                    "unreadable line of a recording",
                    extra={
                        "action": "recording_line",
                        "file": path.name,
                        "line": number,
                        "reason": type(error).__name__,
                    },
                )


@dataclass
class Recording:
    """Plays a file once, `speed` times as fast as it was recorded, as one connection."""

    name: str
    path: Path
    speed: float
    receiver: Receiver
    status: str = "starting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Play to the end."""
        source = self.receiver.connect(f"{self.name} {self.path.name}", lambda data: None)
        loop = asyncio.get_running_loop()
        began, first_at = loop.time(), None
        self.status = f"playing({self.path.name})"
        self.tried.set()
        try:
            for at, data in read(self.path):
                first_at = at if first_at is None else first_at
                await asyncio.sleep(max(0.0, began + (at - first_at) / 1000 / self.speed - loop.time()))
                await self.receiver.take(source, data)
            self.status = f"played({self.path.name})"
        except OSError as error:
            self.status = f"failed({self.path.name} {error.strerror})"
            log.error("recording cannot be read", extra={"action": "recording_failed", "reason": str(error)})
        finally:
            self.receiver.disconnect(source)
