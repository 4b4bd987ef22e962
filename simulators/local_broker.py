"""The small MQTT broker of one home (where Zigbee2MQTT publishes): one nats-server on loopback."""

import asyncio
import signal
from pathlib import Path

from simulators.processes import Child, SimulatorError, free_port, nats_server
from simulators.texts import say

_CONFIG = """server_name: "home"
listen: "127.0.0.1:-1"
jetstream {{ store_dir: "{store}", max_mem: 16MB, max_file: 256MB }}
mqtt {{ host: "127.0.0.1", port: {port} }}
"""


class LocalBroker:
    """One broker; its MQTT port stays the same when it is started again."""

    def __init__(self, folder: Path, name: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._child = Child(f"broker {name}", [], folder / "broker.log")

    async def start(self) -> None:
        """Start and wait until the MQTT port accepts. Raises SimulatorError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "broker.conf"
        config.write_text(_CONFIG.format(store=self._folder / "broker", port=self.port))
        self._child.command = [str(nats_server()), "-c", str(config)]
        await self._child.start(on_parent_death=signal.SIGKILL)
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if not self._child.running:
                    break
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
        raise SimulatorError(
            say("child_slow", name=self._child.name, limit=10, log=self._child.log, tail=self._child.tail())
        )

    async def stop(self) -> None:
        """End the broker."""
        await self._child.stop(5)
