"""Thousands of watches at one gateway: memory a connection, and how long an SOS waits for its answer.

`make bench-watches` opens connections to the agent, a process of its own (broker, cloud and watches are not
counted), lets each say its keep-alive every `--every` seconds, and presses SOS on some.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.edge.stand import AgentProcess, Broker, FakeCloud, sos
from tests.ports import free_port

SETTLE_S = 5.0
AT_ONCE = 50


@dataclass
class Fleet:
    """Watches with a connection each; what they were answered is read and dropped."""

    port: int
    every_s: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    writers: list[tuple[str, asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)

    async def connect(self, count: int) -> None:
        for first in range(0, count, AT_ONCE):
            await asyncio.gather(*(self._one(n) for n in range(first, min(first + AT_ONCE, count))))

    async def _one(self, number: int) -> None:
        watch = f"86110{number:010d}"
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        await _ask(reader, writer, _keep_alive(watch))
        self.writers.append((watch, reader, writer))

    async def live(self, seconds: float) -> int:
        """Keep-alives of all, spread over `every_s`; returns how many were answered."""
        answered, until = 0, time.monotonic() + seconds
        while time.monotonic() < until:
            pause = self.every_s / len(self.writers)
            for n in range(0, len(self.writers), AT_ONCE):
                if time.monotonic() >= until:
                    break
                some = self.writers[n : n + AT_ONCE]
                await asyncio.gather(*(_ask(r, w, _keep_alive(watch)) for watch, r, w in some))
                answered += len(some)
                await asyncio.sleep(pause * len(some))
        return answered

    async def press(self, count: int) -> list[float]:
        """SOS on `count` watches, one after another: milliseconds until each was answered (kept on disk)."""
        times = []
        for watch, reader, writer in self.writers[:: max(1, len(self.writers) // count)][:count]:
            began = time.perf_counter()
            await _ask(reader, writer, sos(watch))
            times.append((time.perf_counter() - began) * 1000)
        return times


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    async with asyncio.timeout(60):
        await reader.readuntil(b"]")


def _keep_alive(watch: str) -> bytes:
    body = b"LK,1200,0,81"
    return b"[3G*%s*%04X*%s]" % (watch.encode(), len(body), body)


def rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def write_settings(folder: Path, broker: Broker, watches: int) -> Path:
    folder.mkdir()
    (folder / "gateway.secret").write_text("secret", encoding="utf-8")
    path = folder / "edge.toml"
    path.write_text(
        f'gateway = "gw-protocol"\nmany_homes = true\nbroker_url = "{broker.url}"\n'
        'secret_file = "gateway.secret"\n'
        f'[[transport]]\ntype = "tcp"\ndriver = "watch"\nport = 0\nmax_connections = {watches + 10}\n',
        encoding="utf-8",
    )
    return path


async def measure(folder: Path, given: argparse.Namespace) -> str:
    broker = Broker(folder / "broker", free_port())
    broker.start()
    await broker.ready()
    cloud = FakeCloud(broker)
    serving = asyncio.create_task(cloud.run())
    await cloud.up.wait()
    agent = AgentProcess(write_settings(folder / "gateway", broker, given.watches))
    try:
        fleet = Fleet(await agent.start(), given.every)
        assert agent.process is not None
        pid = agent.process.pid
        await asyncio.sleep(SETTLE_S)
        before = rss_kib(pid)
        began = time.monotonic()
        await fleet.connect(given.watches)
        connected_s = time.monotonic() - began
        cpu, began = cpu_s(pid), time.monotonic()
        answered = await fleet.live(given.seconds)
        share = (cpu_s(pid) - cpu) / (time.monotonic() - began) * 100
        times = sorted(await fleet.press(given.presses))
        after = rss_kib(pid)
        return (
            f"watches: n={given.watches} connected_s={connected_s:.1f} rss_mib={after / 1024:.0f}"
            f" kib_per_watch={(after - before) / given.watches:.1f} keep_alives={answered}"
            f" cpu_percent={share:.0f}"
            f" sos_p50_ms={statistics.median(times):.1f} sos_max_ms={times[-1]:.1f}"
        )
    finally:
        await agent.kill()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        broker.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watches", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=60.0, help="seconds between a watch's keep-alives")
    parser.add_argument("--presses", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(asyncio.run(measure(Path(folder), given)) + "\n")


if __name__ == "__main__":
    main()
