"""What systemd is told: READY=1 once, WATCHDOG=1 while every loop of the agent still turns."""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """Send a state to systemd (sd_notify); nothing happens without NOTIFY_SOCKET or a listener."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    target = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(state.encode(), target)
    except OSError:
        return


def watchdog_s() -> float | None:
    """Seconds between two signs of life, half of WATCHDOG_USEC; None when systemd asks for none."""
    text = os.environ.get("WATCHDOG_USEC", "")
    return int(text) / 2_000_000 if text.isdigit() and int(text) else None


@dataclass
class Pulse:
    """When each loop last turned (loop seconds). `limit_s` is how long one may take."""

    limit_s: float = 60.0
    _turned: dict[str, float] = field(default_factory=dict)

    def beat(self, name: str) -> None:
        """The loop `name` turns."""
        self._turned[name] = asyncio.get_running_loop().time()

    @contextmanager
    def loop(self, name: str) -> Iterator[None]:
        """The loop `name` begins, and has to turn until it ends."""
        self.beat(name)
        try:
            yield
        finally:
            self._turned.pop(name, None)

    async def wait(self, name: str, event: asyncio.Event, limit_s: float | None = None) -> bool:
        """Wait for an event while the loop `name` counts as turning; False after `limit_s`."""
        loop = asyncio.get_running_loop()
        until = None if limit_s is None else loop.time() + limit_s
        while not event.is_set():
            left_s = self.limit_s / 4 if until is None else min(self.limit_s / 4, until - loop.time())
            if left_s <= 0:
                return False
            self.beat(name)
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await event.wait()
        return True

    def loops(self) -> set[str]:
        """The loops that run."""
        return set(self._turned)

    def stuck(self) -> list[str]:
        """The loops that run and have not turned lately."""
        now = asyncio.get_running_loop().time()
        return sorted(name for name, at in self._turned.items() if now - at >= self.limit_s)

    async def run(self) -> None:
        """Tell systemd until cancelled, as long as all loops turn."""
        every_s, said = watchdog_s(), list[str]()
        while every_s is not None:
            await asyncio.sleep(every_s)
            stuck = self.stuck()
            if not stuck:
                notify("WATCHDOG=1")
            elif stuck != said:
                log.error("loops do not turn", extra={"action": "stuck", "loops": stuck})
            said = stuck
