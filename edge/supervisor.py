"""What systemd is told: READY=1 once, WATCHDOG=1 while every loop of the agent still turns."""

import asyncio
import os
import socket
from dataclasses import dataclass, field


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

    def alive(self) -> bool:
        """Whether every loop that ever turned has turned lately."""
        now = asyncio.get_running_loop().time()
        return all(now - at < self.limit_s for at in self._turned.values())

    async def run(self) -> None:
        """Tell systemd until cancelled, as long as all loops turn."""
        every_s = watchdog_s()
        while every_s is not None:
            await asyncio.sleep(every_s)
            if self.alive():
                notify("WATCHDOG=1")
